"""Models built again: the same graph, other layers; blocks that become part of the graph."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks.surgery import rebuilding


class Block(keras.layers.Layer):
  """A convolution and an activation as one layer, as other libraries have them."""

  def __init__(self, filters, **options):
    super().__init__(**options)
    self.filters = filters
    self.conv = keras.layers.Conv2D(filters, 3, padding="same")

  def call(self, inputs, training=None):
    return tf.nn.relu(self.conv(inputs)) + tf.reduce_mean(inputs)

  def get_config(self):
    return {**super().get_config(), "filters": self.filters}


def images(channels=3):
  return tf.random.stateless_normal([2, 9, 11, channels], [1, 2])


def nested():
  """A model called twice inside another one, and a block."""
  inner_input = keras.Input((None, None, 4))
  inner = keras.Model(inner_input, keras.layers.Conv2D(4, 1, name="shared")(inner_input),
                      name="inner")
  x = image = keras.Input((None, None, 3), name="image")
  x = Block(4, name="block")(x)
  return keras.Model(image, {"one": inner(x), "two": inner(inner(x))}, name="outer")


def test_a_copy_has_the_names_structure_and_answers():
  model = nested()
  copy, pairs = rebuilding.rebuild(model, rebuilding.copy_layer)
  assert [old.name for old, _ in pairs] == ["block", "shared"]
  for old, new in pairs:
    new.set_weights(old.get_weights())
  assert copy.name == "outer" and copy.input_names == ["image"]
  tf.nest.map_structure(np.testing.assert_array_equal, copy(images()), model(images()))
  assert {id(v) for v in copy.variables}.isdisjoint(id(v) for v in model.variables)


def test_a_block_is_opened_and_the_model_stays_as_it_is():
  model = nested()
  flat = rebuilding.unfold(model, lambda layer: False)
  assert not any(rebuilding.holds_layers(layer) for layer in rebuilding.leaves(flat))
  assert "block_0_conv2d" in [layer.name for layer in flat.layers]
  tf.nest.map_structure(np.testing.assert_array_equal, flat(images()), model(images()))
  assert model.get_layer("block").conv.name != "block_0_conv2d"
  kept = rebuilding.unfold(model, lambda layer: isinstance(layer, Block))
  assert rebuilding.holds_layers(kept.get_layer("block"))


def test_inner_models_follow_the_channels_of_the_input():
  image = keras.Input((None, None, 3))
  model = keras.Model(image, nested()(image))
  wide, _ = rebuilding.rebuild(model, rebuilding.copy_layer, [5])
  assert wide.input_shape == (None, None, None, 5)
  assert wide.get_layer("outer").input_shape == (None, None, None, 5)
  assert set(wide(images(5))) == {"one", "two"}


def test_other_models_are_refused():
  class Subclassed(keras.Model):
    def call(self, inputs):
      return inputs
  with pytest.raises(ValueError, match="Only functional models"):
    rebuilding.rebuild(Subclassed(), rebuilding.copy_layer)
