"""Which row and seed is done when, on which shard, and all that decides its numbers."""
import dataclasses

from keras_weakseg import errors
from keras_weakseg.benchmark import checking
from keras_weakseg.benchmark import references
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry


@dataclasses.dataclass(frozen=True)
class Unit:
  """One row and one of its seeds.

  Attributes:
    row: `Row`.
    seed: int.
  """
  row: object
  seed: int

  @property
  def name(self):
    """The unit in words, such as `em_adapt seed 1`."""
    return f"{self.row.key} seed {self.seed}"


class Plan:
  """The units of a suite in an order in which each finds what it starts from.

  Args:
    suite: checked `Suite`.
    seeds: in place of the suite's.
    rows: keys, None = all; those that they start from come along.
    shard: text `1/4` or pair (1, 4): the first of four parts that together are everything.

  Raises:
    ValueError: an unknown row, seeds that repeat, or no such shard.
  """

  def __init__(self, suite, seeds=None, rows=None, shard=None):
    self.suite = suite
    seeds = suite.seeds if seeds is None else seeds
    checking.check_seeds(seeds)
    self.seeds = list(seeds)
    if rows is not None and not isinstance(rows, (list, tuple)):
      raise errors.value_error("The rows are no list.", expected="a list of keys",
                               received=repr(rows), fix="Pass rows=['alone'] or the like.")
    for key in rows or ():
      checking.known(key, [row.key for row in suite.rows], f"row of the suite '{suite.name}':")
    chosen = [Unit(row, seed) for row in suite.rows if rows is None or row.key in rows
              for seed in self.seeds_of(row)]
    self.everything = self._ordered(chosen)
    index, count = _shard(shard)
    own = [unit.name for number, group in enumerate(self._groups()) if number % count == index - 1
           for unit in group]
    self.units = [unit for unit in self.everything if unit.name in own]

  def seeds_of(self, row):
    """Returns the seeds of a row."""
    return list(row.seeds) or self.seeds

  def unit(self, key, seed):
    """Returns the unit of another row that belongs to a seed: the same, or the row's only one.

    Raises:
      ValueError: the row has several seeds, but not this one.
    """
    row = self.suite.row(key)
    seeds = self.seeds_of(row)
    if seed not in seeds and len(seeds) > 1:
      raise errors.value_error(
          f"The row '{key}' has no run of the seed {seed}, from which another row starts.",
          expected=f"seed {seed}, or one seed for all", received=seeds,
          fix="Correct `seeds` of the row.")
    return Unit(row, seed if seed in seeds else seeds[0])

  def upstream(self, unit):
    """Returns the units that must be there before a unit."""
    return [self.unit(key, unit.seed) for key in references.upstream(unit.row)]

  def _ordered(self, chosen):
    found = []

    def add(unit):
      if not _in(unit, found):
        for earlier in self.upstream(unit):
          add(earlier)
        found.append(unit)

    for unit in chosen:
      add(unit)
    return found

  def _groups(self):
    """Returns lists of units that hang together, so that no two shards work on one run."""
    groups = []
    for unit in self.everything:
      earlier = self.upstream(unit)
      joined = [group for group in groups if any(_in(each, group) for each in earlier)]
      groups = [group for group in groups if not any(group is other for other in joined)]
      groups.append([each for group in joined for each in group] + [unit])
    places = {each.name: number for number, each in enumerate(self.everything)}
    return sorted(groups, key=lambda group: places[group[0].name])


def _in(unit, units):
  return any(unit.name == other.name for other in units)


def _shard(given):
  """Returns (number, count) of a shard, 1-based."""
  if given is None:
    return 1, 1
  try:
    parts = given.split("/") if isinstance(given, str) else given
    index, count = (int(part) for part in parts)
    if 1 <= index <= count:
      return index, count
  except (TypeError, ValueError):
    pass
  raise errors.value_error("There is no such shard.", expected="1/4, 2/4, 3/4 or 4/4, or the like",
                           received=repr(given), fix="Pass shard='1/4' for the first of four.")


def configuration(unit):
  """Returns the list of overrides of a row that is trained, its references not filled in."""
  parts = registry.build(unit.row.experiment).data.parts if unit.row.draws else []
  drawn = {f"data.parts.{index}.subset_seed": unit.seed
           for index, part in enumerate(parts) if part.count}
  return [{"seed": unit.seed, **drawn}, unit.row.overrides, unit.row.start]


def shared_steps(row, other):
  """Returns the names of the steps that are the same in two rows, up to the first that is not.

  Args:
    row: `Row` that is trained.
    other: another one.
  """
  steps = [overrides.resolve(each.experiment, overrides=configuration(Unit(each, 1))).steps
           for each in (row, other)]
  theirs = {step.name: step.as_dict() for step in steps[1]}
  found = []
  for step in steps[0]:
    if theirs.get(step.name) != step.as_dict():
      break
    found.append(step.name)
  return found


def check_shared(row, suite):
  """Raises `ValueError` if a row takes the steps of another one that has none of them."""
  if row.from_run:
    other = suite.row(references.row_of(row.from_run))
    if not shared_steps(row, other):
      raise errors.value_error(
          f"The row '{row.key}' has no step that '{other.key}' has too.",
          expected="the same steps before the row's own training",
          received=f"from_run: {row.from_run}", fix="Leave `from_run` out, or correct `overrides`.")


def said_of(row):
  """Returns everything that a suite says of a row, without what it starts from, as plain values.

  Raises:
    ValueError: the experiment of the row is not valid.
  """
  said = {"kind": row.kind, "also": row.also}
  if row.kind != "train":
    return {**said, **{name: getattr(row, name) for name in (
        "of", "protocol", "split", "data", "measure", "make", "read", "options")}}
  try:
    experiment = overrides.validate(overrides.resolve(
        row.experiment, overrides=[row.overrides, row.start]))
  except ValueError as error:
    raise ValueError(f"Row '{row.key}': {error}") from error
  return {**said, "draws": row.draws, "experiment": overrides.to_yaml(experiment)}
