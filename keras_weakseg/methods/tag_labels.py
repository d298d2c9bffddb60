"""Training on masks, and on label maps that an earlier step has made of tags."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import em as em_frame
from keras_weakseg.methods import ratio
from keras_weakseg.methods import supervised
from keras_weakseg.ops import resize


class TagLabels(supervised.Supervised):
  """Trains on label maps made from tags as if they were masks; samples with a mask keep it.

  The cross entropy L_w of Xiao et al. (AAAI 2018): the maps, which come with the samples as
  `tag_labels`, are those of self-diffusion, or any others.

  Args:
    context: see `Supervised`.
  """
  needs = fields.Supervision.TAGS  # Granted by masks too.

  @classmethod
  def inputs(cls, options):
    return (*super().inputs(options), fields.TAG_LABELS)

  def complete(self, labels, scores, has_mask, batch):
    if fields.TAG_LABELS not in batch:
      raise errors.value_error(
          "The batches have no label maps of tags.", expected=f"the field '{fields.TAG_LABELS}'",
          received=", ".join(sorted(batch)),
          fix="Name the step that makes them in `derived` of the source.")
    del scores
    granted = base.may(batch, fields.Supervision.TAGS)[:, None, None]
    valid = batch[fields.VALID][:, ::self.stride, ::self.stride]
    found = tf.cast(resize.decimate_labels(batch[fields.TAG_LABELS], self.stride), tf.int32)
    found = tf.where(granted & valid, found, fields.IGNORE_LABEL)
    weak = ~has_mask & (found != fields.IGNORE_LABEL)
    health = {"latent_foreground": ratio.masked_mean(found > 0, weak)}
    if fields.MASK in batch:
      health.update(em_frame.agreement(found, labels, has_mask & granted))
    return tf.where(has_mask, labels, found), health
