"""Pseudo labels of a teacher's probabilities, and how much they count."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields

BATCH, IMAGE, PIXEL, UNIFORM, NONE = "batch", "image", "pixel", "uniform", "none"
WEIGHTINGS = (BATCH, IMAGE, PIXEL, UNIFORM, NONE)


def pseudo_labels(probabilities, threshold=0.968, weighting=BATCH, ignore=fields.IGNORE_LABEL):
  """Returns the most probable class of every pixel, and the weight of these labels.

  Hoyer et al. (CVPR 2021, section 3.4) and ClassMix: the weight is the share of pixels that the
  teacher is sure of. Pixels without any probability, as those of a mask that says nothing, become
  `ignore`; they count as pixels, not as sure ones. The result is a constant for the gradient.

  Args:
    probabilities: float [N,H,W,C], sum 1 over C, or all 0 where nothing is known.
    threshold: a pixel is sure where its largest probability is at least this.
    weighting: see `weights_of`.
    ignore: label of pixels without probability.

  Returns:
    labels: int32 [N,H,W]; the smallest class wins ties.
    weight: see `weights_of`; of a batch on several replicas, take `confidence` and share the sums.

  Raises:
    ValueError: there is no such weighting.

  Example:
    >>> labels, weight = pseudo_labels([[[[0.01, 0.99], [0.6, 0.4], [0.0, 0.0], [1.0, 0.0]]]])
    >>> labels.numpy().tolist(), float(weight)
    ([[[1, 0, 255, 0]]], 0.5)
  """
  labels, sure = confidence(probabilities, threshold, ignore)
  return labels, weights_of(sure, weighting)


def confidence(probabilities, threshold=0.968, ignore=fields.IGNORE_LABEL):
  """Returns pseudo labels, and where the teacher is sure of them.

  Both mix like labels: to mix them is to mix the probabilities first, and C/2 times cheaper.

  Args:
    probabilities, threshold, ignore: see `pseudo_labels`.

  Returns:
    labels: int32 [N,H,W].
    sure: float32 [N,H,W], 1 or 0.

  Example:
    >>> confidence([[[[0.01, 0.99], [0.6, 0.4]]]])[1].numpy().tolist()
    [[[1.0, 0.0]]]
  """
  probabilities = tf.stop_gradient(tf.cast(probabilities, tf.float32))
  largest = tf.reduce_max(probabilities, -1)
  labels = tf.where(largest > 0, tf.argmax(probabilities, -1, output_type=tf.int32), ignore)
  return labels, tf.cast(largest >= threshold, tf.float32)


def weights_of(sure, weighting=BATCH):
  """Returns the weights of pseudo labels.

  Args:
    sure: float [N,H,W], 1 where the teacher is sure, 0 elsewhere.
    weighting: `batch`: the share of sure pixels among all pixels of the batch; `image`: among
      those of each image; `pixel`: 1 where sure, else 0; `uniform`: 1 everywhere; `none`: no
      weights at all. All but `none` go with a mean over all pixels, ignored ones too; `none` with
      a mean over the labelled pixels, as `losses.masked_cross_entropy` does.

  Returns:
    float32 [] for `batch` and `uniform`, [N,1,1] for `image`, [N,H,W] for `pixel`; None for `none`.

  Raises:
    ValueError: there is no such weighting.

  Example:
    >>> weights_of([[[1.0, 0.0]], [[1.0, 1.0]]], "image")[:, 0, 0].numpy().tolist()
    [0.5, 1.0]
  """
  errors.check_name("weighting of pseudo labels", weighting, WEIGHTINGS)
  if weighting == NONE:
    return None
  sure = tf.stop_gradient(tf.cast(sure, tf.float32))
  if weighting == PIXEL:
    return sure
  if weighting == IMAGE:
    return tf.reduce_mean(sure, [1, 2], keepdims=True)
  return tf.reduce_mean(sure) if weighting == BATCH else tf.ones([])
