"""P-Net: a critic of shapes that learns from some categories and judges all (Xiao et al., 2018)."""
from typing import Annotated

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import ratio
from keras_weakseg.methods import tag_labels
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.ops import adversarial
from keras_weakseg.ops import critic_inputs
from keras_weakseg.ops import em
from keras_weakseg.options import CountOrNone, OneOf, Weight

SEGMENTER, CRITIC = "segmenter", "critic"
BOTH, CRITIC_ALONE = "both", "critic"
# Accuracies at which a critic has collapsed.
_SURE, _LOST = 0.99, 0.4


class Adversarial(tag_labels.TagLabels):
  """Trains a segmenter against a critic that tells true label maps from predicted ones.

  Segmenter: cross entropy + `strength` * mean of -log P("true") of its own maps (non-saturating).
  Critic: mean of -log P("true") of true maps + mean of -log (1 - P("true")) of predicted ones.
  Both are updated once in a step, from one run of the segmenter: what the critic learns from are
  the maps from before its update, without gradient. All means are over the global batch.

  The critic sees the image under the map of one category, on the score grid, for every category
  that the labels of the crop show (or all side by side, if it is built with `encoding=product`).
  It learns from images with masks, whose categories are strong; it judges the maps of all, so that
  what it knows of shapes reaches categories without masks.

  Args:
    context: see `Method`; of the networks `segmenter` and `critic`.
    strength: lambda; 0 = the segmenter is trained as without a critic, to the bit.
    trains: `both`, or `critic`: the critic alone learns, on a segmenter that stays as it is.
    slots: categories of an image that are judged; 0 = all. Of more, those with the largest ids are
      left out.
  """
  sees_depth = False  # The critic sees colours.

  def __init__(self, context, *, strength: Weight = 0.01,
               trains: Annotated[str, OneOf((BOTH, CRITIC_ALONE))] = BOTH,
               slots: CountOrNone = 4):
    super().__init__(context)
    if context.readings:
      raise errors.value_error(
          "A critic judges maps of one label space.", expected="sources with the same classes",
          received=f"{len(context.readings)} label spaces",
          fix="Bring the sources to the same classes with `groups`, and leave data.head out.")
    self.strength, self.trains, self.slots = strength, trains, slots
    critic = context.networks[CRITIC]
    self.critic, self.classes = critic.model, self.scorer.output_shape[-1]
    self.by_category = self.critic.input_shape[-1] == 3
    self.preprocess = preprocessing.Preprocess(critic.record.preprocessing, "critic_preprocess")

  @classmethod
  def networks_of(cls, options):
    return {**super().networks_of(options),
            CRITIC: contexts.Need((networks.CRITIC,), type="p_net")}

  @classmethod
  def inputs(cls, options):
    """See `Method.inputs`: a critic alone looks at masks."""
    return () if options.get("trains") == CRITIC_ALONE else super().inputs(options)

  @classmethod
  def needed(cls, options):
    alone = options.get("trains") == CRITIC_ALONE
    return fields.Supervision.MASK if alone else super().needed(options)

  def optimizers(self):
    """See `Method.optimizers`; a critic alone is moved by the main one."""
    if self.trains == CRITIC_ALONE:
      return {base.MAIN: (CRITIC,)}
    return {base.MAIN: (SEGMENTER,), CRITIC: (CRITIC,)}

  def update(self, data):
    """See `Method.update`: the segmenter, then the critic on what the segmenter said."""
    if self.trains == CRITIC_ALONE:
      return self.minimize(data, self.critic_terms_alone)
    said = []  # Of every micro-batch; local, since replicas share `self`.

    def segment(batch):
      terms, health, maps = self.segmenter_terms(batch)
      said.append(tf.stop_gradient(maps))
      return terms, health

    logs = self.minimize(data, segment)
    return {**logs, **self.minimize(
        data, lambda batch: self.critic_terms(batch, said.pop(0)), CRITIC)}

  def loss_terms(self, batch):
    """See `Method.loss_terms`: those of the segmenter."""
    return self.segmenter_terms(batch)[:2]

  def segmenter_terms(self, batch):
    """Returns the terms of the segmenter, health figures, and its maps [N,h,w,C]."""
    scores = self.scorer(tf.cast(batch[fields.IMAGE], tf.float32), training=True)
    terms, health = self.terms_of(scores, batch)
    maps = tf.nn.softmax(scores)
    if self.strength:
      labels, has_mask = self._granted_labels(scores, batch)
      labels, _ = self.complete(labels, tf.stop_gradient(scores), has_mask, batch)
      samples, weights = self.judged(batch, maps * _known(labels), labels)
      found = adversarial.true_terms(self.critic(samples, training=True))
      terms["adversarial"] = base.Term(ratio.masked_mean(found, weights), self.strength)
    return terms, health, maps

  def critic_terms_alone(self, batch):
    """Returns what `critic_terms` does, of a segmenter that stays as it is."""
    scores = self.scorer(tf.cast(batch[fields.IMAGE], tf.float32), training=False)
    return self.critic_terms(batch, tf.stop_gradient(tf.nn.softmax(scores)))

  def critic_terms(self, batch, maps):
    """Returns the terms of the critic and how well it does.

    Args:
      batch: dict of tensors.
      maps: float32 [N,h,w,C], what the segmenter says, without gradient.
    """
    labels, _ = self._granted_labels(maps, batch)
    known = _known(labels)
    truth = tf.one_hot(labels, self.classes) * known
    true_samples, weights = self.judged(batch, truth, labels)
    said_samples, _ = self.judged(batch, maps * known, labels)
    logits = self.critic(tf.concat([true_samples, said_samples], 0), training=True)
    true_logits, said_logits = tf.unstack(tf.reshape(logits, [2, -1]))
    of_true = ratio.masked_mean(adversarial.true_terms(true_logits), weights)
    of_said = ratio.masked_mean(adversarial.predicted_terms(said_logits), weights)
    return {"critic_true": base.Term(of_true), "critic_predicted": base.Term(of_said)}, {
        "critic_accuracy_true": ratio.masked_mean(true_logits > 0, weights),
        "critic_accuracy_predicted": ratio.masked_mean(said_logits < 0, weights)}

  def warnings(self, figures):
    """See `Method.warnings`: a critic that is always right, or never, teaches nothing."""
    right = [figures.get(f"critic_accuracy_{kind}") for kind in ("true", "predicted")]
    if None in right:
      return []
    if min(right) > _SURE:
      return ["the critic is always right, so the segmenter cannot please it: lower its rate, or "
              "`method.adversarial.strength`"]
    if sum(right) / 2 < _LOST:
      return ["the critic is wrong more often than right: raise its rate, or train it alone first"]
    return []

  def judged(self, batch, maps, labels):
    """Returns what the critic looks at, float32 [M,h,w,3 or 3C], and which count, [M].

    Args:
      batch: dict of tensors.
      maps: float32 [N,h,w,C].
      labels: int32 [N,h,w], labels of the crop, 255 = unknown; what they show is looked at.
    """
    images = self.preprocess(batch[fields.IMAGE])[:, ::self.stride, ::self.stride]
    if not self.by_category:
      known = tf.reduce_any(labels != fields.IGNORE_LABEL, [1, 2])
      return critic_inputs.product_images(images, maps), tf.cast(known, tf.float32)
    shown = em.tags_from_labels(labels, self.classes)
    categories = critic_inputs.present_categories(shown, self.slots or None)
    return critic_inputs.category_images(images, maps, categories)


def _known(labels):
  """Returns float32 [N,h,w,1], 0 where labels are 255.

  What nobody knows is in no map that a critic sees: else it would tell true ones from others, and
  would judge where it has never looked.
  """
  return tf.cast(labels != fields.IGNORE_LABEL, tf.float32)[..., None]
