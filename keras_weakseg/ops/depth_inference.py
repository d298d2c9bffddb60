"""The one road from photograph to disparity: evaluator, predict and artifact all take it."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.ops import geometry

# What a network of depth answers with: sigmoid disparity 0..1, or depth, or its logarithm.
DISPARITY = "disparity"
DEPTH = "depth"
LOG_DEPTH = "log_depth"
ANSWERS = (DISPARITY, DEPTH, LOG_DEPTH)


def depth_disparity(disparity_fn, images, size, flip=False, min_depth=0.1, max_depth=100.0,
                    answers=DISPARITY):
  """Returns the scaled disparity of every pixel of `images`, at their own size.

  Images are resized as for training (pixel centres, smoothed where they shrink, rounded to whole
  numbers); the disparity, not the depth, is resized back bilinearly. Runs in graphs with unknown
  batch and image sizes.

  Args:
    disparity_fn: float32 RGB 0..255 [N, h, w, 3] -> sigmoid disparity [N, h', w', 1] in 0..1,
      larger = closer, or what `answers` says. Pass a `tf.function`: then a graph holds one copy of
      the network.
    images: uint8 or float RGB 0..255 [N, H, W, 3].
    size: (height, width) of the network's input.
    flip: blend with the mirrored image, see `blend_mirrored`; both go through in one batch.
    min_depth, max_depth: depths of disparity 1 and 0, see `geometry.disparity_to_depth`; predicted
      depth is cut to this range.
    answers: `disparity`; `depth`, in the model's unit; or `log_depth`, its natural logarithm.

  Returns:
    float32 [N, H, W], 1 / depth in the model's unit, from 1 / max_depth to 1 / min_depth.

  Raises:
    ValueError: the range of depths is empty, the network gives more than one channel, or `answers`
      is unknown.

  Example:
    >>> brightness = lambda x: x[..., :1] / 255
    >>> photo = tf.constant([[[[255, 0, 0], [0, 0, 0]]]], tf.uint8)
    >>> found = depth_disparity(brightness, photo, (1, 2), min_depth=0.5, max_depth=4.0)
    >>> found.numpy().tolist()
    [[[2.0, 0.25]]]
  """
  errors.check_name("answer of a network of depth", answers, ANSWERS)
  own = tf.shape(images)[1:3]
  # Rounded, as the data pipeline does: an image of the right size is itself in any case.
  view = tf.round(tf.image.resize(images, tuple(size), antialias=True))
  if flip:
    view = tf.concat([view, tf.reverse(view, [2])], 0)
  scaled = scaled_disparity(disparity_fn, view, min_depth, max_depth, answers, flip)
  return tf.image.resize(scaled, own)[..., 0]


def scaled_disparity(disparity_fn, view, min_depth=0.1, max_depth=100.0, answers=DISPARITY,
                     flip=False):
  """Returns the scaled disparity of images of the network's own size.

  Args:
    disparity_fn, min_depth, max_depth, answers: as of `depth_disparity`.
    view: float RGB 0..255 [N, h, w, 3]; with `flip` followed by the mirrored ones.
    flip: blend the two halves of the batch.

  Returns:
    float32 [N, h', w', 1], 1 / depth in the model's unit.

  Raises:
    ValueError: the network gives more than one channel.
  """
  answer = tf.cast(disparity_fn(tf.cast(view, tf.float32)), tf.float32)
  disparity = _as_disparity(answer, min_depth, max_depth, answers)
  if disparity.shape[-1] not in (None, 1):
    raise errors.value_error(
        f"The network does not answer with one {answers}.", expected="one channel",
        received=f"{disparity.shape[-1]} channels",
        fix="Pass the finest output of a depth network, e.g. its 'disparity_0'.")
  if flip:
    disparity, mirrored = tf.split(disparity, 2)
    disparity = blend_mirrored(disparity, tf.reverse(mirrored, [2]))
  return 1 / geometry.disparity_to_depth(disparity, min_depth, max_depth)


def _as_disparity(answer, min_depth, max_depth, answers):
  """Returns the answer of a network as the disparity 0..1 that means the same depth."""
  if answers == DISPARITY:
    return answer
  depth = tf.exp(answer) if answers == LOG_DEPTH else answer
  depth = tf.clip_by_value(depth, min_depth, max_depth)
  return (1 / depth - 1 / max_depth) / (1 / min_depth - 1 / max_depth)


def blend_mirrored(disparity, flipped_back):
  """Returns the mean of a disparity and that of the mirrored image, each alone at its good edge.

  Post-processing of Godard et al. (CVPR 2017): the leftmost twentieth, which the model
  sees badly, is taken from the mirrored image, the rightmost from the image, with ramps of a
  twentieth between.

  Args:
    disparity: float [N, H, W, 1].
    flipped_back: float [N, H, W, 1], disparity of the mirrored image, mirrored back.

  Returns:
    float32 [N, H, W, 1].

  Example:
    >>> ones = tf.ones([1, 1, 3, 1])
    >>> blend_mirrored(ones, 3 * ones)[0, 0, :, 0].numpy().tolist()
    [3.0, 2.0, 1.0]
  """
  disparity, flipped_back = (tf.cast(x, tf.float32) for x in (disparity, flipped_back))
  place = tf.linspace(0.0, 1.0, tf.shape(disparity)[2])[:, None]
  left = 1 - tf.clip_by_value(20 * (place - 0.05), 0, 1)
  right = left[::-1]
  return right * disparity + left * flipped_back + (1 - left - right) * (
      disparity + flipped_back) / 2
