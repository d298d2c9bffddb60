"""Random geometry and colour of training samples: one joint transform for all fields of a sample.

Only stateless operations, seeded by the sample's key: the same draw gives the same pixels on any
worker and after any resume.
"""
import dataclasses
from typing import Optional, Tuple

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data import decode
from keras_weakseg.ops import resize

_LABEL_FILL = {fields.MASK: fields.IGNORE_LABEL, fields.PARTS: fields.IGNORE_LABEL,
               fields.BOX_LABELS: fields.IGNORE_LABEL, fields.DEPTH: 0.0, fields.DISPARITY: 0.0}
# Sequences would need their own poses and intrinsics to follow; refused rather than broken.
_RIGID = (fields.FRAMES, fields.INTRINSICS, fields.POSES)
_TAG_SOURCES = ("image", "crop")


@dataclasses.dataclass(frozen=True)
class Augmentation:
  """What is done at random to a training sample.

  Attributes:
    crop: (height, width) in pixels of the result; smaller images are padded at the bottom and the
      right. None keeps the size (then scales must be 1).
    scales: (lowest, highest) of a uniform random scale, or three and more scales to choose from.
    flip: mirror half of the samples left to right.
    color: strength of brightness, contrast and saturation jitter, 0 (off) to 1.
    mean_rgb: colour of the padding, 0..255; the mean colour of ImageNet as in DeepLab.
    tags_from: `image`: tags of the whole image; `crop`: recomputed from the crop where a mask is
      granted (the reference code of Papandreou et al.).

  Raises:
    ValueError: a value is out of range.
  """
  crop: Optional[Tuple[int, int]] = (321, 321)
  scales: Tuple[float, ...] = (1.0, 1.0)
  flip: bool = True
  color: float = 0.0
  mean_rgb: Tuple[float, float, float] = (122.675, 116.669, 104.008)
  tags_from: str = "image"

  def __post_init__(self):
    if self.tags_from not in _TAG_SOURCES:
      raise errors.unknown_name("source of tags", self.tags_from, _TAG_SOURCES)
    if self.crop is not None and (len(self.crop) != 2 or min(self.crop) < 1):
      raise errors.value_error(
          "The crop has no size.", expected="(height, width), both positive, or None",
          received=self.crop, fix="Set crop, for example (225, 225).")
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
    if not 0 <= self.color <= 1:
      raise errors.value_error("The colour jitter is out of range.", expected="0..1",
                               received=self.color, fix="Set color, for example 0.3.")

  def __call__(self, sample):
    """Returns the sample, transformed by the random numbers of its `sample_key`.

    Args:
      sample: dict of tensors without batch axis, with `sample_key`. Boxes follow the geometry and
        are dropped where nothing of them is left.

    Returns:
      The same fields, image uint8 [h, w, 3], and `valid` bool [h, w], False in the padding.
    """
    for name in _RIGID:
      if name in sample and (self.crop is not None or self.flip):
        raise errors.value_error(
            f"The augmentation does not move the field '{name}'.", expected="image and label maps",
            received=name, fix="Use Augmentation(crop=None, flip=False), or do not ask for it.")
    draws = tf.random.stateless_uniform([8], sample[fields.SAMPLE_KEY])
    result = dict(sample)
    move = self._geometry(tf.shape(sample[fields.IMAGE])[:2], draws)
    image = move.image(sample[fields.IMAGE])
    if self.color:
      image = jitter_color(image, self.color * (2.0 * draws[4:7] - 1.0))
    result[fields.IMAGE] = move.pad_image(image, self.mean_rgb)
    for name, fill in _LABEL_FILL.items():
      if name in sample:
        result[name] = move.labels(sample[name], fill)
    result[fields.VALID] = move.valid()
    if fields.BOXES in sample:
      result[fields.BOXES], result[fields.BOX_CLASSES] = move.boxes(
          sample[fields.BOXES], sample[fields.BOX_CLASSES])
    if self.tags_from == "crop" and fields.TAGS in sample and fields.MASK in sample:
      result[fields.TAGS] = _crop_tags(result, sample)
    return result

  def _geometry(self, size, draws):
    flip = draws[0] < 0.5 if self.flip else None
    if self.crop is None:
      return _Geometry(size, tf.zeros([2], tf.int32), size, size, None, flip)
    if len(self.scales) == 2:
      scale = self.scales[0] + (self.scales[1] - self.scales[0]) * draws[1]
    else:
      scales = tf.constant(self.scales, tf.float32)
      scale = scales[tf.minimum(tf.cast(draws[1] * len(self.scales), tf.int32),
                                len(self.scales) - 1)]
    crop = tf.constant(self.crop)
    scaled = tf.maximum(tf.cast(tf.round(tf.cast(size, tf.float32) * scale), tf.int32), 1)
    target = tf.minimum(scaled, crop)
    # Only the part of the image that the crop shows is resized: the cost follows the crop.
    window = tf.minimum(tf.maximum(tf.cast(tf.round(
        tf.cast(target * size, tf.float32) / tf.cast(scaled, tf.float32)), tf.int32), 1), size)
    free = tf.cast(size - window + 1, tf.float32)
    corner = tf.minimum(tf.cast(draws[2:4] * free, tf.int32), size - window)
    return _Geometry(size, corner, window, target, self.crop, flip)


@dataclasses.dataclass(frozen=True)
class _Geometry:
  """A window of the image that is resized to a target, padded to the crop, and maybe mirrored.

  Mirroring comes before padding, so that the padding stays at the bottom and the right.
  """
  size: tf.Tensor      # int32 [2], of the image
  corner: tf.Tensor    # int32 [2], of the window
  window: tf.Tensor    # int32 [2]
  target: tf.Tensor    # int32 [2], of the resized window
  crop: Optional[Tuple[int, int]]
  flip: Optional[tf.Tensor]

  def _cut(self, values):
    rank = values.shape.rank
    cut = tf.slice(values, tf.concat([self.corner, [0] * (rank - 2)], 0),
                   tf.concat([self.window, [-1] * (rank - 2)], 0))
    return cut if self.flip is None else tf.cond(
        self.flip, lambda: tf.reverse(cut, [1]), lambda: cut)

  def image(self, image):
    cut = self._cut(image)
    if self.crop is None:
      return cut
    same = lambda: tf.cast(cut, tf.float32)
    resized = lambda: tf.image.resize(cut, self.target)
    resized = tf.cond(tf.reduce_all(self.window == self.target), same, resized)
    return tf.cast(tf.round(resized), tf.uint8)

  def pad_image(self, image, mean_rgb):
    if self.crop is None:
      return image
    mean = tf.cast(tf.round(tf.constant(mean_rgb, tf.float32)), tf.uint8)
    rows = self.crop[0] - self.target[0]
    columns = self.crop[1] - self.target[1]

    def pad():
      right = tf.broadcast_to(mean, tf.stack([self.target[0], columns, 3]))
      below = tf.broadcast_to(mean, tf.stack([rows, self.crop[1], 3]))
      return tf.concat([tf.concat([image, right], 1), below], 0)

    padded = tf.cond((rows > 0) | (columns > 0), pad, lambda: image)
    return tf.ensure_shape(padded, [*self.crop, 3])

  def labels(self, labels, fill):
    cut = self._cut(labels)
    if self.crop is None:
      return cut
    resized = resize.resize_labels(cut, self.target)
    missing = tf.stack(self.crop) - self.target
    padded = tf.pad(resized, tf.stack([tf.zeros_like(missing), missing], 1), constant_values=fill)
    return tf.ensure_shape(padded, self.crop)

  def valid(self):
    inside = tf.ones(self.target, tf.bool)
    if self.crop is None:
      return inside
    missing = tf.stack(self.crop) - self.target
    padded = tf.pad(inside, tf.stack([tf.zeros_like(missing), missing], 1))
    return tf.ensure_shape(padded, self.crop)

  def boxes(self, boxes, classes):
    as_float = lambda value: tf.cast(tf.concat([value, value], 0), tf.float32)
    moved = boxes * as_float(self.size) - as_float(self.corner)
    moved = moved / as_float(self.window)
    if self.flip is not None:
      mirrored = tf.stack([moved[:, 0], 1 - moved[:, 3], moved[:, 2], 1 - moved[:, 1]], 1)
      moved = tf.where(self.flip, mirrored, moved)
    moved = tf.clip_by_value(moved, 0.0, 1.0)
    if self.crop is not None:
      moved *= as_float(self.target) / as_float(tf.constant(self.crop))
    # Less than half a pixel is rounding, not an object.
    extent = tf.reduce_min(moved[:, 2:] - moved[:, :2], 1)
    keep = extent * tf.cast(tf.reduce_max(self.crop or self.target), tf.float32) > 0.5
    return tf.boolean_mask(moved, keep), tf.boolean_mask(classes, keep)


def jitter_color(image, amounts):
  """Returns the image with another brightness, contrast and saturation.

  Args:
    image: uint8 [H, W, 3], RGB.
    amounts: float32 [3], -1..1: relative change of brightness, of contrast around the mean, of
      saturation around grey.

  Returns:
    uint8 [H, W, 3].
  """
  values = tf.cast(image, tf.float32) * (1.0 + 0.5 * amounts[0])
  mean = tf.reduce_mean(values)
  values = mean + (values - mean) * (1.0 + 0.5 * amounts[1])
  grey = tf.reduce_sum(values * [0.299, 0.587, 0.114], -1, keepdims=True)
  values = grey + (values - grey) * (1.0 + amounts[2])
  return tf.cast(tf.round(tf.clip_by_value(values, 0.0, 255.0)), tf.uint8)


def _crop_tags(cropped, sample):
  has_mask = tf.bitwise.bitwise_and(
      sample[fields.SUPERVISION], int(fields.Supervision.MASK)) > 0
  count = sample[fields.TAGS].shape[0]
  return tf.cond(has_mask, lambda: decode.tags_from_mask(cropped[fields.MASK], count),
                 lambda: sample[fields.TAGS])
