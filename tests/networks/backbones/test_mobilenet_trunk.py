"""Tests of the MobileNetV1 trunk against `keras.applications.MobileNet`."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks.backbones.mobilenet_trunk import block_plan, mobilenet_trunk


def build(shape, **options):
  images = keras.Input(shape)
  features = mobilenet_trunk(images, **options)
  return keras.Model(images, {"stride_8": features.stride_8, "deep": features.deep})


def reference(shape):
  """Returns Keras' MobileNet of quarter width with statistics that are not 0 and 1."""
  model = keras.applications.MobileNet(
      input_shape=shape, alpha=0.25, include_top=False, weights=None)
  rng = np.random.default_rng(1)
  for weight in model.weights:
    if "moving_mean" in weight.name or "beta" in weight.name:
      weight.assign(rng.normal(0, 0.1, weight.shape))
    elif "moving_variance" in weight.name:
      weight.assign(rng.uniform(0.001, 0.01, weight.shape))
  return model


def copy_by_name(source, target):
  values = {weight.name: weight for weight in source.weights}
  for weight in target.weights:
    weight.assign(values[weight.name])


def test_names_and_activations_equal_keras_on_even_sides():
  theirs = reference((64, 96, 3))
  ours = build((64, 96, 3), alpha=0.25)
  copy_by_name(theirs, ours)
  images = tf.random.stateless_normal([2, 64, 96, 3], [1, 2])
  wanted = keras.Model(theirs.input, [theirs.get_layer("conv_pw_5_relu").output,
                                      theirs.get_layer("conv_pw_11_relu").output])(images)
  inner = keras.Model(ours.input, ours.get_layer("conv_pw_11_relu").output)
  assert np.std(wanted[1]) > 0.1
  np.testing.assert_allclose(ours(images)["stride_8"], wanted[0], atol=1e-4)
  np.testing.assert_allclose(inner(images), wanted[1], atol=1e-4)


def test_block_12_without_its_stride_is_keras_on_a_denser_grid():
  theirs = reference((128, 128, 3))
  ours = build((128, 128, 3), alpha=0.25)
  copy_by_name(theirs, ours)
  images = tf.random.stateless_normal([1, 128, 128, 3], [1, 2])
  wanted = keras.Model(theirs.input, theirs.get_layer("conv_pw_12_relu").output)(images)
  # Keras pads by one below and right only: its grid starts at our second row and column.
  np.testing.assert_allclose(ours(images)["deep"][:, 1::2, 1::2], wanted, atol=1e-4)


def test_output_stride_8_agrees_with_16_at_shared_positions_up_to_block_6():
  sparse, dense = build((65, 65, 3), alpha=0.25), build(
      (65, 65, 3), alpha=0.25, output_stride=8)
  dense.set_weights(sparse.get_weights())
  images = tf.random.stateless_normal([1, 65, 65, 3], [1, 2])
  assert sparse(images)["deep"].shape[1:3] == (5, 5)
  assert dense(images)["deep"].shape[1:3] == (9, 9)
  # Dilated convolutions on the dense grid see what the strided ones see on the sparse grid.
  np.testing.assert_allclose(
      dense(images)["deep"][:, ::2, ::2], sparse(images)["deep"], atol=1e-4)


def test_odd_sides_are_symmetric():
  model = build((49, 49, 3), alpha=0.25)
  for layer in model.layers:
    if isinstance(layer, (keras.layers.Conv2D, keras.layers.DepthwiseConv2D)):
      kernel = layer.get_weights()[0]
      layer.set_weights([(kernel + kernel[::-1, ::-1]) / 2])
  images = tf.random.stateless_normal([1, 49, 49, 3], [1, 2])
  turned = model(images[:, ::-1, ::-1])["deep"]
  np.testing.assert_allclose(turned[:, ::-1, ::-1], model(images)["deep"], atol=1e-4)


@pytest.mark.parametrize("output_stride, strides, dilations", [
    (16, [1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 1], [1] * 12),
    (8, [1, 2, 1, 2, 1, 1, 1, 1, 1, 1, 1, 1], [1] * 6 + [2] * 6)])
def test_block_plan(output_stride, strides, dilations):
  plan = block_plan(output_stride)
  assert [stride for _, stride, _ in plan] == strides
  assert [dilation for _, _, dilation in plan] == dilations


def test_frozen_blocks_are_not_trained_and_keep_their_statistics():
  model = build((33, 33, 3), alpha=0.25, frozen_blocks=3)
  trained = {weight.name.split("/")[0] for weight in model.trainable_weights}
  frozen = {"conv1", "conv1_bn"} | {
      f"conv_{kind}_{index}{bn}" for kind in ("dw", "pw") for index in (1, 2, 3)
      for bn in ("", "_bn")}
  assert not trained & frozen and "conv_dw_4" in trained and "conv_pw_12_bn" in trained
  before = {weight.name: weight.numpy() for weight in model.weights}
  model(tf.random.stateless_normal([4, 33, 33, 3], [1, 2]) + 1, training=True)
  changed = {weight.name.split("/")[0] for weight in model.weights
             if np.any(before[weight.name] != weight.numpy())}
  assert changed == {name for name in trained if name.endswith("_bn")}


def test_frozen_blocks_survive_the_config():
  model = build((33, 33, 3), alpha=0.25, frozen_blocks=2)
  copy = keras.Model.from_config(model.get_config())
  assert ([weight.name for weight in copy.trainable_weights]
          == [weight.name for weight in model.trainable_weights])


def test_wrong_options():
  with pytest.raises(ValueError, match="Expected: 0..12. Received: 13"):
    build((33, 33, 3), frozen_blocks=13)
  with pytest.raises(ValueError, match="Expected: 8 or 16. Received: 32"):
    build((33, 33, 3), output_stride=32)
  with pytest.raises(ValueError, match="batch normalisation mode 'eval'"):
    build((33, 33, 3), batch_norm="eval")
