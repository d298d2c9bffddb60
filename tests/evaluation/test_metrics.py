"""Metrics: parity, an independent count, label-range checks, and the traps of per-image means."""
import warnings

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.evaluation import metrics

CASES = ["miou_absent", "miou_falsepos", "miou_small"]


def random_maps(seed=0, classes=5, shape=(3, 8, 9)):
  rng = np.random.default_rng(seed)
  labels = rng.integers(0, classes, shape).astype(np.uint8)
  predictions = np.where(rng.random(shape) < .6, labels, rng.integers(0, classes, shape))
  labels[rng.random(shape) < .2] = 255
  return labels, predictions.astype(np.uint8)


@pytest.mark.parametrize("case", CASES)
def test_metrics_golden(golden, case):
  data = golden("em.npz")
  wanted = data[f"{case}__confusion"]
  matrix = metrics.confusion_matrix(data[f"{case}__labels"], data[f"{case}__preds"], len(wanted))
  assert matrix.dtype == np.int64
  np.testing.assert_array_equal(matrix, wanted)
  np.testing.assert_allclose(metrics.class_iou(matrix), data[f"{case}__class_iou"], atol=1e-6)
  for name, value in [("mean_iou_union", metrics.mean_iou(matrix)),
                      ("mean_iou_gt_present", metrics.mean_iou(matrix, present_only=True)),
                      ("pixel_accuracy", metrics.pixel_accuracy(matrix)),
                      ("mean_accuracy", metrics.mean_accuracy(matrix)),
                      ("freq_weighted_iou", metrics.frequency_weighted_iou(matrix))]:
    assert isinstance(value, float)
    np.testing.assert_allclose(value, data[f"{case}__{name}"], rtol=0, atol=1e-6)


def test_matrix_equals_a_count():
  labels, predictions = random_maps()
  matrix = metrics.confusion_matrix(labels, predictions, 5)
  wanted = [[((labels == i) & (predictions == j)).sum() for j in range(5)] for i in range(5)]
  np.testing.assert_array_equal(matrix, wanted)
  assert matrix.sum() == (labels != 255).sum()


def test_iou_equals_sets():
  labels, predictions = random_maps(seed=1)
  iou = metrics.class_iou(metrics.confusion_matrix(labels, predictions, 5))
  known = labels != 255
  for c in range(5):
    truth, found = (labels == c) & known, (predictions == c) & known
    np.testing.assert_allclose(iou[c], (truth & found).sum() / (truth | found).sum())


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.uint64])
def test_arrays_and_tensors_of_any_integer_type(dtype):
  labels, predictions = random_maps(seed=2)
  wanted = metrics.confusion_matrix(labels, predictions, 5)
  np.testing.assert_array_equal(
      metrics.confusion_matrix(labels.astype(dtype), predictions.astype(dtype), 5), wanted)
  np.testing.assert_array_equal(metrics.confusion_matrix(
      tf.constant(labels.astype(dtype)), tf.constant(predictions), 5), wanted)


def test_matrices_of_parts_add_up_and_ratios_do_not():
  labels, predictions = random_maps(seed=3)
  parts = [metrics.confusion_matrix(l, p, 5) for l, p in zip(labels, predictions)]
  whole = metrics.confusion_matrix(labels, predictions, 5)
  np.testing.assert_array_equal(sum(parts), whole)
  assert abs(np.mean([metrics.mean_iou(part) for part in parts]) - metrics.mean_iou(whole)) > 1e-3


def test_ignored_pixels_do_not_count():
  labels, predictions = random_maps(seed=4)
  garbage = np.where(labels == 255, (predictions + 1) % 5, predictions)
  np.testing.assert_array_equal(metrics.confusion_matrix(labels, garbage, 5),
                                metrics.confusion_matrix(labels, predictions, 5))
  other = np.where(labels == 255, 250, labels)
  np.testing.assert_array_equal(metrics.confusion_matrix(other, predictions, 5, ignore=250),
                                metrics.confusion_matrix(labels, predictions, 5))


def test_permuting_classes_permutes_the_iou():
  labels, predictions = random_maps(seed=5)
  permutation = np.array([3, 0, 4, 2, 1])
  table = np.concatenate([permutation, np.full(251, 255)])
  iou = metrics.class_iou(metrics.confusion_matrix(labels, predictions, 5))
  moved = metrics.class_iou(metrics.confusion_matrix(table[labels], table[predictions], 5))
  np.testing.assert_array_equal(moved[permutation], iou)


def test_perfect_and_hopeless():
  labels, _ = random_maps(seed=6)
  right = np.where(labels == 255, 0, labels)
  perfect = metrics.confusion_matrix(labels, right, 5)
  wrong = metrics.confusion_matrix(labels, (right + 1) % 5, 5)
  for ratio in (metrics.mean_iou, metrics.pixel_accuracy, metrics.mean_accuracy,
                metrics.frequency_weighted_iou):
    assert ratio(perfect) == 1 and ratio(wrong) == 0


def test_a_single_pixel_counts():
  matrix = metrics.confusion_matrix([0, 255], [0, 1], 2)
  np.testing.assert_array_equal(metrics.class_iou(matrix), [1, np.nan])
  assert metrics.mean_iou(matrix) == metrics.mean_accuracy(matrix) == 1
  assert metrics.pixel_accuracy(matrix) == metrics.frequency_weighted_iou(matrix) == 1


def test_nothing_counted_is_nan_without_a_warning():
  empty = metrics.confusion_matrix(np.full([2, 3], 255), np.zeros([2, 3], int), 4)
  with warnings.catch_warnings():
    warnings.simplefilter("error")
    assert np.isnan(metrics.class_iou(empty)).all()
    for ratio in (metrics.mean_iou, metrics.pixel_accuracy, metrics.mean_accuracy,
                  metrics.frequency_weighted_iou):
      assert np.isnan(ratio(empty))
    assert np.isnan(metrics.mean_iou(empty, present_only=True))


@pytest.mark.parametrize("labels, predictions, words", [
    ([[0, 7, 7, 9]], [[0, 1, 1, 1]],
     r"A label is outside the 3 .*0\.\.2 or 255.*7 \(2 pixels\), 9 \(1 pixels\)"),
    ([[0, 3]], [[0, 1]], r"A label .*Received: 3 \(1 pixels\)"),
    ([[0, 1]], [[0, 3]], r"A prediction .*Received: 3 \(1 pixels\)"),
    ([[0, -1]], [[0, 1]], r"A label .*-1 \(1 pixels\)"),
    ([[0, 1, 255]], [[0, 3, 4]], r"A prediction .*Expected: 0\.\.2\. Received: 3 \(1 pixels\), 4"),
    ([[0, 255]], [[0, 255]], r"A prediction .*255"),
    ([[0., 1.]], [[0, 1]], "labels are not integers"),
    ([[0, 1]], [[0., .5]], "predictions are not integers"),
    ([[0, 1]], [[0], [1]], r"differ in shape.*\(1, 2\).*\(2, 1\)"),
])
def test_wrong_values_are_refused(labels, predictions, words):
  with pytest.raises(ValueError, match=f"(?s){words}") as error:
    metrics.confusion_matrix(np.array(labels), np.array(predictions), 3)
  assert "Expected: " in str(error.value) and "Received: " in str(error.value)


def test_a_matrix_must_be_square():
  with pytest.raises(ValueError, match="no confusion matrix"):
    metrics.mean_iou(np.zeros([2, 3]))


def test_a_wrong_number_of_classes_never_raises_the_score():
  """The trap of metrics that drop what they do not know: fewer classes must not score higher."""
  labels, predictions = random_maps(seed=7)
  score = metrics.mean_iou(metrics.confusion_matrix(labels, predictions, 5))
  with pytest.raises(ValueError, match="outside the 3 classes"):
    metrics.confusion_matrix(labels, predictions, 3)
  assert metrics.mean_iou(metrics.confusion_matrix(labels, predictions, 9)) == score
