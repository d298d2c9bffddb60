"""The hourglass: parity with the published network, its layer table, and that it learns."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import hourglass
from keras_weakseg.ops import depth_losses


@pytest.fixture(scope="module")
def network():
  """The full network; tests that change weights fill it again."""
  return hourglass.hourglass((None, None, 3))


def our_name(name):
  """Returns the name of our layer for one of the parity data (`H4.deep0.A.3x3.reduce_bn`)."""
  return name.replace(".", "_").lower()


def test_activations_golden(golden, fill_generated, network):
  data = golden("hourglass_activations.npz")
  fill_generated(network, "hourglass", our_name)
  model = keras.Model(network.input, [
      network.get_layer("stem_relu").output, network.get_layer("h4_add").output, network.output])
  for case in ("hourglass_0", "hourglass_1"):
    stem, level, out = model(data[f"{case}__in"])
    for found, name in ((stem[..., ::8], "stem"), (level[..., ::4], "h4"), (out, "out")):
      wanted = data[f"{case}__{name}"]
      assert found.shape == wanted.shape
      assert np.abs(found - wanted).max() <= 2e-5 * np.abs(wanted).max(), (case, name)


def test_parameters_and_sizes_golden(golden, network):
  expected = json.loads(golden("networks_weak.json").read_text())["hourglass_megadepth"]
  trained = sum(int(np.prod(weight.shape)) for weight in network.trainable_weights)
  assert (trained, network.count_params()) == (expected["trainable"], expected["total"])
  assert trained == 5357153
  for name, size in expected["output_size"].items():
    height, width = map(int, name.split("x"))
    assert network.compute_output_shape((1, height, width, 3)) == (1, *size, 1)


def test_the_names_of_the_inceptions_are_all_there_are(network):
  names = hourglass.inception_names()
  assert len(names) == len(set(names)) == 22
  convolutions = {conv for name in names for conv, _ in hourglass.branch_names(name)}
  assert convolutions | {"stem_conv", "head_conv"} == {
      layer.name for layer in network.layers if isinstance(layer, keras.layers.Conv2D)}


def test_only_the_stem_has_a_trained_scale(network):
  affine = [layer.name for layer in network.layers
            if getattr(layer, "gamma", None) is not None]
  assert affine == ["stem_bn"]
  norm = network.get_layer("h1_deep0_b_3x3_reduce_bn")
  assert (norm.epsilon, norm.momentum, norm.beta) == (1e-5, 0.9, None)


@pytest.mark.parametrize("options, words", [
    ({"num_classes": 3}, "has no classes"), ({"width": 0.0}, "width > 0")])
def test_what_it_cannot_be(options, words):
  with pytest.raises(ValueError, match=words):
    hourglass.hourglass((32, 32, 3), **options)


@pytest.mark.slow
def test_it_learns_that_brighter_is_closer():
  keras.utils.set_random_seed(1)
  light = hourglass.light_hourglass((32, 32, 3), width=0.1)
  random = np.random.RandomState(0)
  bright = np.kron(random.rand(4, 4, 4), np.ones([1, 8, 8])).astype(np.float32)
  images = np.repeat(bright[..., None], 3, -1)
  target = tf.math.log(1 + 4 * (1 - bright))[..., None]
  optimizer = keras.optimizers.Adam(5e-3)

  @tf.function(autograph=False)
  def step():
    with tf.GradientTape() as tape:
      loss = tf.reduce_mean(depth_losses.scale_invariant_loss(
          light(images, training=True), target, tf.ones_like(target)))
    gradients = tape.gradient(loss, light.trainable_variables)
    optimizer.apply_gradients(zip(gradients, light.trainable_variables))
    return loss

  losses = [float(step()) for _ in range(40)]
  assert losses[-1] < 0.2 * losses[0]
