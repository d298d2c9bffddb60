"""Superpixels of a photograph, what is known of each, and which of them touch (host, NumPy)."""
import math

import numpy as np

from keras_weakseg import errors
from keras_weakseg.ops import resize

# SLIC's weight of space against colour, for colours in CIELAB.
COMPACTNESS = 20.0
# A channel of CIELAB that varies less is one colour to the eye: stretched, it would be noise.
_CONTRAST = 1.0
# In strong noise pieces fall apart into specks, which SLIC then joins to a few huge ones. Where
# fewer than a share of those asked for are left, the image is smoothed: by so many sides of one.
_FEWEST = 0.5
_SMOOTHING = (0.0, 1 / 16, 1 / 8, 1 / 4, 1 / 2)
# Larger photographs are segmented at this many pixels: superpixels are a few hundred anyway.
MAX_PIXELS = 1 << 19


def working_size(size, max_pixels=MAX_PIXELS):
  """Returns the largest size of the same shape with at most so many pixels, and no larger than it.

  Args:
    size: (height, width) of a photograph.
    max_pixels: 1 or more.

  Example:
    >>> working_size((3000, 4000)), working_size((375, 500))
    ((627, 836), (375, 500))
  """
  factor = min(1.0, math.sqrt(max_pixels / (size[0] * size[1])))
  return max(1, int(size[0] * factor)), max(1, int(size[1] * factor))


def shrink(image, size):
  """Returns an image uint8 [H,W,3] at a smaller size, averaged over areas; itself at its own.

  Args:
    image: uint8 [H,W,3].
    size: (height, width).
  """
  if tuple(image.shape[:2]) == tuple(size):
    return image
  import cv2
  return cv2.resize(image, tuple(size)[::-1], interpolation=cv2.INTER_AREA)


def superpixels(image, count=200, *, compactness=COMPACTNESS, max_pixels=MAX_PIXELS):
  """Cuts a photograph into connected pieces of similar colour (SLIC, Achanta et al., PAMI 2012).

  In strong noise the image is smoothed, by as little as leaves half of the pieces asked for.

  Args:
    image: uint8 [H,W,3], RGB.
    count: about how many; there are usually fewer.
    compactness: weight of space against colour (CIELAB).
    max_pixels: a larger photograph is cut at this size, and the map enlarged to the nearest.

  Returns:
    int32 [H,W], 0..n-1, where every number occurs.

  Raises:
    ValueError: the image is no photograph, or the count is below 1.

  Example:
    >>> image = np.zeros([20, 30, 3], np.uint8); image[:, 15:] = 200
    >>> labels = superpixels(image, 2)
    >>> labels.shape, bool((labels[:, 0] != labels[:, -1]).all())
    ((20, 30), True)
  """
  image = np.asarray(image)
  if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or not image.size:
    raise errors.value_error(
        "This is no photograph that can be cut into superpixels.",
        expected="uint8 [H,W,3], RGB", received=f"{image.dtype} {list(image.shape)}",
        fix="Pass the decoded image, 0..255, without a batch axis.")
  if count < 1:
    raise errors.value_error("The number of superpixels is out of range.", expected="1 or more",
                             received=count, fix="Pass about 200.")
  size = image.shape[:2]
  labels = _cut(shrink(image, working_size(size, max_pixels)), int(count), compactness)
  if labels.shape != size:
    labels = resize.resize_labels(labels, size).numpy()
  # SLIC skips numbers at times, and a tiny piece may fall between the pixels of another size.
  return np.unique(labels, return_inverse=True)[1].reshape(size).astype(np.int32)


def _cut(image, count, compactness):
  """Returns the pieces of SLIC, int [H,W], of an image that is smoothed as far as it has to be."""
  from skimage import segmentation
  pixels = image.shape[0] * image.shape[1]
  for share in _SMOOTHING:
    labels = segmentation.slic(
        image, n_segments=count, compactness=compactness, start_label=0, channel_axis=-1,
        sigma=share * math.sqrt(pixels / count))
    if len(np.unique(labels)) >= _FEWEST * min(count, pixels):
      break
  return labels


def lab_colors(image):
  """Returns an image uint8 [H,W,3] in CIELAB, float64 [H,W,3] (D65; L in 0..100)."""
  from skimage import color
  return color.rgb2lab(image)


def superpixel_means(labels, maps):
  """Returns the mean of every map over every superpixel.

  Args:
    labels: int [H,W], 0..n-1, where every number occurs.
    maps: number [H,W] or [H,W,K].

  Returns:
    float64 [n] or [n,K].

  Raises:
    ValueError: the sizes differ.

  Example:
    >>> superpixel_means([[0, 0, 1]], [[1, 3, 5]]).tolist()
    [2.0, 5.0]
  """
  labels, maps = np.asarray(labels), np.asarray(maps)
  if labels.shape != maps.shape[:2]:
    raise errors.value_error(
        "A map and the superpixels have different sizes.", expected=list(labels.shape),
        received=list(maps.shape), fix="Resize the map to the size of the superpixels.")
  flat = labels.ravel()
  columns = maps.reshape(flat.size, -1)
  pixels = np.bincount(flat)
  sums = [np.bincount(flat, columns[:, k], len(pixels)) for k in range(columns.shape[1])]
  means = np.stack(sums, -1) / pixels[:, None] if sums else np.zeros([len(pixels), 0])
  return means[:, 0] if maps.ndim == 2 else means


def superpixel_graph(labels, lab, saliency):
  """Returns what the diffusion knows of every superpixel, and which of them touch.

  F = (mean L, mean a, mean b, mean M), where every colour channel is stretched to 0..1 over the
  image (Xiao et al., AAAI 2018, section "Self-diffusion").

  Args:
    labels: int [H,W], 0..n-1, where every number occurs.
    lab: float [H,W,3], CIELAB.
    saliency: float [H,W], the map M of L-Net, 0..1.

  Returns:
    features: float64 [n,4], 0..1; a channel that varies by less than one unit is 0.
    edges: int32 [E,2], pairs i < j that touch horizontally or vertically, in ascending order.

  Example:
    >>> features, edges = superpixel_graph(
    ...     [[0, 0, 1], [2, 2, 1]], np.arange(18.).reshape(2, 3, 3), np.ones([2, 3]))
    >>> edges.tolist(), features[1].round(2).tolist()
    ([[0, 1], [0, 2], [1, 2]], [0.7, 0.7, 0.7, 1.0])
  """
  labels, lab = np.asarray(labels), np.asarray(lab, np.float64)
  low, high = lab.min((0, 1)), lab.max((0, 1))
  # The mean of stretched values is the stretched mean.
  colors = (superpixel_means(labels, lab) - low) / np.where(
      high - low >= _CONTRAST, high - low, np.inf)
  features = np.concatenate([np.clip(colors, 0, 1), superpixel_means(labels, saliency)[:, None]], 1)
  pairs = np.concatenate([
      np.stack([labels[:-1].ravel(), labels[1:].ravel()], 1),
      np.stack([labels[:, :-1].ravel(), labels[:, 1:].ravel()], 1)]).astype(np.int64)
  pairs = np.sort(pairs[pairs[:, 0] != pairs[:, 1]], axis=1)
  count = len(features)
  codes = np.unique(pairs[:, 0] * count + pairs[:, 1])
  return features, np.stack([codes // count, codes % count], 1).astype(np.int32)


def border_superpixels(labels):
  """Returns which superpixels touch the border of the image, bool [n].

  Example:
    >>> border_superpixels([[0, 0, 0], [0, 1, 0], [0, 0, 0]]).tolist()
    [True, False]
  """
  labels = np.asarray(labels)
  border = np.zeros([labels.max() + 1], bool)
  for side in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
    border[side] = True
  return border
