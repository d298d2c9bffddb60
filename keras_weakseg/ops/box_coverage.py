"""Which classes have a box over which pixel: what a label map of painted boxes no longer tells."""
import tensorflow as tf


def box_coverage(boxes, classes, size, num_classes, stride=1):
  """Returns, for every pixel of a grid, the classes that have a box over it.

  Boxes are rounded to pixels as `ops.boxes.painting_order` does, so that the smallest box over a
  pixel is one of these.

  Args:
    boxes: float [N,B,4], (ymin, xmin, ymax, xmax) in 0..1 of the image, half-open.
    classes: int [N,B], 1..C-1; -1 = padding.
    size: (height, width) of the image in pixels.
    num_classes: C.
    stride: the grid has every stride-th pixel, from the first on.

  Returns:
    bool [N,h,w,C]; class 0 is False everywhere.

  Example:
    >>> box_coverage([[[0, 0, 1, .5], [0, .25, 1, 1]]], [[1, 2]], (1, 4), 3)[0, 0, :, 1:].numpy(
    ... ).astype(int).tolist()
    [[1, 0], [1, 1], [0, 1], [0, 1]]
  """
  classes = tf.cast(classes, tf.int32)
  sides = tf.cast(tf.stack([size[0], size[1]]), tf.float32)
  boxes = tf.cast(boxes, tf.float32)
  first = tf.minimum(tf.floor(boxes[..., :2] * sides + 0.5), sides - 1.0)
  last = tf.maximum(tf.floor(boxes[..., 2:] * sides + 0.5), first + 1.0)

  def along(axis):
    at = tf.cast(tf.range(0, size[axis], stride), tf.float32)
    return (at >= first[..., axis, None]) & (at < last[..., axis, None])  # [N,B,h] or [N,B,w]

  inside = along(0)[..., :, None] & along(1)[..., None, :]
  owner = (classes[..., None] == tf.range(num_classes)) & (classes[..., None] > 0)
  return tf.einsum("nbhw,nbc->nhwc", tf.cast(inside, tf.float32),
                   tf.cast(owner, tf.float32)) > 0
