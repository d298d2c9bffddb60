"""How well a warped picture explains the target: the loss that learns depth from video.

Godard et al., "Digging into self-supervised monocular depth estimation" (ICCV 2019): SSIM and L1,
minimum over the source frames, auto-masking, edge-aware smoothness.
"""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.ops import geometry, windows

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
  ssim = windows.frame_ssim(windows.frame(a)[None], windows.frame(b))[0]
  return tf.clip_by_value(0.5 - 0.5 * ssim, 0.0, 1.0)


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
  error = windows.frame_error(windows.frame(a)[None], windows.frame(b), ssim_weight)
  return error[0][..., None]


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
                      average=False, noise=None, target_pyramid=None, masks=None, valid=None,
                      weights=None, own_size=False):
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
    weights: float [B], how much each sample counts, in the sums and in their counts; None = 1.
    own_size: compare every scale at its own size, see `_Frames.shrunk`.

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
  frames = _Frames(target, sources, transforms, intrinsics, ssim_weight, average, auto_mask)
  pixel, sample = _counts(target, valid, weights)
  photometric, smooth, selections = [], [], []
  for scale, disparity in enumerate(disparities):
    disparity = tf.cast(disparity, tf.float32)
    at, counted = frames.shrunk(disparity, pixel) if own_size else (frames, pixel)
    error, selection = at.compare(
        lambda x: geometry.disparity_to_depth(x, min_depth, max_depth), disparity,
        None if masks is None else masks[scale], None if noise is None else noise[scale])
    picture = None if target_pyramid is None else target_pyramid[scale]
    photometric.append(tf.reduce_sum(counted * error))
    smooth.append(smoothness * tf.reduce_sum(sample * frames.smoothness(disparity, picture)))
    selections.append(_repeated(selection, pixel) if own_size else selection)
  return _summed(tf.stack(photometric), tf.stack(smooth), tf.stack(selections), pixel, sample)


def _counts(target, valid, weights):
  """Returns how much each pixel [B,H,W] and each sample [B] counts, float32."""
  pixel = tf.ones(tf.shape(target)[:3]) if valid is None else tf.cast(valid, tf.float32)
  sample = tf.cast(tf.reduce_any(pixel > 0, [1, 2]), tf.float32)
  if weights is None:
    return pixel, sample
  weights = tf.cast(weights, tf.float32)
  return pixel * weights[:, None, None], sample * weights


def _summed(photometric, smooth, selections, pixel, sample):
  """Returns the dict of `reprojection_loss` of the sums of every scale, [S]."""
  pixels, samples = tf.reduce_sum(pixel), tf.reduce_sum(sample)
  per_scale = (tf.math.divide_no_nan(photometric, pixels)
               + tf.math.divide_no_nan(smooth, samples))
  return {"total": tf.reduce_mean(per_scale), "per_scale": per_scale,
          "selection": tf.cast(selections, tf.uint8), "pixels": pixels, "samples": samples,
          "photometric": tf.reduce_mean(photometric), "smoothness": tf.reduce_mean(smooth)}


class _Frames:
  """The target and its source frames, prepared once for all scales; F sources come first.

  Args:
    target: float [B,H,W,3].
    sources: float [F,B,H,W,3].
    transforms: float32 [F,B,4,4].
    intrinsics: float [B,3,3].
    ssim_weight, average, auto_mask: as in `reprojection_loss`.
  """

  def __init__(self, target, sources, transforms, intrinsics, ssim_weight, average, auto_mask):
    self.target = tf.stop_gradient(tf.cast(target, tf.float32))
    self.sources = sources = tf.stop_gradient(tf.cast(sources, tf.float32))
    self.transforms, self.intrinsics = transforms, intrinsics
    self.auto_mask = auto_mask
    self.ssim_weight, self.average = ssim_weight, average
    self.framed = windows.frame(self.target)
    self.table = geometry.neighbours(_merged(sources) - windows.GREY)
    self.still = self._errors(windows.frame(sources)) if auto_mask else None

  def shrunk(self, like, pixel):
    """Returns the frames at the size of `like` [B,h,w,1], and how much their pixels count.

    As in Zhou et al., CVPR 2017 (`v1_multiscale` of Monodepth2), on averages of square blocks; the
    reference resizes, and leaves out the half pixel by which the centres of blocks move.

    Args:
      like: float [B,h,w,1]; h and w divide the sides of the frames.
      pixel: float32 [B,H,W], how much each pixel counts; blocks count as all of theirs together.
    """
    sources = _blocks(_merged(self.sources), like)
    sources = tf.reshape(sources, tf.concat([tf.shape(self.sources)[:2], tf.shape(sources)[1:]], 0))
    block = tf.cast(tf.shape(self.target)[1:3] // tf.shape(like)[1:3], tf.float32)
    scale = tf.stack([block[1], block[0], 1.0])[:, None]
    shift = tf.stack([0.5 - 0.5 * block[1], 0.5 - 0.5 * block[0], 0.0])
    # A centre x of the whole picture lies at (x + 1/2) / block - 1/2 of the blocks.
    camera = tf.cast(self.intrinsics, tf.float32)
    offset = tf.constant([[0.0, 0, 1], [0, 0, 1], [0, 0, 0]]) * shift[:, None]
    frames = _Frames(_blocks(self.target, like), sources, self.transforms,
                     (camera + offset) / scale, self.ssim_weight, self.average, self.auto_mask)
    return frames, block[0] * block[1] * _blocks(pixel[..., None], like)[..., 0]

  def compare(self, to_depth, disparity, mask, noise):
    """Returns every pixel's error [B,H,W] at one scale, and where a warped source was closest."""
    depth = to_depth(self._full_size(disparity))
    x, y = geometry.project(depth, self.transforms, self.intrinsics, border=1)
    warped = geometry.sample_neighbours(self.table, _merged(x), _merged(y))
    found = self._errors(tf.reshape(warped, tf.concat([tf.shape(x), warped.shape[-1:]], 0)))
    extra = 0.0
    if mask is not None:
      mask = self._full_size(mask)
      found *= _to_front(mask)
      extra = -_MASK_WEIGHT * tf.reduce_mean(tf.math.log(tf.maximum(mask, 1e-7)), -1)
    found = _smallest(found)
    if self.still is None:
      return found + extra, tf.ones_like(found, tf.bool)
    if noise is not None:  # That of the whole size; a smaller one takes its corner.
      noise = noise[:, :tf.shape(found)[1], :tf.shape(found)[2]]
    still = _smallest(self.still if noise is None else self.still + _to_front(noise))
    return tf.minimum(found, still), found < still

  def smoothness(self, disparity, picture):
    """Returns the smoothness [B] of disparity over its mean, times its share of the full height."""
    if picture is None:
      picture = _blocks(self.target, disparity)
    mean = tf.reduce_mean(disparity, [1, 2], keepdims=True)
    share = tf.shape(disparity)[1] / tf.shape(self.target)[1]
    smooth = _smoothness(disparity / (mean + 1e-7), tf.stop_gradient(tf.cast(picture, tf.float32)))
    return tf.cast(share, tf.float32) * smooth

  def _errors(self, framed):
    """Returns the errors [F,B,H,W] of framed pictures [F,B,h,w,3], or their mean [1,B,H,W]."""
    maps = windows.frame_error(framed, self.framed, self.ssim_weight)
    return tf.reduce_mean(maps, 0, keepdims=True) if self.average else maps

  def _full_size(self, x):
    """Returns maps [B,h,w,K] brought bilinearly (pixel centres) to the size of the target."""
    x = tf.cast(x, tf.float32)
    if x.shape[1:3].is_fully_defined() and x.shape[1:3] == self.target.shape[1:3]:
      return x
    return tf.image.resize(x, tf.shape(self.target)[1:3])


def _sources_first(x):
  """Returns [F,B,...] of a list of F tensors or of [B,F,...]."""
  if isinstance(x, (list, tuple)):
    return tf.stack(x)
  x = tf.convert_to_tensor(x)
  return tf.transpose(x, [1, 0, *range(2, x.shape.rank)])


def _to_front(x):
  """Returns float32 [F,B,H,W] of [B,H,W,F]."""
  return tf.transpose(tf.cast(x, tf.float32), [3, 0, 1, 2])


def _merged(x):
  """Returns [F*B,...] of [F,B,...]."""
  return tf.reshape(x, tf.concat([[-1], tf.shape(x)[2:]], 0))


def _smallest(maps):
  """Returns the smallest of [F,...] over F, in pairs: the gradient of `reduce_min` costs more."""
  first, *others = tf.unstack(maps)
  for other in others:
    first = tf.minimum(first, other)
  return first


def _blocks(image, like):
  """Returns the averages of square blocks of [B,H,W,C], as many as `like` [B,h,w,1] has pixels."""
  shape, size = tf.shape(image), tf.shape(like)
  blocks = tf.reshape(image, [shape[0], size[1], shape[1] // size[1], size[2],
                              shape[2] // size[2], image.shape[3]])
  return tf.reduce_mean(blocks, [2, 4])


def _repeated(selection, pixel):
  """Returns bool [B,h,w] of blocks as [B,H,W], the size of `pixel`."""
  block = tf.shape(pixel)[1:] // tf.shape(selection)[1:]
  return tf.repeat(tf.repeat(selection, block[0], 1), block[1], 2)


def _smoothness(disparity, image):
  """Returns the smoothness [N] of every sample, see `smoothness_loss`."""
  def along(step):
    change = tf.abs(step(disparity))
    edge = tf.reduce_mean(tf.abs(step(image)), -1, keepdims=True)
    return tf.reduce_mean(change * tf.exp(-edge), [1, 2, 3])

  return (along(lambda x: x[:, :, :-1] - x[:, :, 1:])
          + along(lambda x: x[:, :-1] - x[:, 1:]))


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
