"""Dual learning: labelmaps, tags and reconstructed images teach each other (Luo et al., ICCV 2017).

`L_map` is the cross entropy of pixels, `L_tag` that of the tags of images, `L_img` the distance of
the image that the labelmap is turned back into. Samples without a mask get one, and cleaned tags,
by inference with frozen weights: their features move until the image is explained and the tags fit.
"""
from typing import Annotated

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import ratio
from keras_weakseg.networks import dual
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.ops import losses
from keras_weakseg.ops import reconstruction
from keras_weakseg.ops import resize
from keras_weakseg.ops import tag_losses
from keras_weakseg.options import CountOrNone, OneOf, Share, Weight

LABELS = "labels"    # L_map + L_tag: backbone, subnets 1 and 3
IMAGE = "image"      # L_img: subnet 2 alone
JOINT = "joint"      # all three: everything
SEMI = "semi"        # the same, weak samples by what is inferred of them
STAGES = (LABELS, IMAGE, JOINT, SEMI)
TAG_FIELDS = (fields.TAGS, fields.NOISY_TAGS)

# Share of a class that an image is not tagged with.
_NEVER = 1e-30


class Dual(base.Method):
  """One stage of dual learning, on a dual network.

  All losses are those of the features u1 as the backbone gives them; what is inferred, (u1', v1'),
  is a constant. A weak sample (tags and no mask) learns the labelmap `argmax scores(u1', v1')` and
  the tags `softmax tags(u1', v1')`; without cleaning its own tags stand in the place of these in
  both: features follow the image alone, and no pixel gets a class that it is not tagged with.
  Every loss of every part of the bundle is a mean over its own pixels or images in the global
  batch. Reconstruction needs no label: every sample teaches it.

  Deviation: padding of a crop has no inferred label and is not to be reconstructed; the paper does
  not pad.

  Args:
    context: see `Method`; the main network is one of `networks.dual`.
    stage: "labels", "image", "joint" or "semi".
    inference_steps: of weak samples in stage "semi" (the paper's t_tr); 0 = what the network says.
    labels: the tags of weak samples: `tags`, or `noisy_tags` where a sample has some.
    clean_tags: whether tags that are inferred take the place of a weak sample's own; of no use
      where these are right.
    soft_labels: whether weak samples learn the shares of all classes instead of the largest one's
      label: what is unlikely everywhere then does not vanish.
    foreground_bias: added to the scores of objects in what weak samples learn, as in EM-Fixed; 0 =
      the paper. A labelmap of few masks overlooks objects, and who learns from it does so more.
    image_weight: of `L_img`.
    tag_weight: of `L_tag`.
    threshold: cleaned tags of more than this share count as said, in the health figures alone.
  """

  def __init__(self, context, *, stage: Annotated[str, OneOf(STAGES)] = JOINT,
               inference_steps: CountOrNone = 10,
               labels: Annotated[str, OneOf(TAG_FIELDS)] = fields.TAGS, clean_tags: bool = True,
               soft_labels: bool = False, foreground_bias: Weight = 0.0,
               image_weight: Weight = 1.0, tag_weight: Weight = 1.0, threshold: Share = 0.1):
    for kind, value, known in (("stage of dual learning", stage, STAGES),
                               ("labels of weak samples", labels, TAG_FIELDS)):
      errors.check_name(kind, value, known)
    super().__init__(context)
    dual.check_network(self.main, context.main.record.name)
    if context.readings:
      raise errors.value_error(
          "Dual learning knows one label space.", expected="parts with the same classes",
          received=f"{len(context.readings)} label spaces (data.head)",
          fix="Leave data.head out and bring all sources to the same classes with `groups`.")
    self.stage, self.inference_steps, self.labels = stage, inference_steps, labels
    self.clean_tags, self.soft_labels, self.threshold = clean_tags, soft_labels, threshold
    self.foreground_bias = foreground_bias
    self.weights_of = {"labelmap": 1.0, "image": image_weight, "tags": tag_weight}
    self.stride = context.main.record.stride
    self.preprocess = preprocessing.Preprocess(context.main.record.preprocessing)
    self.encoder, self.head = dual.dual_parts(self.main)
    self._freeze()

  @classmethod
  def needed(cls, options):
    """See `Method.needed`: reconstruction needs no label, weak samples teach by tags."""
    return {IMAGE: fields.Supervision.NONE, SEMI: fields.Supervision.TAGS}.get(
        options.get("stage", JOINT), fields.Supervision.MASK)

  @classmethod
  def inputs(cls, options):
    noisy = options.get("labels") == fields.NOISY_TAGS and options.get("stage") == SEMI
    return (fields.NOISY_TAGS,) if noisy else ()

  @classmethod
  def notes(cls, options, masks):
    stage = options.get("stage", JOINT)
    if stage != SEMI:
      return [f"stage {stage}"]
    lines = [f"stage semi: weak samples learn what is inferred of them in "
             f"{options.get('inference_steps', 10)} steps"]
    if not masks:
      lines.append("no sample has a mask: nothing corrects what is inferred")
    return lines

  def _freeze(self):
    """Leaves trainable what the stage trains; batch statistics of the rest stay as they are."""
    if self.stage == IMAGE:
      for layer in self.main.layers:
        layer.trainable = layer is self.head
    self.head.train_subnets(labelmap=self.stage != IMAGE, image=self.stage != LABELS,
                            tags=self.stage != IMAGE)

  def loss_terms(self, batch):
    """See `Method.loss_terms`: terms `labelmap_<part>`, `tags_<part>` and `image_<part>`."""
    images = self.preprocess(batch[fields.IMAGE])
    features = tf.cast(self.encoder(images, training=self.stage != IMAGE), tf.float32)
    vector = tf.reduce_mean(features, [1, 2])
    labelmap = self.head.labelmap(features, vector)
    valid = batch[fields.VALID][:, ::self.stride, ::self.stride]
    means, health = {}, {}
    if self.stage != IMAGE:
      labels, tags, shares, health = self._targets(features, images, valid, batch)
      loss, counts = losses.cross_entropy_map(labels, labelmap)
      if shares is not None:
        soft = tf.nn.softmax_cross_entropy_with_logits(shares, labelmap)
        loss = tf.where(tf.reduce_any(shares > 0, -1), soft * counts, loss)
      means["labelmap"] = loss, counts
      means["tags"] = (tag_losses.tag_softmax_loss(tags, self.head.tags(features, vector)),
                       tf.reduce_any(tags > 0, -1))
      if fields.MASK in batch:
        right = tf.argmax(labelmap, -1, output_type=tf.int32) == labels
        strong = base.may(batch, fields.Supervision.MASK)[:, None, None]
        health["train_accuracy"] = ratio.masked_mean(right, strong & (
            labels != fields.IGNORE_LABEL))
    if self.stage != LABELS:
      seen = labelmap if self.stage != IMAGE else tf.stop_gradient(labelmap)
      means["image"] = tf.reduce_mean(
          (self.head.reconstruct(seen) - self.head.target(images)) ** 2, -1), valid
    return self._terms(means, batch), health

  def _terms(self, means, batch):
    """Returns a term per loss and part of (values, what counts of them)."""
    terms = {}
    for name, (values, counts) in means.items():
      for index, (part, weight) in enumerate(zip(self.parts, self.part_weights)):
        mine = tf.reshape(batch[fields.PART] == index, [-1] + [1] * (values.shape.rank - 1))
        mine = tf.cast(mine, tf.float32) * tf.cast(counts, tf.float32)
        terms[f"{name}_{part}"] = base.Term(
            ratio.masked_mean(values, mine), weight * self.weights_of[name])
    return terms

  def _targets(self, features, images, valid, batch):
    """Returns labels int32 [N,h,w] (255 = none), tags [N,C] (zeros = none), shares, and figures.

    The shares of classes, float32 [N,h,w,C], are zeros where labels are hard; None = everywhere.
    """
    strong = base.may(batch, fields.Supervision.MASK)
    tagged = base.may(batch, fields.Supervision.TAGS)
    # Not a product with 0: what is not granted may be anything, also no number.
    clean = tf.where(tagged[:, None], batch[fields.TAGS], 0.0)
    labels = tf.fill(tf.shape(features)[:3], fields.IGNORE_LABEL)
    if fields.MASK in batch:
      masks = tf.cast(resize.decimate_labels(batch[fields.MASK], self.stride), tf.int32)
      labels = tf.where(strong[:, None, None], masks, labels)
    if self.stage != SEMI:
      return labels, clean, None, {}
    weak, tags = tagged & ~strong, clean
    if self.labels == fields.NOISY_TAGS:
      noisy = batch[fields.NOISY_TAGS]
      # Parts of sources that have none hold zeros there; else the background at least is 1.
      tags = tf.where((weak & tf.reduce_any(noisy > 0, -1))[:, None], noisy, clean)
    latent, cleaned, shares = self.complete(features, images, tags, weak, valid)
    latent = tf.where(valid, latent, fields.IGNORE_LABEL)
    health = {"latent_foreground": ratio.masked_mean(latent > 0, latent != fields.IGNORE_LABEL)}
    if self.labels == fields.NOISY_TAGS:
      health.update(self._tag_health(cleaned, tags, clean, weak))
    learned = tf.where(weak[:, None], cleaned, tags) if self.clean_tags else tags
    return (tf.where(weak[:, None, None], latent, labels), learned,
            shares if self.soft_labels else None, health)

  def complete(self, features, images, tags, weak, valid):
    """Returns what inference says of weak samples; strong ones cost nothing.

    Args:
      features: float32 [N,h,w,D], u1.
      images: preprocessed float32 [N,H,W,3].
      tags: float32 [N,C] of the weak samples, clean or noisy.
      weak: bool [N].
      valid: bool [N,h,w], False where a crop is padded: that explains nothing.

    Returns:
      Labels int32 [N,h,w], 255 for others; cleaned tags float32 [N,C] and shares of the classes
      float32 [N,h,w,C], zeros for others; all are constants.
    """
    rows = tf.cast(tf.where(weak), tf.int32)
    count = tf.shape(rows)[0]
    # A replica may have no weak sample; convolutions of TensorFlow cannot take empty batches, so
    # one sample goes along that nobody looks at.
    chosen = tf.pad(rows[:, 0], [[0, tf.cast(count == 0, tf.int32)]])
    features, images, tags, valid = (
        tf.gather(tf.stop_gradient(x), chosen) for x in (features, images, tags, valid))
    steps = self.inference_steps  # 0 stays an int: then there is no loop at all.
    if steps:
      steps = tf.where(count > 0, steps, 0)
    if self.clean_tags:
      moved = self.head.inferred_with_tags(features, images, tags, steps, valid)
      scores = self.head.scores(*moved)
    else:
      # What `scores` is with these tags for v3; log(0) would turn a score of infinity into none.
      moved = self.head.inferred(features, images, steps, valid=valid)
      scores = reconstruction.tagged_scores(
          self.head.labelmap(*moved), tf.math.log(tf.maximum(tags, _NEVER)))
    objects = tf.cast(tf.range(tf.shape(scores)[-1]) > 0, scores.dtype)
    found = (tf.nn.softmax(self.head.tags(*moved)),
             tf.nn.softmax(scores + self.foreground_bias * objects))
    size = tf.shape(weak)
    cleaned, shares = (tf.scatter_nd(rows, tf.stop_gradient(x)[:count], tf.concat(
        [size, tf.shape(x)[1:]], 0)) for x in found)
    latent = tf.argmax(shares, -1, output_type=tf.int32)
    return tf.where(weak[:, None, None], latent, fields.IGNORE_LABEL), cleaned, shares

  def _tag_health(self, cleaned, noisy, true, weak):
    """Returns precision and recall of cleaned and of noisy tags, where the true ones are known."""
    known = weak & tf.reduce_any(true > 0, -1)
    true = (true[:, 1:] > 0) & known[:, None]
    health = {}
    for name, said in (("cleaned", cleaned > self.threshold), ("noisy", noisy > 0)):
      said = said[:, 1:] & known[:, None]
      health[f"{name}_tag_precision"] = ratio.masked_mean(true, said)
      health[f"{name}_tag_recall"] = ratio.masked_mean(said, true)
    return health
