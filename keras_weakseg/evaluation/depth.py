"""Errors of predicted depth against true depth, one image at a time (host, NumPy, float64).

The metrics of Eigen et al. (NeurIPS 2014) under the protocols that published tables use: which
pixels count, how scale is made comparable, and where depth is cut off.
"""
import numpy as np

from keras_weakseg import errors

METRICS = ("abs_rel", "sq_rel", "rmse", "rmse_log", "a1", "a2", "a3")

# Top, bottom, left and right border as shares of the height and width.
CROPS = {
    "none": (0.0, 1.0, 0.0, 1.0),
    # Garg et al. (ECCV 2016); what Monodepth2 uses on Eigen's test images.
    "garg": (0.40810811, 0.99189189, 0.03594771, 0.96405229),
    # Eigen et al. (NeurIPS 2014).
    "eigen": (0.3324324, 0.91351351, 0.0359477, 0.96405229),
}


def depth_metrics(prediction, target, *, min_depth=1e-3, max_depth=80.0, limit_target=False,
                  crop="none", scale="median", exclude=None):
  """Returns the errors of one predicted depth map; their mean over images is the number of a set.

  abs_rel `mean |g - p| / g`, sq_rel `mean (g - p)^2 / g`, rmse, rmse_log (natural logarithm), and
  a1 to a3, the shares of pixels with `max(g / p, p / g) < 1.25^k`.

  Args:
    prediction: float [H,W], depth of the size of the target (see `resize_disparity`).
    target: float [H,W], true depth in metres, 0 = no value.
    min_depth, max_depth: the scaled prediction is clipped to this range.
    limit_target: count only pixels with `min_depth < target < max_depth`, not all with values.
    crop: name of the part of the image that counts: none, garg or eigen.
    scale: "median": times the ratio of the medians of the counted pixels, for models that know
      depth up to a factor; or that factor, e.g. 1.0, or 5.4 for Monodepth2's stereo models.
    exclude: bool [H,W], pixels that do not count, or None.

  Returns:
    dict of `METRICS`, and `pixels`, how many were counted, and `ratio`, the factor; all NaN where
    nothing is counted.

  Raises:
    ValueError: the shapes differ, the crop is unknown, or a counted prediction is not > 0.

  Example:
    >>> errors_of = depth_metrics([[1.0, 2.0]], [[2.0, 4.0]])
    >>> errors_of["abs_rel"], errors_of["ratio"], errors_of["a1"]
    (0.0, 2.0, 1.0)
  """
  prediction, target = np.asarray(prediction, np.float64), np.asarray(target, np.float64)
  if prediction.shape != target.shape or target.ndim != 2:
    raise errors.value_error(
        "Predicted and true depth differ in shape.", expected=f"both [H,W], as {target.shape}",
        received=prediction.shape, fix="Resize the prediction with resize_disparity first.")
  counted = crop_mask(target.shape, crop) & (target > 0)
  if limit_target:
    counted &= (target > min_depth) & (target < max_depth)
  if exclude is not None:
    counted &= ~np.asarray(exclude, bool)
  true, predicted = target[counted], prediction[counted]
  if not true.size:
    return {**dict.fromkeys(METRICS, float("nan")), "pixels": 0, "ratio": float("nan")}
  if not np.all(predicted > 0):
    raise errors.value_error(
        "A predicted depth is not positive.", expected="depth > 0 at every counted pixel",
        received=predicted.min(), fix="Pass depth, e.g. 1 / disparity, not disparity or its log.")
  ratio = float(np.median(true) / np.median(predicted)) if scale == "median" else float(scale)
  values = depth_errors(np.clip(predicted * ratio, min_depth, max_depth), true)
  return {**values, "pixels": int(true.size), "ratio": ratio}


def depth_errors(prediction, target):
  """Returns the dict of `METRICS` of positive depths, as they are.

  Args:
    prediction: float, any shape, > 0.
    target: float of the same shape, > 0.

  Example:
    >>> depth_errors([2.0, 4.0], [4.0, 4.0])["abs_rel"]
    0.25
  """
  prediction, target = np.asarray(prediction, np.float64), np.asarray(target, np.float64)
  difference = target - prediction
  ratio = np.maximum(target / prediction, prediction / target)
  values = (np.mean(np.abs(difference) / target), np.mean(difference ** 2 / target),
            np.sqrt(np.mean(difference ** 2)),
            np.sqrt(np.mean((np.log(target) - np.log(prediction)) ** 2)),
            *(np.mean(ratio < 1.25 ** power) for power in (1, 2, 3)))
  return dict(zip(METRICS, map(float, values)))


def crop_mask(size, crop):
  """Returns bool [H,W], True inside a named crop.

  Args:
    size: (height, width) of the true depth.
    crop: key of `CROPS`.

  Raises:
    ValueError: there is no such crop.

  Example:
    >>> int(crop_mask((100, 200), "garg").sum())
    10915
  """
  errors.check_name("crop", crop, CROPS)
  top, bottom, left, right = CROPS[crop]
  mask = np.zeros(size, bool)
  mask[int(top * size[0]):int(bottom * size[0]), int(left * size[1]):int(right * size[1])] = True
  return mask


def resize_disparity(disparity, size):
  """Returns disparity float32 [H,W] brought bilinearly (pixel centres) to (height, width).

  Disparity is resized, not depth: far and near keep their order at the edges of things.
  """
  import cv2
  height, width = size
  return cv2.resize(np.asarray(disparity, np.float32), (int(width), int(height)),
                    interpolation=cv2.INTER_LINEAR)


def mean_metrics(values):
  """Returns the mean over images of the dicts of `depth_metrics`, and the spread of their ratios.

  Args:
    values: list of dicts of `depth_metrics`; images without counted pixels are left out.

  Returns:
    dict of `METRICS`, `images`, how many were counted, `ratio`, the median of the ratios, and
    `ratio_spread`, the standard deviation of ratio / median.

  Example:
    >>> images = [depth_metrics([[1.0, 2.0]], [[2.0, 4.0]]), depth_metrics([[1.0]], [[3.0]])]
    >>> mean_metrics(images)["ratio"], round(mean_metrics(images)["ratio_spread"], 3)
    (2.5, 0.2)
  """
  counted = [value for value in values if value["pixels"]]
  if not counted:
    return {**dict.fromkeys((*METRICS, "ratio", "ratio_spread"), float("nan")), "images": 0}
  ratios = np.array([value["ratio"] for value in counted])
  middle = float(np.median(ratios))
  return {**{name: float(np.mean([value[name] for value in counted])) for name in METRICS},
          "images": len(counted), "ratio": middle,
          "ratio_spread": float(np.std(ratios / middle))}
