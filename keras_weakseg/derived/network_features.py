"""Features of images by a trained network: what one of its layers says."""
import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras

# What Hoyer et al. compare: the decoder's map of 1/8 of the image (their "upconv 3").
DECODER_LAYER = "head_level3"
_PREPROCESS = "Preprocess"
_MULTIPLE = 32


class NetworkFeatures:
  """A function of an image to one map of features, in inference mode.

  Args:
    model: of a task, such as `SegmentationModel` or `DepthModel`, with a Keras predictor.
    layer: name of the layer; empty = the decoder's map of 1/8 of the image where there is one,
      else what the last layer with weights gets.
    size: (height, width) that images are resized to; empty = that of the training of depth, or
      the size of the image, in multiples of 32 (plus 1 where grids are corner-aligned).

  Raises:
    ValueError: the model has no layers, or none of this name.
  """

  def __init__(self, model, layer="", size=()):
    predictor = getattr(model, "disparity_fn", None) or getattr(model, "score_fn", None)
    predictor = getattr(model, "tag_fn", None) if predictor is None else predictor
    if not isinstance(predictor, keras.Model):
      raise errors.value_error(
          "The model shows no features.", expected="a run or a step that trains",
          received=type(model).__name__, fix="Pass the model_dir of a run, no exported artifact.")
    preprocess, network = _parts(predictor)
    if network.input_shape[-1] != 3:
      raise errors.value_error(
          "The network sees more than colours.", expected="a network of images alone",
          received=f"{network.input_shape[-1]} channels",
          fix="Pass a network that was trained without `network.sees_depth`.")
    self.layer = layer or _default_layer(network)
    self._function = tf.function(
        lambda images: self._model(preprocess(images), training=False), autograph=False,
        input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
    self._model = keras.Model(network.inputs, _output(network, self.layer))
    self._size = tuple(size or getattr(model, "size", ()))
    self._corner = int(getattr(model, "multiple", 1) > 1 and not hasattr(model, "disparity_fn"))

  def __call__(self, image):
    """Returns float32 [h,w,C] of a uint8 RGB image [H,W,3]."""
    size = self._size or tuple(
        max(1, round(side / _MULTIPLE)) * _MULTIPLE + self._corner for side in image.shape[:2])
    image = tf.cast(image, tf.float32)[tf.newaxis]
    if tuple(image.shape[1:3]) != size:
      image = tf.clip_by_value(tf.image.resize(image, size, antialias=True), 0.0, 255.0)
    return np.asarray(self._function(image))[0]


def _parts(predictor):
  """Returns the layer that preprocesses and the network behind it."""
  while True:
    inner = [layer for layer in predictor.layers if isinstance(layer, keras.Model)]
    first = [layer for layer in predictor.layers if type(layer).__name__ == _PREPROCESS]
    if first and inner:
      return first[0], inner[0]
    if not inner:
      return tf.identity, predictor
    predictor = inner[0]


def _default_layer(network):
  if any(layer.name == DECODER_LAYER for layer in network.layers):
    return DECODER_LAYER
  return [layer for layer in network.layers if layer.weights][-1].name + "/input"


def _output(network, name):
  """Returns the tensor of a layer: what it gives, or with `/input` what it gets."""
  layer, _, side = name.partition("/")
  known = {entry.name: entry for entry in network.layers}
  if layer not in known or side not in ("", "input"):
    raise errors.unknown_name("layer of the network", layer, known)
  tensor = known[layer].input if side else known[layer].output
  if isinstance(tensor, (list, tuple, dict)) or tensor.shape.rank != 4:
    raise errors.value_error(
        f"The layer '{layer}' gives no map of features.", expected="one tensor [N,h,w,C]",
        received=getattr(tensor, "shape", type(tensor).__name__), fix="Name another layer.")
  return tensor
