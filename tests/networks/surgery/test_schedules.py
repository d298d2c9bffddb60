"""Named schedules: who loses channels, and that frozen layers do not."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v2
from keras_weakseg.networks import registry
from keras_weakseg.networks.surgery import schedules


def aspp():
  """Returns a small network with the head of DeepLab-v2."""
  image = keras.Input((None, None, 3))
  x = keras.layers.Conv2D(6, 3, padding="same", name="before")(image)
  x = keras.layers.Conv2D(8, 3, padding="same", name="features")(x)
  return keras.Model(image, deeplab_v2.aspp_sum(x, 3, (1, 2)))


def test_parallel_layers_lose_the_inputs_that_count_least_in_all_of_them():
  network = aspp()
  kernels = [network.get_layer(f"fc8_aspp_{rate}").kernel for rate in (1, 2)]
  for kernel in kernels:
    values = np.ones(kernel.shape, np.float32)
    values[:, :, [0, 5]] = 0.1
    kernel.assign(values)
  # Strong in one branch: that counts.
  kernels[1].assign(tf.tensor_scatter_nd_update(
      kernels[1], [[1, 1, 5, 0]], [9.0]))
  small = schedules.prune(network, 7, schedules.PARALLEL)
  assert small.get_layer("features").filters == 7 and small.get_layer("before").filters == 6
  kept = np.delete(network.get_layer("features").get_weights()[0], 0, -1)
  np.testing.assert_array_equal(small.get_layer("features").get_weights()[0], kept)


def test_parallel_layers_of_a_light_network_keep_what_they_write():
  network = registry.build_network("light_tiny", (None, None, 3), 4)
  small = schedules.prune(network, 0.5, schedules.PARALLEL)
  filters = lambda model, name: model.get_layer(name).filters
  assert filters(small, "head_reduce") * 2 == filters(network, "head_reduce")
  assert filters(small, "head_context_2") == filters(network, "head_context_2")
  assert filters(small, "conv1") == filters(network, "conv1")


def test_frozen_layers_keep_their_channels():
  network = aspp()
  network.get_layer("before").trainable = False
  small = schedules.prune(network, 0.5, multiple_of=1)
  assert small.get_layer("before").filters == 6 and small.get_layer("features").filters == 4


def test_shares_are_rounded_to_multiples_of_8_if_nothing_is_said():
  network = registry.build_network("light_tiny", (None, None, 3), 4)
  counts = {layer.name: layer.filters for layer in schedules.prune(network, 0.7).layers
            if isinstance(layer, keras.layers.Conv2D) and hasattr(layer.kernel, "shape")
            and not isinstance(layer, keras.layers.DepthwiseConv2D)}
  counts.pop("head_classifier")
  assert len(counts) > 5 and not any(count % 8 for count in counts.values())


def test_mistakes_are_named():
  with pytest.raises(ValueError, match="Did you mean 'parallel'"):
    schedules.prune(aspp(), 0.5, "paralel")
  with pytest.raises(ValueError, match="No channels can be taken out"):
    schedules.prune(aspp(), 0.5, layers="nowhere")
