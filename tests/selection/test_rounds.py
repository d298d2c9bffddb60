"""Selection in rounds: what each asks for, that it continues, and that it finds what is new."""
import numpy as np
import pytest

from keras_weakseg.selection import farthest, rounds

IDS = [f"street/{index}" for index in range(40)]
RANDOM = np.random.RandomState(0)
FEATURES = RANDOM.normal(size=(40, 6))
NOVELTY = RANDOM.uniform(0, 0.02, 40)
COUNTS = (5, 9, 20)


class Students:
  """Trains nothing: a student errs less on what it has seen; notes what it was asked."""

  def __init__(self):
    self.asked = []

  def features(self, ids):
    self.asked.append(("features", len(ids)))
    return FEATURES

  def train(self, chosen, number):
    self.asked.append((number, len(chosen)))
    return set(chosen)

  def uncertainty(self, student, ids):
    return np.array([NOVELTY[IDS.index(name)] * (0.1 if name in student else 1.0) for name in ids])

  def select(self, criterion="diversity_uncertainty", **options):
    return rounds.select(
        IDS, rounds.Settings(COUNTS, criterion), features_of=self.features,
        train_student=self.train, uncertainty_of=self.uncertainty, **options)


def test_the_papers_rounds_are_farthest_points_with_a_bias():
  students = Students()
  chosen = students.select()
  # Once the features; no student before the first round, then one per round, on what is chosen.
  assert students.asked == [("features", 40), (1, 5), (2, 9)]
  start = np.random.RandomState(42).permutation(40)[0]
  order = farthest.farthest_point_order(FEATURES, 5, start).tolist()
  for count in (4, 11):
    seen = {IDS[index] for index in order}
    bias = 1000.0 * students.uncertainty(seen, IDS)
    order += farthest.farthest_point_order(FEATURES, count, bias=bias, selected=order).tolist()
  assert [choice.id for choice in chosen] == [IDS[index] for index in order]
  assert [choice.round for choice in chosen] == [0] * 5 + [1] * 4 + [2] * 11
  assert all(choice.uncertainty == 0 for choice in chosen[:5])
  assert all(choice.uncertainty > 0 and choice.distance > 0 for choice in chosen[5:])


@pytest.mark.parametrize("criterion, asked", [
    ("diversity", [("features", 40)]), ("random", []), ("entropy", [(1, 5), (2, 9)]),
    ("uncertainty", [(1, 5), (2, 9)])])
def test_every_criterion_asks_for_what_it_needs(criterion, asked):
  students = Students()
  chosen = students.select(criterion)
  assert students.asked == asked
  assert len({choice.id for choice in chosen}) == 20
  assert chosen != Students().select()
  if criterion in ("entropy", "uncertainty"):
    rest = [choice.uncertainty for choice in chosen[9:]]
    assert rest == sorted(rest, reverse=True)
    np.testing.assert_array_equal([IDS.index(choice.id) for choice in chosen[:5]],
                                  np.random.RandomState(42).permutation(40)[:5])


def test_it_continues_after_any_round_as_if_it_had_not_stopped():
  saved = []
  whole = Students().select(after_round=saved.append)
  assert [len(each) for each in saved] == list(COUNTS) and saved[-1] == whole
  for part in ((), *saved[:2]):
    assert Students().select(chosen=part) == whole
  again = Students()
  assert again.select(chosen=whole) == whole and not again.asked


def test_a_round_alone_is_a_pure_function():
  settings = rounds.Settings(COUNTS)
  whole = Students().select()
  uncertainty = Students().uncertainty({choice.id for choice in whole[:5]}, IDS)
  for _ in range(2):
    assert rounds.next_round(IDS, whole[:5], settings, FEATURES, uncertainty) == whole[5:9]
  assert rounds.next_round(IDS, whole, settings, FEATURES) == ()


def test_uncertainty_moves_the_choice_to_what_the_student_does_not_know():
  """Those that it does not know are all chosen next; without their error only some are."""
  hard = np.zeros(40, bool)
  hard[::4] = True
  left = {}
  for name, error in (("without", 0.0), ("with", 0.05)):
    chosen = rounds.select(
        IDS, rounds.Settings((10, 20)), features_of=lambda ids: FEATURES,
        train_student=lambda ids, number: error,
        uncertainty_of=lambda student, ids: student * hard)  # pylint: disable=cell-var-from-loop
    left[name] = set(np.array(IDS)[hard]) - {choice.id for choice in chosen}
    first = set(np.array(IDS)[hard]) - {choice.id for choice in chosen[:10]}
    assert len(first) > 3
  assert not left["with"] and left["without"]


@pytest.mark.parametrize("change, message", [
    ({"criterion": "divers"}, "no criterion of selection 'divers'"),
    ({"counts": (5, 5)}, "rising counts"), ({"counts": ()}, "rising counts"),
    ({"weight": -1.0}, "a finite weight >= 0"),
    ({"counts": (50,)}, "counts up to 40. Received: 50"),
])
def test_wrong_settings_are_refused(change, message):
  with pytest.raises(ValueError, match=message):
    rounds.select(IDS, rounds.Settings(**{"counts": COUNTS, **change}),
                  features_of=lambda ids: FEATURES, train_student=set, uncertainty_of=set)


def test_what_is_missing_or_does_not_fit_is_refused_before_anything_runs():
  settings, whole = rounds.Settings(COUNTS), Students().select()
  with pytest.raises(ValueError, match="features_of. Received: None"):
    rounds.select(IDS, settings, train_student=set, uncertainty_of=set)
  with pytest.raises(ValueError, match="train_student and uncertainty_of"):
    rounds.select(IDS, settings, features_of=lambda ids: pytest.fail("it was called"))
  with pytest.raises(ValueError, match="whole rounds.*\n.*Received: 7 choices"):
    Students().select(chosen=whole[:7])
  with pytest.raises(ValueError, match="twice"):
    Students().select(chosen=(*whole[:4], whole[0]))
  with pytest.raises(ValueError, match="chosen before is not there"):
    rounds.next_round([f"other/{index}" for index in range(40)], whole[:5], settings, FEATURES)
  with pytest.raises(ValueError, match="lacks its student.*\n.*Received: nothing"):
    rounds.next_round(IDS, whole[:5], settings, FEATURES)
  with pytest.raises(ValueError, match="same id.*\n.*'street/0'"):
    rounds.next_round([*IDS, "street/0"], (), settings, FEATURES)
