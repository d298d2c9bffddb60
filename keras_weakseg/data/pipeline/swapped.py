"""Samples of video whose image has changed places with one of its neighbours."""
import tensorflow as tf

from keras_weakseg import fields


def swap_frames(sample, draws, share):
  """Returns a sample of video, in a share of the cases seen from one of the neighbours.

  That neighbour becomes the image, and the image one of its frames: another picture to learn depth
  of, and, from -1 to +1, a move of two frames. A sample with labels, which belong to its image, or
  without frames stays as it is.

  Args:
    sample: dict of tensors of `fields`, without batch axis, with `supervision`.
    draws: float32 [2], uniform in 0..1: whether, and with which neighbour.
    share: of the samples that are swapped, 0..1.

  Returns:
    The same fields. Offsets count from the new image; the other camera of a pair, which took its
    picture at the moment of the old one, is absent (its pose is the identity).
  """
  if fields.FRAMES not in sample or fields.DISPARITY in sample:
    return sample
  frames, offsets = sample[fields.FRAMES], sample[fields.FRAME_OFFSETS]
  count = tf.shape(offsets)[0]
  index = tf.minimum(tf.cast(draws[1] * tf.cast(count, tf.float32), tf.int32), count - 1)
  found = (draws[0] < share) & (offsets[index] != 0) & (
      sample[fields.SUPERVISION] == int(fields.Supervision.NONE))
  here = tf.equal(tf.range(count), index)
  seen = {
      fields.IMAGE: frames[index],
      fields.FRAMES: tf.where(here[:, None, None, None], sample[fields.IMAGE], frames),
      fields.FRAME_OFFSETS: tf.where(
          offsets == 0, 0, tf.where(here, 0, offsets) - offsets[index])}
  if fields.STEREO_POSE in sample:
    seen[fields.STEREO_POSE] = tf.eye(4)
  return {**sample, **{name: tf.where(found, value, sample[name]) for name, value in seen.items()}}
