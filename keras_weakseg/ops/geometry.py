"""Depth, camera motion and the pictures they predict: where a pixel lies in another frame.

Pixels have integer coordinates at their centres, (0, 0) is the top-left one, x points right, y down
and z into the scene. Intrinsics are `[[fx, skew, cx], [0, fy, cy], [0, 0, 1]]` in such pixels; a
transform takes coordinates of the target camera to those of the source camera.
"""
import tensorflow as tf

from keras_weakseg import errors

# Added to a length or a depth before it divides, as in the public code of Monodepth2.
_TINY = 1e-7
# Share of its own depth that a point keeps in front of the source camera.
_NEAREST = 1e-3


def disparity_to_depth(disparity, min_depth=0.1, max_depth=100.0):
  """Returns the depth of a network's disparity: `1 / (1/max + (1/min - 1/max) disparity)`.

  Args:
    disparity: float, any shape, 0..1, larger = closer.
    min_depth: depth of disparity 1, > 0, in the unit of the translations.
    max_depth: depth of disparity 0, > min_depth.

  Returns:
    float32 of the same shape, `min_depth` to `max_depth`.

  Raises:
    ValueError: not 0 < min_depth < max_depth.

  Example:
    >>> [round(float(depth), 4) for depth in disparity_to_depth([0.0, 0.5, 1.0])]
    [100.0, 0.1998, 0.1]
  """
  if not 0 < min_depth < max_depth:
    raise errors.value_error(
        "The range of depths is empty.", expected="0 < min_depth < max_depth",
        received=f"min_depth {min_depth}, max_depth {max_depth}",
        fix="Pass the nearest and the farthest depth, e.g. 0.1 and 100.")
  low, high = 1 / max_depth, 1 / min_depth
  return 1 / (low + (high - low) * tf.cast(disparity, tf.float32))


def pose_to_matrix(axis_angle, translation, invert=False):
  """Returns the rigid transform of a rotation vector and a translation (Rodrigues' formula).

  With R of the rotation vector: `[R t]`, or inverted `[R' -R't]`; the last row is (0, 0, 0, 1).
  The gradient at rotation 0 is 0.9 times the true one, where that of the norm alone is not defined.

  Args:
    axis_angle: float [...,3], axis times angle in radians.
    translation: float [...,3], in the unit of depth.
    invert: return the transform of the opposite direction.

  Returns:
    float32 [...,4,4].

  Example:
    >>> pose_to_matrix([0.0, 0.0, 0.0], [1.0, 2.0, 3.0], invert=True).numpy()[:, 3].tolist()
    [-1.0, -2.0, -3.0, 1.0]
  """
  vector = tf.cast(axis_angle, tf.float32)
  translation = tf.cast(translation, tf.float32)[..., None]
  angle = tf.sqrt(tf.reduce_sum(vector * vector, -1, keepdims=True) + 1e-12)
  x, y, z = tf.unstack(vector / (angle + _TINY), axis=-1)
  angle = angle[..., 0]
  sine = tf.sin(angle)
  # 1 - cos(angle) would round to 0 for small angles.
  turn = 2 * tf.sin(angle / 2) ** 2
  cosine = 1 - turn
  rows = [[turn * x * x + cosine, turn * x * y - sine * z, turn * x * z + sine * y],
          [turn * x * y + sine * z, turn * y * y + cosine, turn * y * z - sine * x],
          [turn * x * z - sine * y, turn * y * z + sine * x, turn * z * z + cosine]]
  if invert:
    rows = list(zip(*rows))
  rotation = tf.stack([tf.stack(row, -1) for row in rows], -2)
  if invert:
    translation = -_product(rotation, translation)
  upper = tf.concat([rotation, translation], -1)
  last = tf.broadcast_to(tf.constant([0.0, 0.0, 0.0, 1.0]), tf.shape(upper[..., :1, :]))
  return tf.concat([upper, last], -2)


def project(depth, transform, intrinsics, border=0):
  """Returns where the pixels of the target lie in the source frame: `K (R depth K^-1 p + t)`.

  A point that the motion puts behind the source camera, or nearer than a thousandth of its depth,
  is taken at that depth: it lies far outside the frame on the side where it left, and all values
  and gradients are finite.

  Args:
    depth: float [B,H,W,1], > 0.
    transform: float [...,B,4,4] or [...,B,3,4], target camera to source camera; axes before B are
      several source frames.
    intrinsics: float [B,3,3] (of larger matrices the upper left is used), pixels of these images.
    border: 1 adds a ring of pixels by reflection, for windows that reach over the edge; 0 = none.

  Returns:
    x, y: float32 [...,B,H+2*border,W+2*border], pixels of the source frame; may lie outside it.
  """
  return project_points(depth, transform, intrinsics, border)[:2]


def project_points(depth, transform, intrinsics, border=0):
  """Returns where the pixels of the target lie in the source frame, and how far from it.

  Args:
    depth, transform, intrinsics, border: see `project`.

  Returns:
    x, y: see `project`.
    z: float32 of their shape, > 0, the depth of the points in front of the source camera.
  """
  depth = tf.cast(depth, tf.float32)[..., 0]
  transform = tf.cast(transform, tf.float32)
  matrix = tf.cast(intrinsics, tf.float32)[..., :3, :3]
  height, width = tf.shape(depth)[-2], tf.shape(depth)[-1]
  columns, rows = tf.cast(tf.range(width), tf.float32), tf.cast(tf.range(height), tf.float32)
  if border:
    depth = tf.pad(depth, [[0, 0], [border, border], [border, border]], "REFLECT")
    columns, rows = (tf.pad(axis, [[border, border]], "REFLECT") for axis in (columns, rows))
  # Around the principal point nothing large cancels, and the side on which a point lies is sure.
  centre = matrix[..., :2, 2, None, None]
  columns, rows = columns - centre[..., 0, :, :], rows[:, None] - centre[..., 1, :, :]
  lens = matrix * [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
  turn = _over_lens(_product(lens, transform[..., :3, :3]), matrix)
  # Monodepth2's 1e-7 on the depth; added to the depth itself, most of it would be rounded away.
  tiny = _TINY * matrix[..., 2:] * [[-1.0], [-1.0], [1.0]]
  shift = (_product(lens, transform[..., :3, 3:]) + tiny)[..., None]
  turn = turn[..., None, None]

  def coordinate(row):
    # Per row of the picture first: one product and two sums per pixel.
    ray = turn[..., row, 0, :, :] * columns + (
        turn[..., row, 1, :, :] * rows + turn[..., row, 2, :, :])
    return depth * ray + shift[..., row, :, :]

  z = tf.maximum(coordinate(2), _NEAREST * depth + _TINY)
  scale = 1 / z
  x, y = (coordinate(axis) * scale + centre[..., axis, :, :] for axis in range(2))
  return x, y, z


def reproject(depth, transform, intrinsics):
  """Returns where the pixels of the target lie in the source frame, as one tensor.

  Args:
    depth: float [B,H,W,1], > 0.
    transform: float [B,4,4], target camera to source camera.
    intrinsics: float [B,3,3], pixels of these images.

  Returns:
    float32 [B,H,W,2], pixel coordinates (x, y) in the source frame; they may lie outside it. See
    `project` for points behind the camera.

  Example:
    >>> camera = [[[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]]]
    >>> shifted = pose_to_matrix([[0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]])
    >>> reproject(tf.fill([1, 1, 3, 1], 4.0), shifted, camera)[0, 0, :, 0].numpy().tolist()
    [0.5, 1.5, 2.5]
  """
  return tf.stack(project(depth, transform, intrinsics), -1)


def neighbours(image):
  """Returns beside every pixel those to its right, below, and below right: what is interpolated.

  One row of memory per sample instead of four: sample it with `sample_neighbours`, as often as the
  same image is needed.

  Args:
    image: float [N,H,W,C].

  Returns:
    float32 [N,H,W,4,C]; the last column and row are repeated.
  """
  image = tf.cast(image, tf.float32)
  pairs = tf.stack([image, tf.concat([image[:, :, 1:], image[:, :, -1:]], 2)], 3)
  return tf.concat([pairs, tf.concat([pairs[:, 1:], pairs[:, -1:]], 1)], 3)


def sample_neighbours(table, x, y):
  """Returns the bilinear interpolation of an image; coordinates outside read the border.

  Args:
    table: float [N,H,W,4,C], `neighbours` of the image.
    x, y: float [N,h,w], pixel coordinates.

  Returns:
    float32 [N,h,w,C]. The gradient by a coordinate is 0 at and beyond the border, and at whole
    numbers that towards the larger side.
  """
  return _interpolate(*(tf.cast(value, tf.float32) for value in (table, x, y)))


def sample_bilinear(image, coordinates):
  """Returns an image at fractional pixel coordinates; coordinates outside read the border.

  Corners are aligned: (0, 0) and (W-1, H-1) are the centres of the corner pixels (`grid_sample`
  with `align_corners=True` and border padding, Jaderberg et al., NeurIPS 2015).

  Args:
    image: float [N,H,W,C].
    coordinates: float [N,h,w,2], pixels (x, y).

  Returns:
    float32 [N,h,w,C], differentiable in both. The gradient by a coordinate is 0 at and beyond the
    border.

  Example:
    >>> sample_bilinear([[[[0.0], [8.0]]]], [[[[0.25, 0.0], [9.0, -9.0]]]])[0, 0, :, 0].numpy()
    array([2., 8.], dtype=float32)
  """
  coordinates = tf.cast(coordinates, tf.float32)
  return sample_neighbours(neighbours(image), coordinates[..., 0], coordinates[..., 1])


def warp(image, depth, transform, intrinsics):
  """Returns the source image as the target camera would see it, given the target's depth.

  Args:
    image: float [B,H,W,C], the source frame.
    depth: float [B,H,W,1], depth of the target, > 0.
    transform: float [B,4,4], target camera to source camera.
    intrinsics: float [B,3,3], pixels of these images.

  Returns:
    float32 [B,H,W,C]; pixels that the source frame does not show hold its border.

  Example:
    >>> camera = [[[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]]]
    >>> shifted = pose_to_matrix([[0.0, 0.0, 0.0]], [[1.0, 0.0, 0.0]])
    >>> image = [[[[0.0], [4.0], [8.0]]]]
    >>> warp(image, tf.fill([1, 1, 3, 1], 2.0), shifted, camera)[0, 0, :, 0].numpy().round(3)
    array([4., 8., 8.], dtype=float32)
  """
  return sample_neighbours(neighbours(image), *project(depth, transform, intrinsics))


@tf.custom_gradient
def _interpolate(table, x, y):
  """Interpolates; its gradient keeps the two differences that the forward pass has anyway."""
  shape = tf.shape(table)
  count, height, width = shape[0], shape[1], shape[2]
  channels = table.shape[4] if table.shape[4] is not None else shape[4]
  last_x, last_y = tf.cast(width - 1, tf.float32), tf.cast(height - 1, tf.float32)
  inside_x, inside_y = (x > 0) & (x < last_x), (y > 0) & (y < last_y)
  x, y = tf.clip_by_value(x, 0.0, last_x), tf.clip_by_value(y, 0.0, last_y)
  left, top = tf.floor(x), tf.floor(y)
  weight_x, weight_y = (x - left)[..., None], (y - top)[..., None]
  # Clipped once more: a coordinate that is not a number may not read outside the table.
  column = tf.clip_by_value(tf.cast(left, tf.int32), 0, width - 1)
  row = tf.clip_by_value(tf.cast(top, tf.int32), 0, height - 1)
  index = (tf.range(count)[:, None, None] * height + row) * width + column
  corners = tf.gather(tf.reshape(table, [-1, 4 * channels]), index)
  upper_left, upper_right, lower_left, lower_right = tf.split(corners, 4, -1)
  upper_step, lower_step = upper_right - upper_left, lower_right - lower_left
  upper = upper_left + weight_x * upper_step
  down = lower_left + weight_x * lower_step - upper

  def gradient(upstream):
    across = upper_step + weight_y * (lower_step - upper_step)
    by_x = tf.where(inside_x, tf.reduce_sum(upstream * across, -1), 0.0)
    by_y = tf.where(inside_y, tf.reduce_sum(upstream * down, -1), 0.0)
    above, below = upstream * (1 - weight_y), upstream * weight_y
    parts = tf.concat([above * (1 - weight_x), above * weight_x,
                       below * (1 - weight_x), below * weight_x], -1)
    by_table = tf.math.unsorted_segment_sum(parts, index, count * height * width)
    return tf.reshape(by_table, shape), by_x, by_y

  return upper + weight_y * down, gradient


def _product(a, b):
  """Returns the product of small matrices [...,3,3] and [...,3,K] as sums: exact on every device.

  A matrix product may round to TensorFloat-32 on GPUs, which moves pixels by tenths.
  """
  return tf.reduce_sum(tf.expand_dims(a, -1) * tf.expand_dims(b, -3), -2)


def _over_lens(x, matrix):
  """Returns x [...,3,3] times the inverse of intrinsics with the principal point at (0, 0)."""
  first = x[..., 0] / matrix[..., 0, 0, None]
  second = (x[..., 1] - matrix[..., 0, 1, None] * first) / matrix[..., 1, 1, None]
  return tf.stack([first, second, x[..., 2]], -1)
