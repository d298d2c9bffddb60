"""Cross entropy on masks; and the frame of methods that complete missing masks."""
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import ratio
from keras_weakseg.ops import losses
from keras_weakseg.ops import resize


class Supervised(base.Method):
  """Pixel-wise cross entropy on the masks that are granted.

  The loss is taken on the score grid, against labels decimated to it, as in DeepLab. Every part
  of the bundle is normalised by its own valid pixels over the global batch and has its weight
  (Papandreou et al. 2015, section 3.4; .7/.3 for masks and tags).

  Args:
    network: Keras model, preprocessed floats to scores; part of `predictor`.
    predictor: functional model, RGB 0..255 [N,H,W,3] to scores [N,h,w,C].
    parts: names of the bundle's parts, in the order of their index.
    part_weights: one weight per part.
    stride: of the score grid, pixels.
    **options: see `Method`.
  """
  needs = fields.Supervision.MASK

  def __init__(self, network, predictor, *, parts=("masks",), part_weights=(1.0,), stride=8,
               **options):
    super().__init__({"segmenter": network}, predictor, **options)
    self.parts = tuple(parts)
    self.part_weights = tuple(part_weights)
    self.stride = stride

  def loss_terms(self, batch):
    """See `Method.loss_terms`: one term per part of the bundle, named `loss_<part>`."""
    images = tf.cast(batch[fields.IMAGE], tf.float32)
    scores = self.predictor(images, training=True)
    labels, has_mask = self._granted_labels(scores, batch)
    labels, health = self.complete(labels, tf.stop_gradient(scores), has_mask, batch)
    loss, valid = losses.cross_entropy_map(labels, scores)
    terms = {}
    for index, (name, weight) in enumerate(zip(self.parts, self.part_weights)):
      mine = tf.cast(batch[fields.PART] == index, tf.float32)[:, None, None]
      # The loss is zero where it is not valid, so it needs no second masking.
      terms[f"loss_{name}"] = base.Term(
          ratio.Ratio(tf.reduce_sum(loss * mine), tf.reduce_sum(valid * mine)), weight)
    if fields.MASK in batch:
      right = tf.argmax(scores, -1, output_type=tf.int32) == labels
      health["train_accuracy"] = ratio.masked_mean(
          right, has_mask & (labels != fields.IGNORE_LABEL))
    return terms, health

  def _granted_labels(self, scores, batch):
    """Returns labels int32 [N,h,w] on the score grid, 255 = not granted, and bool [N,1,1]."""
    has_mask = base.may(batch, fields.Supervision.MASK)[:, None, None]
    if fields.MASK not in batch:  # A bundle without any mask.
      return tf.fill(tf.shape(scores)[:3], fields.IGNORE_LABEL), has_mask
    labels = tf.cast(resize.decimate_labels(batch[fields.MASK], self.stride), tf.int32)
    return tf.where(has_mask, labels, fields.IGNORE_LABEL), has_mask

  def complete(self, labels, scores, has_mask, batch):
    """Returns labels for the pixels that have none, and health figures.

    Args:
      labels: int32 [N,h,w] on the score grid, 255 where nothing is known.
      scores: float32 [N,h,w,C], without gradient.
      has_mask: bool [N,1,1].
      batch: the whole batch.

    Returns:
      int32 [N,h,w] and a dict of name to `Ratio`.
    """
    del scores, has_mask, batch
    return labels, {}
