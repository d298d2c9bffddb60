"""Class activation maps and their seeds: parity, and a class that is not there has none."""
import numpy as np
import tensorflow as tf

from keras_weakseg.ops import activation, diffusion, resize


def test_golden(golden):
  data = golden("diffusion.npz")
  raw = activation.class_activation(data["cam__features"], data["cam__fc_weights"])
  np.testing.assert_allclose(raw, data["cam__raw"], rtol=0, atol=1e-5)
  np.testing.assert_allclose(tf.reduce_mean(raw, (1, 2)) + data["cam__fc_bias"],
                             data["cam__logits"], rtol=0, atol=1e-5)
  normalized = activation.normalize_activation(raw, data["cam__tags"])
  np.testing.assert_allclose(normalized, data["cam__normalised"], rtol=0, atol=1e-5)
  np.testing.assert_allclose(
      resize.resize_aligned(tf.gather(normalized[:1], [1, 7], axis=-1), (105, 105)),
      data["cam__upsampled"], rtol=0, atol=1e-5)
  for share in (20, 30, 50, 80):
    seeds = activation.seeds_from_activation(raw, data["cam__tags"], share / 100)
    np.testing.assert_array_equal(seeds, data[f"cam__seeds_{share}"].astype(bool))


def test_the_names_of_diffusion():
  assert diffusion.class_activation is activation.class_activation
  assert diffusion.seeds_from_activation is activation.seeds_from_activation


def test_classes_without_tag_or_activation_have_nothing():
  raw = np.random.default_rng(1).normal(size=[2, 4, 5, 3]).astype(np.float32)
  raw[0, ..., 1] = -np.abs(raw[0, ..., 1])
  tags = np.array([[1, 1, 0], [0, 0, 1]])
  normalized = activation.normalize_activation(raw, tags).numpy()
  peaks = normalized.max((1, 2))
  np.testing.assert_allclose(peaks, [[1, 0, 0], [0, 0, 1]])
  assert normalized.min() == 0
  # A threshold of 0 must not make seeds of zeros.
  seeds = activation.seeds_from_activation(raw, tags, 0.0).numpy()
  np.testing.assert_array_equal(seeds, normalized > 0)


def test_nothing_of_another_class_matters():
  raw = np.random.default_rng(2).normal(size=[1, 4, 5, 3]).astype(np.float32)
  other = raw.copy()
  other[..., 2] = 1e6
  one, two = (activation.normalize_activation(x, [[1, 1, 0]]) for x in (raw, other))
  np.testing.assert_array_equal(one, two)
