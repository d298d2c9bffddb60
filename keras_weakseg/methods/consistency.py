"""What a student learns from a teacher on mixed samples: targets, mixing, the loss.

The parts of mean-teacher training (Hoyer et al., CVPR 2021, section 3.4; ClassMix; FixMatch) as
functions of tensors: a method brings the networks and their updates.
"""
import dataclasses

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import ratio
from keras_weakseg.ops import box_coverage
from keras_weakseg.ops import losses
from keras_weakseg.ops import mixing
from keras_weakseg.ops import mixing_draws
from keras_weakseg.ops import pseudo

DEPTH, CLASS, CUT, COW, NONE = "depthmix", "classmix", "cutmix", "cowmix", "none"
KINDS = (DEPTH, CLASS, CUT, COW, NONE)
LABELS, SURE = "pseudo_labels", "sure"
ALL, KNOWN = "all", "known"


def narrowed(scores, batch):
  """Returns a teacher's scores of the classes alone that tags and boxes leave.

  Where a sample without a mask grants boxes, a pixel is of a class that has a box over it, or
  background; where it grants tags alone, of a tagged class or background. What remains is then
  normalised, so that the teacher may be surer of it. Samples without any tag stay as they are, as
  in `ops.em.em_fixed_scores`; without any box all is background, as in label maps of boxes.

  Args:
    scores: float32 [N,H,W,C], of the unmixed images.
    batch: dict of tensors; tags and boxes count where they are granted and a mask is not.

  Returns:
    float32 [N,H,W,C], -1e9 for classes that cannot be.
  """
  classes, weak = scores.shape[-1], ~base.may(batch, fields.Supervision.MASK)
  background = tf.range(classes) == 0
  excluded = tf.zeros(tf.shape(scores), tf.bool)
  for kind, field in ((fields.Supervision.TAGS, fields.TAGS),
                      (fields.Supervision.BOXES, fields.BOXES)):
    if field not in batch:
      continue
    told = weak & base.may(batch, kind)
    if field == fields.TAGS:
      tags = batch[field] > 0
      told &= tf.reduce_any(tags[:, 1:], -1)
      possible = tags[:, None, None]
    else:
      possible = box_coverage.box_coverage(
          batch[field], batch[fields.BOX_CLASSES], tf.unstack(tf.shape(scores)[1:3]), classes)
    excluded |= told[:, None, None, None] & ~(possible | background)
  return tf.where(excluded, -1e9, scores)


def targets_of(scores, batch, threshold=0.968, use_masks=True):
  """Returns what the teacher says of every pixel, and where that is sure.

  Args:
    scores: float32 [N,H,W,C], the teacher's, of the unmixed images, at the size of the masks.
    batch: dict of tensors, see `fields`; masks count where they are granted, and nowhere else.
    threshold: see `pseudo.confidence`.
    use_masks: granted masks stand in place of the teacher; their pixels are sure, those that say
      nothing are ignored.

  Returns:
    Dict of `LABELS` int32 [N,H,W], 255 in padding and where a mask says nothing, and `SURE`
    float32 [N,H,W], 0 there.
  """
  labels, sure = pseudo.confidence(tf.nn.softmax(tf.cast(scores, tf.float32)), threshold)
  if use_masks and fields.MASK in batch:
    granted = base.may(batch, fields.Supervision.MASK)[:, None, None]
    truth = tf.cast(batch[fields.MASK], tf.int32)
    labels = tf.where(granted, truth, labels)
    sure = tf.where(granted, tf.cast(truth != fields.IGNORE_LABEL, tf.float32), sure)
  valid = batch[fields.VALID]
  return {LABELS: tf.where(valid, labels, fields.IGNORE_LABEL), SURE: tf.where(valid, sure, 0.0)}


@dataclasses.dataclass(frozen=True)
class Mixing:
  """Which mask mixes the samples of a batch.

  Attributes:
    kind: "depthmix", "classmix", "cutmix", "cowmix", or "none".
    margin, foreground: of DepthMix.
    group: samples that are paired among themselves; 0 = all that a replica has. Replicas equal one
      device where it divides what each of them has.
    random_pairs: False: everybody mixes with the next, as in the reference.

  Raises:
    ValueError: there is no such mask.
  """
  kind: str = DEPTH
  margin: float = 0.03
  foreground: float = 0.0
  group: int = 0
  random_pairs: bool = True

  def __post_init__(self):
    errors.check_name("mixing mask", self.kind, KINDS)

  def partners(self, keys):
    """Returns int32 [N], who is mixed in; themselves where nothing is mixed.

    Args:
      keys: int32 [N,2], keys of the samples.
    """
    count = tf.shape(keys)[0]
    if self.kind == NONE:
      return tf.range(count)
    if self.random_pairs:
      return mixing_draws.draw_partners(keys, self.group)
    size = self.group or count
    place = tf.range(count)
    return place // size * size + (place % size + 1) % size

  def mask(self, keys, partners, labels, num_classes, disparity=None, valid=None):
    """Returns where every sample keeps its own pixel, bool [N,H,W].

    Args:
      keys: int32 [N,2], keys of the samples.
      partners: int32 [N].
      labels: int [N,H,W], for ClassMix.
      num_classes: of the labels.
      disparity: float [N,H,W], larger = closer, for DepthMix; it is normalised here. A sample
        whose map is blank, or its partner's, stays as it is: nothing is known of what covers what.
      valid: bool [N,H,W], where there is an image; None = everywhere.
    """
    shape = tf.shape(labels)
    if self.kind == NONE:
      return tf.ones(shape, tf.bool)
    if self.kind == CLASS:
      chosen = mixing_draws.draw_classes(keys, labels, num_classes)
      return mixing.classmix_mask(labels, chosen)[..., 0]
    size = (shape[1], shape[2])
    if self.kind == CUT:
      return mixing.cutmix_mask(size, mixing_draws.draw_boxes(keys, size))[..., 0]
    if self.kind == COW:
      return mixing.cowmix_mask(*mixing_draws.draw_blobs(keys, size))[..., 0]
    said = tf.reduce_any(disparity > 0, [1, 2])
    said = (said & tf.gather(said, partners))[:, None, None]
    own = mixing.normalise_disparity(disparity, valid)
    other = tf.gather(own, partners)
    return mixing.depthmix_mask(own, other, self.margin, self.foreground) | ~said

  def __call__(self, samples, keys, num_classes, disparity=None):
    """Returns the mixed samples, and the mask.

    Args:
      samples: dict of maps of pixels that stay together, with `LABELS` and `fields.VALID`.
      keys: int32 [N,2], keys of the samples.
      num_classes: of the labels.
      disparity: float [N,H,W], for DepthMix.

    Returns:
      A dict like `samples`, and bool [N,H,W], True = own.
    """
    partners = self.partners(keys)
    mask = self.mask(keys, partners, samples[LABELS], num_classes, disparity,
                     samples.get(fields.VALID))
    return mixing.mix_with(mask, samples, partners), mask


def pseudo_loss(labels, sure, scores, weighting=pseudo.BATCH, over=ALL, rows=None):
  """Returns the weighted cross entropy with pseudo labels, over the global batch.

  Args:
    labels: int [N,H,W], 255 = ignore.
    sure: float [N,H,W], where the teacher is sure, see `targets_of`.
    scores: float [N,H,W,C], of the student.
    weighting: see `pseudo.weights_of`; the share of `batch` is that of all replicas.
    over: what the sum is divided by: "all" pixels, as Hoyer et al. and ClassMix, or the "known"
      ones, as UniMatch. Weighting `none` always takes the known ones.
    rows: bool [N], the samples that learn from pseudo labels; None = all.

  Returns:
    `ratio.Ratio`.

  Raises:
    ValueError: there is no such weighting or denominator.
  """
  errors.check_name("denominator of a pseudo-label loss", over, (ALL, KNOWN))
  loss, valid = losses.cross_entropy_map(labels, scores)
  rows = tf.ones_like(labels[:, 0, 0], tf.bool) if rows is None else rows
  pixels = tf.reduce_sum(tf.cast(rows, tf.float32)) * tf.cast(tf.size(labels[0]), tf.float32)
  sure = tf.where(rows[:, None, None], sure, 0.0)
  if weighting == pseudo.BATCH:
    total, count = ratio.global_sums([tf.reduce_sum(sure), pixels])
    weights = tf.math.divide_no_nan(total, count)
  else:
    weights = pseudo.weights_of(sure, weighting)
  if weights is None:
    return ratio.Ratio(tf.reduce_sum(loss), tf.reduce_sum(valid))
  return ratio.Ratio(tf.reduce_sum(loss * weights),
                     pixels if over == ALL else tf.reduce_sum(valid))


def health_of(scores, batch, threshold=0.968):
  """Returns how much the teacher is sure of, and how often it is right where masks can tell.

  Args:
    scores: float [N,H,W,C], of the teacher on unmixed images.
    batch: dict of tensors; only granted masks are read.
    threshold: see `pseudo.confidence`.

  Returns:
    Dict of name to `ratio.Ratio`: `pseudo_coverage` over all pixels of images, and
    `pseudo_precision` over the sure ones of granted masks.
  """
  labels, sure = pseudo.confidence(tf.nn.softmax(tf.cast(scores, tf.float32)), threshold)
  valid = tf.cast(batch[fields.VALID], tf.float32)
  found = {"pseudo_coverage": ratio.masked_mean(sure, valid)}
  if fields.MASK in batch:
    granted = base.may(batch, fields.Supervision.MASK)[:, None, None]
    truth = tf.cast(batch[fields.MASK], tf.int32)
    known = granted & (truth != fields.IGNORE_LABEL) & (sure > 0) & batch[fields.VALID]
    found["pseudo_precision"] = ratio.masked_mean(labels == truth, known)
  return found
