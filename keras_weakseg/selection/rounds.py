"""Selection in rounds: choose, train a student on what is chosen, look where it errs, choose on.

Nothing here trains or reads by itself: `select` takes functions that do, and `next_round` is one
round alone, so that a plan can make every round a step of its own.
"""
import dataclasses
from typing import Tuple

import numpy as np

from keras_weakseg import errors
from keras_weakseg.selection import baselines
from keras_weakseg.selection import farthest
from keras_weakseg.selection import uncertainty as uncertainties

DIVERSITY, UNCERTAINTY, BOTH = "diversity", "uncertainty", "diversity_uncertainty"
ENTROPY, RANDOM = "entropy", "random"
CRITERIA = (BOTH, DIVERSITY, UNCERTAINTY, ENTROPY, RANDOM)
# What each criterion asks for.
_OF_FEATURES, _OF_A_STUDENT = (BOTH, DIVERSITY), (BOTH, UNCERTAINTY, ENTROPY)

# Labels after every round, and steps of the student that the next one asks (Hoyer et al.).
PAPER_COUNTS = (25, 50, 100, 200, 372, 744)
PAPER_STUDENT_STEPS = (4000, 8000, 12000, 16000, 20000)
_SEEDS = 1 << 32  # as many as NumPy's generator tells apart


@dataclasses.dataclass(frozen=True)
class Settings:
  """How samples are chosen.

  Attributes:
    counts: samples chosen after each round, rising.
    criterion: `diversity_uncertainty` (the paper's), `diversity`, `uncertainty` and `entropy` (the
      highest score of a student; its kind is the caller's), or `random`.
    weight: of the uncertainty beside distances of standardised features.
    seed: chooses the first sample, and those of `random`.

  Raises:
    ValueError: a value is out of range.
  """
  counts: Tuple[int, ...] = PAPER_COUNTS
  criterion: str = BOTH
  weight: float = uncertainties.WEIGHT
  seed: int = 42

  def __post_init__(self):
    object.__setattr__(self, "counts", tuple(self.counts))
    errors.check_name("criterion of selection", self.criterion, CRITERIA)
    if not self.counts or self.counts[0] < 1 or any(
        after <= before for before, after in zip(self.counts, self.counts[1:])):
      raise errors.value_error(
          "The rounds of the selection do not grow.",
          expected="rising counts, such as (25, 50, 100)", received=self.counts,
          fix="Give how many samples are chosen after each round.")
    if isinstance(self.seed, bool) or not isinstance(self.seed, (int, np.integer)) or not (
        0 <= self.seed < _SEEDS):
      raise errors.value_error(
          "The seed of the selection cannot be used.", expected=f"a whole number 0..{_SEEDS - 1}",
          received=repr(self.seed), fix="Pass seed=42 or the like.")
    object.__setattr__(self, "seed", int(self.seed))
    if not (np.isfinite(self.weight) and self.weight >= 0):
      raise errors.value_error(
          "The uncertainty has no usable weight.", expected="a finite weight >= 0",
          received=self.weight, fix=f"Take the paper's, {uncertainties.WEIGHT:g}.")


@dataclasses.dataclass(frozen=True)
class Choice:
  """One chosen sample, and why.

  Attributes:
    id: of the sample.
    round: number of the round, from 0.
    distance: to the nearest sample chosen before; 0 where the criterion has none.
    uncertainty: of the student of that round; 0 where there was none.
  """
  id: str
  round: int
  distance: float = 0.0
  uncertainty: float = 0.0


def needs(settings, number):
  """Returns which of "features" and "student" a round asks for.

  Args:
    settings: `Settings`.
    number: of the round, from 0. The first has no student: nothing is chosen that it could learn.

  Example:
    >>> needs(Settings(), 0), needs(Settings(), 1)
    (('features',), ('features', 'student'))
  """
  return (*(("features",) if settings.criterion in _OF_FEATURES else ()),
          *(("student",) if settings.criterion in _OF_A_STUDENT and number else ()))


def next_round(ids, chosen, settings, features=None, uncertainty=None):
  """Returns the choices of the next round, a function of its arguments alone.

  Args:
    ids: names of all samples, in a fixed order.
    chosen: `Choice`s of the rounds before; empty for the first.
    settings: `Settings`.
    features: [N,...] of all samples, in the order of `ids`, where the criterion compares them.
    uncertainty: [N], of the student that was trained on `chosen`, where the criterion asks for it.

  Returns:
    Tuple of `Choice`; empty after the last round.

  Raises:
    ValueError: `chosen` is not what whole rounds choose, or something is missing or too little.

  Example:
    >>> settings = Settings(counts=(1, 2), criterion="diversity")
    >>> first = next_round(["a", "b", "c"], (), settings, [[0.0], [1.0], [9.0]])
    >>> [choice.id for choice in first]
    ['a']
  """
  places = _places(ids)
  number = _round_of(chosen, settings, places)
  if number == len(settings.counts):
    return ()
  asked = needs(settings, number)
  for name, value in (("features", features), ("student", uncertainty)):
    if name in asked and (value is None or len(value) != len(ids)):
      raise errors.value_error(
          f"Round {number} of the selection lacks its {name}.",
          expected=f"one value for each of {len(ids)} samples",
          received="nothing" if value is None else f"{len(value)} values",
          fix="Compute it for all samples, in the order of their ids.")
  selected = [places[choice.id] for choice in chosen]
  count = settings.counts[number] - len(chosen)
  score = np.zeros(len(ids)) if "student" not in asked else np.asarray(uncertainty, np.float64)
  start = int(np.random.RandomState(settings.seed).permutation(len(ids))[0])
  distance = np.zeros(count)
  if settings.criterion in _OF_FEATURES:
    order, why = farthest.farthest_points(
        features, count, start, settings.weight * score if settings.criterion == BOTH else None,
        selected)
    distance = why["distance"]
  elif "student" in asked:
    order = baselines.highest_order(score, count, selected)
  else:
    order = baselines.random_order(len(ids), count, settings.seed, selected)
  return tuple(Choice(ids[index], number, float(far), float(score[index]))
               for index, far in zip(order, distance))


def select(ids, settings, *, features_of=None, train_student=None, uncertainty_of=None, chosen=(),
           after_round=None):
  """Runs all rounds that are still to do.

  Args:
    ids: names of all samples, in a fixed order.
    settings: `Settings`.
    features_of: function of the ids that returns [N,...]; called once, if at all.
    train_student: function of (ids chosen so far, number of the round) that returns a student,
      trained from scratch.
    uncertainty_of: function of (student, ids) that returns [N].
    chosen: choices of rounds that are done: the rest is then what it would have been.
    after_round: function of all choices so far, called after every round, to save them.

  Returns:
    Tuple of `Choice`.

  Raises:
    ValueError: see `next_round`; also before the first round, where the last one cannot be filled
      or a function is missing.

  Example:
    >>> settings = Settings(counts=(1, 3), criterion="diversity")
    >>> found = select(["a", "b", "c", "d"], settings,
    ...                features_of=lambda ids: [[0.0], [1.0], [2.5], [9.0]])
    >>> [choice.id for choice in found]
    ['b', 'd', 'c']
  """
  ids, chosen = list(ids), tuple(chosen)
  todo = range(_round_of(chosen, settings, _places(ids)), len(settings.counts))
  asked = {name for number in todo for name in needs(settings, number)}
  functions = {"features": (features_of,), "student": (train_student, uncertainty_of)}
  for name in asked:
    if None in functions[name]:
      raise errors.value_error(
          f"The criterion '{settings.criterion}' cannot get its {name}.",
          expected="features_of" if name == "features" else "train_student and uncertainty_of",
          received="None", fix="Pass the functions, or choose another criterion.")
  features = features_of(ids) if "features" in asked else None
  for number in todo:
    uncertainty = None
    if "student" in needs(settings, number):
      student = train_student([choice.id for choice in chosen], number)
      uncertainty = uncertainty_of(student, ids)
    chosen += next_round(ids, chosen, settings, features, uncertainty)
    if after_round is not None:
      after_round(chosen)
  return chosen


def _places(ids):
  """Returns the place of every id; all must differ."""
  places = {name: place for place, name in enumerate(ids)}
  if len(places) < len(ids):
    twice = next(name for place, name in enumerate(ids) if places[name] != place)
    raise errors.value_error(
        "Two samples have the same id.", expected="different ids", received=repr(twice),
        fix="Take whole relative ids, not the last parts of paths.")
  return places


def check_whole(chosen, settings):
  """Raises unless the choices are those of the first whole rounds of the settings.

  Args:
    chosen: `Choice`s.
    settings: `Settings`.

  Raises:
    ValueError: they are not, or a sample is chosen twice.
  """
  starts = (0, *settings.counts)
  rounds = [number for number, count in enumerate(settings.counts)
            for _ in range(count - starts[number])]
  twice = len({choice.id for choice in chosen}) < len(chosen)
  if twice or len(chosen) not in starts or [
      choice.round for choice in chosen] != rounds[:len(chosen)]:
    raise errors.value_error(
        "The choices made before are not those of whole rounds.",
        expected=f"rounds of {settings.counts}, every sample once",
        received=f"{len(chosen)} choices" + (", some of them twice" if twice else ""),
        fix="Continue with the settings of the earlier rounds, or start anew.")


def _round_of(chosen, settings, places):
  """Returns the number of the next round; raises where the choices do not fit."""
  if settings.counts[-1] > len(places):
    raise errors.value_error(
        "There are fewer samples than the last round shall have.",
        expected=f"counts up to {len(places)}", received=settings.counts[-1],
        fix="Lower the counts, or add images.")
  check_whole(chosen, settings)
  unknown = [choice.id for choice in chosen if choice.id not in places]
  if unknown:
    raise errors.value_error(
        "A sample that was chosen before is not there.", expected="the same samples as before",
        received=repr(unknown[0]), fix="Restore the image, or select anew.")
  return (0, *settings.counts).index(len(chosen))
