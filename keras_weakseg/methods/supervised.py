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
  (Papandreou et al. 2015, section 3.4; .7/.3 for masks and tags). Parts of several data sets may
  have several label spaces on one head (Cross-Joint training, section 4.4 there).

  Args:
    context: see `Method`; the scorer of the main network gives the scores of the head.
  """
  needs = fields.Supervision.MASK
  sees_depth = True

  def __init__(self, context):
    super().__init__(context)
    self.stride = context.main.record.stride
    self.scorer = context.main.scorer
    self.readings = context.readings

  def loss_terms(self, batch):
    """See `Method.loss_terms`: one term per part of the bundle, named `loss_<part>`."""
    return self.terms_of(self.scorer(self.seen(batch), training=True), batch)

  def seen(self, batch):
    """See `Method.seen`; 4 channels where the network takes depth."""
    images = tf.cast(batch[fields.IMAGE], tf.float32)
    if self.scorer.input_shape[-1] == 3:
      return images
    return tf.concat([images, batch[fields.DEPTH][..., None]], -1)

  def terms_of(self, scores, batch):
    """Returns what `loss_terms` does, of the scores of the head.

    Args:
      scores: float32 [N,h,w,C].
      batch: dict of tensors.
    """
    if not self.readings:
      return self._terms(range(len(self.parts)), scores, batch)
    terms, health = {}, {}
    for reading in self.readings:
      found, figures = self._terms(reading.parts, reading.scores(scores), reading.own(batch))
      terms.update(found)
      health.update({reading.label(name): figure for name, figure in figures.items()})
    return terms, health

  def _terms(self, parts, scores, batch):
    """Returns the terms of some parts, and health figures, all in one label space."""
    labels, has_mask = self._granted_labels(scores, batch)
    labels, health = self.complete(labels, tf.stop_gradient(scores), has_mask, batch)
    loss, valid = losses.cross_entropy_map(labels, scores)
    terms = {}
    for index in parts:
      mine = tf.cast(batch[fields.PART] == index, tf.float32)[:, None, None]
      # The loss is zero where it is not valid, so it needs no second masking.
      terms[f"loss_{self.parts[index]}"] = base.Term(
          ratio.Ratio(tf.reduce_sum(loss * mine), tf.reduce_sum(valid * mine)),
          self.part_weights[index])
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
