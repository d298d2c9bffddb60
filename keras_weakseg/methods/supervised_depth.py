"""Depth from labels: true depth (or parallax) of single images, or a teacher's disparity."""
from typing import Annotated

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import ratio
from keras_weakseg.methods import self_supervised_depth
from keras_weakseg.methods import video_loss
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.ops import depth_inference
from keras_weakseg.ops import depth_losses
from keras_weakseg.ops import geometry
from keras_weakseg.ops import relative_depth
from keras_weakseg.options import Count, OneOf, Positive, Share, Weight

LOG = "log"
BERHU = "berhu"
LOSSES = (LOG, BERHU)


class SupervisedDepth(base.Method):
  """Learns depth from labels.

  `log`: scale-invariant error of log depth, the matching of its gradients and, if it has a weight,
  the order of pairs of points (Li and Snavely, MegaDepth, CVPR 2018), against true depth and maps
  of an order (`ordinal` of the samples) where a source has them. `berhu`:
  reverse Huber loss of disparity (Laina et al., 3DV 2016), against that of a teacher (`disparity`
  of the samples), as Hoyer et al. train students. Networks answer with disparity or with log depth.

  Args:
    context: see `Method`; samples count by the weight of their part.
    loss: "log" or "berhu".
    lam: how much of a common factor of depth is forgiven, 0 (none) to 1 (all).
    gradient_weight: weight of the gradient matching.
    ordinal_weight: weight of the order of pairs of points; 0 = not looked at.
    ordinal_pairs: pairs that are drawn per image.
    min_depth, max_depth: depths of disparity 1 and 0; of log depth, the range it is cut to.
  """
  needs = fields.Supervision.DEPTH
  role = networks.DEPTH
  colors_inputs = True
  answers = (depth_inference.DISPARITY, depth_inference.LOG_DEPTH)

  def __init__(self, context, *, loss: Annotated[str, OneOf(LOSSES)] = LOG, lam: Share = 0.5,
               gradient_weight: Weight = 0.5, ordinal_weight: Weight = 0.0,
               ordinal_pairs: Count = 500, min_depth: Positive = 0.1,
               max_depth: Positive = 100.0):
    errors.check_name("loss of depth", loss, LOSSES)
    super().__init__(context)
    record = context.main.record
    self.preprocess = preprocessing.Preprocess(record.preprocessing)
    self.says_log_depth = record.answers == depth_inference.LOG_DEPTH
    # Not `loss`: that is what `compile` of Keras sets.
    self.compared, self.lam, self.gradient_weight = loss, lam, gradient_weight
    self.ordinal_weight, self.ordinal_pairs = ordinal_weight, ordinal_pairs
    self.depth_range = (min_depth, max_depth)

  @classmethod
  def inputs(cls, options):
    return (fields.DISPARITY,) if options.get("loss") == BERHU else ()

  @classmethod
  def welcome(cls, options):
    """Returns the names of fields that are used where there are any: maps of an order."""
    return (fields.ORDINAL,) if options.get("ordinal_weight") else ()

  @classmethod
  def needed(cls, options):
    """Returns the kind of label that the method learns from; a teacher needs none."""
    return fields.Supervision.NONE if options.get("loss") == BERHU else cls.needs

  def loss_terms(self, batch):
    """See `Method.loss_terms`: `scale_invariant`, `gradient` and `ordinal`, or `berhu`."""
    outputs = self.networks["depth"](
        self.preprocess(video_loss.seen(batch, fields.IMAGE)), training=True)
    answer = outputs if self.says_log_depth else self_supervised_depth.disparities_of(outputs)[0]
    answer = resized(tf.cast(answer, tf.float32), batch[fields.IMAGE])[..., 0]
    weights = tf.gather(tf.constant(self.part_weights, tf.float32), batch[fields.PART])
    if self.compared == BERHU:
      disparity = as_disparity(answer, *self.depth_range) if self.says_log_depth else answer
      return {"berhu": base.Term(disparity_distance(
          disparity, batch[fields.DISPARITY], said(batch) * weights[:, None, None]))}, {}
    log_depth = answer if self.says_log_depth else tf.math.log(
        geometry.disparity_to_depth(answer, *self.depth_range))
    return self._log_terms(log_depth, batch, weights)

  def _log_terms(self, log_depth, batch, weights):
    """Returns the terms of log depth float32 [N,H,W] against true depth, and figures."""
    granted = base.may(batch, fields.Supervision.DEPTH)[:, None, None]
    known = granted & batch[fields.VALID] & (batch[fields.DEPTH] > 0)
    target = tf.where(known, batch[fields.DEPTH], 1.0)
    log_target = tf.math.log(target)
    taught = tf.cast(tf.reduce_any(known, [1, 2]), tf.float32) * weights
    mean = lambda values: ratio.Ratio(tf.reduce_sum(values * taught), tf.reduce_sum(taught))
    error = tf.abs(tf.exp(log_depth) - target) / target
    terms = {
        "scale_invariant": base.Term(mean(depth_losses.scale_invariant_loss(
            log_depth, log_target, known, self.lam))),
        "gradient": base.Term(mean(depth_losses.gradient_matching_loss(
            log_depth, log_target, known)), self.gradient_weight)}
    if self.ordinal_weight:
      points = relative_depth.random_pairs(
          batch[fields.SAMPLE_KEY], *with_order(log_target, known, batch, granted),
          self.ordinal_pairs)
      costs, counted = relative_depth.relative_depth_terms(log_depth, *points)
      terms["ordinal"] = base.Term(
          ratio.Ratio(tf.reduce_sum(costs * weights[:, None]),
                      tf.reduce_sum(counted * weights[:, None])), self.ordinal_weight)
    return terms, {"train_abs_rel": ratio.masked_mean(error, known)}


def with_order(log_target, known, batch, granted):
  """Returns log depth and where it is known, with the two depths of maps that tell an order alone.

  Args:
    log_target: float32 [N,H,W].
    known: bool [N,H,W].
    batch: dict; `ordinal` float32 [N,H,W] is 1 where the scene is closer than where it is -1.
    granted: bool [N,1,1], which samples teach depth.
  """
  if fields.ORDINAL not in batch:
    return log_target, known
  order = batch[fields.ORDINAL]
  ordered = granted & batch[fields.VALID] & (order != 0)
  return tf.where(ordered, -order, log_target), known | ordered


def as_disparity(log_depth, min_depth, max_depth):
  """Returns log depth as the disparity 0..1 that means the same depth; beyond the range, 0 and 1.

  Args:
    log_depth: float32, any shape.
    min_depth, max_depth: depths of disparity 1 and 0.

  Example:
    >>> values = as_disparity(tf.math.log([1.0, 2.0, 4.0, 9.0]), 1.0, 4.0)
    >>> [round(float(value), 3) for value in values]
    [1.0, 0.333, 0.0, 0.0]
  """
  disparity = (tf.exp(-log_depth) - 1 / max_depth) / (1 / min_depth - 1 / max_depth)
  return tf.clip_by_value(disparity, 0.0, 1.0)


def resized(disparity, image):
  """Returns disparity [N,h,w,1] at the size of the image [N,H,W,3], bilinear between centres."""
  if disparity.shape[1:3].is_fully_defined() and disparity.shape[1:3] == image.shape[1:3]:
    return disparity
  return tf.image.resize(disparity, tf.shape(image)[1:3])


def said(batch):
  """Returns where a teacher has said something, float32 [N,H,W]; a blank map is 0 everywhere.

  Args:
    batch: dict of tensors with `disparity` and `valid`.
  """
  known = tf.reduce_any(batch[fields.DISPARITY] > 0, [1, 2], keepdims=True)
  return tf.cast(batch[fields.VALID] & known, tf.float32)


def disparity_distance(disparity, target, counted):
  """Returns the reverse Huber loss of disparity over the global batch.

  The threshold is a fifth of the largest error of all replicas, the denominator the number of all
  pixels of all replicas, also of those that do not count (see `ops.depth_losses.berhu_loss`).

  Args:
    disparity, target: float32 [N,H,W].
    counted: float32 [N,H,W], weight of every pixel, 0 = does not count.

  Returns:
    `Ratio`.
  """
  threshold = ratio.global_max(depth_losses.berhu_threshold(disparity, target, counted))
  loss = depth_losses.berhu_loss(disparity, target, counted, threshold, count=1)
  return ratio.Ratio(loss, tf.cast(tf.size(disparity), tf.float32))
