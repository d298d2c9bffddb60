"""Metrics of tags over a set of images (host, NumPy)."""
import numpy as np

from keras_weakseg import errors


def average_precision(scores, labels):
  """Returns the area under the curve of precision over recall, without interpolation.

  `sum_k (R_k - R_(k-1)) P_k` over the distinct scores from high to low: images of one score are
  taken together, so their order does not matter.

  Args:
    scores: float [N], higher = surer; finite.
    labels: bool or 0/1 [N], what is true.

  Returns:
    float in 0..1; NaN where nothing is true, so that there is nothing to find.

  Raises:
    ValueError: shapes differ, or a score is not finite.

  Example:
    >>> round(average_precision([.9, .8, .7, .6], [1, 0, 1, 0]), 4)
    0.8333
  """
  scores, labels = np.asarray(scores, np.float64), np.asarray(labels) > 0
  if scores.shape != labels.shape or scores.ndim != 1 or not np.isfinite(scores).all():
    raise errors.value_error(
        "The average precision of these scores is not defined.",
        expected="finite scores [N] and labels [N]",
        received=f"scores {scores.shape}, labels {labels.shape}, "
        f"{int(np.sum(~np.isfinite(scores)))} scores that are not finite",
        fix="Check the weights: a network that diverged gives values that are no numbers.")
  if not labels.any():
    return float("nan")
  order = np.argsort(-scores, kind="stable")
  ranked, hits = scores[order], np.cumsum(labels[order])
  last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))  # Ends of equal scores.
  precision, recall = hits[last] / (last + 1), hits[last] / hits[-1]
  return float(np.sum(np.diff(recall, prepend=0) * precision))


def precision_recall_f1(said, labels):
  """Returns precision, recall and their harmonic mean.

  Args:
    said: bool, any shape: what was said.
    labels: bool or 0/1 of the same shape: what is true.

  Returns:
    Three floats in 0..1; precision is NaN where nothing was said, recall where nothing is true, and
    F1, `2 TP / (2 TP + FP + FN)`, where neither is.

  Example:
    >>> precision_recall_f1([True, True, False], [1, 0, 0])
    (0.5, 1.0, 0.6666666666666666)
  """
  said, labels = np.asarray(said, bool), np.asarray(labels) > 0
  hits = int(np.sum(said & labels))
  count, true = int(said.sum()), int(labels.sum())
  return _ratio(hits, count), _ratio(hits, true), _ratio(2 * hits, count + true)


def _ratio(part, whole):
  return part / whole if whole else float("nan")
