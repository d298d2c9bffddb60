"""Networks of layers that are remembered are those that Keras builds by itself."""
import numpy as np
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v3
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing


def build(size):
  """Returns the predictor of a network with a layer of layers, which are built inside of it."""
  images = keras.Input((*size, 3))
  features = keras.layers.Conv2D(6, 3, 4, name="first")(images)
  features = keras.layers.Conv2D(6, 3, 2, name="second")(features)
  features = deeplab_v3.PyramidPooling(8, (2,), name="pool")(features)
  network = keras.Model(images, keras.layers.Conv2D(4, 1, name="last")(features))
  return preprocessing.predictor(network, networks.network_record("light_tiny"))


def described(size):
  """Returns names, shapes and values of the weights, all layers, and the outputs."""
  keras.backend.reset_uids()
  keras.utils.set_random_seed(1)
  model = build(size)
  images = tf.random.stateless_uniform([1, 33, 49, 3], [1, 2])
  return ([(weight.name, weight.shape, weight.trainable, weight.numpy().tolist())
           for weight in model.weights],
          [(layer.name, layer.built, layer.input_shape, layer.output_shape)
           for layer in model.layers],
          tf.nest.map_structure(lambda x: (x.shape, x.dtype), model.output),
          tf.nest.map_structure(lambda x: x.numpy().tolist(), model(images)))


def test_what_is_remembered_is_what_keras_infers(monkeypatch):
  found = [described(size) for size in ((33, 49), (33, 49), (None, None))]
  infer = keras.layers.Layer._infer_output_signature
  monkeypatch.setattr(keras.layers.Layer, "_infer_output_signature", infer.__wrapped__)
  plain = [described(size) for size in ((33, 49), (None, None))]
  assert found[0] == found[1] == plain[0] != plain[1] == found[2]
  assert len(plain[0][0]) > 10


def test_a_layer_is_traced_where_anything_is_new():
  """Class, settings, and the shapes and dtypes of inputs: one that differs is not known."""
  traced = []

  class Scaled(keras.layers.Layer):
    """Multiplies by a number, and notes that it was called."""

    def __init__(self, factor, **kwargs):
      super().__init__(**kwargs)
      self.factor = factor

    def call(self, inputs):
      traced.append(self.name)
      return self.factor * inputs

    def get_config(self):
      return {**super().get_config(), "factor": self.factor}

  one, other = keras.Input((3,)), keras.Input((4,))
  for number, (factor, inputs, options) in enumerate([
      (2, one, {}), (2, one, {}), (3, one, {}), (2, other, {}), (2, one, {"dtype": "float64"}),
      (2, one, {"trainable": False})]):
    outputs = Scaled(factor, name=f"s{number}", **options)(inputs)
    assert outputs.shape == inputs.shape and outputs.dtype == options.get("dtype", "float32")
  assert traced == ["s0", "s2", "s3", "s4", "s5"]
  model = keras.Model(one, Scaled(2)(one))
  np.testing.assert_array_equal(model(np.float32([[1, 2, 3]])), [[2, 4, 6]])
