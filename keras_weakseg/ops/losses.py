"""Losses over pixels that are labelled only in part, and scores of merged classes."""
import tensorflow as tf

from keras_weakseg import errors, fields
from keras_weakseg.ops.binary_losses import binary_cross_entropy_map
from keras_weakseg.ops.binary_losses import masked_binary_cross_entropy
from keras_weakseg.ops.depth_losses import berhu_loss
from keras_weakseg.ops.depth_losses import gradient_matching_loss
from keras_weakseg.ops.depth_losses import scale_invariant_loss
from keras_weakseg.ops.relative_depth import relative_depth_loss
from keras_weakseg.ops.tag_losses import tag_sigmoid_loss
from keras_weakseg.ops.tag_losses import tag_softmax_loss

__all__ = ["aggregate_classes", "berhu_loss", "binary_cross_entropy_map",
           "cross_entropy_map", "gradient_matching_loss",
           "masked_binary_cross_entropy", "masked_cross_entropy", "relative_depth_loss",
           "scale_invariant_loss", "tag_sigmoid_loss", "tag_softmax_loss"]


def cross_entropy_map(labels, scores, ignore=fields.IGNORE_LABEL, class_weights=None):
  """Returns the cross entropy of every pixel, and what each pixel counts.

  The parts of a loss over a global batch: sum both over all replicas, then divide. A label that is
  neither a class nor `ignore` is an error on CPUs and NaN elsewhere; it is never clipped.

  Args:
    labels: int [N,H,W], class ids.
    scores: float [N,H,W,C], pre-softmax class scores.
    ignore: label of pixels that teach nothing.
    class_weights: float [C], or None for equal weights.

  Returns:
    loss: float32 [N,H,W], 0 at ignored pixels; times the weight of its class, if given.
    valid: float32 [N,H,W], 1 (or the weight of its class) at labelled pixels, 0 at ignored ones.

  Example:
    >>> loss, valid = cross_entropy_map([[[0, 255]]], tf.zeros([1, 1, 2, 4]))
    >>> round(float(tf.reduce_sum(loss)), 4), valid.numpy().tolist()
    (1.3863, [[[1.0, 0.0]]])
  """
  labels = tf.cast(labels, tf.int32)
  known = labels != ignore
  target = tf.where(known, labels, 0)
  loss = tf.nn.sparse_softmax_cross_entropy_with_logits(target, tf.cast(scores, tf.float32))
  valid = tf.cast(known, tf.float32)
  if class_weights is not None:
    valid *= tf.gather(tf.cast(class_weights, tf.float32), target)
    loss *= valid
  return tf.where(known, loss, 0.), valid


def masked_cross_entropy(labels, scores, ignore=fields.IGNORE_LABEL, pixel_weights=None,
                         class_weights=None):
  """Returns the mean cross entropy over the labelled pixels of a batch.

  Without weights: the mean over valid pixels. With class weights: `sum(w CE) / sum(w)`. With pixel
  weights: the mean of `weight CE` over *all* pixels, where ignored ones contribute 0 (Hoyer et al.,
  CVPR 2021, section 3.4: the weight is the confidence of the pseudo labels).

  Args:
    labels: int [N,H,W], class ids.
    scores: float [N,H,W,C], pre-softmax class scores.
    ignore: label of pixels that teach nothing.
    pixel_weights: float [N,H,W], or None.
    class_weights: float [C], or None.

  Returns:
    float32 scalar; 0 with gradient 0 if no pixel is valid.

  Example:
    >>> round(float(masked_cross_entropy([[[0, 255]]], tf.zeros([1, 1, 2, 4]))), 4)
    1.3863
  """
  loss, valid = cross_entropy_map(labels, scores, ignore, class_weights)
  if pixel_weights is not None:
    return tf.reduce_mean(loss * tf.cast(pixel_weights, tf.float32))
  return tf.math.divide_no_nan(tf.reduce_sum(loss), tf.reduce_sum(valid))


def aggregate_classes(scores, groups, mode="logsumexp"):
  """Returns the scores of merged classes, e.g. of 21 VOC classes from 81 COCO scores.

  The softmax of the result is the sum of the probabilities of the members of each group
  (cross-dataset heads of Papandreou et al., ICCV 2015, section 4.4).

  Args:
    scores: float [...,C], pre-softmax class scores.
    groups: for every output class the ids of its members (first the one it is named after), as
      lists or int [K,M] padded with -1. A class may be a member of several groups.
    mode: `"logsumexp"`, or `"slice"`: the score of the first member alone.

  Returns:
    float32 [...,K].

  Raises:
    ValueError: a group is empty or names a class that is not there, or the mode is unknown.

  Example:
    >>> scores = aggregate_classes(tf.math.log([[1., 2., 4.]]), [[0, 2], [1]])
    >>> tf.exp(scores)[0].numpy().round(3).tolist()
    [5.0, 2.0]
  """
  if mode not in ("logsumexp", "slice"):
    raise errors.unknown_name("aggregation mode", mode, ["logsumexp", "slice"])
  groups = [[int(member) for member in group if member != -1] for group in groups]
  scores = tf.cast(scores, tf.float32)
  _check_groups(groups, scores.shape[-1])
  if mode == "slice":
    return tf.gather(scores, [group[0] for group in groups], axis=-1)
  # One gather and one split: their gradients cost one scatter, not one per group.
  members = tf.gather(scores, sum(groups, []), axis=-1)
  pieces = tf.split(members, [len(group) for group in groups], axis=-1)
  return tf.concat(
      [piece if len(group) == 1 else tf.reduce_logsumexp(piece, axis=-1, keepdims=True)
       for piece, group in zip(pieces, groups)], axis=-1)


def _check_groups(groups, classes):
  """Raises unless every group has members, all of them among the classes."""
  for index, group in enumerate(groups):
    if not group or min(group) < 0 or (classes is not None and max(group) >= classes):
      raise errors.value_error(
          f"Group {index} of the merged classes is not usable.",
          expected=f"one or more ids in 0..{'C' if classes is None else classes}-1",
          received=group, fix="List the ids of the classes that the group merges.")
