"""L-Net: object or background, whatever the object is (Xiao et al., AAAI 2018)."""
from typing import Annotated

import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import ratio
from keras_weakseg.methods import supervised
from keras_weakseg.ops import binary_losses
from keras_weakseg.options import OneOf

OBJECT = "object"


class ObjectNetwork(supervised.Supervised):
  """Learns from the masks of some categories where objects are, also those of other categories.

  Element-wise binary cross entropy of the logit of "object", the difference of the two scores, on
  the score grid; pixels of 255 do not count. Its map M for other images is the softmax of the two.
  The network has two classes, and masks of any classes are brought to them.

  Args:
    context: see `Supervised`.
    reduction: `mean` over the labelled pixels of the global batch; `sum` over the pixels of an
      image, mean over the images: what the paper's rate of 5e-8 belongs to.
  """

  def __init__(self, context, *,
               reduction: Annotated[str, OneOf(binary_losses.REDUCTIONS)] = binary_losses.MEAN):
    super().__init__(context)
    self.reduction = reduction

  @classmethod
  def label_space(cls, classes):
    """See `Method.label_space`: background and object."""
    return {OBJECT: tuple(classes[1:])}

  def terms_of(self, scores, batch):
    labels, has_mask = self._granted_labels(scores, batch)
    labels = binary_losses.object_labels(labels)
    logits = binary_losses.object_logits(scores)
    loss, valid = binary_losses.binary_cross_entropy_map(labels, logits)
    terms = {}
    for index, name in enumerate(self.parts):
      mine = batch[fields.PART] == index
      images = tf.reduce_sum(tf.cast(mine & has_mask[:, 0, 0], tf.float32))
      of_pixels = tf.cast(mine, tf.float32)[:, None, None]
      count = (tf.reduce_sum(valid * of_pixels) if self.reduction == binary_losses.MEAN
               else images)
      terms[f"loss_{name}"] = base.Term(
          ratio.Ratio(tf.reduce_sum(loss * of_pixels), count), self.part_weights[index])
    return terms, _health(labels, logits)


def _health(labels, logits):
  """Returns how many of the true and of the found object pixels are right, as `Ratio`s."""
  known = labels != fields.IGNORE_LABEL
  said, true = (logits > 0) & known, labels == 1
  return {"train_accuracy": ratio.masked_mean((logits > 0) == true, known),
          "object_precision": ratio.masked_mean(true, said),
          "object_recall": ratio.masked_mean(said, true)}
