"""Multi-label classification: which classes an image shows, from clean or noisy tags."""
import functools
from typing import Annotated

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import ratio
from keras_weakseg.networks import registry as networks
from keras_weakseg.ops import tag_inference
from keras_weakseg.ops import tag_losses
from keras_weakseg.options import OneOf

LABELS = (fields.TAGS, fields.NOISY_TAGS)
# Of scores without the background.
_LOSSES = {tag_inference.SIGMOID: functools.partial(tag_losses.tag_sigmoid_loss, background=True),
           tag_inference.SOFTMAX: tag_losses.tag_softmax_loss}
_SHOWN = 0.5  # probability at which a class counts as found in the health figures


class Tags(base.Method):
  """Learns tag scores from the tags of whole images.

  The background, index 0, is in every image: its score is never trained. Every part of the bundle
  is normalised by its own samples over the global batch and has its weight.

  Args:
    context: see `Method`.
    activation: `sigmoid`: every class is a question apart; `softmax`: the tags of an image share
      the mass of one softmax (Luo et al., ICCV 2017), images without any teach nothing.
    labels: `tags`, or `noisy_tags`, where the source has some: missing and wrong ones.
  """
  needs = fields.Supervision.TAGS  # Granted by masks and boxes too.
  role = networks.TAGS

  def __init__(self, context, *,
               activation: Annotated[str, OneOf(tuple(_LOSSES))] = tag_inference.SIGMOID,
               labels: Annotated[str, OneOf(LABELS)] = fields.TAGS):
    for kind, value, known in (("activation of tag scores", activation, _LOSSES),
                               ("labels of tags", labels, LABELS)):
      errors.check_name(kind, value, known)
    super().__init__(context)
    self.activation, self.labels = activation, labels

  @classmethod
  def inputs(cls, options):
    return (fields.NOISY_TAGS,) if options.get("labels") == fields.NOISY_TAGS else ()

  def loss_terms(self, batch):
    """See `Method.loss_terms`: one term per part of the bundle, named `loss_<part>`."""
    scores = self.predictor(tf.cast(batch[fields.IMAGE], tf.float32), training=True)[:, 1:]
    granted = base.may(batch, fields.Supervision.TAGS)
    # Not a product with 0: what is not granted may be anything, also no number.
    tags = tf.where(granted[:, None], batch[self.labels][:, 1:], 0.)
    taught = granted
    if self.activation == tag_inference.SOFTMAX:
      taught &= tf.reduce_any(tags > 0, -1)
    loss = _LOSSES[self.activation](tags, scores)
    terms = {}
    for index, name in enumerate(self.parts):
      terms[f"loss_{name}"] = base.Term(
          ratio.masked_mean(loss, taught & (batch[fields.PART] == index)),
          self.part_weights[index])
    return terms, self._health(scores, tags, taught)

  def _health(self, scores, tags, taught):
    """Returns how right the classes are that would be said now, as `Ratio`s."""
    if self.activation == tag_inference.SIGMOID:
      said = tf.sigmoid(scores) > _SHOWN
    else:  # As many as there are tags cannot be known: the best one.
      said = scores >= tf.reduce_max(scores, -1, keepdims=True)
    said, true = said & taught[:, None], (tags > 0) & taught[:, None]
    return {"train_precision": ratio.masked_mean(true, said),
            "train_recall": ratio.masked_mean(said, true)}
