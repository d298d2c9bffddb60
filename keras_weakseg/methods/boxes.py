"""Training from bounding boxes (Papandreou et al. 2015, section 3.3): three ways, one frame.

The boxes themselves never reach the network: they are made into label maps before training (see
`keras_weakseg.make_label_maps`), which come with the samples as `box_labels`.
"""
from typing import Annotated

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import em as em_frame
from keras_weakseg.methods import ratio
from keras_weakseg.methods import supervised
from keras_weakseg.ops import box_coverage
from keras_weakseg.ops import box_objects
from keras_weakseg.ops import boxes as box_ops
from keras_weakseg.ops import em
from keras_weakseg.ops import resize
from keras_weakseg.options import CountOrNone, OneOf, Range

CLASS, OBJECT = "class", "object"
DECISIONS = (CLASS, OBJECT)
SMALLEST, ALL = "smallest", "all"
OVERLAPS = (SMALLEST, ALL)


class BoxLabels(supervised.Supervised):
  """Trains on label maps made from boxes as if they were masks; samples with a mask keep it.

  A subclass says with `label_maps` which kind it needs, and with `label_map_options` which of its
  options decide how they are made.

  Args:
    context: see `Supervised`.
  """
  needs = fields.Supervision.BOXES  # Granted by masks too.

  def complete(self, labels, scores, has_mask, batch):
    boxed, has_boxes = self.box_labels(batch)
    found = self.latent(scores, boxed, batch)
    valid = batch[fields.VALID][:, ::self.stride, ::self.stride]
    usable = has_boxes & valid & (boxed != fields.IGNORE_LABEL)
    found = tf.where(usable, found, fields.IGNORE_LABEL)
    weak = has_boxes & ~has_mask & (found != fields.IGNORE_LABEL)
    health = {"latent_foreground": ratio.masked_mean(found > 0, weak)}
    if fields.MASK in batch:
      health.update(em_frame.agreement(found, labels, has_mask & has_boxes))
    return tf.where(has_mask, labels, found), health

  def latent(self, scores, boxed, batch):
    """Returns the labels that boxed samples are trained on, int32 [N,h,w].

    Args:
      scores: float32 [N,h,w,C], without gradient.
      boxed: int32 [N,h,w], label map made from the boxes, 255 = unknown.
      batch: the whole batch.
    """
    del scores, batch
    return boxed

  def box_labels(self, batch):
    """Returns the label maps int32 [N,h,w], 255 = unknown, and bool [N,1,1]: who may use them."""
    if fields.BOX_LABELS not in batch:
      raise errors.value_error(
          "The batches have no label maps of boxes.", expected=f"the field '{fields.BOX_LABELS}'",
          received=", ".join(sorted(batch)),
          fix="Wrap the source in kw.data.WithBoxLabels and pass extra_fields=('box_labels',).")
    has_boxes = base.may(batch, fields.Supervision.BOXES)[:, None, None]
    boxed = tf.cast(resize.decimate_labels(batch[fields.BOX_LABELS], self.stride), tf.int32)
    return tf.where(has_boxes, boxed, fields.IGNORE_LABEL), has_boxes


class BBoxRect(BoxLabels):
  """Bbox-Rect: all pixels of a box belong to its object, the smallest box is in front."""
  label_maps = "rect"


class BBoxSeg(BoxLabels):
  """Bbox-Seg: a dense CRF has found the objects inside of the boxes before training.

  Args:
    context: see `Supervised`.
    alpha: share of a box that is certainly the object (its core).
    mode: `soft` or `hard` evidence; see `ops.boxes.soft_box_probabilities`.
    crf: name of the CRF's parameter set, or its parameters as text.
  """
  label_maps = "seg"
  label_map_options = ("alpha", "mode", "crf")

  def __init__(self, context, *, alpha: Annotated[float, Range(0, 1, True, True)] = 0.2,
               mode: Annotated[str, OneOf(box_ops.MODES)] = "soft", crf: str = "bbox_seg"):
    super().__init__(context)
    self.alpha = alpha
    self.mode = mode
    self.crf = crf


class BBoxEMFixed(BoxLabels):
  """Bbox-EM-Fixed: the E-step of EM-Fixed, with the boxes telling which class where.

  Deviation: as in `ExpectationMaximization`, padding of a crop has no latent label, nor has any
  other pixel where the label map is unknown; the reference code labels it by the plain scores.

  Without masks, a network that knows nothing yet calls every box background and the E-step agrees
  from then on; `warmup_steps` of Bbox-Rect keep it from that (not in the paper, so 0 by default).

  Args:
    context: see `Supervised`.
    background_bias: added to the score of the background wherever the boxes are known.
    foreground_bias: added to the score of the class of the box over a pixel.
    warmup_steps: so many steps train on the boxes as they are before the first E-step.
    decision: "class" (published): the best of all biased scores; "object": object or background,
      and the class is that of the box, see `ops.box_objects.bbox_object_labels`.
    overlap: where boxes overlap, which classes count: "smallest" (the authors' code): that of the
      smallest box; "all" (the paper's text): every class that has a box there.

  Raises:
    ValueError: `decision` or `overlap` is unknown.
  """
  label_maps = "rect"

  def __init__(self, context, *, background_bias: float = 5.0, foreground_bias: float = 6.0,
               warmup_steps: CountOrNone = 0, decision: Annotated[str, OneOf(DECISIONS)] = CLASS,
               overlap: Annotated[str, OneOf(OVERLAPS)] = SMALLEST):
    super().__init__(context)
    errors.check_name("decision of Bbox-EM-Fixed", decision, DECISIONS)
    errors.check_name("overlap of Bbox-EM-Fixed", overlap, OVERLAPS)
    self.background_bias = background_bias
    self.foreground_bias = foreground_bias
    self.warmup_steps = warmup_steps
    self.decision = decision
    self.overlap = overlap

  @classmethod
  def notes(cls, options, masks):
    if options["warmup_steps"]:
      return [f"the first {options['warmup_steps']} steps train on the boxes as they are"]
    return [] if masks else [
        "note: from boxes alone the E-step may end with everything background; "
        "method.bbox_em_fixed.warmup_steps keeps it from that"]

  def latent(self, scores, boxed, batch):
    biases = (self.background_bias, self.foreground_bias)
    covered = self._coverage(batch, scores.shape[-1])
    if self.decision == OBJECT:
      found = box_objects.bbox_object_labels(scores, boxed, *biases, covered=covered)
    else:
      found = em.latent_labels(em.bbox_em_fixed_scores(scores, boxed, *biases, covered=covered))
    return tf.where(self.step < self.warmup_steps, boxed, found)

  def _coverage(self, batch, num_classes):
    """Returns bool [N,h,w,C], the classes of the boxes over a pixel, where they all count."""
    # A sample whose part has no boxes (masks imply them) has its label map alone.
    if self.overlap == SMALLEST or fields.BOXES not in batch:
      return None
    size = tf.shape(batch[fields.BOX_LABELS])[1:3]
    return box_coverage.box_coverage(batch[fields.BOXES], batch[fields.BOX_CLASSES],
                                     (size[0], size[1]), num_classes, self.stride)
