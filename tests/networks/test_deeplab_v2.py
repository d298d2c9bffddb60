"""Tests of DeepLab v2: parity with the golden activations, ASPP, scales and their fusion."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v2
from keras_weakseg.networks.layers import batch_norm as norms


@pytest.fixture(scope="module")
def single():
  """The single-scale network for 21 classes; tests that change weights fill it again."""
  return deeplab_v2.deeplab_v2_resnet101((None, None, 3), 21)


def deeplab_v2_name(name):
  """Returns the name of our layer for one of the parity data (`layer2.block1.reduce.conv`)."""
  parts = name.split(".")
  if parts[0] == "aspp":
    return f"fc8_aspp_{6 * (1 + int(parts[1][1:]))}"
  if parts[0] == "layer1":
    return f"conv1_{parts[2]}"
  inner = {"shortcut": 0, "reduce": 1, "conv3x3": 2, "increase": 3}[parts[2]]
  return f"conv{parts[0][-1]}_{parts[1]}_{inner}_{parts[3]}"


def assert_close(values, reference):
  assert values.shape == reference.shape
  assert np.abs(values - reference).max() <= 2e-5 * np.abs(reference).max()


def test_activations(golden, fill_generated, check_hash, single):
  data = golden("network_activations_weak.npz")
  fill_generated(single, "deeplabv2_resnet101", deeplab_v2_name)
  branches = [single.get_layer(f"fc8_aspp_{rate}").output for rate in (6, 12, 18, 24)]
  model = keras.Model(single.input, [
      single.get_layer("pool1_pool").output, single.get_layer("conv3_block4_out").output,
      single.get_layer("conv5_block3_out").output, single.output, *branches])
  layer1, layer3, layer5, out, *branches = [
      value.numpy() for value in model(data["deeplabv2__in"], training=True)]
  assert_close(layer1[..., ::8], data["deeplabv2__layer1"])
  assert_close(layer3[..., ::32], data["deeplabv2__layer3"])
  assert_close(layer5[..., ::128], data["deeplabv2__layer5"])
  assert_close(out, data["deeplabv2__out"])
  assert_close(np.stack([branch[0].mean((0, 1)) for branch in branches]),
               data["deeplabv2__branch_means"])


def test_parameters_and_score_grid(golden, single):
  expected = json.loads(golden("networks_weak.json").read_text())["deeplabv2_resnet101"]
  trainable = sum(int(np.prod(weight.shape)) for weight in single.trainable_weights)
  assert (single.count_params(), trainable) == (expected["total"], expected["trainable"])
  head = [weight for weight in single.weights if weight.name.startswith("fc8")]
  assert sum(int(np.prod(weight.shape)) for weight in head) == expected["aspp_head"]
  for side, grid in expected["output_size"].items():
    assert tuple(single.compute_output_shape((1, int(side), int(side), 3))) == (1, *grid, 21)


def test_four_input_channels(golden):
  expected = json.loads(golden("networks_weak.json").read_text())["deeplabv2_resnet101"]
  network = deeplab_v2.deeplab_v2_resnet101((33, 33, 3), 21, input_channels=4)
  assert network.input_shape == (None, 33, 33, 4)
  assert (sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
          == expected["trainable_with_4_input_channels"])


def head_model(rates=deeplab_v2.ASPP_RATES, channels=16):
  features = keras.Input((None, None, channels))
  return keras.Model(features, deeplab_v2.aspp_sum(features, 5, rates))


def test_every_branch_counts_and_the_sum_is_of_all_four(golden):
  expected = json.loads(golden("networks_weak.json").read_text())["deeplabv2_resnet101"]
  features = keras.Input((9, 9, 1024))
  wide = keras.Model(features, deeplab_v2.aspp_sum(features, 21))
  assert wide.count_params() == expected["aspp_head_with_1024_inputs"]
  model = head_model()
  x = tf.random.stateless_normal([1, 41, 41, 16], [1, 2])
  total = model(x)
  parts = [model.get_layer(f"fc8_aspp_{rate}")(x) for rate in (6, 12, 18, 24)]
  np.testing.assert_allclose(total, sum(parts), atol=1e-5)
  for rate in (6, 12, 18, 24):
    layer = model.get_layer(f"fc8_aspp_{rate}")
    saved = layer.get_weights()
    layer.set_weights([np.zeros_like(weight) for weight in saved])
    assert np.abs(model(x) - total).max() > 1e-2, rate
    layer.set_weights(saved)


def test_head_is_float32_under_mixed_precision():
  keras.mixed_precision.set_global_policy("mixed_bfloat16")
  try:
    model = head_model(rates=(1, 2))
  finally:
    keras.mixed_precision.set_global_policy("float32")
  assert model(tf.zeros([1, 5, 5, 16], tf.bfloat16)).dtype == tf.float32


def small_trunk(monkeypatch):
  """Leaves one narrow block per stage: the wiring of the scales does not need 44 M weights."""
  monkeypatch.setattr(deeplab_v2, "STAGES", (
      ("conv2", 1, 4, 1, 1), ("conv3", 1, 8, 2, 1), ("conv4", 2, 8, 1, 2), ("conv5", 1, 8, 1, 4)))


def randomize_head(network):
  rng = np.random.default_rng(1)
  for weight in network.weights:
    if "fc8" in weight.name:
      weight.assign(rng.normal(size=weight.shape))


def test_multi_scale_shares_weights_and_fuses_by_maximum(monkeypatch):
  small_trunk(monkeypatch)
  one = deeplab_v2.deeplab_v2_resnet101((None, None, 3), 5)
  randomize_head(one)
  network = deeplab_v2.deeplab_v2_resnet101((None, None, 3), 5, multi_scale=True, return_all=True)
  assert [weight.name for weight in network.weights] == [weight.name for weight in one.weights]
  network.set_weights(one.get_weights())
  image = tf.random.stateless_normal([2, 33, 65, 3], [1, 2]) * 50
  out = network(image)
  assert set(out) == {"fused", "x1", "x0.75", "x0.5"}
  assert {value.shape for value in out.values()} == {tf.TensorShape([2, 5, 9, 5])}
  np.testing.assert_allclose(out["x1"], one(image), rtol=1e-4, atol=1e-3)
  half = one(image[:, ::2, ::2])
  np.testing.assert_allclose(out["x0.5"][:, ::2, ::2], half, rtol=1e-4, atol=1e-3)
  np.testing.assert_array_equal(
      out["fused"], np.max([out["x1"], out["x0.75"], out["x0.5"]], axis=0))
  for key in ("x1", "x0.75", "x0.5"):
    assert np.mean(out["fused"] == out[key]) > 0.1, key
  fused = deeplab_v2.deeplab_v2_resnet101((None, None, 3), 5, multi_scale=True)
  fused.set_weights(one.get_weights())
  np.testing.assert_allclose(fused(image), out["fused"], rtol=1e-4, atol=1e-3)


def test_gradients_reach_the_shared_weights_from_every_scale(monkeypatch):
  small_trunk(monkeypatch)
  network = deeplab_v2.deeplab_v2_resnet101((33, 33, 3), 5, multi_scale=True, return_all=True)
  image = tf.random.stateless_normal([1, 33, 33, 3], [1, 2]) * 50
  with tf.GradientTape(persistent=True) as tape:
    losses = {key: tf.reduce_sum(value ** 2) for key, value in network(image).items()}
  kernel = network.trainable_variables[0]
  sizes = {key: float(tf.reduce_max(tf.abs(tape.gradient(loss, kernel))))
           for key, loss in losses.items()}
  assert len(sizes) == 4 and min(sizes.values()) > 0


def test_config_round_trip_of_all_forms(monkeypatch):
  small_trunk(monkeypatch)
  image = tf.random.stateless_normal([1, 33, 33, 3], [1, 2]) * 50
  for options in ({}, {"return_all": True}, {"multi_scale": True},
                  {"multi_scale": True, "return_all": True}):
    network = deeplab_v2.deeplab_v2_resnet101((33, 33, 3), 5, **options)
    copy = keras.Model.from_config(network.get_config())
    copy.set_weights(network.get_weights())
    tf.nest.map_structure(np.testing.assert_array_equal, copy(image), network(image))


def test_statistics_are_frozen_unless_asked(monkeypatch, single):
  frozen = [layer for layer in single.layers if isinstance(layer, norms.FrozenBatchNormalization)]
  assert len(frozen) == 104 and {layer.epsilon for layer in frozen} == {1e-5}
  small_trunk(monkeypatch)
  trained = deeplab_v2.deeplab_v2_resnet101((33, 33, 3), 5, batch_norm="train")
  mean = trained.get_layer("conv1_bn").moving_mean
  trained(tf.ones([1, 33, 33, 3]), training=True)
  assert np.abs(mean).max() > 0
