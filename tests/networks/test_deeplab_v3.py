"""Tests of DeepLab v3 on Model Garden parts."""
import functools
import re

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v3, registry
from keras_weakseg.networks.layers import batch_norm as norms
from keras_weakseg.networks.layers import randomness

IMAGES = tf.random.stateless_normal([2, 33, 49, 3], [1, 2])
SMALL = dict(backbone="mobilenet_v2", width=0.35, head_filters=16)


def build(**options):
  return deeplab_v3.deeplab_v3((None, None, 3), 4, **{**SMALL, **options})


@functools.lru_cache(maxsize=None)
def kept(**options):
  """Returns the network of `build`, made once, whose weights may be any."""
  return build(**options)


def test_weights_of_the_model_garden_are_tracked_by_our_model():
  network = kept()
  garden = deeplab_v3.build_backbone("mobilenet_v2", width=0.35)
  backbone = network.get_layer("backbone")
  # All but the convolution and normalisation behind the last level used.
  assert len(backbone.weights) == len(garden.weights) - 5 > 200
  tracked = {id(variable) for variable in network.variables}
  assert {id(variable) for variable in backbone.variables} <= tracked
  with tf.GradientTape() as tape, randomness.random_scope([1, 2]):
    loss = tf.reduce_sum(network(IMAGES, training=True) ** 2)
  gradients = tape.gradient(loss, network.trainable_variables)
  assert len(gradients) > 150 and not any(gradient is None for gradient in gradients)


@pytest.mark.parametrize("backbone", sorted(deeplab_v3.BACKBONES))
def test_every_backbone_builds_and_names_its_head(backbone):
  if backbone in ("resnet101", "resnet152"):
    pytest.skip("the same code as resnet50, several times its size")
  network = deeplab_v3.deeplab_v3((33, 33, 3), 4, backbone=backbone, head_filters=16)
  assert network.output_shape == (None, 5, 5, 4)
  pattern = registry.network_record("deeplab_v3").head_pattern
  trunk = {id(variable) for variable in network.get_layer("backbone").variables}
  for variable in network.variables:
    assert bool(re.search(pattern, variable.name)) == (id(variable) not in trunk), variable.name


@pytest.mark.parametrize("output_stride", [16, 8])
@pytest.mark.parametrize("height, width", [(33, 49), (41, 64)])
def test_score_grid(output_stride, height, width):
  network = kept(output_stride=output_stride)
  scores = network(tf.zeros([1, height, width, 3]))
  assert scores.shape == (1, -(-height // 8), -(-width // 8), 4) and scores.dtype == tf.float32


def test_scores_of_stride_16_lie_on_the_grid_of_stride_8():
  network = build(dropout_rate=0.0)
  inner = keras.Model(network.input, network.get_layer("head_classifier").output)
  np.testing.assert_allclose(network(IMAGES)[:, ::2, ::2], inner(IMAGES), atol=1e-6)


@pytest.mark.slow
def test_config_round_trip():
  network = build(dropout_rate=0.3)
  copy = keras.Model.from_config(network.get_config())
  copy.set_weights(network.get_weights())
  np.testing.assert_allclose(copy(IMAGES), network(IMAGES), atol=1e-6)
  names = [w.name for w in network.weights if "head_" in w.name]
  assert [w.name for w in copy.weights if "head_" in w.name] == names and len(names) > 25


def test_mixed_precision_gives_float32_scores():
  keras.mixed_precision.set_global_policy("mixed_bfloat16")
  try:
    network = build()
  finally:
    keras.mixed_precision.set_global_policy("float32")
  scores = network(IMAGES)
  assert scores.dtype == tf.float32 and np.isfinite(scores).all()
  assert network.get_layer("head_aspp").compute_dtype == "bfloat16"


def test_pyramid_pooling_uses_every_rate_and_the_global_branch():
  keras.utils.set_random_seed(1)
  layer = deeplab_v3.PyramidPooling(8, (2, 4), name="pool")
  # Around 1: the global branch sees the mean alone.
  x = 1 + tf.random.stateless_normal([1, 17, 17, 6], [1, 2])
  base = layer(x)
  assert base.shape == (1, 17, 17, 8)
  kernels = [weight for weight in layer.weights if "kernel" in weight.name]
  assert len(kernels) == 5 and len({weight.name for weight in layer.weights}) == 25
  for kernel in kernels:
    saved = kernel.numpy()
    kernel.assign(tf.zeros_like(saved))
    assert np.abs(layer(x) - base).max() > 1e-3
    kernel.assign(saved)


def test_pyramid_pooling_over_replicas_keeps_the_variances_of_one_device():
  """The global branch has one value per image, so a biased variance of it is far too small."""
  x = tf.random.stateless_normal([3, 9, 9, 6], [1, 2])
  layers = [deeplab_v3.PyramidPooling(8, (2, 4), synchronized_batch_norm=flag, name="pool")
            for flag in (False, True)]
  for layer in layers:
    layer(x)
  layers[1].set_weights(layers[0].get_weights())
  outputs = [layer(x, training=True) for layer in layers]
  np.testing.assert_allclose(*outputs, atol=1e-5)
  moved = 0
  for one, other in zip(*(layer.weights for layer in layers), strict=True):
    assert one.name == other.name
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=one.name)
    moved += "moving_variance" in one.name and np.abs(one - 1).max() > 1e-3
  assert moved == 5
  found = [part for part in layers[1].submodules if isinstance(
      part, keras.layers.BatchNormalization)]
  assert len(found) == 5 and all(
      type(part) is norms.SynchronizedBatchNormalization for part in found)


def test_no_hidden_dropout():
  network = kept()
  assert not [layer for layer in network.submodules
              if type(layer) is keras.layers.Dropout and layer.rate > 0]


def test_wrong_options():
  with pytest.raises(ValueError, match="Did you mean 'resnet50'"):
    build(backbone="resnet5")
  with pytest.raises(ValueError, match="Expected: 8 or 16. Received: 32"):
    build(output_stride=32)
  with pytest.raises(ValueError, match="one width only"):
    build(backbone="resnet50")
