"""Depth drawn for people: colours of disparity, rows for TensorBoard."""
import numpy as np

from keras_weakseg.evaluation.drawing import pictures

# Where the truth has no value: a grey that is no colour of the map.
UNKNOWN_COLOR = (70, 78, 84)
_FAR_SHARE, _NEAR_SHARE = 0, 95


def colorize_disparity(disparity, limits=None):
  """Returns disparity in the colours of magma: black = far, bright = near.

  Args:
    disparity: float [H, W], larger = closer; 0 or less = no value, `UNKNOWN_COLOR`.
    limits: disparities of black and of the brightest colour; None: `picture_limits` of this one.

  Returns:
    uint8 RGB [H, W, 3].

  Example:
    >>> colorize_disparity([[0.5, 1.0, 0.0]], (0.5, 1.0)).tolist()
    [[[0, 0, 4], [252, 253, 191], [70, 78, 84]]]
  """
  import cv2  # pylint: disable=import-outside-toplevel
  disparity = np.asarray(disparity, np.float32)
  low, high = limits or picture_limits(disparity)
  level = np.clip((disparity - low) / max(high - low, 1e-12), 0, 1)
  colors = cv2.applyColorMap((255 * level + 0.5).astype(np.uint8), cv2.COLORMAP_MAGMA)[..., ::-1]
  return np.where((disparity > 0)[..., None], colors, np.uint8(UNKNOWN_COLOR))


def picture_limits(disparity):
  """Returns the smallest value and the 95th percentile of a disparity, for its colours.

  As in the published pictures of Monodepth2: the few nearest pixels would darken all others.

  Args:
    disparity: float, any shape; what is not > 0 does not count.

  Returns:
    (low, high), floats; (0, 1) where nothing counts.

  Example:
    >>> picture_limits([[2.0, 1.0, 0.0]])
    (1.0, 1.95)
  """
  disparity = np.asarray(disparity, np.float64)
  counted = disparity[disparity > 0]
  if not counted.size:
    return 0.0, 1.0
  low, high = np.percentile(counted, (_FAR_SHARE, _NEAR_SHARE))
  return float(low), float(high)


def draw_depth(images, truths, disparities):
  """Returns one picture per sample: the image, the true and the predicted disparity, side by side.

  Where there is a truth, the prediction is brought to its median, as the metrics are, and both have
  the same colours: equal colour is equal depth.

  Args:
    images: uint8 RGB [N, H, W, 3], or a list of N images of different sizes.
    truths: float [N, H, W] or a list, depth, 0 = no value; None where there is no truth (for all,
      or for one of a list).
    disparities: float [N, H, W] or a list, predicted 1 / depth up to a factor, > 0.

  Returns:
    uint8 [N, max H, 3 max W + 2 gaps, 3] (two panels if `truths` is None), as TensorBoard's image
    summaries take it; smaller images have a white margin, a missing truth is light grey.
  """
  if truths is None:
    return pictures.beside([images, [colorize_disparity(found) for found in disparities]])
  pairs = [_same_colors(*each) for each in zip(images, truths, disparities)]
  return pictures.beside([images, *zip(*pairs)])


def _same_colors(image, truth, found):
  """Returns the pictures of true depth and predicted disparity, in one scale of colours."""
  if truth is None:
    return np.full_like(image, 240), colorize_disparity(found)
  truth, found = np.asarray(truth, np.float64), np.asarray(found, np.float64)
  counted = truth > 0
  if not counted.any():
    return colorize_disparity(truth), colorize_disparity(found)
  true = np.where(counted, 1 / np.where(counted, truth, 1), 0)
  limits = picture_limits(true)
  found = found * (np.median(true[counted]) / np.median(found[counted]))
  return colorize_disparity(true, limits), colorize_disparity(found, limits)
