"""Networks of colours and depth: that of a frozen network of depth inside, or that of the data."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.networks import unet_decoder
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.surgery import rebuilding, stem
from keras_weakseg.ops import depth_inference

PREFIX = "depth_"  # of the names of all layers of the network of depth


@keras.utils.register_keras_serializable("keras_weakseg")
class Reprocess(keras.layers.Layer):
  """Makes of what one network sees what another one takes: its constants, sides that fit it.

  Args:
    before: mode of `preprocessing.Preprocess` of the inputs.
    after: mode of what is returned.
    multiple: sides are resized to the nearest multiples of it.
  """

  def __init__(self, before, after, multiple=1, name=None, **kwargs):
    super().__init__(name=name, dtype=kwargs.pop("dtype", "float32"), autocast=False, **kwargs)
    self.before, self.after, self.multiple = before, after, multiple

  def call(self, inputs):
    """Applies the layer to [N, H, W, 3]; returns float32 [N, h, w, 3]."""
    pixels = preprocessing.undone(inputs, self.before)
    sides = tf.shape(pixels)[1:3]
    nearest = tf.maximum((sides + self.multiple // 2) // self.multiple, 1) * self.multiple
    resized = tf.ensure_shape(tf.image.resize(pixels, nearest), [None, None, None, 3])
    return preprocessing.Preprocess(self.after)(resized)

  def get_config(self):
    return {**super().get_config(), "before": self.before, "after": self.after,
            "multiple": self.multiple}


@keras.utils.register_keras_serializable("keras_weakseg")
class DepthChannel(keras.layers.Layer):
  """What a network of depth says as a channel beside the colours, of their size and range.

  Inverse depth by its maximum in the image: 0 is infinitely far, 1 the nearest point, so that the
  unknown factor of depth does not matter. It is spread to -127.5..127.5 beside the colours of
  Caffe, to -1..1 beside all others.

  Args:
    answers: `disparity`, `depth` or `log_depth`.
    mode: of `preprocessing.Preprocess` of the colours.
  """

  def __init__(self, answers, mode, name=None, **kwargs):
    super().__init__(name=name, dtype=kwargs.pop("dtype", "float32"), autocast=False, **kwargs)
    self.answers, self.mode = answers, mode

  def call(self, inputs):
    """Applies the layer to (answer [N, h, w, 1], image [N, H, W, 3]); returns [N, H, W, 1]."""
    answer, image = inputs
    near = relative_nearness(tf.cast(answer, tf.float32), self.answers)
    return _spread(tf.image.resize(near, tf.shape(image)[1:3]), self.mode)

  def get_config(self):
    return {**super().get_config(), "answers": self.answers, "mode": self.mode}


@keras.utils.register_keras_serializable("keras_weakseg")
class DepthOfData(keras.layers.Layer):
  """Makes of depth in metres, beside the colours, the channel that `DepthChannel` makes.

  Args:
    mode: of `preprocessing.Preprocess` of the colours.
  """

  def __init__(self, mode, name=None, **kwargs):
    super().__init__(name=name, dtype=kwargs.pop("dtype", "float32"), autocast=False, **kwargs)
    self.mode = mode

  def call(self, inputs):
    """Applies the layer to [N, H, W, 4], the last of them depth, 0 = no value; returns the same."""
    inputs = tf.cast(inputs, tf.float32)
    near = relative_nearness(inputs[..., 3:], depth_inference.DEPTH)
    return tf.concat([inputs[..., :3], _spread(near, self.mode)], -1)

  def get_config(self):
    return {**super().get_config(), "mode": self.mode}


def _spread(near, mode):
  """Returns nearness 0..1 in the range of the colours."""
  return 2 * near - 1 if mode != preprocessing.CAFFE else 255 * near - 127.5


def relative_nearness(answer, answers):
  """Returns inverse depth by its maximum in the image, 0..1.

  Args:
    answer: float32 [N, h, w, 1]; of depth, what is not above 0 is no value, and infinitely far.
    answers: what it is, one of `ops.depth_inference.ANSWERS`.

  Example:
    >>> relative_nearness(tf.math.log([[[[2.0], [8.0]]]]), "log_depth").numpy().round(3).tolist()
    [[[[1.0], [0.25]]]]
  """
  largest = lambda x: tf.reduce_max(x, [1, 2, 3], keepdims=True)
  if answers == depth_inference.LOG_DEPTH:
    return tf.exp(-answer - largest(-answer))  # No exponential overflows.
  inverse = answer
  if answers == depth_inference.DEPTH:
    inverse = tf.where(answer > 0, 1 / tf.maximum(answer, 1e-6), 0.0)
  return tf.math.divide_no_nan(inverse, largest(inverse))


def takes_depth(network):
  """Returns whether a network takes depth in metres beside the colours."""
  return any(isinstance(layer, DepthOfData) for layer in network.layers)


def with_depth_of_data(network, mode, *, start=stem.ZERO):
  """Returns a network that takes the depth of the data as a fourth channel: an upper bound.

  It makes of it the very channel that `with_depth` makes of what a network of depth says.

  Args:
    network: functional `keras.Model`, preprocessed [N, H, W, 3] -> anything; it stays as it is.
    mode: mode of its `preprocessing.Preprocess`.
    start: of the kernels of the depth channel, see `stem.widen_stem`.

  Returns:
    `keras.Model`, [N, H, W, 4] -> as `network`: preprocessed colours, and depth in metres, 0 = no
    value.
  """
  wide = stem.widen_stem(network, 4, start=start)
  image = keras.Input((*network.input_shape[1:-1], 4), name="image")
  return keras.Model(image, wide(DepthOfData(mode, name=f"{PREFIX}of_data")(image)),
                     name=network.name)


def with_depth(network, mode, depth, depth_mode, answers, *, multiple=1, start=stem.ZERO):
  """Returns a network that sees colours and what a network of depth says of them.

  The network of depth is frozen, and asked as in inference. The new input is that of the old
  network, so that everything works as before: training, pruning, restoring, export.

  Args:
    network: functional `keras.Model`, preprocessed [N, H, W, 3] -> anything; it stays as it is.
    mode: mode of its `preprocessing.Preprocess`.
    depth: functional `keras.Model`, preprocessed [N, h, w, 3] -> `answers` [N, h, w, 1], or a dict
      with disparities; it stays as it is.
    depth_mode: mode of the preprocessing of `depth`.
    answers: what `depth` answers with.
    multiple: sides that `depth` sees are multiples of it.
    start: of the kernels of the depth channel, see `stem.widen_stem`; with "zero" the new network
      answers what the old one did, bit for bit.

  Returns:
    `keras.Model`, preprocessed [N, H, W, 3] -> as `network`.
  """
  if network.input_shape[-1] != 3:
    raise errors.value_error(
        "The network sees depth already.", expected="a network of colours alone",
        received=f"{network.input_shape[-1]} channels",
        fix="Take either the depth of the data (`sees_depth`), or that of a network.")
  wide = stem.widen_stem(network, 4, start=start)
  frozen = _frozen(depth)
  image = keras.Input(network.input_shape[1:], name="image")
  seen = Reprocess(mode, depth_mode, multiple, name=f"{PREFIX}input")(image)
  answer = frozen(seen, training=False)
  if isinstance(answer, dict):
    answer = answer[unet_decoder.finest_disparity_key(answer)]
  channel = DepthChannel(answers, mode, name=f"{PREFIX}channel")([answer, image])
  joined = keras.layers.Concatenate(name=f"{PREFIX}beside", dtype="float32")([image, channel])
  return keras.Model(image, wide(joined), name=network.name)


def _frozen(depth):
  """Returns a frozen copy whose layers are told apart from those of the other network."""
  def make(layer):
    return rebuilding.copy_layer(layer, **(
        {"name": PREFIX + layer.name} if layer.weights else {}))

  copy, pairs = rebuilding.rebuild(depth, make)
  for old, new in pairs:
    new.set_weights(old.get_weights())
  copy._name = f"{PREFIX}network"  # pylint: disable=protected-access
  copy.trainable = False
  return copy
