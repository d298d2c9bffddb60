"""What the frames of a video say about depth and motion: the loss over the global batch."""
import math

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import ratio
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.layers import randomness
from keras_weakseg.ops import alignment
from keras_weakseg.ops import color
from keras_weakseg.ops import geometry
from keras_weakseg.ops import photometric
from keras_weakseg.options import CountOrNone, Positive, Share, Weight

# So small that it only decides between equal errors.
_NOISE = 1e-5
_STEPS = 1 << 23

# What a radian costs that the pose network is away from the aligned motion.
_ALIGNMENT_WEIGHT = 3.0
# Aligned motions follow every unit of depth, so that nothing holds it: it grew thirtyfold within
# 600 steps. This weight of the squared logarithm of a sample's typical depth, in units of so many
# times the smallest one, holds it. Untrained networks say twice the smallest; 10 sent the sky so
# far away that it took other things along.
_UNIT_WEIGHT, _UNIT = 1e-3, 3.0

# One for all, so that methods with the same sizes share what takes seconds to compile.
_compiled = tf.function(photometric.reprojection_loss, autograph=False, jit_compile=True)
_compiled_alignment = tf.function(alignment.align_motion, autograph=False, jit_compile=True)


def seen(batch, name):
  """Returns pictures float32 0..255 as networks see them: with the colour that the batch asks for.

  Losses compare the pictures as they are (Godard et al., ICCV 2019, section 4).

  Args:
    batch: dict of tensors, maybe with `jitter`.
    name: field of images [N,H,W,3] or frames [N,F,H,W,3].
  """
  pictures = tf.cast(batch[name], tf.float32)
  return color.jitter_color(pictures, batch[fields.JITTER]) if fields.JITTER in batch else pictures


class VideoLoss:
  """Warps the neighbours of a frame by its depth and their motion, and compares.

  A sample without video (offset 0 everywhere, no other camera) teaches nothing.

  Args:
    pose: Keras model, stacked frames [N,H,W,6] (a pair, the earlier one first) or [N,H,W,3+3F]
      (the image, then all neighbours) to "axis_angle" and "translation"; None = stereo alone.
    pose_preprocessing: mode of `preprocessing.Preprocess` of that network.
    min_depth, max_depth, smoothness, ssim_weight, auto_mask, average, own_size: see
      `ops.photometric.reprojection_loss`.
    scale_translation: multiply translations by the mean inverse depth of the sample, which keeps
      the scale of depth from drifting (what Monodepth2 does for PoseCNN).
      Deviation: by that of the finest scale for all scales; the reference has one per scale.
    symmetric: the motion of a pair is the mean of what the network says of it and of its mirror's,
      mirrored back. A network from scratch otherwise tends to a constant turn of the camera,
      which a depth that leans to one side explains (an option of ours).
    align: how many Gauss-Newton steps correct every motion of the network by direct alignment at
      the predicted depth, as in Wang et al., CVPR 2018; 0 = none. The loss takes the corrected
      motion, a further term pulls the network towards it, and one keeps the typical depth of
      what has texture near three times `min_depth` (with stereo its unit is the metre).
      Deviation: no gradient flows through the correction itself.
    compiled: whether XLA compiles the loss, which halves its time.
  """

  def __init__(self, pose, pose_preprocessing=preprocessing.TF, *, min_depth: Positive = 0.1,
               max_depth: Positive = 100.0, smoothness: Weight = 1e-3, ssim_weight: Share = 0.85,
               auto_mask: bool = True, average: bool = False, scale_translation: bool = False,
               symmetric: bool = False, align: CountOrNone = 0, own_size: bool = False,
               compiled=True):
    self.pose = pose
    self.symmetric, self.align = symmetric, align
    self.scale_translation = scale_translation
    self.depth_range = (min_depth, max_depth)
    self.options = dict(min_depth=min_depth, max_depth=max_depth, smoothness=smoothness,
                        ssim_weight=ssim_weight, auto_mask=auto_mask, average=average,
                        own_size=own_size)
    self._preprocess = preprocessing.Preprocess(pose_preprocessing, name="pose_preprocess")
    self._loss = _compiled if compiled else photometric.reprojection_loss
    self._align_motion = _compiled_alignment if compiled else alignment.align_motion

  def __call__(self, disparities, batch, weights=None, masks=None):
    """Returns the parts of the loss, and health figures, all as `Ratio`.

    Args:
      disparities: S tensors float32 [N,h,w,1], 0..1, the finest first.
      batch: dict of tensors with `image`, `intrinsics`, and `frames` or `stereo_image`.
      weights: float32 [N], how much each sample counts, in all terms; None = all the same.
      masks: S tensors float32 [N,h,w,F], 0..1, what the network thinks each source can explain;
        they need `auto_mask=False`. None = all of it.

    Returns:
      Dict with `photometric`, `smoothness` and, with `align`, `alignment` and `unit`; and a dict of
      figures: `moving`, the share of pixels that a warped neighbour explains best, and
      `translation`, its mean length.
    """
    # Ones and not None: the compiled loss is then one for all methods.
    weights = tf.ones(tf.shape(batch[fields.VALID])[:1]) if weights is None else weights
    sources, transforms, present, terms = self._sources(batch, disparities[0], weights)
    valid = batch[fields.VALID] & tf.reduce_any(present, 1)[:, None, None]
    image = tf.cast(batch[fields.IMAGE], tf.float32) / 255.0
    found = self._loss(
        image, sources, disparities, transforms, batch[fields.INTRINSICS],
        noise=self._noise(len(disparities), batch, sources), valid=valid,
        weights=weights, **self._masks(masks, sources), **self.options)
    length = tf.norm(transforms[..., :3, 3], axis=-1)
    health = {"moving": ratio.masked_mean(found["selection"][0], valid),
              "translation": ratio.masked_mean(length, present)}
    return {"photometric": ratio.Ratio(found["photometric"], found["pixels"]),
            "smoothness": ratio.Ratio(found["smoothness"], found["samples"]), **terms}, health

  def _masks(self, masks, sources):
    """Returns the learned masks as an argument of the loss, if there are any."""
    if masks is None:
      return {}
    if masks[0].shape[-1] != sources.shape[1]:
      raise errors.value_error(
          "The network's masks do not fit the sources.",
          expected=f"{sources.shape[1]} of them, one for every frame that is warped",
          received=masks[0].shape[-1],
          fix=f"Set `mask_sources` of the depth network to {sources.shape[1]}.")
    return {"masks": list(masks)}

  def _noise(self, scales, batch, sources):
    """Returns float32 [S,N,H,W,F] of each sample's own draw, so that no replica sees another one.
    """
    if not self.options["auto_mask"]:
      return None
    size, count = tf.shape(sources), 1 if self.options["average"] else sources.shape[1]
    shape = tf.stack([scales, size[2], size[3], count])
    # One draw after the other: that of all samples at once has a single seed. Integers, because
    # XLA draws other normal numbers; Godard et al. take these.
    draws = tf.map_fn(
        lambda key: tf.random.stateless_uniform(
            shape, randomness.fold_in(key, "ties"), -_STEPS, _STEPS, tf.int32, alg="philox"),
        batch[fields.SAMPLE_KEY])
    # A graph forgets how many there are, and a single one would be repeated for any number.
    draws.set_shape([None, scales, None, None, count])
    return _NOISE / _STEPS * tf.cast(tf.transpose(draws, [1, 0, 2, 3, 4]), tf.float32)

  def _sources(self, batch, disparity, weights):
    """Returns the source frames 0..1 [N,F,H,W,3], transforms [N,F,4,4], which exist [N,F], and a
    dict of the loss terms of their motion.
    """
    sources, transforms, present, terms = [], [], [], {}
    if fields.FRAMES in batch and self.pose is not None:
      motion = self.transforms(batch, disparity)
      present.append(batch[fields.FRAME_OFFSETS] != 0)
      if self.align:
        counts = tf.cast(present[0], tf.float32) * weights[:, None]
        motion, terms = self._aligned(batch, disparity, motion, counts)
      sources.append(tf.cast(batch[fields.FRAMES], tf.float32))
      transforms.append(motion)
    if fields.STEREO_IMAGE in batch:
      sources.append(tf.cast(batch[fields.STEREO_IMAGE], tf.float32)[:, None])
      transforms.append(batch[fields.STEREO_POSE][:, None])
      known = tf.reduce_any(batch[fields.STEREO_POSE][:, :3, 3] != 0, -1)
      present.append(known[:, None])
    if not sources:
      raise errors.value_error(
          "The batches have nothing that a depth could be compared with.",
          expected=f"'{fields.FRAMES}' and a pose network, or '{fields.STEREO_IMAGE}'",
          received=", ".join(sorted(batch)),
          fix="Train on a source of video (kw.data.Video, Kitti, ...) or of stereo pairs.")
    sources, transforms, present = (tf.concat(x, 1) for x in (sources, transforms, present))
    # A source that a sample lacks is replaced by one that it has, which changes no minimum.
    first = tf.argmax(tf.cast(present, tf.int32), 1)
    pick = lambda x: tf.gather(x, first, batch_dims=1)[:, None]
    sources = tf.where(present[..., None, None, None], sources, pick(sources))
    return sources / 255.0, tf.where(
        present[..., None, None], transforms, pick(transforms)), present, terms

  def _aligned(self, batch, disparity, transforms, counts):
    """Returns corrected transforms [N,F,4,4], and the terms that come with them, by counts [N,F].

    The distance of a network's motion is half the sum of the absolute differences of the rotation
    matrices, and that of the translations as a share of the depth.
    """
    pictures = [tf.cast(batch[name], tf.float32) / 255 for name in (fields.IMAGE, fields.FRAMES)]
    depth = geometry.disparity_to_depth(
        tf.image.resize(disparity, tf.shape(pictures[0])[1:3]), *self.depth_range)
    # By what shows motion alone. A sky costs nothing elsewhere: a term that pulls on it takes it
    # along (half of that of the scenes came nearer than 10 m within 1,500 steps).
    shown = alignment.texture(pictures[0]) * tf.cast(batch[fields.VALID], tf.float32)[..., None]
    typical = tf.math.divide_no_nan(tf.reduce_sum(shown * tf.math.log(depth), [1, 2, 3]),
                                    tf.reduce_sum(shown, [1, 2, 3]))
    merged = lambda x: tf.reshape(x, tf.concat([[-1], tf.shape(x)[2:]], 0))
    repeated = lambda x: tf.repeat(x, pictures[1].shape[1], 0)
    found = self._align_motion(
        repeated(pictures[0]), merged(pictures[1]), repeated(tf.stop_gradient(depth)),
        tf.stop_gradient(merged(transforms)), repeated(batch[fields.INTRINSICS]),
        steps=self.align, valid=repeated(batch[fields.VALID]))
    found = tf.reshape(found, tf.shape(transforms))
    change = tf.abs(transforms - found)
    distance = (0.5 * tf.reduce_sum(change[..., :3, :3], [-2, -1]) + tf.reduce_sum(
        change[..., :3, 3], -1) / tf.stop_gradient(tf.exp(typical))[:, None])
    terms = {"alignment": ratio.masked_mean(_ALIGNMENT_WEIGHT * distance, counts)}
    if fields.STEREO_IMAGE not in batch:
      away = typical - math.log(_UNIT * self.depth_range[0])
      terms["unit"] = ratio.masked_mean(_UNIT_WEIGHT * away ** 2, tf.reduce_max(counts, 1))
    # Its value is `found`, but the loss still tells the network where to move.
    correction = found @ tf.linalg.inv(tf.stop_gradient(transforms))
    return correction @ transforms, terms

  def transforms(self, batch, disparity=None, training=True):
    """Returns what the pose network says, float32 [N,F,4,4], image to neighbours.

    Args:
      batch: dict of tensors with `image`, `frames`, `frame_offsets`.
      disparity: float32 [N,H,W,1]; needed with `scale_translation`.
      training: whether batch statistics are used.
    """
    image, frames = seen(batch, fields.IMAGE), seen(batch, fields.FRAMES)
    # In the place of a frame that is missing stands the image: a camera that stands still. Black
    # frames would move the statistics of a network with batch normalisation.
    missing = tf.equal(batch[fields.FRAME_OFFSETS], 0)[..., None, None, None]
    frames = tf.where(missing, image[:, None], frames)
    image, frames = self._preprocess(image), self._preprocess(frames)
    count, factor = frames.shape[1], self._factor(disparity)
    if self.pose.input_shape[-1] == 3 * (count + 1) and count > 1:
      stacked = tf.concat([image, *tf.unstack(frames, axis=1)], -1)
      motion = self._motion(stacked, training)
      return geometry.pose_to_matrix(motion["axis_angle"],
                                     factor[:, None] * motion["translation"])
    found = []
    for index in range(count):
      earlier = batch[fields.FRAME_OFFSETS][:, index] < 0
      swap = earlier[:, None, None, None]
      pair = tf.concat([tf.where(swap, frames[:, index], image),
                        tf.where(swap, image, frames[:, index])], -1)
      motion = self._motion(pair, training)
      turn, move = motion["axis_angle"][:, 0], factor * motion["translation"][:, 0]
      found.append(tf.where(earlier[:, None, None],
                            geometry.pose_to_matrix(turn, move, invert=True),
                            geometry.pose_to_matrix(turn, move)))
    return tf.stack(found, 1)

  def _motion(self, stacked, training):
    """Returns "axis_angle" and "translation" float32 [N,F,3] of stacked frames [N,H,W,3F]."""
    if not self.symmetric:
      return self.pose(stacked, training=training)
    both = self.pose(tf.concat([stacked, tf.reverse(stacked, [2])], 0), training=training)
    # A mirror turns rotations about the vertical and the optical axis round, and moves to the side.
    signs = {"axis_angle": [1.0, -1.0, -1.0], "translation": [-1.0, 1.0, 1.0]}
    halves = {name: tf.split(both[name], 2) for name in signs}
    return {name: 0.5 * (own + tf.constant(signs[name]) * mirrored)
            for name, (own, mirrored) in halves.items()}

  def _factor(self, disparity):
    """Returns the factor of translations, float32 [N,1] or [1,1]."""
    if not self.scale_translation:
      return tf.ones([1, 1])
    depth = geometry.disparity_to_depth(disparity, *self.depth_range)
    return tf.reduce_mean(1 / depth, [1, 2])
