"""The E-step frame of Papandreou et al. 2015: latent masks from image tags."""
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import ratio
from keras_weakseg.methods import supervised
from keras_weakseg.ops import em


class ExpectationMaximization(supervised.Supervised):
  """Expectation-maximisation with hard assignment (Papandreou et al. 2015, Algorithm 1).

  E-step: the latent label of a pixel is the best class of scores biased towards the tags.
  M-step: cross entropy of the unbiased scores against it. Samples with a mask keep it; their own
  E-step, which is not trained on, is compared with the mask for the health figures.

  Deviation: padding of a crop has no latent label and no part in the portions. The reference code
  labels it; a network soon tells padding from image and gives it to the tagged class.

  Args:
    context: see `Supervised`.
    censor_absent: latent labels of classes that are not tagged become 255.
  """
  needs = fields.Supervision.TAGS  # Granted by masks and boxes too.

  def __init__(self, context, *, censor_absent: bool = False):
    super().__init__(context)
    self.censor_absent = censor_absent

  def biased_scores(self, scores, tags, valid, batch):
    """Returns the scores that the E-step maximises.

    Args:
      scores: float32 [N,h,w,C], without gradient.
      tags: float32 [N,C], multi-hot.
      valid: bool [N,h,w], False in the padding.
      batch: the whole batch.

    Returns:
      float32 [N,h,w,C].
    """
    raise NotImplementedError

  def complete(self, labels, scores, has_mask, batch):
    tags = batch[fields.TAGS]
    has_tags = base.may(batch, fields.Supervision.TAGS)[:, None, None]
    tags = tags * tf.cast(has_tags[:, 0], tags.dtype)
    valid = batch[fields.VALID][:, ::self.stride, ::self.stride]
    biased = self.biased_scores(scores, tags, valid, batch)
    latent = em.latent_labels(biased, tags, censor=self.censor_absent)
    latent = tf.where(has_tags & valid, tf.cast(latent, tf.int32), fields.IGNORE_LABEL)
    health = _coverage(latent, tags, has_mask, has_tags)
    if fields.MASK in batch:
      health.update(agreement(latent, labels, has_mask & has_tags))
    return tf.where(has_mask, labels, latent), health


def _coverage(latent, tags, has_mask, has_tags):
  """Returns how much the latent masks of weak samples cover, and whether every tag appears."""
  weak = has_tags & ~has_mask
  classes = tf.range(tf.shape(tags)[-1])
  found = tf.reduce_any(latent[..., None] == classes, axis=[1, 2])
  tagged = (tags > 0) & (classes > 0) & weak[:, 0]
  return {
      "latent_foreground": ratio.masked_mean(
          latent > 0, weak & (latent != fields.IGNORE_LABEL)),
      "latent_tag_recall": ratio.masked_mean(found, tagged),
  }


def agreement(latent, labels, both):
  """Returns health figures: how right latent labels are on samples whose mask is known.

  Args:
    latent, labels: int32 [N,h,w], 255 = unknown.
    both: bool [N,1,1], samples that have both.

  Returns:
    Dict of name to `Ratio`.
  """
  known = both & (labels != fields.IGNORE_LABEL) & (latent != fields.IGNORE_LABEL)
  return {
      "latent_accuracy": ratio.masked_mean(latent == labels, known),
      "latent_foreground_accuracy": ratio.masked_mean(
          latent == labels, known & ((labels > 0) | (latent > 0))),
  }
