"""Depth and motion from video without labels (Godard et al., ICCV 2019; Hoyer et al., CVPR 2021).

The authors of Monodepth2 declare a patent on the minimum over source frames and on auto-masking for
commercial use; `average=True` and `auto_mask=False` train without them.
"""
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import base
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import feature_distance as distances
from keras_weakseg.methods import video_loss
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks import unet_decoder
from keras_weakseg.networks.backbones import depth_encoder
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.options import Weight

FRAME_FIELDS = (fields.FRAMES, fields.FRAME_OFFSETS, fields.INTRINSICS)
STEREO_FIELDS = (fields.STEREO_IMAGE, fields.STEREO_POSE)


class SelfSupervisedDepth(base.Method):
  """Learns disparity and motion by predicting every frame from its neighbours.

  Args:
    context: see `Method`; with neighbours in time, `pose` is the network of their motion (see
      `VideoLoss`); `reference` has the features that those of the encoder shall stay near.
    feature_distance: weight of the distance to these features (1e-2 in Hoyer et al.).
    stereo: whether samples bring the other camera of a pair as a further source, which makes
      depth metric.
    video: whether neighbours in time are sources.
    **options: see `VideoLoss`. Samples count by the weight of their part, in the photometric term
      and in the smoothness. If the network has masks (`mask_sources`), they weigh the errors, and
      `auto_mask` must be off.
  """
  option_homes = (video_loss.VideoLoss,)
  needs = fields.Supervision.NONE
  role = networks.DEPTH
  colors_inputs = True

  def __init__(self, context, *, feature_distance: Weight = 0.0, stereo: bool = False,
               video: bool = True, **options):
    super().__init__(context)
    self.feature_distance = feature_distance
    self.reference = reference_features(context)
    self.preprocess = preprocessing.Preprocess(context.main.record.preprocessing)
    self.video_loss = video_loss.VideoLoss(*pose_of(context), **options)
    del stereo, video  # They decide what the batches carry: see `inputs`.
    network = self.main
    features = network.get_layer(depth_encoder.feature_name(4)).output
    self.depth_and_features = keras.Model(network.inputs, [network.output, features])

  @classmethod
  def networks_of(cls, options):
    needs = super().networks_of(options)
    if options.get("video", True):
      needs[contexts.POSE] = contexts.Need((networks.POSE,), type="light_pose")
    if options.get("feature_distance"):
      needs[contexts.REFERENCE] = contexts.Need(
          like=contexts.MAIN[cls.role], starts=contexts.PRETRAINED, trained=False)
    return needs

  @classmethod
  def inputs(cls, options):
    return ((*FRAME_FIELDS,) if options.get("video", True) else (fields.INTRINSICS,)) + (
        STEREO_FIELDS if options.get("stereo") else ())

  def loss_terms(self, batch):
    """See `Method.loss_terms`: `photometric`, `smoothness`, and maybe `feature_distance`."""
    inputs = self.preprocess(video_loss.seen(batch, fields.IMAGE))
    outputs, features = self.depth_and_features(inputs, training=True)
    disparities = disparities_of(outputs)
    weights = tf.gather(tf.constant(self.part_weights, tf.float32), batch[fields.PART])
    found, health = self.video_loss(disparities, batch, weights, masks_of(outputs))
    terms = {name: base.Term(mean) for name, mean in found.items()}
    if self.reference is not None and self.feature_distance:
      terms["feature_distance"] = base.Term(distances.feature_distance(
          features, self.reference(inputs, training=False)), self.feature_distance)
    return terms, health


def pose_of(context):
  """Returns the pose network of a context and its mode of preprocessing, None without one."""
  built = context.networks.get(contexts.POSE)
  return (None, preprocessing.TF) if built is None else (built.model, built.record.preprocessing)


def reference_features(context):
  """Returns the frozen encoder of the network `reference`, or None without one."""
  if contexts.REFERENCE not in context.networks:
    return None
  encoder = depth_encoder.encoder_model(context.networks[contexts.REFERENCE].model)
  encoder.trainable = False
  return encoder


def disparities_of(outputs):
  """Returns the disparities of a network's outputs as a list, the finest first.

  Args:
    outputs: dict with "disparity_0", "disparity_1", ...
  """
  names = [unet_decoder.disparity_key(scale) for scale in unet_decoder.SCALES]
  return [outputs[name] for name in names if name in outputs]


def masks_of(outputs):
  """Returns the learned masks of a network's outputs, the finest first; None if it has none.

  Args:
    outputs: dict with "disparity_0", ... and maybe "mask_0", ...
  """
  names = [unet_decoder.mask_key(scale) for scale in unet_decoder.SCALES]
  return [outputs[name] for name in names if name in outputs] or None
