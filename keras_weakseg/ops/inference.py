"""The one road from photograph to probabilities: evaluator, predict and artifact all take it."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.ops import resize

# What a network of segmentation answers with: pre-softmax scores, or probabilities by itself.
SCORES = "scores"
PROBABILITIES = "probabilities"
ANSWERS = (SCORES, PROBABILITIES)
_LARGEST_SCALE, _LARGEST_SIDE = 16, 1 << 16


def class_probabilities(score_fn, images, *, multiple=8, mean_rgb=(0.0, 0.0, 0.0), scales=(1.0,),
                        flip=False, window=(), window_stride=(), size=(), answers=SCORES):
  """Returns class probabilities of every pixel of `images`, at their own size.

  A view (one scale, mirrored or not) is padded at the bottom and right with the mean colour to
  sides of `multiple * k + 1`, so that a corner-aligned grid of that stride fits it; the scores are
  enlarged to the padded size, cropped and turned into probabilities. The answer is the mean of the
  probabilities of all views (Chen et al. 2016, section 4.1.2, take the maximum of the scores).
  With a window, every view is covered by windows, and probabilities are averaged where they
  overlap. Sizes and batch may be unknown until run time; with a window it does not run under XLA.

  Args:
    score_fn: float32 RGB 0..255 [N, h, w, 3] -> pre-softmax class scores (or what `answers` says)
      [N, h', w', C] on any corner-aligned grid. Pass a `tf.function`: then a graph holds one copy
      of the network.
    images: uint8 or float RGB 0..255 [N, H, W, 3].
    multiple: stride of the score grid in pixels.
    mean_rgb: colour of the padding, RGB 0..255.
    scales: factors of the image size.
    flip: also use the mirrored image.
    window: height and width of a sliding window in pixels of the view; empty = the whole view.
    window_stride: its step in pixels; empty = two thirds of the window.
    size: height and width to which the image is resized first; empty = its own size.
    answers: `scores`, or `probabilities`: they are enlarged as they are, with no softmax.

  Returns:
    float32 [N, H, W, C], sums to 1 over C.

  Raises:
    ValueError: scales, window, stride or `answers` cannot be used.

  Example:
    >>> red = lambda x: tf.stack([255.0 - x[..., 0], x[..., 0]], -1)
    >>> photo = tf.constant([[[[255, 0, 0], [0, 0, 0]]]], tf.uint8)
    >>> tf.argmax(class_probabilities(red, photo), -1).numpy().tolist()
    [[[1, 0]]]

  Reference: Chen et al., "DeepLab", TPAMI 2018 (arXiv 1606.00915).
  """
  window, window_stride = check_views(scales, window, window_stride, size)
  errors.check_name("answer of a network of segmentation", answers, ANSWERS)
  spread = tf.nn.softmax if answers == SCORES else tf.identity
  images = tf.cast(images, tf.float32)
  own = _sides(images)
  base = tuple(size) or own
  views = []
  for scale in scales:
    sides = tuple(_scaled(side, scale) for side in base)
    view = _resized(images, own, sides)
    for mirrored in (False, True) if flip else (False,):
      turned = tf.reverse(view, [2]) if mirrored else view
      if window:
        found = _over_windows(score_fn, turned, sides, multiple, mean_rgb, window, window_stride,
                              spread)
      else:
        found = _whole(score_fn, turned, sides, multiple, mean_rgb, spread)
      found = tf.reverse(found, [2]) if mirrored else found
      views.append(_resized(found, sides, own))
  return tf.add_n(views) / len(views) if len(views) > 1 else views[0]


def check_views(scales, window, window_stride, size=()):
  """Returns the window and its stride with defaults filled in.

  Args:
    scales, window, window_stride, size: as in `class_probabilities`.

  Returns:
    (window, window_stride): two tuples of two ints, or two empty tuples.

  Raises:
    ValueError: no scale or one that is not positive; a window, stride or size that is not two
      positive integers; a stride larger than the window, which would leave pixels without answer.

  Example:
    >>> check_views((1.0,), (96, 96), ())
    ((96, 96), (64, 64))
  """
  if not scales or not all(0 < scale <= _LARGEST_SCALE for scale in scales):
    raise errors.value_error("The scales of the protocol cannot be used.",
                             expected="at least one positive factor, each at most "
                             f"{_LARGEST_SCALE}", received=scales,
                             fix="Pass scales=(1.0,) for a single pass.")
  for name, pair in (("window", window), ("window_stride", window_stride), ("size", size)):
    if pair and (len(pair) != 2 or not all(
        1 <= side <= _LARGEST_SIDE and int(side) == side for side in pair)):
      raise errors.value_error(f"The protocol's {name} cannot be used.",
                               expected="(height, width) in whole pixels, at most "
                               f"{_LARGEST_SIDE}, or ()", received=pair,
                               fix=f"Pass {name}=() to switch it off.")
  if not window:
    return (), ()
  window = tuple(int(side) for side in window)
  stride = tuple(int(side) for side in window_stride) or tuple(-(-2 * s // 3) for s in window)
  if any(step > side for step, side in zip(stride, window)):
    raise errors.value_error("The sliding window would skip pixels.",
                             expected=f"a window_stride of at most {window}", received=stride,
                             fix="Choose a smaller window_stride; () is two thirds of the window.")
  return window, stride


def _sides(images):
  """Returns height and width: Python ints where they are known, else scalar tensors."""
  dynamic = tf.shape(images)
  return tuple(images.shape[axis] if images.shape[axis] is not None else dynamic[axis]
               for axis in (1, 2))


def _scaled(side, scale):
  """Returns a side times a factor, rounded half up, at least 1; times 1: the very same side."""
  if scale == 1:
    return side
  if isinstance(side, int):
    return max(int(side * scale + 0.5), 1)
  return tf.maximum(tf.cast(tf.cast(side, tf.float64) * scale + 0.5, tf.int32), 1)


def _resized(x, old, new):
  """Returns x [N, *old, C] at the sides `new`; `x` itself where these are known to be the same."""
  for before, after in zip(old, new):
    known = isinstance(before, int) and isinstance(after, int)
    if before is not after and not (known and before == after):
      return resize.resize_aligned(x, new)
  return x


def _padded(images, sides, multiple, mean_rgb):
  """Returns images [N, H', W', 3] with mean colour at the bottom and right, and (H', W')."""
  # At least one full cell: a side of 1 would leave nothing for a valid pooling layer.
  larger = tuple(_at_least_one_cell(side, multiple) for side in sides)
  color = tf.constant(mean_rgb, tf.float32)
  for axis in (1, 2):
    missing = larger[axis - 1] - sides[axis - 1]
    if isinstance(missing, int) and missing == 0:
      continue
    shape = tf.unstack(tf.shape(images))
    shape[axis] = missing
    # Joined, not added to a zero padding: x - mean + mean is not x in floats.
    images = tf.concat([images, tf.broadcast_to(color, tf.stack(shape))], axis)
  return images, larger


def _at_least_one_cell(side, multiple):
  """Returns the smallest multiple * k + 1 >= side with k >= 1."""
  cells = (side - 1 + multiple - 1) // multiple
  if isinstance(side, int):
    return max(cells, 1) * multiple + 1
  return tf.maximum(cells, 1) * multiple + 1


def whole_scores(score_fn, images, *, multiple=8, mean_rgb=(0.0, 0.0, 0.0)):
  """Returns what a network answers of images at their own size, in one pass and no softmax.

  Args:
    score_fn, multiple, mean_rgb: as of `class_probabilities`.
    images: float RGB 0..255 [N, H, W, 3].

  Returns:
    float32 [N, H, W, C].
  """
  images = tf.cast(images, tf.float32)
  return _whole(score_fn, images, _sides(images), multiple, mean_rgb, tf.identity)


def _whole(score_fn, view, sides, multiple, mean_rgb, spread):
  """Returns probabilities [N, h, w, C] of a view [N, h, w, 3] in one pass."""
  padded, larger = _padded(view, sides, multiple, mean_rgb)
  # Mixed precision ends here: float16 probabilities would tie where float32 ones do not.
  scores = tf.cast(score_fn(padded), tf.float32)
  scores = resize.resize_aligned(scores, larger)[:, :sides[0], :sides[1]]
  return spread(scores)


def _starts(side, window, stride):
  """Returns int32 starts of the windows along one side; the last ends at the border."""
  last = tf.maximum(side - window, 0)
  return tf.minimum(tf.range(-(-last // stride) + 1) * stride, last)


def _over_windows(score_fn, view, sides, multiple, mean_rgb, window, stride, spread):
  """Returns probabilities [N, h, w, C] of a view, averaged over overlapping windows."""
  cut = tuple(tf.minimum(side, edge) for side, edge in zip(window, sides))
  tops, lefts = (_starts(*each) for each in zip(sides, window, stride))
  columns = tf.size(lefts)

  def add(index, total):
    top, left = tops[index // columns], lefts[index % columns]
    patch = view[:, top:top + cut[0], left:left + cut[1]]
    found = _whole(score_fn, patch, cut, multiple, mean_rgb, spread)
    around = [[0, 0], [top, sides[0] - top - cut[0]], [left, sides[1] - left - cut[1]], [0, 0]]
    return index + 1, total + tf.pad(found, around)

  # One channel, broadcast by the first addition: the number of classes is score_fn's to know.
  nothing = tf.zeros_like(view[..., :1])
  _, total = tf.while_loop(
      lambda index, _: index < tf.size(tops) * columns, add, [tf.constant(0), nothing],
      shape_invariants=[tf.TensorShape([]), tf.TensorShape([None] * 4)], parallel_iterations=1)
  covered = [tf.reduce_sum(tf.cast(_inside(starts, side, extent), tf.float32), 0)
             for starts, side, extent in zip((tops, lefts), cut, sides)]
  return total / (covered[0][:, None] * covered[1][None, :])[None, :, :, None]


def _inside(starts, window, side):
  """Returns bool [len(starts), side]: which pixels of a side each window covers."""
  pixels = tf.range(side)[None, :]
  return (pixels >= starts[:, None]) & (pixels < starts[:, None] + window)
