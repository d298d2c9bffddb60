"""Segmentation and depth on one encoder, at the same time (Hoyer et al., CVPR 2021)."""
from typing import Annotated

import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.methods import base
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import ratio
from keras_weakseg.methods import self_supervised_depth as depth_method
from keras_weakseg.methods import supervised
from keras_weakseg.methods import supervised_depth
from keras_weakseg.methods import video_loss
from keras_weakseg.networks import multitask_decoder
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.ops import resize
from keras_weakseg.options import OneOf, Weight

VIDEO = "video"
TEACHER = "teacher"
DEPTH_FROM = (VIDEO, TEACHER)


class JointDepth(supervised.Supervised):
  """Multi-task learning: cross entropy where there is a mask, depth where there is video.

  The two losses meet in one step: a sample without a mask teaches depth alone, a single image
  segmentation alone. Cross entropy is the mean of that of the scores and of the intermediate
  ("side") scores. Depth is learned from video, or from a teacher's disparity on the same images.

  Args:
    context: see `Supervised`; with video, `pose` is the network of the motion.
    depth_from: "video" or "teacher".
    depth_weight: weight of the depth loss.
    **options: see `VideoLoss`.
  """
  option_homes = (video_loss.VideoLoss,)
  needs = fields.Supervision.MASK  # Of what nobody has divided into parts.
  unlabelled = True
  role = networks.MULTITASK
  sees_depth, colors_inputs = False, True

  def __init__(self, context, *, depth_from: Annotated[str, OneOf(DEPTH_FROM)] = VIDEO,
               depth_weight: Weight = 1.0, **options):
    super().__init__(context)
    self.preprocess = preprocessing.Preprocess(context.main.record.preprocessing)
    self.depth_from, self.depth_weight = depth_from, depth_weight
    self.video_loss = video_loss.VideoLoss(*depth_method.pose_of(context), **options)

  @classmethod
  def networks_of(cls, options):
    needs = super().networks_of(options)
    if options.get("depth_from", VIDEO) == VIDEO:
      needs[contexts.POSE] = contexts.Need((networks.POSE,), type="light_pose")
    return needs

  @classmethod
  def inputs(cls, options):
    return (fields.DISPARITY,) if options.get("depth_from") == TEACHER else (
        depth_method.FRAME_FIELDS)

  def loss_terms(self, batch):
    """See `Method.loss_terms`: one term per part with masks, and those of depth."""
    outputs = self.networks["multitask"](
        self.preprocess(video_loss.seen(batch, fields.IMAGE)), training=True)
    scores = outputs[multitask_decoder.SCORES]
    side = resize.resize_aligned(outputs[multitask_decoder.SIDE_SCORES], tf.shape(scores)[1:3])
    terms, health = self.terms_of(scores, batch)
    of_side, _ = self.terms_of(side, batch)
    terms = {name: base.Term(_halves(term.mean, of_side[name].mean), term.weight)
             for name, term in terms.items()}
    depth, figures = self._depth_terms(depth_method.disparities_of(outputs), batch)
    terms.update({name: base.Term(mean, self.depth_weight) for name, mean in depth.items()})
    return terms, {**health, **figures}

  def _depth_terms(self, disparities, batch):
    if self.depth_from == VIDEO:
      return self.video_loss(disparities, batch)
    finest = supervised_depth.resized(disparities[0], batch[fields.IMAGE])[..., 0]
    return {"berhu": supervised_depth.disparity_distance(
        finest, batch[fields.DISPARITY], supervised_depth.said(batch))}, {}


def _halves(first, second):
  """Returns the mean of two ratios of one denominator."""
  return ratio.Ratio(0.5 * (first.numerator + second.numerator), first.denominator)
