"""What is drawn for mixing: partners, boxes, classes, blobs; each from the keys of the samples.

Draw outside of code that is compiled by XLA, then pass the result in (see `draws` for why the
numbers do not depend on it).
"""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.ops import draws
from keras_weakseg.ops import em


def draw_partners(keys, group=0):
  """Returns who is mixed with whom: a random circle through every group of samples.

  Nobody meets themselves unless alone. The circle follows from the keys of the group's samples, so
  N replicas pair as one does when no group is split between them: let `group` be a divisor of the
  samples that a replica gets.

  Args:
    keys: int32 [N,2], one key per sample.
    group: samples that are paired among themselves, next to each other in the batch; it must divide
      the batch. 0 = the whole batch.

  Returns:
    int32 [N].

  Raises:
    ValueError: the groups do not fill the batch.

  Example:
    >>> draw_partners([[1, 2], [3, 4], [5, 6], [7, 8]], group=2).numpy().tolist()
    [1, 0, 3, 2]
  """
  keys = tf.convert_to_tensor(keys)
  count = keys.shape[0] if keys.shape[0] is not None else tf.shape(keys)[0]
  if group < 0 or (group and keys.shape[0] is not None and keys.shape[0] % group):
    raise errors.value_error(
        "The samples cannot be paired in groups of this size.",
        expected=f"a divisor of the {count} samples of the batch, or 0 for all of them",
        received=group, fix="Choose group=2, or a batch size that is a multiple of the group.")
  size = group or count
  order = tf.reshape(draws.uniform(keys, [], "partners"), [-1, size])
  order = tf.argsort(order, stable=True)                # [G,size]: who comes at which place
  places = tf.argsort(order, stable=True)               # the place of everybody
  partners = tf.gather(tf.roll(order, -1, 1), places, batch_dims=1)
  first = tf.range(tf.shape(order)[0])[:, None] * size
  return tf.reshape(partners + first, [-1])


def boxes_of(size, heights, widths, positions):
  """Returns boxes of given relative sizes at given relative places (French et al., BMVC 2020).

  Args:
    size: (height, width) of the image in pixels.
    heights, widths: float [N,K], shares of the image's sides, 0..1.
    positions: float [N,K,2], (down, right) in 0..1: 0 touches the top or left border, 1 the other.

  Returns:
    int32 [N,K,4], (top, left, bottom, right), half-open, inside the image.

  Example:
    >>> boxes_of((10, 20), [[0.5]], [[0.25]], [[[1.0, 0.0]]]).numpy().tolist()
    [[[5, 0, 10, 5]]]
  """
  sides = tf.cast(tf.stack([size[0], size[1]]), tf.float32)
  extent = tf.stack([tf.cast(heights, tf.float32), tf.cast(widths, tf.float32)], -1)
  extent = tf.round(extent * sides)  # half to even
  corner = tf.round((sides - extent) * tf.cast(positions, tf.float32))
  return tf.cast(tf.concat([corner, corner + extent], -1), tf.int32)


def draw_boxes(keys, size, areas=(0.5, 0.5), aspects=None, count=1, share=1.0):
  """Returns random boxes for `mixing.cutmix_mask`.

  Args:
    keys: int32 [N,2], one key per sample.
    size: (height, width) of the image in pixels.
    areas: (smallest, largest) share of the image that a box covers; several boxes share it.
    aspects: (smallest, largest) height over width relative to the image's, as in UniMatch, with
      (0.3, 3.3) and areas (0.02, 0.4); None: `height = area^u`, u uniform, as in CutMix-Seg, where
      long boxes are as likely as square ones.
    count: boxes of a sample.
    share: of the samples that get boxes; the boxes of the others are empty.

  Returns:
    int32 [N,count,4], see `boxes_of`.

  Example:
    >>> box = draw_boxes([[1, 2]], (10, 10), areas=(1.0, 1.0))
    >>> box.numpy().tolist()
    [[[0, 0, 10, 10]]]
  """
  numbers = draws.uniform(keys, [count, 4], "boxes")
  area = draws.within(numbers[..., 0], areas)
  if aspects is None:
    height = tf.exp(numbers[..., 1] * tf.math.log(area))
  else:
    height = tf.minimum(tf.sqrt(area * draws.within(numbers[..., 1], aspects)), 1.0)
  width = tf.minimum(area / height, 1.0)
  scale = (1.0 / count)**0.5
  taken = tf.cast(draws.uniform(keys, [1], "boxes at all") < share, tf.float32) * scale
  return boxes_of(size, height * taken, width * taken, numbers[..., 2:])


def draw_classes(keys, labels, num_classes, ignore=fields.IGNORE_LABEL):
  """Returns half of the classes of every label map, chosen at random (ClassMix).

  Of n classes, `ignore` not among them, floor(n / 2).

  Args:
    keys: int32 [N,2], one key per sample.
    labels: int [N,H,W].
    num_classes: ids are below this.
    ignore: label of pixels that nothing is known of.

  Returns:
    int32 [N,num_classes], chosen ids ascending, -1 at the others.

  Example:
    >>> int(tf.reduce_sum(tf.cast(draw_classes([[1, 2]], [[[0, 3, 255]]], 4) >= 0, tf.int32)))
    1
  """
  present = em.tags_from_labels(labels, num_classes, ignore) > 0
  numbers = tf.where(present, draws.uniform(keys, [num_classes], "classes"), 2.0)
  rank = tf.argsort(tf.argsort(numbers, stable=True), stable=True)
  half = tf.reduce_sum(tf.cast(present, tf.int32), -1, keepdims=True) // 2
  return tf.where(rank < half, tf.range(num_classes), -1)


def draw_blobs(keys, size, sigmas=(4.0, 16.0), shares=(0.5, 0.5)):
  """Returns what `mixing.cowmix_mask` needs: noise, the size of the blobs and their share.

  Args:
    keys: int32 [N,2], one key per sample.
    size: (height, width) of the image in pixels.
    sigmas: (smallest, largest) size in pixels, even on a logarithmic scale.
    shares: (smallest, largest) share of pixels that stay.

  Returns:
    noise float32 [N,H,W], sigma float32 [N], share float32 [N].

  Example:
    >>> [part.shape.as_list() for part in draw_blobs([[1, 2]], (3, 5))]
    [[1, 3, 5], [1], [1]]
  """
  numbers = draws.uniform(keys, [2], "blobs")
  low, high = (tf.math.log(float(sigma)) for sigma in sigmas)
  return (draws.normal(keys, [size[0], size[1]], "blobs"),
          tf.exp(draws.within(numbers[:, 0], (low, high))),
          draws.within(numbers[:, 1], shares))
