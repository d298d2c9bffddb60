"""The loss that learns depth from video as one would write it first, for `bench_depth`.

Straight from the formulas: per scale and source one warp with four gathers, per scale the errors of
the sources as they are, SSIM from five averages, and TensorFlow's own gradients. Each of these can
be replaced, so that `bench_depth` tells what each replacement brings.
"""
import tensorflow as tf

MIN_DEPTH, MAX_DEPTH = 0.1, 100.0


def project(depth, transform, intrinsics):
  """Returns pixel coordinates [B,H,W,2] in the source frame of depth [B,H,W,1]."""
  shape = tf.shape(depth)
  x, y = tf.meshgrid(tf.range(shape[2]), tf.range(shape[1]))
  pixels = tf.cast(tf.stack([x, y, tf.ones_like(x)], -1), tf.float32)
  points = tf.einsum("bij,hwj->bhwi", tf.linalg.inv(intrinsics), pixels) * depth
  camera = tf.matmul(intrinsics, transform[:, :3])
  seen = tf.einsum("bij,bhwj->bhwi", camera[:, :, :3], points) + camera[:, None, None, :, 3]
  return seen[..., :2] / (seen[..., 2:] + 1e-7)


def sample(image, coordinates):
  """Returns image [B,H,W,C] at coordinates [B,h,w,2], bilinearly, clipped to the border."""
  height, width = tf.shape(image)[1], tf.shape(image)[2]
  x = tf.clip_by_value(coordinates[..., 0], 0.0, tf.cast(width - 1, tf.float32))
  y = tf.clip_by_value(coordinates[..., 1], 0.0, tf.cast(height - 1, tf.float32))
  left, top = tf.floor(x), tf.floor(y)
  u, v = (x - left)[..., None], (y - top)[..., None]
  left, top = tf.cast(left, tf.int32), tf.cast(top, tf.int32)
  right, bottom = tf.minimum(left + 1, width - 1), tf.minimum(top + 1, height - 1)

  def at(row, column):
    return tf.gather_nd(image, tf.stack([row, column], -1), batch_dims=1)

  upper = at(top, left) * (1 - u) + at(top, right) * u
  lower = at(bottom, left) * (1 - u) + at(bottom, right) * u
  return upper * (1 - v) + lower * v


def photometric_error(a, b):
  """Returns 0.85 SSIM loss + 0.15 L1 of pictures [B,H,W,3], [B,H,W,1]."""
  def average(x):
    return tf.nn.avg_pool2d(x, 3, 1, "VALID")

  x, y = (tf.pad(z, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT") for z in (a, b))
  mean_x, mean_y = average(x), average(y)
  var_x, var_y = average(x * x) - mean_x ** 2, average(y * y) - mean_y ** 2
  covariance = average(x * y) - mean_x * mean_y
  top = (2 * mean_x * mean_y + 1e-4) * (2 * covariance + 9e-4)
  bottom = (mean_x ** 2 + mean_y ** 2 + 1e-4) * (var_x + var_y + 9e-4)
  ssim = tf.clip_by_value((1 - top / bottom) / 2, 0.0, 1.0)
  return (0.85 * tf.reduce_mean(ssim, -1, keepdims=True)
          + 0.15 * tf.reduce_mean(tf.abs(a - b), -1, keepdims=True))


def smoothness(disparity, image):
  """Returns the edge-aware smoothness of disparity over its mean."""
  disparity /= tf.reduce_mean(disparity, [1, 2], keepdims=True) + 1e-7
  across = tf.abs(disparity[:, :, :-1] - disparity[:, :, 1:])
  down = tf.abs(disparity[:, :-1] - disparity[:, 1:])
  edge_x = tf.reduce_mean(tf.abs(image[:, :, :-1] - image[:, :, 1:]), -1, keepdims=True)
  edge_y = tf.reduce_mean(tf.abs(image[:, :-1] - image[:, 1:]), -1, keepdims=True)
  return tf.reduce_mean(across * tf.exp(-edge_x)) + tf.reduce_mean(down * tf.exp(-edge_y))


def reprojection_loss(target, sources, disparities, transforms, intrinsics, noise, *,
                      still_once=False, error=photometric_error, prepare=tf.identity, read=sample):
  """Returns the loss of `ops.photometric.reprojection_loss` with its defaults.

  Args:
    target: float32 [B,H,W,3]. sources: F of them. transforms: F of [B,4,4].
    disparities: S of [B,h,w,1], each half as large as the one before.
    intrinsics: [B,3,3]. noise: [S,B,H,W,F].
    still_once: compare the sources as they are once, not at every scale.
    error: function of two pictures [B,H,W,3] to their errors [B,H,W,1].
    prepare, read: functions of a source, and of what the first returns and coordinates [B,H,W,2].
  """
  size = target.shape[1:3]
  total, picture = 0.0, target
  prepared, errors_as_they_are = [prepare(source) for source in sources], None
  for scale, disparity in enumerate(disparities):
    if scale:
      picture = tf.nn.avg_pool2d(picture, 2, 2, "VALID")
    full = tf.image.resize(disparity, size)
    depth = 1 / (1 / MAX_DEPTH + (1 / MIN_DEPTH - 1 / MAX_DEPTH) * full)
    warped = [error(read(source, project(depth, transform, intrinsics)), target)
              for source, transform in zip(prepared, transforms)]
    if errors_as_they_are is None or not still_once:
      errors_as_they_are = tf.concat([error(source, target) for source in sources], -1)
    maps = tf.concat([errors_as_they_are + noise[scale], *warped], -1)
    total += tf.reduce_mean(tf.reduce_min(maps, -1))
    total += 1e-3 * smoothness(disparity, picture) / 2 ** scale
  return total / len(disparities)
