"""Mixing of two samples: masks by depth, classes, boxes and noise; what they mix stays together.

A mask is True where a sample keeps its *own* pixel. Random numbers are drawn by `mixing_draws`.
"""
import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.ops import blur
from keras_weakseg.ops.pseudo import pseudo_labels

__all__ = ["classmix_mask", "cowmix_mask", "cutmix_mask", "depthmix_mask", "erase", "mix",
           "mix_with", "neighbours", "normalise_disparity", "pseudo_labels"]

# What an erased pixel holds: it teaches nothing.
_ERASED = {fields.MASK: fields.IGNORE_LABEL, fields.PARTS: fields.IGNORE_LABEL,
           fields.BOX_LABELS: fields.IGNORE_LABEL, fields.TAG_LABELS: fields.IGNORE_LABEL}


def normalise_disparity(disparity, valid=None, levels=0):
  """Brings the disparity of every image to 0 (farthest pixel) to 1 (nearest pixel).

  Args:
    disparity: float [N,H,W] or [N,H,W,1], larger = closer.
    valid: bool of the same shape, where there is one; other pixels become 0. None = everywhere.
    levels: largest integer that a file of it would hold: 255 gives what `floor(255 d) / 255`, an
      8-bit file, gives (the reference's disparity maps); 0 = as it is.

  Returns:
    float32 of the same shape; 0 everywhere in an image without any difference.

  Example:
    >>> normalise_disparity([[[2.0, 3.0, 6.0]]])[0, 0].numpy().tolist()
    [0.0, 0.25, 1.0]
  """
  disparity = tf.cast(disparity, tf.float32)
  valid = tf.ones_like(disparity, tf.bool) if valid is None else tf.cast(valid, tf.bool)
  axes = list(range(1, disparity.shape.rank))
  low = tf.reduce_min(tf.where(valid, disparity, np.inf), axes, keepdims=True)
  high = tf.reduce_max(tf.where(valid, disparity, -np.inf), axes, keepdims=True)
  height = tf.where(high > low, high - low, 1.0)
  result = tf.where(valid & (high > low), (disparity - low) / height, 0.0)
  return tf.floor(result * levels) / levels if levels else result


def depthmix_mask(own, other, margin=0.03, foreground=0.0):
  """Returns where a sample keeps its pixel: where the other's is not nearer (DepthMix).

  `own >= other - margin` (Hoyer et al., CVPR 2021, equation 6, with disparity in place of depth, as
  in their code): what is near covers what is far. Within the margin both samples keep their own
  pixels, so the masks of a pair do not add up to one.

  Args:
    own: float, any shape, disparity from `normalise_disparity`, larger = closer.
    other: float of the same shape, that of the sample it is mixed with.
    margin: how much farther an own pixel may be, in units of normalised disparity.
    foreground: own pixels that are farther than this disparity go too; 0 = none.

  Returns:
    bool of the same shape, True = own.

  Example:
    >>> depthmix_mask([0.5, 0.5, 0.5], [0.1, 0.52, 0.9]).numpy().tolist()
    [True, True, False]
  """
  own, other = tf.cast(own, tf.float32), tf.cast(other, tf.float32)
  return (own >= other - margin) & (own >= foreground)


def classmix_mask(labels, chosen):
  """Returns where a sample keeps its pixel: where its class is among the chosen (ClassMix).

  Olsson et al. (WACV 2021): half of the classes that a (pseudo) label map shows.

  Args:
    labels: int [N,H,W] or [N,H,W,1].
    chosen: int [N,K], class ids, -1 = none; see `mixing_draws.draw_classes`.

  Returns:
    bool [N,H,W,1], True = own; never where nothing is known.

  Example:
    >>> classmix_mask([[[0, 1, 2, 255]]], [[2, 0, -1]])[0, 0, :, 0].numpy().tolist()
    [True, False, True, False]
  """
  labels, chosen = tf.cast(labels, tf.int32), tf.cast(chosen, tf.int32)
  labels = labels if labels.shape.rank == 4 else labels[..., None]
  chosen = chosen[:, None, None]
  return tf.reduce_any((labels == chosen) & (chosen >= 0), -1, keepdims=True)


def cutmix_mask(size, boxes, inside=False):
  """Returns where a sample keeps its pixel: outside of its boxes (CutMix, cut-out).

  Where boxes overlap they cancel in pairs (French et al., BMVC 2020).

  Args:
    size: (height, width): ints, or int scalars.
    boxes: int [N,4] or [N,K,4], (top, left, bottom, right) in pixels, half-open; an empty box
      changes nothing. See `mixing_draws.draw_boxes`.
    inside: keep what lies inside instead.

  Returns:
    bool [N,H,W,1], True = own.

  Example:
    >>> cutmix_mask((1, 4), [[0, 1, 1, 3]])[0, 0, :, 0].numpy().tolist()
    [True, False, False, True]
  """
  boxes = tf.cast(boxes, tf.int32)
  boxes = boxes[:, None] if boxes.shape.rank == 2 else boxes
  top, left, bottom, right = (boxes[..., index, None] for index in range(4))
  rows, columns = tf.range(size[0]), tf.range(size[1])
  rows = (rows >= top) & (rows < bottom)                # [N,K,H]
  columns = (columns >= left) & (columns < right)       # [N,K,W]
  covered = tf.cast(rows[..., None] & columns[:, :, None], tf.int32)
  odd = (tf.reduce_sum(covered, 1) % 2 == 1)[..., None]
  return odd if inside else ~odd


def cowmix_mask(noise, sigma, share):
  """Returns where a sample keeps its pixel: in blobs, like the patches of a cow (CowMix).

  Gaussian noise is smoothed and cut at that many of its deviations from its mean that a normal
  distribution has `share` below it (French et al., 2020, arXiv 2003.12022).

  Args:
    noise: float [N,H,W] or [N,H,W,1], standard normal, see `draws.normal`.
    sigma: float [N], size of the blobs: standard deviation of the smoothing in pixels.
    share: float [N], which part of the pixels stays, about, 0..1.

  Returns:
    bool [N,H,W,1], True = own.

  Example:
    >>> cowmix_mask([[[1.0, -2.0, 0.5, 0.5]]], [0.0], [0.5])[0, 0, :, 0].numpy().tolist()
    [False, True, False, False]
  """
  noise = tf.cast(noise, tf.float32)
  smooth = blur.gaussian_blur(noise if noise.shape.rank == 4 else noise[..., None], sigma)
  mean = tf.reduce_mean(smooth, [1, 2, 3], keepdims=True)
  spread = tf.sqrt(tf.reduce_mean(tf.square(smooth - mean), [1, 2, 3], keepdims=True))
  level = np.sqrt(2.0) * tf.math.erfinv(2.0 * tf.cast(share, tf.float32) - 1.0)
  # Infinite levels times no spread would be no number.
  level = tf.clip_by_value(level, -1e3, 1e3)[:, None, None, None]
  return smooth < mean + level * spread


def mix(mask, own, other):
  """Returns own values where the mask says so, the other's elsewhere.

  Nothing is blended, so any dtype keeps its values, and a label is always one of two labels.

  Args:
    mask: bool or 0/1, [N,H,W,1] or [N,H,W].
    own: tensor [N,H,W], [N,H,W,C] or [N,1,1], or a nest of them, such as a dict of fields.
    other: the same of the samples that are mixed in.

  Returns:
    The structure of `own`.

  Raises:
    ValueError: a tensor is no map of pixels.

  Example:
    >>> mix([[[True, False]]], tf.constant([[[1, 2]]]), tf.constant([[[7, 8]]])).numpy().tolist()
    [[[1, 8]]]
  """
  mask = tf.cast(mask, tf.bool)
  flat = mask[..., 0] if mask.shape.rank == 4 else mask

  def choose(first, second):
    first, second = tf.convert_to_tensor(first), tf.convert_to_tensor(second)
    if first.shape.rank not in (3, 4):
      raise errors.value_error(
          "This cannot be mixed pixel by pixel.", expected="[N,H,W] or [N,H,W,C]",
          received=f"{first.dtype.name} {first.shape}",
          fix="Mix maps of pixels only; tags, boxes and video have no place in a mixed sample.")
    return tf.where(flat if first.shape.rank == 3 else flat[..., None], first, second)

  return tf.nest.map_structure(choose, own, other)


def mix_with(mask, samples, partners):
  """Returns every sample of a batch mixed with its partner in the same batch.

  Image, labels, weights, disparity and `valid` go through one call, so that they stay together.

  Args:
    mask: see `mix`.
    samples: tensor or nest of tensors, see `mix`.
    partners: int [N], index of the sample that is mixed in; see `mixing_draws.draw_partners` and
      `neighbours`.

  Returns:
    The structure of `samples`.

  Example:
    >>> mix_with([[[True, False]]] * 2, tf.constant([[[1, 2]], [[3, 4]]]), [1, 0]).numpy().tolist()
    [[[1, 4]], [[3, 2]]]
  """
  partners = tf.cast(partners, tf.int32)
  return mix(mask, samples, tf.nest.map_structure(lambda x: tf.gather(x, partners), samples))


def neighbours(count):
  """Returns the partners of the reference: everybody mixes with the next, the last with the first.

  Args:
    count: samples of the batch.

  Returns:
    int32 [count].

  Example:
    >>> neighbours(3).numpy().tolist()
    [1, 2, 0]
  """
  return (tf.range(count) + 1) % count


def erase(mask, samples, fill=0):
  """Returns samples of which only what the mask keeps is left (cut-out).

  Args:
    mask: see `mix`.
    samples: dict by the names of `fields`, maps of pixels. Label maps become 255 where erased,
      everything else `fill`, so that weights, `valid` and disparity are 0 for the default.
    fill: value of erased pixels of images.

  Returns:
    A dict of the same fields.

  Example:
    >>> erase([[[True, False]]], {"mask": tf.constant([[[1, 2]]], tf.uint8)})["mask"].numpy()
    array([[[  1, 255]]], dtype=uint8)
  """
  blank = {name: tf.fill(tf.shape(value), tf.cast(
      _ERASED.get(name, fill if name == fields.IMAGE else 0), value.dtype))
           for name, value in samples.items()}
  return mix(mask, dict(samples), blank)
