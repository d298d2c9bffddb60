"""Losses of supervised depth: scale-invariant, gradient matching, reverse Huber (berHu).

Losses of log depth are one number per image: the mean over the images of the global batch is their
sum over all replicas divided by the number of images.
"""
import tensorflow as tf

_STEP = 2            # pixels between the two differences that are compared
_THRESHOLD = 0.2     # of the largest error of the batch


def scale_invariant_loss(log_prediction, log_target, mask, lam=0.5):
  """Returns how much log depth differs, where a common factor counts for less or nothing.

  With d = log_prediction - log_target and n valid pixels of the image:
  `sum(d^2) / n - lam (sum(d) / n)^2` (Eigen et al., NeurIPS 2014, equation 4).

  Args:
    log_prediction: float [N,H,W] or [N,H,W,1], log depth.
    log_target: float of the same shape; may be anything, also infinite, where the mask is 0.
    mask: bool or number of the same shape, 1 = valid.
    lam: 0 the mean squared error of log depth, 1 fully scale-invariant (MegaDepth).

  Returns:
    float32 [N], >= 0 for lam <= 1; 0 with gradient 0 for an image without valid pixels.

  Example:
    >>> scale_invariant_loss([[[1.0, 2.0]]], [[[0.0, 1.0]]], [[[1, 1]]], lam=1.0).numpy()
    array([0.], dtype=float32)
  """
  difference, valid = _difference(log_prediction, log_target, mask)
  axes = list(range(1, difference.shape.rank))
  count = tf.reduce_sum(valid, axes)
  mean = tf.math.divide_no_nan(tf.reduce_sum(difference, axes), count)
  # The variance of the differences, and what lam leaves of their mean: no large sums cancel.
  centred = (difference - tf.reshape(mean, [-1] + [1] * len(axes))) * valid
  variance = tf.math.divide_no_nan(tf.reduce_sum(centred * centred, axes), count)
  return variance + (1 - lam) * mean * mean


def gradient_matching_loss(log_prediction, log_target, mask, scales=4):
  """Returns how much the steps of log depth differ, summed over scales.

  Scale s keeps every 2^s-th pixel; there, with d = log_prediction - log_target, it is the sum of
  `|d[i+2] - d[i]|` over rows and columns, both pixels valid, by the number of valid pixels
  (Li and Snavely, MegaDepth, CVPR 2018, section 4.2, as their code computes it).

  Args:
    log_prediction: float [N,H,W] or [N,H,W,1], log depth.
    log_target: float of the same shape; may be anything, also infinite, where the mask is 0.
    mask: bool or number of the same shape, 1 = valid.
    scales: how many.

  Returns:
    float32 [N]; 0 with gradient 0 for an image without valid pixels.

  Example:
    >>> gradient_matching_loss([[[1.0, 2.0, 4.0]]], tf.zeros([1, 1, 3]), tf.ones([1, 1, 3]), 1)
    <tf.Tensor: shape=(1,), dtype=float32, numpy=array([1.], dtype=float32)>
  """
  difference, valid = _difference(log_prediction, log_target, mask)
  axes = list(range(1, difference.shape.rank))
  total = 0.0
  for _ in range(scales):
    steps = sum(
        tf.reduce_sum(tf.abs(far(difference) - near(difference)) * far(valid) * near(valid), axes)
        for far, near in ((lambda x: x[:, _STEP:], lambda x: x[:, :-_STEP]),
                          (lambda x: x[:, :, _STEP:], lambda x: x[:, :, :-_STEP])))
    total += tf.math.divide_no_nan(steps, tf.reduce_sum(valid, axes))
    difference, valid = difference[:, ::2, ::2], valid[:, ::2, ::2]
  return total


def berhu_threshold(prediction, target, mask):
  """Returns the error above which `berhu_loss` turns quadratic: a fifth of the largest one.

  Of a batch that is spread over replicas it is the largest of their thresholds.

  Args:
    prediction, target, mask: as in `berhu_loss`.

  Returns:
    float32 scalar, a constant for the gradient.

  Example:
    >>> float(berhu_threshold([1.0, 0.0], [0.0, 9.0], [1, 0])) == float(tf.constant(0.2))
    True
  """
  return tf.stop_gradient(_THRESHOLD * tf.reduce_max(_error(prediction, target, mask)))


def berhu_loss(prediction, target, mask, threshold=None, count=None):
  """Returns the reverse Huber loss: absolute for small errors, quadratic for large ones.

  With e = |prediction - target| mask and the threshold C it is e where e <= C, else
  `(e^2 + C^2) / (2 C)` (Laina et al., 3DV 2016), averaged over *all* elements, also masked ones.

  Args:
    prediction: float, any shape, e.g. disparity (or log(1 + disparity)).
    target: float of the same shape; may be anything where the mask is 0.
    mask: bool or number of the same shape, 1 = valid.
    threshold: C; None = `berhu_threshold` of this batch.
    count: elements of the global batch to divide by; None = those of this batch.

  Returns:
    float32 scalar; 0 with gradient 0 where everything is equal or masked.

  Example:
    >>> float(berhu_loss([1.0, 0.0], [0.0, 0.0], [1, 1], threshold=0.5))
    0.625
  """
  error = _error(prediction, target, mask)
  if threshold is None:
    threshold = berhu_threshold(prediction, target, mask)
  threshold = tf.cast(threshold, tf.float32)
  # A threshold of 0 means that no error is above it; it may not divide.
  above = error > threshold
  divisor = tf.where(threshold > 0, 2 * threshold, 1.0)
  square = tf.where(above, error, 0.0)
  loss = tf.where(above, (square * square + threshold * threshold) / divisor, error)
  count = tf.size(error) if count is None else count
  return tf.reduce_sum(loss) / tf.cast(count, tf.float32)


def _difference(log_prediction, log_target, mask):
  """Returns the differences, 0 where they do not count, and float32 weights 0 or 1."""
  valid = tf.cast(mask, tf.float32) > 0
  prediction, target = (tf.where(valid, tf.cast(x, tf.float32), 0.0)
                        for x in (log_prediction, log_target))
  return prediction - target, tf.cast(valid, tf.float32)


def _error(prediction, target, mask):
  """Returns the absolute errors, 0 where they do not count."""
  mask = tf.cast(mask, tf.float32)
  difference = tf.cast(prediction, tf.float32) - tf.cast(target, tf.float32)
  return tf.abs(tf.where(mask > 0, difference, 0.0) * mask)
