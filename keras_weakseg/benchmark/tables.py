"""From records to a table: values of the seeds, orderings, and what is missing."""
import dataclasses
import statistics
from typing import Any

from keras_weakseg.benchmark import figures

EVERY, MEAN, NO, UNKNOWN = "in every seed", "in the mean", "no", "not measured"


@dataclasses.dataclass(frozen=True)
class Line:
  """A row of the table.

  Attributes:
    row: `Row`.
    records: dict of seed to its record, None where it is missing.
  """
  row: Any
  records: dict

  @property
  def missing(self):
    """The seeds without a record."""
    return [seed for seed, record in self.records.items() if not record]

  def values(self, figure):
    """Returns the values of the seeds as they are printed, None where they are not known."""
    return [figures.value(record, figure) for record in self.records.values()]


@dataclasses.dataclass(frozen=True)
class Verdict:
  """Whether an ordering holds.

  Attributes:
    ordering: `Ordering`.
    gains: differences in favour of the better row, in printed units, one per seed.
    verdict: `in every seed`, `in the mean`, `no` or `not measured`.
  """
  ordering: Any
  gains: list
  verdict: str

  @property
  def fails(self):
    """Whether it was measured and does not hold as it should."""
    return self.verdict == NO or (self.verdict == MEAN and self.ordering.every_seed)

  @property
  def known(self):
    """Whether it was measured."""
    return self.verdict != UNKNOWN


@dataclasses.dataclass(frozen=True)
class Report:
  """What a suite has shown.

  Attributes:
    suite: `Suite`.
    seeds: list of ints.
    lines: list of `Line`, one per row.
    verdicts: list of `Verdict`, one per ordering.
    todo: names of what is not measured yet.
    paths: dict of `markdown`, `csv`, `json` and `picture` to paths; empty after a dry run.
    plan: text of what there was to do.
  """
  suite: Any
  seeds: list
  lines: list
  verdicts: list
  todo: list = dataclasses.field(default_factory=list)
  paths: dict = dataclasses.field(default_factory=dict)
  plan: str = ""

  @property
  def ok(self):
    """Whether every ordering that was measured holds."""
    return not any(verdict.fails for verdict in self.verdicts)

  @property
  def failures(self):
    """One sentence for every ordering that does not hold."""
    return [f"{describe(verdict.ordering)} does not hold"
            f"{' in every seed' if verdict.verdict == MEAN else ''}: "
            + ", ".join(f"{gain:+.{self.suite.figure(verdict.ordering.figure).decimals}f}"
                        for gain in verdict.gains)
            for verdict in self.verdicts if verdict.fails]

  def text(self):
    """Returns the table, the orderings and the environment as Markdown."""
    from keras_weakseg.benchmark import markdown  # pylint: disable=g-import-not-at-top
    return markdown.text(self)


def describe(ordering):
  """Returns an ordering in words.

  Example:
    >>> from keras_weakseg.benchmark.suite import Ordering
    >>> describe(Ordering("a", "b", margin=2, ratio=0.97))
    '`a` > 0.97 x `b` + 2'
  """
  worse = f"`{ordering.worse}`" if isinstance(ordering.worse, str) else f"{ordering.worse:g}"
  ratio = f"{ordering.ratio:g} x " if ordering.ratio != 1 else ""
  margin = f" {'+' if ordering.margin > 0 else '-'} {abs(ordering.margin):g}" if (
      ordering.margin) else ""
  figure = f" in {ordering.figure}" if ordering.figure else ""
  return f"`{ordering.better}` > {ratio}{worse}{margin}{figure}"


def judge(ordering, suite, lines):
  """Returns the `Verdict` of an ordering.

  Args:
    ordering: `Ordering`.
    suite: `Suite`.
    lines: dict of row key to `Line`. A row of one seed is compared with every seed of the other.
  """
  figure = suite.figure(ordering.figure)
  better = _by_seed(lines[ordering.better], figure)
  worse = (_by_seed(lines[ordering.worse], figure) if isinstance(ordering.worse, str)
           else {None: float(ordering.worse)})
  seeds = max((better, worse), key=len)
  pick = lambda side, seed: next(iter(side.values())) if len(side) == 1 else side.get(seed)
  pairs = [(pick(better, seed), pick(worse, seed)) for seed in seeds]
  if not pairs or any(None in pair for pair in pairs):
    return Verdict(ordering, [], UNKNOWN)
  sign = 1 if figure.better == "higher" else -1
  gains = [sign * (first - ordering.ratio * second) for first, second in pairs]
  return Verdict(ordering, gains, _verdict(gains, ordering.margin))


def _by_seed(line, figure):
  return dict(zip(line.records, line.values(figure)))


def _verdict(gains, margin):
  """Returns whether differences are gains.

  Example:
    >>> _verdict([0.1, 0.2], 0), _verdict([-0.1, 0.2], 0), _verdict([0.0], 0)
    ('in every seed', 'in the mean', 'no')
  """
  return EVERY if min(gains) > margin else MEAN if statistics.fmean(gains) > margin else NO
