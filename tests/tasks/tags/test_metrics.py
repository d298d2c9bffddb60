"""Average precision, precision, recall and F1: by hand, and against an independent computation."""
import numpy as np
import pytest

from keras_weakseg.tasks.tags import metrics


@pytest.mark.parametrize("scores, labels, wanted", [
    ([.9, .8, .7, .6], [1, 0, 1, 0], (1 / 1 + 2 / 3) / 2),
    ([.9, .8, .7, .6], [0, 0, 0, 1], 1 / 4),
    ([.9, .8, .7], [1, 1, 1], 1.0),
    ([.5, .5, .5, .5], [1, 0, 0, 0], 1 / 4),       # one group of equal scores
    ([.9, .5, .5, .1], [0, 1, 0, 1], (1 / 3 + 2 / 4) / 2)])
def test_average_precision_is_that_by_hand(scores, labels, wanted):
  assert metrics.average_precision(scores, labels) == pytest.approx(wanted)
  order = np.random.default_rng(0).permutation(len(scores))
  assert metrics.average_precision(
      np.array(scores)[order], np.array(labels)[order]) == pytest.approx(wanted)


def test_average_precision_is_the_area_over_all_thresholds():
  random = np.random.default_rng(1)
  scores, labels = random.integers(0, 9, 60) / 9, random.random(60) < 0.3
  area, recall = 0.0, 0.0
  for threshold in sorted(set(scores), reverse=True):
    said = scores >= threshold
    hits = (said & labels).sum()
    area += (hits / labels.sum() - recall) * hits / said.sum()
    recall = hits / labels.sum()
  assert metrics.average_precision(scores, labels) == pytest.approx(area)


def test_it_is_the_ranking_that_counts():
  scores, labels = np.linspace(-3, 3, 11), np.arange(11) % 3 == 0
  assert metrics.average_precision(scores, labels) == metrics.average_precision(
      1 / (1 + np.exp(-scores)), labels)


def test_what_has_no_value_is_told():
  assert np.isnan(metrics.average_precision([.5, .2], [0, 0]))
  for scores, labels in (([np.nan, 1], [0, 1]), ([1.0], [0, 1])):
    with pytest.raises(ValueError, match="not defined"):
      metrics.average_precision(scores, labels)
  precision, recall, f1 = metrics.precision_recall_f1([False], [1])
  assert np.isnan(precision) and recall == 0 and f1 == 0


def test_precision_recall_and_f1_by_hand():
  said = [[True, False], [True, True]]
  assert metrics.precision_recall_f1(said, [[1, 1], [0, 1]]) == pytest.approx((2/3, 2/3, 2/3))
