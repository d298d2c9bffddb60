"""Farthest-point order: parity, a brute-force definition, and effect on clusters."""
import json

import numpy as np
import pytest

from keras_weakseg import selection
from keras_weakseg.selection import farthest


@pytest.fixture
def data(golden):
  return golden("mixing.npz")


@pytest.fixture
def limits(golden):
  return json.loads(golden("tolerances_depth_mixing.json").read_text())["mixing"]


def assert_relative(value, wanted, limit):
  assert limit["metric"] == "rel_max"
  assert np.abs(value - wanted).max() <= limit["tol"] * np.abs(wanted).max()


def order_of(data, case, features="fps__features", initial=None, **options):
  """Returns order and scores for a case, started from its own samples."""
  initial = data[initial or f"{case}__initial"]
  return farthest.farthest_points(data[features], len(data[f"{case}__order"]), selected=initial,
                                  **options)


def test_golden(data, limits):
  order, scores = order_of(data, "fps")
  np.testing.assert_array_equal(order, data["fps__order"])
  assert_relative(scores["distance"], data["fps__order_distance"], limits["fps__order_distance"])
  # From an index instead of a selection, which is then the first of the result.
  whole = selection.farthest_point_order(data["fps__features"], 13, first=data["fps__initial"][0])
  np.testing.assert_array_equal(whole, [*data["fps__initial"], *data["fps__order"]])


def test_golden_bias(data, limits):
  weight = float(data["fps_biased__weight"])
  order, scores = order_of(data, "fps_biased", bias=weight * data["fps_biased__uncertainty"])
  np.testing.assert_array_equal(order, data["fps_biased__order"])
  assert_relative(scores["distance"] + scores["bias"], data["fps_biased__order_distance"],
                  limits["fps_biased__order_distance"])
  plain, _ = order_of(data, "fps_unbiased_same_start", initial="fps_biased__initial")
  np.testing.assert_array_equal(plain, data["fps_unbiased_same_start__order"])


def test_golden_candidates_and_maps(data):
  order, _ = order_of(data, "fps_preselected", initial="fps_biased__initial",
                      candidates=data["fps_preselected__candidates"])
  np.testing.assert_array_equal(order, data["fps_preselected__order"])
  order, _ = order_of(data, "fps_map", "fps_map__features", "fps__initial")
  np.testing.assert_array_equal(order, data["fps_map__order"])
  order, _ = order_of(data, "fps_map_patchwise", "fps_map__features", "fps__initial",
                      patchwise=True)
  np.testing.assert_array_equal(order, data["fps_map_patchwise__order"])


@pytest.mark.parametrize("case, patchwise", [("fps", False), ("fps_map", False),
                                             ("fps_map_patchwise", True)])
def test_golden_distances(data, limits, case, patchwise):
  features = farthest.standardise(data["fps_map__features" if "map" in case else "fps__features"])
  distance = farthest._distances_patchwise if patchwise else farthest._distances
  found = np.stack([distance(features, index) for index in range(len(features))])
  assert_relative(found, data[f"{case}__distance"], limits[f"{case}__distance"])


def test_it_is_its_definition():
  """Against all pairs at once, with a bias and blocks that are cut in the middle."""
  random = np.random.RandomState(0)
  features, bias = random.normal(size=(30, 5)), random.uniform(0, 2, 30)
  normal = (features - features.mean(0)) / features.std(0, ddof=1)
  pairs = np.linalg.norm(normal[:, None] - normal[None], axis=-1)
  chosen = [4, 9]
  for _ in range(10):
    score = pairs[chosen].min(0) + bias
    score[chosen] = -1
    chosen.append(int(score.argmax()))
  order = selection.farthest_point_order(features, 10, bias=bias, selected=[4, 9])
  assert order.tolist() == chosen[2:]


def test_every_cluster_has_its_turn():
  """Of five groups of very different size, the first five choices take one each."""
  random = np.random.RandomState(1)
  centres, sizes = 20 * random.normal(size=(5, 6)), (200, 40, 5, 3, 1)
  group = np.repeat(np.arange(5), sizes)
  features = centres[group] + random.normal(size=(len(group), 6))
  order = selection.farthest_point_order(features, 5)
  assert sorted(group[order]) == [0, 1, 2, 3, 4]
  by_chance = random.permutation(len(group))[:5]
  assert len(set(group[by_chance])) < 5


def test_all_can_be_chosen_even_equal_ones():
  order = selection.farthest_point_order(np.array([[1.0], [1.0], [2.0], [1.0]]), 4, first=3)
  assert order.tolist() == [3, 2, 0, 1]


@pytest.mark.parametrize("change, message", [
    ({"count": 9}, "as many samples.*\n.*count of 0..3. Received: 9"),
    ({"features": [[0.0], [np.nan]]}, "1 not finite"),
    ({"selected": [1, 7]}, "different indices in 0..3. Received: \\[7\\]"),
    ({"selected": [1, 1]}, "different indices"),
    ({"first": -1}, "different indices"),
    ({"bias": [1.0]}, "4 finite numbers"),
    ({"bias": [0, 0, 0, np.inf]}, "1 not finite"),
    ({"patchwise": True}, "maps of features"),
])
def test_what_cannot_be_is_refused(change, message):
  arguments = {"features": [[0.0], [1.0], [2.0], [3.0]], "count": 2, **change}
  if "count" in change:
    arguments["selected"] = [0]
  with pytest.raises(ValueError, match=message):
    selection.farthest_point_order(**arguments)
