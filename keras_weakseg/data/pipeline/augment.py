"""Random geometry and colour of training samples: one joint transform for all fields of a sample.

Only stateless operations, seeded by the sample's key: the same draw gives the same pixels on any
worker and after any resume.
"""
import dataclasses
from typing import Optional, Tuple

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import flip_swaps as swaps
from keras_weakseg.data.pipeline import moves
from keras_weakseg.data.pipeline import swapped
from keras_weakseg.data.readers import decode
from keras_weakseg.ops import color as color_ops

_IMAGES = (fields.IMAGE, fields.FRAMES, fields.STEREO_IMAGE)
_POSES = (fields.POSES, fields.STEREO_POSE)
IMAGE, BOXES = "image", "boxes"
_TAG_SOURCES = (IMAGE, BOXES)
PIXELS, INPUTS = "pixels", "inputs"
_COLOR_OF = (PIXELS, INPUTS)
_LATER = ("color_share", "color_of", "resize", "swap_frames", "color_saturation", "hue")
# So that the draws of whoever swaps nothing stay what they are.
_SWAP_STREAM = 1
_HUE_STREAM = 2


@dataclasses.dataclass(frozen=True, repr=False)
class Augmentation:
  """What is done at random to a training sample.

  Attributes:
    crop: (height, width) in pixels of the result; smaller images are padded at the bottom and the
      right. None keeps the size (then scales must be 1).
    resize: (height, width) that the whole image is resized to first, smoothed where it shrinks, at
      any aspect ratio; scales and crop count from there. None leaves it as it is.
    scales: (lowest, highest) of a uniform random scale, or three and more scales to choose from.
    flip: mirror half of the samples left to right.
    color: strength of brightness, contrast and saturation jitter, 0 (off) to 1; one draw for the
      image, its neighbours and its stereo partner.
    color_saturation: the saturation changes by so many times of `color`; the other two by half.
    hue: strength of the jitter of hue, in turns of the colour circle, 0 (off) to .5.
    color_share: share of the samples whose colour changes.
    color_of: `pixels`: of the images themselves; `inputs`: they keep their colour, and the amounts
      are delivered as `jitter`, for a method that shows its networks other colours than its losses
      (Monodepth2 does): see `ops.color.jitter_color`.
    mean_rgb: colour of the padding, 0..255; the mean colour of ImageNet as in DeepLab.
    tags_from: `image`: tags of the whole image; `boxes`: of the crop, by what is left of the boxes
      where these are granted, and by the mask where that is. The reference code of Papandreou et
      al. takes the classes of the cropped mask, which a weakly labelled sample does not have; the
      tags of the whole image ask for classes that the crop may not show.
    swap_frames: share of the samples of video without labels whose image changes places with one
      of its neighbours, see `swapped.swap_frames`; with 2/3 and two neighbours every frame is the
      image equally often. For pose networks of pairs: one that sees all frames at once knows them
      by their places.

  Raises:
    ValueError: a value is out of range.
  """
  crop: Optional[Tuple[int, int]] = (321, 321)
  scales: Tuple[float, ...] = (1.0, 1.0)
  flip: bool = True
  color: float = 0.0
  color_share: float = 1.0
  color_of: str = PIXELS
  resize: Optional[Tuple[int, int]] = None
  mean_rgb: Tuple[float, float, float] = (122.675, 116.669, 104.008)
  tags_from: str = IMAGE
  swap_frames: float = 0.0
  color_saturation: float = 1.0
  hue: float = 0.0

  def __post_init__(self):
    errors.check_name("source of tags", self.tags_from, _TAG_SOURCES)
    errors.check_name("place of colour jitter", self.color_of, _COLOR_OF)
    for name, size in (("crop", self.crop), ("resize", self.resize)):
      if size is not None and (len(size) != 2 or min(size) < 1):
        raise errors.value_error(
            f"The {name} has no size.", expected="(height, width), both positive, or None",
            received=size, fix=f"Set {name}, for example (224, 224).")
    two = len(self.scales) == 2
    if len(self.scales) < 2 or min(self.scales) <= 0 or (two and self.scales[0] > self.scales[1]):
      raise errors.value_error(
          "The random scales cannot be drawn.",
          expected="(lowest, highest), or at least three positive scales to choose from",
          received=self.scales,
          fix="Set scales, for example (0.5, 1.5); (1.0, 1.0) switches it off.")
    if self.crop is None and set(self.scales) != {1.0}:
      raise errors.value_error(
          "Random scales need a crop size.", expected="crop=(height, width)", received="crop=None",
          fix="Set crop, or scales=(1.0, 1.0).")
    if not 0 <= self.color <= 1 or not 0 <= self.color_share <= 1:
      raise errors.value_error(
          "The colour jitter is out of range.", expected="color and color_share, each 0..1",
          received=f"color={self.color}, color_share={self.color_share}",
          fix="Set color, for example 0.3.")
    if not 0 <= self.hue <= 0.5 or not 0 <= self.color_saturation <= 1:
      raise errors.value_error(
          "The jitter of hue or saturation is out of range.",
          expected="hue, 0..0.5 turns, and color_saturation, 0..1",
          received=f"hue={self.hue}, color_saturation={self.color_saturation}",
          fix="Set hue, for example 0.1.")
    if not 0 <= self.swap_frames <= 1:
      raise errors.value_error(
          "The share of samples that are swapped is out of range.", expected="swap_frames, 0..1",
          received=self.swap_frames, fix="Set swap_frames, for example 0.67.")

  def __repr__(self):
    """Returns what fingerprints of runs hold: a later option that is not used does not show."""
    values = {field.name: (getattr(self, field.name), field.default)
              for field in dataclasses.fields(self)}
    return "Augmentation(" + ", ".join(
        f"{name}={value!r}" for name, (value, default) in values.items()
        if name not in _LATER or value != default) + ")"

  def __call__(self, sample, flip_swaps=(), part_swaps=()):
    """Returns the sample, transformed by the random numbers of its `sample_key`.

    Args:
      sample: dict of tensors without batch axis, with `sample_key`. Boxes follow the geometry and
        are dropped where nothing of them is left; intrinsics and poses follow it too.
      flip_swaps, part_swaps: pairs of ids of classes and of parts that a mirror exchanges.

    Returns:
      The same fields, image uint8 [h, w, 3], and `valid` bool [h, w], False in the padding and
      where that of the sample is; with `color_of="inputs"` also `jitter`.
    """
    draws = tf.random.stateless_uniform([8], sample[fields.SAMPLE_KEY])
    if self.swap_frames:
      key = tf.random.experimental.stateless_fold_in(
          sample[fields.SAMPLE_KEY], _SWAP_STREAM, alg="philox")
      sample = swapped.swap_frames(
          sample, tf.random.stateless_uniform([2], key, alg="philox"), self.swap_frames)
    result = dict(sample)
    move = self._geometry(tf.shape(sample[fields.IMAGE])[:2], draws)
    amounts = self._amounts(sample[fields.SAMPLE_KEY], draws)
    for name in (name for name in _IMAGES if name in sample):
      image = move.image(sample[name])
      if (self.color or self.hue) and self.color_of == PIXELS:
        image = color_ops.jitter_color(image, amounts)
      result[name] = move.pad_image(image, self.mean_rgb)
    if self.color_of == INPUTS:
      result[fields.JITTER] = amounts
    for name, fill in fields.UNKNOWN.items():
      if name in sample:
        result[name] = move.labels(sample[name], fill)
    result[fields.VALID] = move.valid(sample.get(fields.VALID))
    if fields.INTRINSICS in sample:
      result[fields.INTRINSICS] = move.intrinsics(sample[fields.INTRINSICS])
    for name in (name for name in _POSES if name in sample):
      result[name] = move.poses(sample[name])
    if fields.BOXES in sample:
      result[fields.BOXES], result[fields.BOX_CLASSES] = move.boxes(
          sample[fields.BOXES], sample[fields.BOX_CLASSES])
    if move.flip is not None:
      result = swaps.exchange(result, move.flip, flip_swaps, part_swaps)
    if self.tags_from == BOXES and fields.TAGS in sample:
      result[fields.TAGS] = _crop_tags(result)
    return result

  def _amounts(self, key, draws):
    """Returns the amounts of `ops.color.jitter_color`: float32 [3], or [4] with hue."""
    strengths, draws = [self.color, self.color, self.color * self.color_saturation], draws[4:]
    amounts = draws[:3]
    if self.hue:
      stream = tf.random.experimental.stateless_fold_in(key, _HUE_STREAM, alg="philox")
      strengths.append(self.hue)
      amounts = tf.concat(
          [amounts, tf.random.stateless_uniform([1], stream, alg="philox")], 0)
    return tf.where(draws[3] < self.color_share, tf.constant(strengths) * (2.0 * amounts - 1.0),
                    0.0)

  def _geometry(self, size, draws):
    flip = draws[0] < 0.5 if self.flip else None
    whole = size if self.resize is None else tf.constant(self.resize)
    if self.crop is None:
      return moves.Move(size, tf.zeros([2], tf.int32), size, whole, self.resize, flip,
                        self.resize is not None)
    if len(self.scales) == 2:
      scale = self.scales[0] + (self.scales[1] - self.scales[0]) * draws[1]
    else:
      scales = tf.constant(self.scales, tf.float32)
      scale = scales[tf.minimum(tf.cast(draws[1] * len(self.scales), tf.int32),
                                len(self.scales) - 1)]
    crop = tf.constant(self.crop)
    scaled = tf.maximum(tf.cast(tf.round(tf.cast(whole, tf.float32) * scale), tf.int32), 1)
    target = tf.minimum(scaled, crop)
    # Only the part of the image that the crop shows is resized: the cost follows the crop.
    window = tf.minimum(tf.maximum(tf.cast(tf.round(
        tf.cast(target * size, tf.float32) / tf.cast(scaled, tf.float32)), tf.int32), 1), size)
    free = tf.cast(size - window + 1, tf.float32)
    corner = tf.minimum(tf.cast(draws[2:4] * free, tf.int32), size - window)
    return moves.Move(size, corner, window, target, self.crop, flip, self.resize is not None)


def _crop_tags(sample):
  """Returns the tags of a cropped sample by its strongest label that tells them."""
  granted = lambda flag: tf.bitwise.bitwise_and(sample[fields.SUPERVISION], int(flag)) > 0
  tags = sample[fields.TAGS]
  count = tags.shape[0]
  if fields.BOXES in sample:
    there = tf.one_hot(sample[fields.BOX_CLASSES], count) > 0
    boxed = tf.cast(tf.reduce_any(there, 0) | (tf.range(count) == 0), tags.dtype)
    tags = tf.where(granted(fields.Supervision.BOXES), boxed, tags)
  if fields.MASK in sample:
    tags = tf.cond(granted(fields.Supervision.MASK),
                   lambda: decode.tags_from_mask(sample[fields.MASK], count), lambda: tags)
  return tags
