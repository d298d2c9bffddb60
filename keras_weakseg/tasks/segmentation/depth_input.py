"""Networks that take the depth of the data beside the colours: what they see, what they refuse."""
import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import depth_files

CHANNELS = 4  # RGB 0..255, and depth in metres, 0 = no value
_FIX = ("For photographs alone, train with depth that is predicted inside of the network: a step "
        "`widened` that reads a network of depth, as in depth_channel_nyuv2.")


def is_taken_by(predictor):
  """Returns whether a predictor takes depth; one that is no `keras.Model` takes colours."""
  return getattr(predictor, "input_shape", (3,))[-1] == CHANNELS


def beside(sample):
  """Returns float32 [H, W, 4]: the image of a sample with its depth as a fourth channel.

  Args:
    sample: dict of eager tensors or arrays with `image` and `depth`.

  Raises:
    ValueError: the depth does not fit the image, or is no depth in metres.
  """
  image, depth = np.asarray(sample[fields.IMAGE]), np.asarray(sample[fields.DEPTH])
  depth_files.check_seen(
      depth, image.shape[:2], np.asarray(sample.get(fields.SAMPLE_ID, b"?")).item())
  return tf.constant(np.concatenate([image, depth[..., None]], -1, dtype=np.float32))


def check(model, images, protocol):
  """Checks that images have the channels of a model, and are shown as they are.

  Args:
    model: `SegmentationModel`.
    images: array or tensor [N, H, W, C].
    protocol: `Protocol`.

  Raises:
    ValueError: they have not, or the protocol resizes depth: holes would get values.
  """
  wanted = CHANNELS if model.sees_depth else 3
  if images.shape[-1] != wanted:
    raise errors.value_error(
        "The network takes depth beside the colours." if model.sees_depth else
        "The network takes colours alone.",
        expected=f"{wanted} channels: RGB 0..255" + ", and depth in metres" * model.sees_depth,
        received=f"{images.shape[-1]} channels", fix=_FIX if model.sees_depth else
        "Pass images of three channels.")
  if model.sees_depth and (protocol.size or tuple(protocol.scales) != (1.0,)):
    raise errors.value_error(
        "The protocol would resize the depth that the network sees.",
        expected="the original size and scales of 1", received=protocol.describe(),
        fix="Set `evaluation.protocol.size=[]` and `scales=[1.0]`.")


def of_photographs(what):
  """Returns the error of a model that is to work on photographs alone; the caller raises it.

  Args:
    what: `predict` or `export`.
  """
  return errors.value_error(
      f"This network cannot {what}: it takes the depth of the data beside the colours.",
      expected="a network that takes photographs alone",
      received="one that was trained with `network.sees_depth=true`, an upper bound for `evaluate`",
      fix=_FIX)
