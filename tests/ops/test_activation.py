"""Class activation maps and their seeds: parity, and a class that is not there has none."""
import numpy as np
import pytest
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


def ramp(height, width):
  """Returns an image that grows from left to right and, in green, from top to bottom."""
  rows, columns = np.mgrid[:height, :width].astype(np.float32)
  return np.stack([columns, rows, 0 * rows], -1)[None]


@pytest.mark.parametrize("cells", [False, True])
@pytest.mark.parametrize("size", [(33, 49), (50, 71)])
def test_maps_lie_where_the_image_is(cells, size):
  """A map that shows the image itself, coarsely, is the image again: nothing is moved."""
  def map_fn(pixels):
    if cells:
      return tf.nn.avg_pool2d(pixels, 16, 16, "VALID")[..., :2]
    return pixels[:, ::16, ::16, :2]

  image = ramp(*size)
  found = activation.summed_activation(map_fn, image, scales=(1.0, 2.0), flip=True, cells=cells)
  # Beyond the centres of the outer cells a map says nothing new.
  inner = (slice(None), slice(9, -9), slice(9, -9)) if cells else (slice(None),) * 3
  # Mirrored, a ramp falls; turned back, it is the same.
  np.testing.assert_allclose(found[inner] / 4, image[inner][..., :2], rtol=0, atol=0.6)
  assert found.shape == (1, *size, 2)


def test_views_are_summed_without_what_is_negative():
  """Else one view that sees nothing would take away what another one sees."""
  image = np.zeros([1, 17, 17, 3], np.float32)
  image[:, :, 9:] = 1
  one = lambda pixels: 4 * pixels[:, ::16, ::16, :1] - 1
  found = activation.summed_activation(one, image, flip=True).numpy()[0, 8, :, 0]
  assert found[0] == 0 and found[-1] == 6 and (np.diff(found) >= 0).all()


def test_a_scale_must_be_positive():
  with pytest.raises(ValueError, match="positive factor"):
    activation.summed_activation(lambda x: x, np.zeros([1, 9, 9, 3]), scales=(0.0,))
