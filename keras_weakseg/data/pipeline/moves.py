"""Where a window of an image goes, for everything that a sample holds: pixels, labels, cameras."""
import dataclasses
from typing import Optional, Tuple

import tensorflow as tf

from keras_weakseg.ops import resize


@dataclasses.dataclass(frozen=True)
class Move:
  """A window of the image that is resized to a target, padded to the crop, and maybe mirrored.

  Mirroring comes before padding, so that the padding stays at the bottom and the right. A point at
  pixel x of the image (centres at integers) lands at `(x - corner + 1/2) target/window - 1/2`, and
  mirrored at `target - 1` minus that.

  Attributes:
    size: int32 [2], height and width of the image.
    corner: int32 [2], upper left of the window.
    window: int32 [2], its size.
    target: int32 [2], size of the resized window.
    crop: size of the result, None = `target`.
    flip: bool [], or None for never.
    smooth: images that shrink are smoothed first.
  """
  size: tf.Tensor
  corner: tf.Tensor
  window: tf.Tensor
  target: tf.Tensor
  crop: Optional[Tuple[int, int]]
  flip: Optional[tf.Tensor]
  smooth: bool = False

  def _cut(self, values, lead=0):
    rest = values.shape.rank - lead - 2
    cut = tf.slice(values, tf.concat([[0] * lead, self.corner, [0] * rest], 0),
                   tf.concat([[-1] * lead, self.window, [-1] * rest], 0))
    return cut if self.flip is None else tf.cond(
        self.flip, lambda: tf.reverse(cut, [lead + 1]), lambda: cut)

  def image(self, image):
    """Returns uint8 [h, w, 3] of an image, or [F, h, w, 3] of frames; not padded."""
    cut = self._cut(image, image.shape.rank - 3)
    same = lambda: tf.cast(cut, tf.float32)
    resized = lambda: tf.image.resize(cut, self.target, antialias=self.smooth)
    resized = tf.cond(tf.reduce_all(self.window == self.target), same, resized)
    return tf.cast(tf.round(resized), tf.uint8)

  def pad_image(self, image, mean_rgb):
    """Returns the image or frames, padded to the crop by a colour."""
    if self.crop is None:
      return image
    mean = tf.cast(tf.round(tf.constant(mean_rgb, tf.float32)), tf.uint8)
    rows = self.crop[0] - self.target[0]
    columns = self.crop[1] - self.target[1]
    lead = image.shape.as_list()[:-3]

    def fill(height, width):
      return tf.broadcast_to(mean, tf.stack([*tf.unstack(tf.shape(image)[:-3]), height, width, 3]))

    def pad():
      padded = tf.concat([image, fill(self.target[0], columns)], -2)
      return tf.concat([padded, fill(rows, self.crop[1])], -3)

    padded = tf.cond((rows > 0) | (columns > 0), pad, lambda: image)
    return tf.ensure_shape(padded, [*lead, *self.crop, 3])

  def labels(self, labels, fill):
    """Returns a label map or a depth map [H, W], nearest neighbour, padded by `fill`."""
    cut = self._cut(labels)
    resized = resize.resize_labels(cut, self.target)
    if self.crop is None:
      return resized
    missing = tf.stack(self.crop) - self.target
    padded = tf.pad(resized, tf.stack([tf.zeros_like(missing), missing], 1), constant_values=fill)
    return tf.ensure_shape(padded, self.crop)

  def valid(self, valid=None):
    """Returns bool [h, w]: False in the padding, and where `valid` [H, W] is False."""
    inside = tf.ones(self.target, tf.bool)
    if valid is not None:
      inside = resize.resize_labels(tf.cast(self._cut(valid), tf.uint8), self.target) > 0
    if self.crop is None:
      return inside
    missing = tf.stack(self.crop) - self.target
    padded = tf.pad(inside, tf.stack([tf.zeros_like(missing), missing], 1))
    return tf.ensure_shape(padded, self.crop)

  def boxes(self, boxes, classes):
    """Returns boxes float [N, 4] in 0..1 and classes [N] without those that were cut away."""
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

  def intrinsics(self, matrix):
    """Returns float32 [3, 3], the camera of the moved image, of that of the image."""
    scale = tf.cast(self.target, tf.float32) / tf.cast(self.window, tf.float32)
    shift = (0.5 - tf.cast(self.corner, tf.float32)) * scale - 0.5
    zero = tf.zeros([])
    moved = tf.stack([[scale[1], zero, shift[1]], [zero, scale[0], shift[0]], [zero, zero, 1.0]])
    # Sums, not a matrix product: that may round to TensorFloat-32.
    matrix = tf.reduce_sum(moved[:, :, None] * matrix[None], 1)
    if self.flip is None:
      return matrix
    last = tf.cast(self.target[1] - 1, tf.float32)
    mirrored = tf.stack([[matrix[0, 0], -matrix[0, 1], last - matrix[0, 2]],
                         *tf.unstack(matrix[1:])])
    return tf.where(self.flip, mirrored, matrix)

  def poses(self, poses):
    """Returns float32 [..., 4, 4], transforms between cameras, mirrored where the image is."""
    if self.flip is None:
      return poses
    signs = tf.constant([-1.0, 1.0, 1.0, 1.0])
    return tf.where(self.flip, poses * signs[:, None] * signs, poses)
