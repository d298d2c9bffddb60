"""A fourth channel: nothing changes until it is trained, in whatever network."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v2, registry
from keras_weakseg.networks.surgery import pruning, stem


def pixels(seed=0, channels=4):
  return tf.constant(50 * np.random.RandomState(seed).normal(size=(2, 33, 49, channels)),
                     tf.float32)


@pytest.fixture(scope="module")
def tiny():
  """A tiny network of scores, with a head that is no longer small."""
  network = registry.build_network("light_tiny", (None, None, 3), 4, head_filters=16)
  for variable in network.get_layer("head_classifier").variables:
    variable.assign(variable * 50)
  return network


@pytest.mark.parametrize("name, options", [
    ("light_dual", {"alpha": 0.25, "head_filters": 8}),
    pytest.param("light_unet", {"alpha": 0.25, "channels": (4, 4, 4, 4, 4)},
                 marks=pytest.mark.slow),
    pytest.param("deeplab_v3", {"backbone": "mobilenet_v2", "width": 0.35, "head_filters": 8},
                 marks=pytest.mark.slow),
    pytest.param("largefov_vgg16", {"multi_scale_features": True}, marks=pytest.mark.slow),
    pytest.param("deeplab_v2_resnet101", {"multi_scale": True}, marks=pytest.mark.slow)])
def test_zeros_keep_the_answer_bit_for_bit(name, options):
  network = registry.build_network(name, (None, None, 3), 4, **options)
  wide = stem.widen_stem(network)
  assert wide.input_shape == (None, None, None, 4)
  x = pixels()
  np.testing.assert_array_equal(wide(x), network(x[..., :3]))


@pytest.mark.parametrize("start", stem.STARTS)
def test_starts(tiny, start):
  wide = stem.widen_stem(tiny, start=start)
  old, = tiny.get_layer("conv1").get_weights()
  new, = wide.get_layer("conv1").get_weights()
  wanted = {"zero": 0 * old[:, :, :1], "mean": old.mean(2, keepdims=True),
            "copy": old[:, :, 2:]}[start]
  np.testing.assert_array_equal(new, np.concatenate([old, wanted], 2))
  kept = [w for w in wide.get_weights() if w.shape != new.shape]
  for one, other in zip(kept, [w for w in tiny.get_weights() if w.shape != old.shape]):
    np.testing.assert_array_equal(one, other)
  x = pixels()
  changed = np.abs(wide(x) - tiny(x[..., :3])).max()
  assert changed == 0 if start == "zero" else changed > 1e-4


def test_a_widened_kernel_is_that_of_one_convolution(tiny):
  wide = stem.widen_stem(tiny, 5, start="mean")
  layer, x = wide.get_layer("conv1"), pixels(channels=5)
  assert layer.kernel.shape == (3, 3, 5, 8) and layer.split == 3
  plain = tf.nn.conv2d(x, layer.kernel, 2, "SAME")
  np.testing.assert_allclose(layer(x), plain, rtol=0, atol=1e-5 * np.abs(plain).max())


def test_its_weights_fit_the_network_that_is_built_with_four_channels(monkeypatch):
  monkeypatch.setattr(deeplab_v2, "STAGES", (
      ("conv2", 1, 4, 1, 1), ("conv3", 1, 8, 2, 1), ("conv4", 1, 8, 1, 2), ("conv5", 1, 8, 1, 4)))
  wide = stem.widen_stem(deeplab_v2.deeplab_v2_resnet101((None, None, 3), 5), start="copy")
  other = deeplab_v2.deeplab_v2_resnet101((None, None, 3), 5, input_channels=4)
  assert [(w.name, w.shape) for w in wide.weights] == [(w.name, w.shape) for w in other.weights]
  other.set_weights(wide.get_weights())
  np.testing.assert_allclose(other(pixels()), wide(pixels()), rtol=1e-4, atol=1e-3)


def test_the_new_channel_is_trained_and_the_network_pruned(tiny):
  wide = stem.widen_stem(tiny)
  x = pixels()
  with tf.GradientTape() as tape:
    loss = tf.reduce_sum(wide(x, training=True) ** 2)
  gradient = tape.gradient(loss, wide.get_layer("conv1").kernel).numpy()
  assert np.abs(gradient[:, :, 3]).max() > 0
  small = pruning.prune(wide, 0.5)
  masked = pruning.mask(wide, 0.5)(x)
  assert small.input_shape == wide.input_shape
  np.testing.assert_allclose(small(x), masked, rtol=0, atol=2e-5 * np.abs(masked).max())
  copy = keras.Model.from_config(small.get_config())
  copy.set_weights(small.get_weights())
  np.testing.assert_array_equal(copy(x), small(x))


def test_what_cannot_be_widened(tiny):
  with pytest.raises(ValueError, match="Did you mean 'zero'"):
    stem.widen_stem(tiny, start="zeros")
  with pytest.raises(ValueError, match="more than 3"):
    stem.widen_stem(tiny, 3)
  image = keras.Input((9, 9, 3))
  model = keras.Model(image, keras.layers.DepthwiseConv2D(3, name="deep")(image))
  with pytest.raises(ValueError, match="'deep' reads the image"):
    stem.widen_stem(model)
