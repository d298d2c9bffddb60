"""Tests of DeepLab-LargeFOV: parity with the golden activations, and the decimation of fc6."""
import json
import re

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import largefov, registry
from keras_weakseg.networks.layers import randomness


def test_activations(golden, fill_generated, check_hash):
  data = golden("network_activations_weak.npz")
  network = largefov.largefov_vgg16((None, None, 3), 21)
  fill_generated(network, "vgg16_largefov", lambda name: name)
  out = network(data["largefov__in"]).numpy()
  reference = data["largefov__out"]
  assert np.abs(out - reference).max() <= 2e-5 * np.abs(reference).max()


@pytest.mark.parametrize("view, key", [("large", "vgg16_largefov"), ("small", "vgg16_smallfov")])
def test_parameters_and_score_grid(golden, view, key):
  expected = json.loads(golden("networks_weak.json").read_text())[key]
  network = largefov.largefov_vgg16((None, None, 3), 21, field_of_view=view)
  assert network.count_params() == expected["total"]
  for side, grid in expected["output_size"].items():
    shape = network.compute_output_shape((1, int(side), int(side), 3))
    assert tuple(shape) == (1, *grid, 21)


def test_multi_scale_features_join_the_classifier():
  """DeepLab-MSc: 5 branches of 128 channels more for fc8, all on the same score grid."""
  plain = largefov.largefov_vgg16((None, None, 3), 21)
  network = largefov.largefov_vgg16((None, None, 3), 21, multi_scale_features=True)
  inputs = (3, 64, 128, 256, 512)
  branches = sum(9 * channels * 128 + 128 + 128 * 128 + 128 for channels in inputs)
  assert network.count_params() == plain.count_params() + branches + 5 * 128 * 21
  assert network.get_layer("fc8").kernel.shape == (1, 1, 1024 + 640, 21)
  for side in (321, 353):
    assert tuple(network.compute_output_shape((1, side, side, 3))) == (
        1, (side - 1) // 8 + 1, (side - 1) // 8 + 1, 21)


def test_only_the_branches_of_the_multi_scale_variant_are_new():
  pattern = registry.network_record("largefov_vgg16", multi_scale_features=True).head_pattern
  plain = largefov.largefov_vgg16((33, 33, 3), 3)
  network = largefov.largefov_vgg16((33, 33, 3), 3, multi_scale_features=True)
  old = [weight.name for weight in network.weights if not re.search(pattern, weight.name)]
  assert old == [weight.name for weight in plain.weights if "fc8" not in weight.name]


def test_every_branch_changes_the_scores():
  network = largefov.largefov_vgg16((33, 33, 3), 3, multi_scale_features=True)
  image = tf.random.stateless_normal([1, 33, 33, 3], [1, 2]) * 50
  before = network(image).numpy()
  for name in ("image", "pool1", "pool2", "pool3", "pool4"):
    kernel = network.get_layer(f"msc_{name}_2").kernel
    kept = kernel.numpy()
    kernel.assign(tf.zeros_like(kernel))
    assert np.abs(network(image) - before).max() > 1e-6, name
    kernel.assign(kept)


def test_average_pooling_counts_the_padding():
  network = largefov.largefov_vgg16((17, 17, 3), 2)
  pooled = keras.Sequential([network.get_layer("pool5a_pad"), network.get_layer("pool5a")])
  out = pooled(tf.ones([1, 4, 5, 512])).numpy()[0, :, :, 0]
  np.testing.assert_allclose(out[0, 0], 4 / 9, rtol=1e-6)
  np.testing.assert_allclose(out[0, 2], 6 / 9, rtol=1e-6)
  np.testing.assert_allclose(out[1, 2], 1, rtol=1e-6)


def field(view):
  """Returns the side, in score pixels, of the region that one score depends on behind conv5."""
  images = keras.Input((33, 33, 512))
  network = largefov.largefov_vgg16((17, 17, 3), 2, field_of_view=view)
  x = images
  for name in ("pool5a_pad", "pool5a", "fc6"):
    if view == "large" or name == "fc6":
      x = network.get_layer(name)(x)
  model = keras.Model(images, x)
  inputs = tf.random.stateless_uniform([1, 33, 33, 512], [1, 2])
  with tf.GradientTape() as tape:
    tape.watch(inputs)
    score = tf.reduce_sum(model(inputs)[:, 16, 16] ** 2)
  used = np.abs(tape.gradient(score, inputs)).sum((0, 2, 3)) > 0
  return np.ptp(np.flatnonzero(used)) + 1


def test_fields_of_view():
  # 3x3 at dilation 12 behind a 3x3 pooling; 4x4 at dilation 4.
  assert field("large") == 27
  assert field("small") == 13


def test_decimation_takes_every_third_position_and_every_fourth_channel():
  rng = np.random.default_rng(1)
  fc6 = rng.normal(size=(7 * 7 * 8, 4096)).astype(np.float32)
  bias = rng.normal(size=4096).astype(np.float32)
  fc7 = rng.normal(size=(4096, 4096)).astype(np.float32)
  (kernel6, bias6), (kernel7, bias7) = largefov.decimate_fc((fc6, bias), (fc7, bias))
  assert kernel6.shape == (3, 3, 8, 1024) and kernel7.shape == (1, 1, 1024, 1024)
  # Row of position (y, x) and channel c of a 7x7x8 window: (7 y + x) 8 + c.
  assert kernel6[1, 2, 5, 7] == fc6[(7 * 3 + 6) * 8 + 5, 28]
  assert bias6[7] == bias[28] and kernel7[0, 0, 3, 5] == fc7[12, 20] and bias7[5] == bias[20]
  (kernel6, bias6), (kernel7, _) = largefov.decimate_fc((fc6, bias), (fc7, bias), "small")
  assert kernel6.shape == (4, 4, 8, 4096) and kernel7.shape == (1, 1, 4096, 4096)
  assert kernel6[3, 1, 2, 9] == fc6[(7 * 6 + 2) * 8 + 2, 9] and bias6[9] == bias[9]


def test_dropout_draws_from_the_scope():
  network = largefov.largefov_vgg16((17, 17, 3), 2)
  image = tf.random.stateless_normal([1, 17, 17, 3], [1, 2]) * 50

  def scores(seed):
    with randomness.random_scope(seed):
      return network(image, training=True).numpy()

  np.testing.assert_array_equal(scores([1, 2]), scores([1, 2]))
  assert np.abs(scores([1, 2]) - scores([1, 3])).max() > 0


def test_unknown_field_of_view():
  with pytest.raises(ValueError, match="Did you mean 'large'"):
    largefov.largefov_vgg16((17, 17, 3), 2, field_of_view="larg")
  with pytest.raises(ValueError, match="field of view"):
    largefov.decimate_fc((np.zeros((49, 4)), np.zeros(4)), (np.zeros((4, 4)), np.zeros(4)), "x")
