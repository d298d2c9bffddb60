"""Errors of 3x3 windows: SSIM and L1 between pictures that carry a ring of reflected pixels.

A ring that is there before pictures are compared costs one reflection of depth instead of one of
every picture that is sampled. What comes in is framed, what goes out has the original size.
"""
import tensorflow as tf

# Stabilisers of SSIM for images in 0..1 (Wang et al., 2004): 0.01^2 and 0.03^2.
_MEAN_FLOOR, _VARIANCE_FLOOR = 1e-4, 9e-4
# Framed pictures are around 0, where float32 rounds variances less.
GREY = 0.5


def frame(x):
  """Returns pictures around 0 with a ring of reflected pixels.

  Args:
    x: float [...,H,W,C], 0..1; H and W at least 2.

  Returns:
    float32 [...,H+2,W+2,C], -0.5..0.5.
  """
  x = tf.cast(x, tf.float32) - GREY
  return tf.pad(x, [[0, 0]] * (x.shape.rank - 3) + [[1, 1], [1, 1], [0, 0]], "REFLECT")


def frame_error(a, b, ssim_weight=0.85):
  """Returns `w mean_c (1 - SSIM) / 2 + (1 - w) mean_c |a - b|` of framed pictures.

  Args:
    a: float32 [F,B,H+2,W+2,C], framed.
    b: float32 [B,H+2,W+2,C], framed.
    ssim_weight: w, 0..1; 0 is L1 alone.

  Returns:
    float32 [F,B,H,W], differentiable in both.
  """
  absolute = tf.abs((a - b)[..., 1:-1, 1:-1, :])
  if not ssim_weight:
    return tf.reduce_mean(absolute, -1)
  weight = 0.5 * ssim_weight
  # A reduction of three channels, not a sum of slices: it is where XLA ends a loop, instead of
  # computing the whole loss again for everything that uses it.
  return tf.reduce_mean((1 - ssim_weight) * absolute + (weight - weight * frame_ssim(a, b)), -1)


def frame_ssim(a, b):
  """Returns SSIM of framed pictures, per pixel and channel.

  With e = a - b it is `(1 - P) (1 - Q)`, where P = mean(e)^2 / (mean(a)^2 + mean(b)^2 + C1) and
  Q = var(e) / (var(a) + var(b) + C2): the usual form with nothing that cancels where a and b are
  alike, and three averages per a instead of five. The gradient is written out, as the transpose of
  an average is an average again, while TensorFlow's own gradient of it is ten times slower.

  Args:
    a: float32 [F,B,H+2,W+2,C], framed.
    b: float32 [B,H+2,W+2,C], framed.

  Returns:
    float32 [F,B,H,W,C], -1..1 up to rounding; differentiable in both.
  """
  return _ssim(a, b)


@tf.custom_gradient
def _ssim(a, b):
  """Returns `frame_ssim`, keeping for its gradient what the forward pass has anyway."""
  e = a - b
  mean_a, mean_b = _average(a), _average(b)
  mean_e = mean_a - mean_b
  var_a, var_b = (_average(x * x) - mean * mean for x, mean in ((a, mean_a), (b, mean_b)))
  light_a, light_b = mean_a + GREY, mean_b + GREY
  squared = mean_e * mean_e
  over_light = 1 / (light_a * light_a + (light_b * light_b + _MEAN_FLOOR))
  over_variance = 1 / (var_a + (var_b + _VARIANCE_FLOOR))
  p = squared * over_light
  q = (_average(e * e) - squared) * over_variance
  light, structure = 1 - p, 1 - q

  def gradient(upstream):
    upstream = -2 * upstream
    by_light = upstream * structure * over_light
    by_variance = upstream * light * over_variance
    by_both = by_variance * q
    by_mean_e, by_brightness = mean_e * (by_light - by_variance), by_light * p
    spread, spread_both = _spread(by_variance), _spread(by_both)

    def of(x, mean, brightness, sign):
      by_mean = sign * by_mean_e + (by_both * mean - by_brightness * brightness)
      return _spread(by_mean) + sign * e * spread - x * spread_both

    return of(a, mean_a, light_a, 1.0), tf.reduce_sum(of(b, mean_b, light_b, -1.0), 0)

  return light * structure, gradient


def _average(x):
  """Returns the means of all 3x3 windows of [...,h,w,C], [...,h-2,w-2,C]."""
  shape = tf.shape(x)
  flat = tf.reshape(x, tf.concat([[-1], shape[-3:-1], x.shape[-1:]], 0))
  means = tf.nn.avg_pool2d(flat, 3, 1, "VALID")
  return tf.reshape(means, tf.concat([shape[:-3], tf.shape(means)[1:3], x.shape[-1:]], 0))


def _spread(x):
  """Returns the transpose of `_average`: of [...,h,w,C] what every pixel gave, [...,h+2,w+2,C]."""
  return _average(tf.pad(x, [[0, 0]] * (x.shape.rank - 3) + [[2, 2], [2, 2], [0, 0]]))
