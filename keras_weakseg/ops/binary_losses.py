"""Losses of a map that says object or background, whatever the object is."""
import tensorflow as tf

from keras_weakseg import errors, fields

MEAN = "mean"
SUM = "sum"
REDUCTIONS = (MEAN, SUM)


def object_labels(labels, ignore=fields.IGNORE_LABEL):
  """Returns 1 for every class but the background, 0 for the background, `ignore` as it is.

  Args:
    labels: int, any shape, class ids.
    ignore: label of pixels that teach nothing.

  Returns:
    int32, the same shape.

  Example:
    >>> object_labels([0, 7, 255]).numpy().tolist()
    [0, 1, 255]
  """
  labels = tf.cast(labels, tf.int32)
  return tf.where(labels == ignore, ignore, tf.cast(labels != 0, tf.int32))


def object_logits(scores):
  """Returns the logit of "object", float32 [N,H,W].

  Args:
    scores: float [N,H,W,1], the logit itself, or [N,H,W,2], scores of background and object: the
      sigmoid of their difference is the softmax of the two.

  Raises:
    ValueError: the scores are those of more classes.

  Example:
    >>> object_logits([[[[1.0, 3.0]]]]).numpy().tolist()
    [[[2.0]]]
  """
  scores = tf.cast(scores, tf.float32)
  if scores.shape.rank != 4 or scores.shape[-1] not in (1, 2):
    raise errors.value_error(
        "These are no scores of object and background.", expected="[N,H,W,1] or [N,H,W,2]",
        received=scores.shape.as_list(), fix="Build the network with num_classes=1 or 2.")
  return scores[..., 0] if scores.shape[-1] == 1 else scores[..., 1] - scores[..., 0]


def binary_cross_entropy_map(labels, logits, ignore=fields.IGNORE_LABEL):
  """Returns the binary cross entropy of every pixel, and what each pixel counts.

  The parts of a loss over a global batch: sum both over all replicas, then divide. A label that is
  neither 0, 1 nor `ignore` gives NaN; it is never clipped.

  Args:
    labels: int [N,H,W], 0 or 1 (see `object_labels`).
    logits: float [N,H,W], of label 1.
    ignore: label of pixels that teach nothing.

  Returns:
    loss: float32 [N,H,W], 0 at ignored pixels.
    valid: float32 [N,H,W], 1 at labelled pixels, 0 at ignored ones.

  Example:
    >>> loss, valid = binary_cross_entropy_map([[[1, 255]]], tf.zeros([1, 1, 2]))
    >>> round(float(tf.reduce_sum(loss)), 4), valid.numpy().tolist()
    (0.6931, [[[1.0, 0.0]]])
  """
  labels = tf.cast(labels, tf.int32)
  known = labels != ignore
  target = tf.cast(tf.where(known, labels, 0), tf.float32)
  target = tf.where((labels == 0) | (labels == 1) | ~known, target, float("nan"))
  loss = tf.nn.sigmoid_cross_entropy_with_logits(target, tf.cast(logits, tf.float32))
  return tf.where(known, loss, 0.0), tf.cast(known, tf.float32)


def masked_binary_cross_entropy(labels, logits, ignore=fields.IGNORE_LABEL, reduction=MEAN):
  """Returns the binary cross entropy over the labelled pixels of a batch.

  Args:
    labels: int [N,H,W], 0 or 1.
    logits: float [N,H,W], of label 1.
    ignore: label of pixels that teach nothing.
    reduction: "mean" over the labelled pixels; or "sum" over the pixels of an image, mean over the
      images: the sum that the rate 5e-8 of Xiao et al. (AAAI 2018) belongs to.

  Returns:
    float32 scalar; 0 with gradient 0 if no pixel is valid.

  Raises:
    ValueError: the reduction is unknown.

  Example:
    >>> labels, logits = [[[1, 0, 255]]], tf.zeros([1, 1, 3])
    >>> [round(float(masked_binary_cross_entropy(labels, logits, reduction=name)), 4)
    ...  for name in ("mean", "sum")]
    [0.6931, 1.3863]
  """
  errors.check_name("reduction", reduction, REDUCTIONS)
  loss, valid = binary_cross_entropy_map(labels, logits, ignore)
  count = (tf.reduce_sum(valid) if reduction == MEAN
           else tf.cast(tf.shape(loss)[0], tf.float32))
  return tf.math.divide_no_nan(tf.reduce_sum(loss), count)
