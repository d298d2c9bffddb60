"""How well a warped picture explains the target: the loss that learns depth from video.

Godard et al., "Digging into self-supervised monocular depth estimation" (ICCV 2019): SSIM and L1,
minimum over the source frames, auto-masking, edge-aware smoothness.
"""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.ops import geometry

# Stabilisers of SSIM for images in 0..1 (Wang et al., 2004): 0.01^2 and 0.03^2.
_MEAN_FLOOR, _VARIANCE_FLOOR = 1e-4, 9e-4
# Variances are of values around 0, where float32 rounds less.
_GREY = 0.5
_MASK_WEIGHT = 0.2


def ssim_loss(a, b):
  """Returns `(1 - SSIM) / 2` of 3x3 windows, per pixel and channel; edges are reflected.

  Args:
    a, b: float [N,H,W,C], 0..1; H and W at least 2.

  Returns:
    float32 [N,H,W,C], 0 (equal) to 1, differentiable in both.

  Example:
    >>> ssim_loss(tf.zeros([1, 2, 2, 1]), tf.ones([1, 2, 2, 1]))[0, 0, 0].numpy().round(4)
    array([0.5], dtype=float32)
  """
  return _window_loss(_framed(a)[None], _framed(b))[0]


def photometric_error(a, b, ssim_weight=0.85):
  """Returns how much two pictures differ: `w mean_c (1 - SSIM) / 2 + (1 - w) mean_c |a - b|`.

  Args:
    a, b: float [N,H,W,C], 0..1; H and W at least 2.
    ssim_weight: w, 0..1; 0 is L1 alone.

  Returns:
    float32 [N,H,W,1], differentiable in both.

  Example:
    >>> float(photometric_error(tf.zeros([1, 2, 2, 3]), tf.ones([1, 2, 2, 3]), 0.0)[0, 0, 0, 0])
    1.0
  """
  return _framed_error(_framed(a)[None], _framed(b), ssim_weight)[0][..., None]


def smoothness_loss(disparity, image):
  """Returns how much disparity changes where the image does not.

  `mean |dx d| exp(-mean_c |dx I|) + mean |dy d| exp(-mean_c |dy I|)` of forward differences.

  Args:
    disparity: float [N,H,W,1], as given (the full loss divides it by its mean first).
    image: float [N,H,W,C], 0..1, of the same size.

  Returns:
    float32 scalar.

  Example:
    >>> float(smoothness_loss([[[[0.0], [1.0]], [[0.0], [1.0]]]], tf.zeros([1, 2, 2, 3])))
    1.0
  """
  return tf.reduce_mean(_smoothness(tf.cast(disparity, tf.float32), tf.cast(image, tf.float32)))


def reprojection_loss(target, sources, disparities, transforms, intrinsics, *, min_depth=0.1,
                      max_depth=100.0, smoothness=1e-3, ssim_weight=0.85, auto_mask=True,
                      average=False, noise=None, target_pyramid=None, masks=None, valid=None):
  """Returns the loss that trains depth and motion from the frames of a video.

  At every scale the disparity is brought to full size, all source frames are warped by it, and each
  pixel counts its smallest error over the warped sources (occlusion) and, with `auto_mask`, over
  the sources as they are (what does not move relative to the camera teaches nothing). The
  smoothness of disparity divided by its mean is added, halved from scale to scale.

  Args:
    target: float [B,H,W,3], 0..1; no gradient flows to pictures.
    sources: float [B,F,H,W,3], or F tensors [B,H,W,3].
    disparities: S tensors float [B,h,w,1], 0..1 (sigmoid), the finest first.
    transforms: float [B,F,4,4], or F tensors [B,4,4]: target camera to source camera.
    intrinsics: float [B,3,3], pixels of the target at full size.
    min_depth, max_depth: depths of disparity 1 and 0.
    smoothness: weight of the smoothness.
    ssim_weight: weight of SSIM against L1; 0 is L1 alone.
    auto_mask: compare with the sources as they are.
    average: mean over the sources instead of the smallest.
    noise: float [S,B,H,W,F] (one channel with `average`) added to the errors of the sources as
      they are, e.g. 1e-5 times normal noise, so that none always wins ties; None = none.
    target_pyramid: S tensors [B,h,w,3], the target at the sizes of `disparities`; None = averages
      of square blocks.
    masks: S tensors float [B,h,w,F], 0..1, learned weights of the errors (Zhou et al., CVPR 2017),
      pulled towards 1 by 0.2 of their cross entropy; None = none. Needs `auto_mask=False`.
    valid: float or bool [B,H,W], 0 where nothing may be learned (padding, the camera's own car);
      None = everything counts. A sample without any such pixel teaches nothing.

  Returns:
    dict: `total`, float32 scalar, the mean of `per_scale`; `per_scale`, [S]; `selection`, uint8
    [S,B,H,W], 1 where a warped source was closest; and what makes up the loss of a batch that is
    spread over replicas, `photometric` and `smoothness`, scalars that are sums over pixels and
    over samples, with `pixels` and `samples`, their counts:
    `total = photometric / pixels + smoothness / samples`.

  Raises:
    ValueError: numbers of sources, transforms, scales, masks or noise do not agree, or `masks`
      come with `auto_mask`.
  """
  sources, transforms = _sources_first(sources), tf.cast(_sources_first(transforms), tf.float32)
  _check(sources, disparities, transforms, noise, target_pyramid, masks, auto_mask)
  target = tf.stop_gradient(tf.cast(target, tf.float32))
  sources = tf.stop_gradient(tf.cast(sources, tf.float32))
  size = tf.shape(target)[1:3]
  frames = _Frames(target, sources, transforms, intrinsics, ssim_weight, average)
  still = frames.still_errors() if auto_mask else None
  pixel = tf.ones(tf.shape(target)[:3]) if valid is None else tf.cast(valid, tf.float32)
  sample = tf.cast(tf.reduce_any(pixel > 0, [1, 2]), tf.float32)
  photometric, smooth, selections = [], [], []
  for scale, disparity in enumerate(disparities):
    disparity = tf.cast(disparity, tf.float32)
    depth = geometry.disparity_to_depth(_resized(disparity, target), min_depth, max_depth)
    mask = None if masks is None else _resized(tf.cast(masks[scale], tf.float32), target)
    error = frames.warped_errors(depth, mask)
    selection = tf.ones_like(error, tf.bool)
    if auto_mask:
      other = _smallest(still if noise is None else still + _sources_to_front(noise[scale]))
      selection = error < other
      error = tf.minimum(error, other)
    if mask is not None:
      error -= _MASK_WEIGHT * tf.reduce_mean(tf.math.log(tf.maximum(mask, 1e-7)), -1)
    photometric.append(tf.reduce_sum(pixel * error))
    picture = _blocks(target, disparity) if target_pyramid is None else target_pyramid[scale]
    smooth.append(smoothness * tf.reduce_sum(sample * _scaled_smoothness(
        disparity, tf.stop_gradient(tf.cast(picture, tf.float32)), size)))
    selections.append(selection)
  sums = {"photometric": tf.stack(photometric), "smoothness": tf.stack(smooth)}
  counts = {"pixels": tf.reduce_sum(pixel), "samples": tf.reduce_sum(sample)}
  per_scale = (tf.math.divide_no_nan(sums["photometric"], counts["pixels"])
               + tf.math.divide_no_nan(sums["smoothness"], counts["samples"]))
  return {"total": tf.reduce_mean(per_scale), "per_scale": per_scale,
          "selection": tf.cast(tf.stack(selections), tf.uint8), **counts,
          **{name: tf.reduce_mean(value) for name, value in sums.items()}}


class _Frames:
  """The target and its source frames, prepared once for all scales; F sources come first.

  Args:
    target: float32 [B,H,W,3].
    sources: float32 [F,B,H,W,3].
    transforms: float32 [F,B,4,4].
    intrinsics: float [B,3,3].
    ssim_weight, average: as in `reprojection_loss`.
  """

  def __init__(self, target, sources, transforms, intrinsics, ssim_weight, average):
    self.target, self.sources = _framed(target), sources
    self.transforms, self.intrinsics = transforms, intrinsics
    self.ssim_weight, self.average = ssim_weight, average
    self.table = geometry.neighbours(tf.reshape(
        sources, tf.concat([[-1], tf.shape(sources)[2:4], sources.shape[4:]], 0)) - _GREY)

  def still_errors(self):
    """Returns the errors of the sources as they are, [F,B,H,W], or [1,B,H,W] of their mean."""
    return self._averaged(_framed_error(_framed(self.sources), self.target, self.ssim_weight))

  def warped_errors(self, depth, mask):
    """Returns the error of the warped sources, [B,H,W], for depth [B,H,W,1] and mask [B,H,W,F]."""
    x, y = geometry.project(depth, self.transforms, self.intrinsics, border=1)
    shape = tf.shape(x)
    x, y = (tf.reshape(axis, tf.concat([[-1], shape[2:]], 0)) for axis in (x, y))
    warped = geometry.sample_neighbours(self.table, x, y)
    warped = tf.reshape(warped, tf.concat([shape, [warped.shape[-1]]], 0))
    errors_of = _framed_error(warped, self.target, self.ssim_weight)
    if mask is not None:
      errors_of *= _sources_to_front(mask)
    return _smallest(self._averaged(errors_of))

  def _averaged(self, maps):
    return tf.reduce_mean(maps, 0, keepdims=True) if self.average else maps


def _sources_first(x):
  """Returns [F,B,...] of a list of F tensors or of [B,F,...]."""
  if isinstance(x, (list, tuple)):
    return tf.stack(x)
  x = tf.convert_to_tensor(x)
  return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])


def _sources_to_front(x):
  """Returns float32 [F,B,H,W] of [B,H,W,F]."""
  return tf.transpose(tf.cast(x, tf.float32), [3, 0, 1, 2])


def _smallest(maps):
  """Returns the smallest of [F,...] over F; pairs, as the gradient of `reduce_min` costs more."""
  first, *others = tf.unstack(maps)
  for other in others:
    first = tf.minimum(first, other)
  return first


def _resized(x, target):
  """Returns maps [B,h,w,K] brought bilinearly (pixel centres) to the size of the target."""
  if x.shape[1:3].is_fully_defined() and x.shape[1:3] == target.shape[1:3]:
    return x
  return tf.image.resize(x, tf.shape(target)[1:3])


def _blocks(image, like):
  """Returns the averages of square blocks of [B,H,W,C], as many as `like` [B,h,w,1] has pixels."""
  shape, size = tf.shape(image), tf.shape(like)
  blocks = tf.reshape(image, [shape[0], size[1], shape[1] // size[1], size[2],
                              shape[2] // size[2], image.shape[3]])
  return tf.reduce_mean(blocks, [2, 4])


def _scaled_smoothness(disparity, image, size):
  """Returns the smoothness [B] of disparity over its mean, times its share of the full height."""
  mean = tf.reduce_mean(disparity, [1, 2], keepdims=True)
  share = tf.cast(tf.shape(disparity)[1], tf.float32) / tf.cast(size[0], tf.float32)
  return share * _smoothness(disparity / (mean + 1e-7), image)


def _smoothness(disparity, image):
  """Returns the smoothness [N] of every sample, see `smoothness_loss`."""
  def along(step):
    change, edge = tf.abs(step(disparity)), _channel_mean(tf.abs(step(image)))
    return tf.reduce_mean(change * tf.exp(-edge)[..., None], [1, 2, 3])

  return (along(lambda x: x[:, :, :-1] - x[:, :, 1:])
          + along(lambda x: x[:, :-1] - x[:, 1:]))


def _framed(x):
  """Returns pictures [...,H,W,C] around 0 with a ring of reflected pixels, as windows need it."""
  x = tf.cast(x, tf.float32) - _GREY
  return tf.pad(x, [[0, 0]] * (x.shape.rank - 3) + [[1, 1], [1, 1], [0, 0]], "REFLECT")


def _framed_error(a, b, ssim_weight):
  """Returns the photometric error [F,B,H,W] of framed a [F,B,h,w,C] and b [B,h,w,C]."""
  if not ssim_weight:
    return _channel_mean(tf.abs(a - b)[..., 1:-1, 1:-1, :])
  absolute = tf.abs((a - b)[..., 1:-1, 1:-1, :])
  return _channel_mean(ssim_weight * _window_loss(a, b) + (1 - ssim_weight) * absolute)


@tf.custom_gradient
def _window_loss(a, b):
  """Returns `(1 - SSIM) / 2`, [F,B,H,W,C], of framed a [F,B,h,w,C] and b [B,h,w,C].

  With e = a - b the fraction that SSIM misses is `P + Q - P Q`, where P = mean(e)^2 / (mean(a)^2 +
  mean(b)^2 + C1) and Q = var(e) / (var(a) + var(b) + C2): nothing cancels where a and b are close,
  and at most three maps are averaged. The gradient is written out, since that of the averages is
  again an average, while TensorFlow's own is ten times slower.
  """
  e = a - b
  mean_a, mean_b = _windows(a), _windows(b)
  mean_e = mean_a - mean_b
  var_a, var_b = (_windows(x * x) - mean * mean for x, mean in ((a, mean_a), (b, mean_b)))
  squared = mean_e * mean_e
  light_a, light_b = mean_a + _GREY, mean_b + _GREY
  over_light = 1 / (light_a * light_a + (light_b * light_b + _MEAN_FLOOR))
  over_variance = 1 / (var_a + (var_b + _VARIANCE_FLOOR))
  light = squared * over_light
  structure = (_windows(e * e) - squared) * over_variance
  missed = light + structure - light * structure

  def gradient(upstream):
    by_light = upstream * (1 - structure) * over_light
    by_variance = upstream * (1 - light) * over_variance
    by_both = by_variance * structure
    spread, spread_both = _windows_back(by_variance), _windows_back(by_both)

    def of(x, mean, true_mean, sign):
      by_mean = sign * mean_e * (by_light - by_variance) + (
          by_both * mean - by_light * light * true_mean)
      return _windows_back(by_mean) + sign * e * spread - x * spread_both

    return of(a, mean_a, light_a, 1.0), tf.reduce_sum(of(b, mean_b, light_b, -1.0), 0)

  return tf.clip_by_value(0.5 * missed, 0.0, 1.0), gradient


def _windows(x):
  """Returns the means of all 3x3 windows of [...,h,w,C], [...,h-2,w-2,C]."""
  shape = tf.shape(x)
  flat = tf.reshape(x, tf.concat([[-1], shape[-3:-1], x.shape[-1:]], 0))
  means = tf.nn.avg_pool2d(flat, 3, 1, "VALID")
  return tf.reshape(means, tf.concat([shape[:-3], tf.shape(means)[1:3], x.shape[-1:]], 0))


def _windows_back(x):
  """Returns the transpose of `_windows`: of [...,h,w,C] what every pixel gave, [...,h+2,w+2,C]."""
  return _windows(tf.pad(x, [[0, 0]] * (x.shape.rank - 3) + [[2, 2], [2, 2], [0, 0]]))


def _channel_mean(x):
  """Returns the mean over the last axis; adding slices is faster than reducing an axis of three."""
  if x.shape[-1] is None or x.shape[-1] > 4:
    return tf.reduce_mean(x, -1)
  return tf.add_n(tf.unstack(x, axis=-1)) * (1 / x.shape[-1])


def _check(sources, disparities, transforms, noise, pyramid, masks, auto_mask):
  """Raises unless the numbers of sources and scales agree."""
  if masks is not None and auto_mask:
    raise errors.value_error(
        "Learned masks and auto-masking exclude each other.", expected="one of them",
        received="masks with auto_mask=True", fix="Pass auto_mask=False, or no masks.")
  if sources.shape[0] != transforms.shape[0]:
    raise errors.value_error(
        "Source frames and transforms differ in number.", expected=f"{sources.shape[0]} transforms",
        received=transforms.shape[0], fix="Pass one transform per source frame, in their order.")
  scales = len(disparities)
  for name, found in (("noise", noise), ("target_pyramid", pyramid), ("masks", masks)):
    count = scales if found is None else (
        len(found) if isinstance(found, (list, tuple)) else found.shape[0])
    if count not in (scales, None):
      raise errors.value_error(
          f"The disparities have another number of scales than {name}.",
          expected=f"{scales} scales", received=count, fix=f"Pass {name} for every disparity.")
