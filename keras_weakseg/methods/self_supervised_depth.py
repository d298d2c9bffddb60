"""Depth and motion from video without labels (Godard et al., ICCV 2019; Hoyer et al., CVPR 2021).

The authors of Monodepth2 declare a patent on the minimum over source frames and on auto-masking for
commercial use; `average=True` and `auto_mask=False` train without them.
"""
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import base
from keras_weakseg.methods import feature_distance as distances
from keras_weakseg.methods import video_loss
from keras_weakseg.networks import depth_encoder
from keras_weakseg.networks import preprocessing
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks import unet_decoder

FRAME_FIELDS = (fields.FRAMES, fields.FRAME_OFFSETS, fields.INTRINSICS)
STEREO_FIELDS = (fields.STEREO_IMAGE, fields.STEREO_POSE)


class SelfSupervisedDepth(base.Method):
  """Learns disparity and motion by predicting every frame from its neighbours.

  Args:
    network: Keras model, preprocessed floats to a dict with "disparity_<s>".
    predictor: functional model, RGB 0..255 [N,H,W,3] to the finest disparity [N,H,W,1].
    pose: pose network, see `VideoLoss`.
    pose_preprocessing: its mode of `preprocessing.Preprocess`.
    reference: Keras model, preprocessed floats to the deepest features of the encoder as it was
      before training; None = none.
    feature_distance: weight of the distance to these features (1e-2 in Hoyer et al.).
    network_preprocessing: mode of `preprocessing.Preprocess` for `network`.
    parts: names of the bundle's parts.
    part_weights: how much the samples of each part count, in the photometric term and in the
      smoothness.
    stereo: whether samples bring the other camera of a pair as a further source, which makes
      depth metric.
    video: whether neighbours in time are sources.
    min_depth, max_depth, smoothness, ssim_weight, auto_mask, average, scale_translation,
      symmetric, align, own_size: see `VideoLoss`. If the network has masks (`mask_sources`), they
      weigh the errors, and `auto_mask` must be off.
    **options: see `Method`.
  """
  needs = fields.Supervision.NONE
  role = networks.DEPTH

  def __init__(self, network, predictor, *, pose=None, pose_preprocessing=preprocessing.TF,
               reference=None, feature_distance=0.0, network_preprocessing=preprocessing.TF,
               parts=("video",), part_weights=(1.0,), stereo=False, video=True, min_depth=0.1,
               max_depth=100.0, smoothness=1e-3, ssim_weight=0.85, auto_mask=True, average=False,
               scale_translation=False, symmetric=False, align=0, own_size=False, **options):
    pair = {"depth": network, **({"pose": pose} if pose is not None else {})}
    super().__init__(pair, predictor, **options)
    self.part_weights = tuple(part_weights)
    self.parts = tuple(parts)
    self.feature_distance = feature_distance
    self.reference = reference
    self.preprocess = preprocessing.Preprocess(network_preprocessing)
    self.video_loss = video_loss.VideoLoss(
        pose, pose_preprocessing, min_depth=min_depth, max_depth=max_depth, smoothness=smoothness,
        ssim_weight=ssim_weight, auto_mask=auto_mask, average=average,
        scale_translation=scale_translation, symmetric=symmetric, align=align, own_size=own_size)
    del stereo, video  # They decide what the batches carry: see `inputs`.
    features = network.get_layer(depth_encoder.feature_name(4)).output
    self.depth_and_features = keras.Model(network.inputs, [network.output, features])

  @classmethod
  def inputs(cls, options):
    """Returns the names of the fields, besides image and labels, that batches must carry.

    Args:
      options: dict of the method's options.
    """
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
