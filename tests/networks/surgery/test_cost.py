"""Parameters and multiplications, against what can be counted by hand."""
import json

import pytest

from keras_weakseg.framework import keras
from keras_weakseg.networks import registry
from keras_weakseg.networks.surgery import cost, pruning

layers = keras.layers


def test_by_hand():
  image = keras.Input((None, None, 3))
  x = layers.Conv2D(8, 3, strides=2, padding="same", use_bias=False)(image)
  x = layers.DepthwiseConv2D(3, padding="same", dilation_rate=2)(layers.BatchNormalization()(x))
  x = layers.Dense(5)(layers.GlobalAveragePooling2D()(x))
  found = cost.cost(keras.Model(image, x), (20, 30))
  assert found.parameters == 3 * 9 * 8 + 16 + 9 * 8 + 8 + 8 * 5 + 5
  assert found.statistics == 16
  pixels = 10 * 15
  least = 2 * (pixels * 9 * 3 * 8 + 8 * 5) + 2 * pixels * 9 * 8
  # Dilated kernels may be run on a grid that is filled up.
  assert least <= found.flops <= least + 2 * 9 * 8 * pixels


def test_it_grows_with_the_image():
  network = registry.build_network("light_tiny", (None, None, 3), 4, head_filters=16)
  small, large = (cost.cost(network, size) for size in ((65, 65), (129, 129)))
  assert small[:2] == large[:2] and 3.4 < large.flops / small.flops < 4.2


def test_half_of_the_channels_are_a_quarter_of_the_work():
  network = registry.build_network("light_tiny", (None, None, 3), 4, alpha=0.5)
  before, after = (cost.cost(x, (65, 65)) for x in (network, pruning.prune(network, 0.5)))
  assert 0.2 < after.flops / before.flops < 0.45
  assert after.parameters < 0.4 * before.parameters


@pytest.mark.slow
def test_parameters_golden(golden):
  stored = json.loads(golden("networks_weak.json").read_text())["hourglass_megadepth"]
  found = cost.cost(registry.build_network("hourglass", (None, None, 3)), (32, 32))
  assert (found.parameters, found.statistics) == (
      stored["trainable"], stored["moving_statistics"])
