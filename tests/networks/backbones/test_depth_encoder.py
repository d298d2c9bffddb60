"""Tests of the encoders: levels, sizes as published, sharing, what is refused."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks.backbones import depth_encoder, mobilenet_trunk


def build(name, shape=(None, None, 3), **options):
  images = keras.Input(shape)
  return keras.Model(images, depth_encoder.encode(images, name, **options))


@pytest.mark.parametrize("name, options, golden_name", [
    ("resnet18", {"output_stride": 32}, "monodepth_resnet18_encoder"),
    ("resnet50", {}, "student_resnet50_encoder"),
    pytest.param("resnet101", {}, "segmentation_resnet101_encoder", marks=pytest.mark.slow),
])
def test_sizes_are_the_published_ones(check_size, name, options, golden_name):
  model = build(name, **options)
  wanted = check_size(model.weights, golden_name)
  shapes = model.compute_output_shape((1, *wanted["input_shape_hwc"]))
  assert [list(shape[1:]) for shape in shapes] == wanted["output_shapes_hwc"]


def test_the_light_resnet_ends_at_half_the_width():
  model = build("light_resnet18")
  assert [shape[-1] for shape in model.compute_output_shape((1, 64, 96, 3))] == [
      64, 64, 128, 256, 256]
  whole = build("resnet18").count_params()
  assert model.count_params() < 0.5 * whole


@pytest.mark.parametrize("height, width", [(64, 96), (33, 49), (40, 90)])
def test_levels_of_the_light_encoder(height, width):
  model = build("mobilenet_v1", alpha=0.25)
  for level, feature in enumerate(model(tf.zeros([1, height, width, 3]))):
    stride = (2, 4, 8, 16, 16)[level]
    channels = (16, 32, 64, 128, 256)[level]
    assert feature.shape == (1, -(-height // stride), -(-width // stride), channels)


def test_light_encoder_is_the_trunk_of_the_segmentation_networks():
  """The same names and, on odd sides, the same numbers, so the same weights serve both."""
  images = keras.Input((33, 49, 3))
  trunk = keras.Model(images, mobilenet_trunk.mobilenet_trunk(images, alpha=0.25))
  model = build("mobilenet_v1", alpha=0.25)
  assert [w.name for w in model.weights] == [w.name for w in trunk.weights]
  model.set_weights(trunk.get_weights())
  x = tf.random.stateless_normal([1, 33, 49, 3], [1, 2])
  stride_8, deep = trunk(x)
  features = model(x)
  np.testing.assert_allclose(features[2], stride_8, atol=1e-5)
  np.testing.assert_allclose(features[4], deep, atol=1e-5)


def test_light_levels_lie_on_the_same_pixels_whatever_the_size():
  model = build("mobilenet_v1", alpha=0.25)
  x = tf.random.stateless_normal([1, 96, 96, 3], [1, 2])
  for one, other in zip(model(x)[:3], model(x[:, :95, :95])[:3]):
    np.testing.assert_allclose(one[:, 1:6, 1:6], other[:, 1:6, 1:6], atol=1e-4)


def test_encoder_model_shares_the_variables():
  network = build("resnet18")
  x = tf.random.stateless_normal([1, 32, 64, 3], [1, 2])
  deepest = depth_encoder.encoder_model(network)
  np.testing.assert_array_equal(deepest(x), network(x)[4])
  first, third = depth_encoder.encoder_model(network, levels=(0, 2))(x)
  assert first.shape[-1] == 64 and third.shape[-1] == 128
  assert {id(w) for w in deepest.weights} == {id(w) for w in network.weights}


def test_frozen_blocks_and_normalisation():
  model = build("mobilenet_v1", alpha=0.25, frozen_blocks=3, batch_norm="frozen")
  names = {weight.name.split("/")[0] for weight in model.trainable_weights}
  assert "conv_pw_4" in names and not names & {"conv1", "conv1_bn", "conv_pw_3", "conv_dw_1_bn"}
  assert type(model.get_layer("conv_pw_4_bn")).__name__ == "FrozenBatchNormalization"


def test_wrong_options():
  with pytest.raises(ValueError, match="Did you mean 'resnet50'"):
    build("resnet5")
  with pytest.raises(ValueError, match="one output stride"):
    build("mobilenet_v1", output_stride=32)
  with pytest.raises(ValueError, match="one width"):
    build("resnet18", alpha=0.5)
