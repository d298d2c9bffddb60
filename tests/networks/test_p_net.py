"""Tests of P-Net: parity, sizes, and that it learns to tell shapes apart."""
import json
import re

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import p_net, registry
from keras_weakseg.ops import adversarial, critic_inputs


def test_activations(golden, fill_generated, check_hash):
  data = golden("network_activations_weak.npz")
  network = p_net.p_net((41, 41, 3), 21)
  fill_generated(network, "pnet", lambda name: name)
  logits = network(data["pnet__in"])
  for found, key in ((logits, "logit"), (tf.sigmoid(logits), "out")):
    reference = data[f"pnet__{key}"]
    assert found.shape == reference.shape
    assert np.abs(found - reference).max() <= 1e-5 * np.abs(reference).max()


def test_parameters(golden):
  expected = json.loads(golden("networks_weak.json").read_text())["pnet"]
  assert p_net.p_net((41, 41, 3), 21).count_params() == expected["total"]
  assert len(expected["variants"]) == 7
  for key, count in expected["variants"].items():
    height, width, channels = map(int, key.split("x"))
    encoding = "category" if channels == 3 else "product"
    for size, grid in (((height, width), ()), ((None, None), (height, width))):
      network = p_net.p_net((*size, 3), channels // 3, grid=grid, encoding=encoding)
      assert network.input_shape[-1] == channels and network.count_params() == count, key
  assert p_net.p_net((None, None, 3), 21).count_params() == expected["total"]


def test_other_sizes_are_decimated_to_the_grid():
  """An image of 8k+1 is read at every eighth pixel, corners included."""
  network = p_net.p_net((None, None, 3), 2, grid=(9, 11))
  fixed = p_net.p_net((9, 11, 3), 2, grid=(9, 11))
  fixed.set_weights(network.get_weights())
  assert "resize" not in {layer.name for layer in fixed.layers}
  images = tf.random.stateless_normal([2, 65, 81, 3], [1, 2])
  np.testing.assert_allclose(network(images), fixed(images[:, ::8, ::8]), rtol=1e-4, atol=1e-5)


def test_nothing_of_it_is_a_head():
  pattern = registry.network_record("p_net").head_pattern
  assert not any(re.search(pattern, w.name) for w in p_net.p_net((9, 9, 3), 2, grid=(9, 9)).weights)


@pytest.mark.parametrize("options, words", [
    ({"encoding": "categroy"}, "Did you mean 'category'"), ({"grid": (7, 41)}, "at least 8"),
    ({"grid": (41,)}, "two sides")])
def test_what_cannot_be_built(options, words):
  with pytest.raises(ValueError, match=f"(?s){words}") as error:
    p_net.p_net((41, 41, 3), 3, **options)
  assert "Expected: " in str(error.value)


def test_it_learns_shapes_and_passes_them_on_to_other_categories():
  """Trained on discs of class 1 against their boxes, it tells discs of class 2, which it never saw.

  So a critic of the strong categories can judge those that have no masks.
  """
  rows, columns = np.mgrid[:17, :17]
  rng = np.random.default_rng(2)

  def batch(category, count):
    centres, radii = rng.uniform(5, 12, [count, 2, 1, 1]), rng.uniform(3, 5, [count, 1, 1])
    away = np.abs(np.stack([rows, columns])[None] - centres)
    disc, box = (away ** 2).sum(1) < radii ** 2, away.max(1) < radii
    # The two categories have different colours.
    images = rng.normal(0.3 if category == 1 else -0.6, 0.2, [count, 17, 17, 3])
    ids = np.full([count, 1], category)
    return [critic_inputs.category_images(
        images, tf.one_hot(category * mask.astype(np.int32), 3), ids)[0] for mask in (disc, box)]

  keras.utils.set_random_seed(1)
  network = p_net.p_net((17, 17, 3), 3, grid=(17, 17))
  optimizer = keras.optimizers.Adam(1e-3)

  @tf.function(autograph=False)
  def step(true, predicted):
    with tf.GradientTape() as tape:
      loss = tf.reduce_mean(adversarial.true_terms(network(true))
                            + adversarial.predicted_terms(network(predicted)))
    optimizer.minimize(loss, network.trainable_variables, tape=tape)

  for _ in range(150):
    step(*batch(1, 16))
  for category, share in ((1, 0.9), (2, 0.75)):
    true, predicted = batch(category, 64)
    assert np.mean(network(true) > network(predicted)) > share
