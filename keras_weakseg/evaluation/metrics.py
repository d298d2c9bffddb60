"""Metrics of segmentation from one confusion matrix over the whole set (host, NumPy).

Sum the matrices of all images, then take one ratio: the mean of per-image values is another number.
Classes that occur neither in the truth nor in the prediction are NaN, never 0 or 1.
"""
import numpy as np

from keras_weakseg import errors, fields


def confusion_matrix(labels, predictions, num_classes, ignore=fields.IGNORE_LABEL):
  """Counts pixels by true class and predicted class.

  Args:
    labels: integers of any shape (array or eager tensor), class ids or `ignore`.
    predictions: integers of the same shape, class ids.
    num_classes: C.
    ignore: label of pixels that are not counted.

  Returns:
    int64 [C,C], rows = truth, columns = prediction; matrices of parts of a set add up.

  Raises:
    ValueError: shapes differ, values are not integers, a label is neither 0..C-1 nor `ignore`, or
      a prediction is not 0..C-1. Dropping such pixels would raise the score of a wrong setup.

  Example:
    >>> confusion_matrix([0, 1, 1, 255], [0, 1, 0, 1], num_classes=2).tolist()
    [[1, 0], [1, 1]]
  """
  labels, predictions = np.asarray(labels), np.asarray(predictions)
  if labels.shape != predictions.shape:
    raise errors.value_error(
        "Labels and predictions differ in shape.", expected=f"predictions {labels.shape}",
        received=predictions.shape, fix="Predict at the original size of the labels.")
  counted = labels != ignore
  _check_ids("label", labels[counted], num_classes, f"0..{num_classes - 1} or {ignore}",
             "Pass the right num_classes, or map these labels to classes or to the ignore label.")
  _check_ids("prediction", predictions, num_classes, f"0..{num_classes - 1}",
             "Pass the num_classes that the network was built with.")
  cells = labels[counted].astype(np.int64) * num_classes + predictions[counted].astype(np.int64)
  return np.bincount(cells, minlength=num_classes**2).reshape(num_classes, num_classes)


def class_iou(matrix):
  """Returns the intersection over union of every class, `TP / (TP + FP + FN)`.

  Args:
    matrix: [C,C] of `confusion_matrix`.

  Returns:
    float64 [C]; NaN for a class that occurs neither in the truth nor in the prediction.

  Example:
    >>> class_iou([[1, 0, 0], [1, 2, 0], [0, 0, 0]]).round(4).tolist()
    [0.5, 0.6667, nan]
  """
  matrix = _matrix(matrix)
  hits = np.diag(matrix)
  return _ratio(hits, matrix.sum(axis=0) + matrix.sum(axis=1) - hits)


def mean_iou(matrix, present_only=False):
  """Returns the mean of `class_iou`; which classes it is over belongs to the protocol.

  Args:
    matrix: [C,C] of `confusion_matrix`.
    present_only: mean over the classes in the truth, so that a class that is only predicted is
      skipped; otherwise over the classes in the truth or the prediction, where it counts as 0.

  Returns:
    float in 0..1; NaN if there is no such class.

  Example:
    >>> matrix = [[3, 1], [0, 0]]
    >>> mean_iou(matrix), mean_iou(matrix, present_only=True)
    (0.375, 0.75)
  """
  matrix = _matrix(matrix)
  iou = class_iou(matrix)
  return _mean(iou[matrix.sum(axis=1) > 0] if present_only else iou[~np.isnan(iou)])


def pixel_accuracy(matrix):
  """Returns the share of counted pixels that are right, float in 0..1; NaN for an empty matrix.

  Example:
    >>> pixel_accuracy([[3, 1], [0, 0]])
    0.75
  """
  matrix = _matrix(matrix)
  return float(_ratio(np.trace(matrix), matrix.sum()))


def mean_accuracy(matrix):
  """Returns the mean share of right pixels over the classes in the truth, float in 0..1 or NaN.

  Example:
    >>> mean_accuracy([[3, 1], [0, 2]])
    0.875
  """
  matrix = _matrix(matrix)
  recall = _ratio(np.diag(matrix), matrix.sum(axis=1))
  return _mean(recall[~np.isnan(recall)])


def frequency_weighted_iou(matrix):
  """Returns the mean of `class_iou` weighted by the true pixels of each class, 0..1 or NaN.

  Example:
    >>> frequency_weighted_iou([[3, 1], [0, 0]])
    0.75
  """
  matrix = _matrix(matrix)
  truth = matrix.sum(axis=1)
  present = truth > 0
  return float(_ratio((truth * class_iou(matrix))[present].sum(), truth.sum()))


def _check_ids(kind, values, num_classes, expected, fix):
  """Raises if `values` are not integers in 0..num_classes-1, naming those that are not."""
  if values.dtype.kind not in "iub" and values.size:
    raise errors.value_error(f"The {kind}s are not integers.", expected="ids of an integer type",
                             received=values.dtype, fix="Take the arg max of scores, or cast.")
  if not values.size or (values.min() >= 0 and values.max() < num_classes):
    return
  found, counts = np.unique(values[(values < 0) | (values >= num_classes)], return_counts=True)
  shown = ", ".join(f"{value} ({count} pixels)" for value, count in zip(found, counts))
  raise errors.value_error(f"A {kind} is outside the {num_classes} classes.", expected=expected,
                           received=shown, fix=fix)


def _matrix(matrix):
  """Returns a square matrix as float64, in which counts below 2**53 are exact."""
  matrix = np.asarray(matrix, np.float64)
  if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
    raise errors.value_error("This is no confusion matrix.", expected="shape [C,C]",
                             received=matrix.shape, fix="Pass the result of confusion_matrix.")
  return matrix


def _ratio(part, whole):
  """Returns part / whole, NaN where there is nothing to divide by."""
  part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
  return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)


def _mean(values):
  """Returns the mean as a float, NaN of nothing without a warning."""
  return float(values.mean()) if values.size else float("nan")
