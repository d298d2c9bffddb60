"""What a student learns of its teacher on mixed samples, with all options: shared by methods."""
from typing import Annotated

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import base
from keras_weakseg.methods import consistency
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import ratio
from keras_weakseg.methods import teacher as teachers
from keras_weakseg.networks import seam
from keras_weakseg.networks.layers import dropout
from keras_weakseg.networks.layers import randomness
from keras_weakseg.ops import draws
from keras_weakseg.ops import perturb
from keras_weakseg.ops import pseudo
from keras_weakseg.ops import resize
from keras_weakseg.ops import strong_view
from keras_weakseg.options import Count, CountOrNone, OneOf, Share, Weight

TEACHER = "teacher"
STUDENT = "student"
TERM, FEATURES = "pseudo", "features"
ALL, UNLABELLED = "all", "unlabelled"


class MixedLesson:
  """Mixes samples with the labels a teacher gives them, and asks the student for these labels.

  Mean teacher, ClassMix and DepthMix (Hoyer et al., CVPR 2021, section 3.4): the teacher sees the
  samples as they are; images, labels, confidence and padding are mixed in pairs; the student sees
  the mixed image in other colours and blurred. With `mixing="none"`, `alpha=0`, `ramp=False`,
  `weighting="pixel"` and `over="known"` it is FixMatch; with `views=2`, `mixing="cutmix"` and a
  `feature_weight` UniMatch. Tags and boxes that a sample without a mask grants narrow what the
  teacher may say of it (`consistency.narrowed`).

  Args:
    context: `contexts.Context` with the networks of the method, `teacher` among them.
    mixing: which mask mixes: "depthmix" (needs disparity), "classmix", "cutmix", "cowmix", "none".
    margin: of DepthMix, see `ops.mixing.depthmix_mask`.
    foreground: of DepthMix: own pixels that are farther than this normalised disparity go too.
    group: samples that are paired among themselves; 0 = all that a replica has.
    random_pairs: False: everybody mixes with the next, as in the reference.
    mixed: `unlabelled`: samples of parts without masks; `all`: also those with a mask, which then
      stands in the teacher's place.
      Deviation: labelled samples have the share of the batch that their parts give them; in the
      reference they have that of the data.
    views: strong views of every sample, each mixed and coloured anew.
    alpha: largest share that the teacher keeps in an update.
    ramp: keep less at first: `min(1 - 1 / (step + 1), alpha)`.
    statistics: batch statistics of the teacher: `batch`: those of its batches, in training mode;
      `ema`, averaged like weights, and `student`, copied: in inference mode.
    threshold: the teacher is sure of a pixel where its largest probability is at least this.
    weighting: of pseudo labels, by what the teacher is sure of: see `ops.pseudo.weights_of`.
    over: the loss is divided by `all` pixels, or by the `known` ones.
    consistency_weight: of this loss.
    feature_weight: of the loss on samples that are neither mixed nor coloured, but whose features
      lose channels between encoder and head (UniMatch, CVPR 2023); 0 = none.
      Deviation: all features that the head takes lose channels, as in UniMatch V2; in UniMatch
      those of the first and the last stage.
    feature_rate: share of the channels that are lost.
    color_jitter: largest change of brightness, contrast, saturation and hue of the strong view.
    color_share: share of the strong views that are changed so.
    grey_share: share of them that lose their colour.
    blur: (smallest, largest) standard deviation of their blur in pixels.
    blur_share: share of them that are blurred.
    evaluated: who is evaluated and exported: the `student`, or the `teacher`.
  """

  def __init__(self, context, *,
               mixing: Annotated[str, OneOf(consistency.KINDS)] = consistency.CLASS,
               margin: Weight = 0.03, foreground: Share = 0.0, group: CountOrNone = 0,
               random_pairs: bool = True,
               mixed: Annotated[str, OneOf((ALL, UNLABELLED))] = ALL, views: Count = 1,
               alpha: Share = 0.99, ramp: bool = True,
               statistics: Annotated[str, OneOf(teachers.STATISTICS)] = teachers.BATCH,
               threshold: Share = 0.968,
               weighting: Annotated[str, OneOf(pseudo.WEIGHTINGS)] = pseudo.BATCH,
               over: Annotated[str, OneOf((consistency.ALL, consistency.KNOWN))] = consistency.ALL,
               consistency_weight: Weight = 1.0, feature_weight: Weight = 0.0,
               feature_rate: dropout.Rate = 0.5, color_jitter: Share = 0.25,
               color_share: Share = 0.8, grey_share: Share = 0.0,
               blur: tuple[float, ...] = (0.15, 1.15), blur_share: Share = 0.5,
               evaluated: Annotated[str, OneOf((STUDENT, TEACHER))] = STUDENT):
    if context.readings:
      raise errors.value_error(
          "Mixed samples have labels of one label space.", expected="sources of the same classes",
          received=f"{len(context.readings)} label spaces",
          fix="Bring the sources to the same classes with `groups`, without data.head.")
    if len(blur) != 2 or not 0 <= blur[0] <= blur[1]:
      raise errors.value_error(
          "The blur of strong views has no range.", expected="(smallest, largest) >= 0",
          received=blur, fix="Pass blur=[0.15, 1.15], or blur_share=0 for none.")
    self._teacher = context.networks[TEACHER]
    # A frozen layer normalises by stored statistics, whatever mode it is called in.
    for own, layer in zip(_layers(self._teacher.model), _layers(context.main.model), strict=True):
      own.trainable = layer.trainable and statistics == teachers.BATCH
    self.update = teachers.Teacher(self._teacher.model, context.main.model, alpha=alpha, ramp=ramp,
                                   statistics=statistics)
    self._mix = consistency.Mixing(mixing, margin, foreground, group, random_pairs)
    self._rows = Rows(context, mixed)
    self._only_unlabelled, self.views = mixed == UNLABELLED, views
    self.threshold, self.weighting, self.over = threshold, weighting, over
    self.weight = consistency_weight
    self.feature_weight, self.feature_rate = feature_weight, feature_rate
    self._seam = seam.Seam(context.main.model, context.main.record) if feature_weight else None
    self._color = dict(brightness=color_jitter, contrast=color_jitter, saturation=color_jitter,
                       hue=color_jitter, share=color_share, grey_share=grey_share)
    self._blur = dict(sigmas=tuple(blur), share=blur_share)
    self.predictor = (self._teacher if evaluated == TEACHER else context.main).predictor
    self._stride = context.main.record.stride

  @classmethod
  def needs(cls, main):
    """Returns the networks that a method needs for it, besides those of its own.

    Args:
      main: name of the network that learns.
    """
    return {TEACHER: contexts.Need(like=main, trained=False)}

  @classmethod
  def inputs(cls, options):
    """Returns the names of the fields, besides image and labels, that batches must carry."""
    depth = options.get("mixing") == consistency.DEPTH
    return (fields.DISPARITY,) if depth else ()

  @classmethod
  def notes(cls, options, masks):
    """Returns lines for the plan: what these options mean."""
    kind = options.get("mixing", consistency.CLASS)
    lines = [f"the student learns from a teacher on samples mixed by {kind}"
             if kind != consistency.NONE else "the student learns from a teacher, without mixing"]
    if not masks:
      lines.append("no masks teach, so the teacher knows nothing to begin with")
    return lines

  def labelled(self, batch):
    """Returns the rows of a batch that cross entropy is taken of."""
    return self._rows.labelled(batch)

  def __call__(self, batch, student):
    """Returns the terms of the loss, and health figures.

    Args:
      batch: dict of tensors.
      student: function of images float32 [n,H,W,3] to the student's scores [n,h,w,C], in training.
    """
    batch = self._rows.mixed(batch)
    images = tf.cast(batch[fields.IMAGE], tf.float32)
    with randomness.random_scope(randomness.scope_seed(TEACHER)):
      scores = tf.stop_gradient(self._teacher.scorer(images, training=self.update.training))
    scores = consistency.narrowed(
        resize.resize_aligned(scores, tf.shape(images)[1:3]), batch)
    if self._only_unlabelled and not self._rows.known:
      # Nobody knows where they lie, so labelled ones stay, and say nothing.
      batch = {**batch, fields.VALID: batch[fields.VALID] & self._learning(batch)[:, None, None]}
    targets = consistency.targets_of(scores, batch, self.threshold, not self._only_unlabelled)
    losses = []
    for view in range(self.views):
      with randomness.random_scope(randomness.scope_seed(f"view {view}")):
        losses.append(self._loss(batch, images, targets, scores.shape[-1], view, student))
    numerator, denominator = (tf.add_n(list(part)) for part in zip(*losses))
    terms = {TERM: base.Term(ratio.Ratio(numerator, denominator), self.weight)}
    if self._seam is not None:
      with randomness.random_scope(randomness.scope_seed(FEATURES)):
        terms[FEATURES] = base.Term(self._feature_loss(batch, images, targets),
                                    self.feature_weight)
    health = consistency.health_of(scores, batch, self.threshold)
    if self._only_unlabelled:  # No mask can tell.
      health.pop("pseudo_precision", None)
    return terms, health

  def _loss(self, batch, images, targets, num_classes, view, student):
    """Returns the loss of one strong view, a `Ratio`."""
    keys = tf.bitwise.bitwise_xor(batch[fields.SAMPLE_KEY], 0x2545F491 * view % 2**31)
    samples = {fields.IMAGE: images, fields.VALID: batch[fields.VALID], **targets}
    mixed, _ = self._mix(samples, keys, num_classes, batch.get(fields.DISPARITY))
    seen = strong_view.strong_view(
        mixed[fields.IMAGE], *strong_view.draw_color(keys, **self._color),
        strong_view.draw_blur(keys, **self._blur))
    return self._distance(mixed, student(seen), batch)

  def _feature_loss(self, batch, images, targets):
    """Returns the loss of features without some of their channels, a `Ratio`."""
    def dropped(number, features):
      numbers = draws.uniform(batch[fields.SAMPLE_KEY], [self._seam.channels[number]],
                              f"features {number}")
      return perturb.drop_channels(features, numbers, self.feature_rate)
    return self._distance(targets, self._seam(images, dropped, training=True), batch)

  def _learning(self, batch):
    """Returns which rows learn from the teacher, bool [N]."""
    masks = base.may(batch, fields.Supervision.MASK)
    return ~masks if self._only_unlabelled and not self._rows.known else tf.ones_like(masks)

  def _distance(self, targets, scores, batch):
    labels, sure = (resize.decimate_labels(targets[name], self._stride)
                    for name in (consistency.LABELS, consistency.SURE))
    return consistency.pseudo_loss(labels, sure, scores, self.weighting, self.over,
                                   self._learning(batch))


def _layers(model):
  """Returns the layers of a network that have no layers inside."""
  return [layer for layer in model.submodules
          if isinstance(layer, keras.layers.Layer) and not list(layer.submodules)]


class Rows:
  """Which rows of a batch learn from masks, and which are mixed.

  Rows are dealt to the parts, so that only their numbers are known, not their places; they are
  brought together by a stable sort, whose result has a fixed shape.

  Args:
    context: `contexts.Context`; without sizes of its parts, all rows do both.
    mixed: see `MixedLesson`.

  Attributes:
    known: whether the numbers are known.
  """

  def __init__(self, context, mixed):
    sizes, masks = context.part_sizes, context.part_masks
    # Micro-batches are every second row, or third, ...: nobody knows what they hold.
    self.known = bool(sizes) and context.accumulation == 1 and 0 < sum(
        size for size, mask in zip(sizes, masks) if mask) < sum(sizes)
    self._masks, self._total = tf.constant(masks or (True,)), sum(sizes)
    self._labelled = sum(size for size, mask in zip(sizes, masks) if mask)
    self._all = mixed == ALL

  def labelled(self, batch):
    """Returns the batch of the rows whose part has masks."""
    return self._taken(batch, self._labelled, True) if self.known else batch

  def mixed(self, batch):
    """Returns the batch of the rows that are mixed."""
    if self._all or not self.known:
      return batch
    return self._taken(batch, self._total - self._labelled, False)

  def _taken(self, batch, share, labelled):
    rows = batch[fields.PART].shape[0]
    if rows is None or share * rows % self._total:
      raise errors.value_error(
          "The labelled and the unlabelled samples cannot be shared out.",
          expected="batch sizes of the parts that all replicas get an equal share of",
          received=f"{share} of {self._total} samples in a batch, {rows} on a replica",
          fix="Change batch_size of the parts, or the number of devices.")
    mine = tf.gather(self._masks, batch[fields.PART]) == labelled
    order = tf.argsort(tf.cast(~mine, tf.int32), stable=True)[:share * rows // self._total]
    return {name: tf.gather(value, order) for name, value in batch.items()}
