"""Tests of the multi-task network: published size, exchange of features, start from depth."""
import re

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import multitask_decoder, registry, unet_decoder
from keras_weakseg.networks.layers import randomness
from keras_weakseg.networks.weights import weights

X = tf.random.stateless_normal([2, 32, 64, 3], [1, 2])


def build(num_classes=4, **options):
  # Features go to the classifier as they are, as in the reference, unless a test asks otherwise.
  return multitask_decoder.light_multitask(
      (None, None, 3), num_classes, **{"alpha": 0.25, "head_channels": 0, **options})


@pytest.fixture(scope="module")
def shared():
  return build()


@pytest.fixture
def network(shared):
  """Returns the network of `build()`, made once; its weights are put back after the test."""
  values = shared.get_weights()
  yield shared
  shared.set_weights(values)


def features(network, *names):
  return keras.Model(network.input, [network.get_layer(name).output for name in names])(X)


@pytest.mark.slow
def test_size_is_the_published_one(check_size):
  network = multitask_decoder.multitask_decoder((64, 128, 3), 19, segmentation_disparities=True)
  head = [w for w in network.weights if re.search(registry.HEAD_PATTERN, w.name)]
  wanted = check_size(head, "pad_multitask_decoder_resnet101")
  shapes = {key.replace("disparity", "disp").replace("side_scores", "intermediate_semantics")
            .replace("scores", "semantics"): list(shape[1:])
            for key, shape in network.output_shape.items() if not key.startswith("segmentation_")}
  assert shapes == wanted["output_shapes_hwc"]
  # Of each branch: its decoder, what it learns from the other one, its classifiers.
  own = [w for w in head if re.search("head_segmentation_|classifier|to_segmentation", w.name)]
  count = sum(int(np.prod(w.shape)) for w in own if "moving" not in w.name)
  assert count == wanted["trainable_segmentation_branch"]


@pytest.mark.parametrize("height, width", [(32, 64), (33, 49)])
def test_outputs(network, height, width):
  outputs = network(tf.zeros([1, height, width, 3]))
  assert outputs["scores"].shape == (1, height, width, 4)
  assert outputs["side_scores"].shape == (1, -(-height // 4), -(-width // 4), 4)
  assert [outputs[f"disparity_{s}"].shape[1] for s in range(4)] == [
      height, -(-height // 2), -(-height // 4), -(-height // 8)]
  assert len(outputs) == 6 and all(value.dtype == tf.float32 for value in outputs.values())


def test_outputs_of_the_coarser_level():
  outputs = build(score_level=1)(tf.zeros([1, 33, 49, 3]))
  assert sorted(outputs) == ["disparity_1", "disparity_2", "disparity_3", "scores", "side_scores"]
  assert outputs["disparity_1"].shape == (1, 17, 25, 1)
  assert outputs["scores"].shape == (1, 33, 49, 4)


def test_levels_without_exchanged_features_are_refused():
  with pytest.raises(ValueError, match="(?s)0 \\(fine\\) or 1.*Received: 2"):
    build(score_level=2)


def test_scores_may_be_projected_before_they_are_classified(network):
  plain, projected = network, build(head_channels=7)
  own = {w.name: w for w in projected.weights}
  shared = [w for w in plain.weights if not w.name.startswith("head_classifier/")]
  for variable in shared:
    variable.assign(own.pop(variable.name))
  assert sorted(own) == ["head_classifier/bias:0", "head_classifier/kernel:0",
                         "head_project_scores/kernel:0"]
  # Two linear layers say what their product says.
  mixed = own["head_project_scores/kernel:0"], own["head_classifier/kernel:0"]
  assert mixed[0].shape[-1] == 7
  classifier = plain.get_layer("head_classifier")
  classifier.kernel.assign(tf.einsum("hwim,hwmo->hwio", *mixed))
  classifier.bias.assign(own["head_classifier/bias:0"])
  np.testing.assert_allclose(plain(X)["scores"], projected(X)["scores"], atol=1e-5)


def test_heads_that_the_reference_never_uses_are_an_option(network):
  names = {w.name for w in network.weights}
  extra = {w.name for w in build(segmentation_disparities=True).weights} - names
  assert {name.split("/")[0] for name in extra} == {
      f"head_segmentation_disparity_{scale}" for scale in range(4)}


def test_the_gate_starts_half_open(network):
  own, other, passed, merged = features(
      network, "head_level2", "head_segmentation_level2", "head_to_depth_conv", "head_to_depth")
  np.testing.assert_allclose(merged, own + 0.5 * passed, atol=1e-5)
  assert np.abs(passed).max() > 1e-3
  kernel = network.get_layer("head_to_depth_conv").kernel
  # PyTorch's initial values: uniform within 1 / sqrt(fan in).
  assert 0.9 < np.abs(kernel).max() * np.sqrt(np.prod(kernel.shape[:3])) <= 1
  np.testing.assert_allclose(
      passed, tf.nn.conv2d(other, kernel, 1, "SAME"), atol=1e-5)
  network.get_layer("head_to_depth_gate").set_weights([np.full(kernel.shape, -1.0)])
  gate, merged = features(network, "head_to_depth_gate", "head_to_depth")
  np.testing.assert_allclose(merged, own + passed * tf.sigmoid(gate), atol=1e-5)


@pytest.mark.parametrize("cut, changed, kept", [
    ("head_segmentation_level3_conv0", "disparity_0", "disparity_2"),
    ("head_level3_conv0", "scores", "side_scores")])
def test_each_branch_sees_the_other_behind_the_exchange_only(network, cut, changed, kept):
  network.get_layer("head_classifier").set_weights(
      [np.random.default_rng(1).normal(size=(1, 1, 16, 4)), np.zeros(4)])
  before = network(X)
  layer = network.get_layer(cut)
  layer.set_weights([2 * value for value in layer.get_weights()][:1] + [
      value + 1 for value in layer.get_weights()[1:]])
  after = network(X)
  assert np.abs(after[changed] - before[changed]).max() > 1e-6
  np.testing.assert_array_equal(after[kept], before[kept])


@pytest.mark.parametrize("level", multitask_decoder.SCORE_LEVELS)
def test_both_branches_start_from_a_depth_network(level):
  depth = unet_decoder.light_unet((None, None, 3), 0, alpha=0.25,
                                  disparity_scales=unet_decoder.SCALES[level:])
  for variable in depth.weights:
    variable.assign(tf.random.stateless_uniform(variable.shape, [1, 2]) / 10)
  network = build(score_level=level)
  report = weights.carry_over(depth, network)
  assert not report.unused
  assert all(re.search("classifier|to_depth|to_segmentation|head_segmentation_", key)
             for key in report.missing)
  copied = multitask_decoder.start_from_depth(network)
  assert len(copied) > 50 and all(key in report.missing for key in copied)
  left = {key.split("/")[0] for key in set(report.missing) - set(copied)}
  assert left == {"head_classifier", "head_classifier_side", "head_to_depth_conv",
                  "head_to_depth_gate", "head_to_segmentation_conv",
                  "head_to_segmentation_gate"}
  one, other = features(network, "head_level2", "head_segmentation_level2")
  np.testing.assert_array_equal(one, other)
  np.testing.assert_array_equal(network(X)["disparity_3"], depth(X)["disparity_3"])


def test_classifiers_of_other_classes_are_not_carried_over(network):
  report = weights.carry_over(build(), network)
  assert {key.split("/")[0] for key in report.missing} == {
      "head_classifier", "head_classifier_side"}


def test_every_variable_is_reached_once_the_gates_move():
  keras.utils.set_random_seed(1)
  network = build(dropout_rate=0.1)
  with tf.GradientTape() as tape, randomness.random_scope([1, 2]):
    loss = sum(tf.reduce_sum(value ** 2) for value in network(X, training=True).values())
  gradients = tape.gradient(loss, network.trainable_variables)
  assert min(float(tf.reduce_max(tf.abs(gradient))) for gradient in gradients) > 0


def test_config_round_trip():
  network = build(segmentation_disparities=True)
  copy = keras.Model.from_config(network.get_config())
  copy.set_weights(network.get_weights())
  assert [w.name for w in copy.weights] == [w.name for w in network.weights]
  for key, value in network(X).items():
    np.testing.assert_array_equal(copy(X)[key], value)
