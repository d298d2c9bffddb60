"""Superpixels and their graph: parity, connected pieces, sizes from one pixel to a photograph."""
import numpy as np
import pytest
import scipy.ndimage

from keras_weakseg.ops import superpixels


def photo(height=60, width=90, seed=0):
  """Returns an image of smooth noise."""
  rng = np.random.default_rng(seed)
  values = scipy.ndimage.gaussian_filter(rng.normal(size=[height, width, 3]), (4, 4, 0))
  return np.clip(128 + 600 * values, 0, 255).astype(np.uint8)


def test_graph_golden(golden):
  data = golden("diffusion.npz")
  lab = superpixels.lab_colors(data["graph__image"])
  np.testing.assert_allclose(lab.min((0, 1)), data["graph__lab_min"], rtol=0, atol=1e-3)
  features, edges = superpixels.superpixel_graph(
      data["graph__superpixels"], lab, data["graph__objectness"])
  np.testing.assert_allclose(features, data["graph__features"], rtol=0, atol=1e-3)
  np.testing.assert_array_equal(edges, data["graph__edges"])
  np.testing.assert_allclose(superpixels.superpixel_means(
      data["graph__superpixels"], data["graph__cams"]), data["graph__cam_means"], atol=1e-6)


def test_pieces_are_connected_and_numbered_without_gaps():
  labels = superpixels.superpixels(photo(), 40)
  assert labels.dtype == np.int32 and labels.shape == (60, 90)
  count = labels.max() + 1
  assert 20 < count < 60 and set(np.unique(labels)) == set(range(count))
  for number in range(count):
    assert scipy.ndimage.label(labels == number)[1] == 1


def test_pieces_follow_colours():
  image = np.zeros([40, 40, 3], np.uint8)
  truth = (np.add(*np.mgrid[:40, :40]) > 40).astype(np.uint8)
  image[...] = 60 + 120 * truth[..., None]
  labels = superpixels.superpixels(image, 16)
  share = superpixels.superpixel_means(labels, truth)
  assert np.minimum(share, 1 - share).max() < 0.1  # no piece lies on both sides


def noisy(kind, height=60, width=80):
  """Returns an image in which SLIC alone leaves one to three pieces of sixty."""
  rng = np.random.default_rng(3)
  image = rng.integers(0, 256, [height, width, 3])
  if kind == "checks":
    image[:] = 255 * (np.add(*np.mgrid[:height, :width]) % 2)[..., None]
  if kind == "specks":
    image[:] = np.where(rng.random([height, width, 1]) < 0.5, 0, 255)
  return image.astype(np.uint8)


@pytest.mark.parametrize("kind", ["noise", "checks", "specks"])
def test_strong_noise_leaves_about_as_many_pieces_as_were_asked_for(kind):
  labels = superpixels.superpixels(noisy(kind), 60)
  assert 30 <= labels.max() + 1 <= 75
  assert np.bincount(labels.ravel()).max() < 4 * labels.size / 60  # No piece is huge.


def test_an_image_without_strong_noise_is_not_smoothed():
  from skimage import segmentation
  plain = segmentation.slic(photo(), n_segments=40, compactness=superpixels.COMPACTNESS,
                            start_label=0, channel_axis=-1)
  np.testing.assert_array_equal(
      superpixels.superpixels(photo(), 40), np.unique(plain, return_inverse=True)[1].reshape(
          plain.shape))


def test_graph_by_hand():
  """Every pixel a node: features and edges of a grid can be written down."""
  labels = np.arange(6).reshape(2, 3)
  lab = np.stack([labels, 5 - labels, np.full([2, 3], 7)], -1)
  features, edges = superpixels.superpixel_graph(labels, lab, labels / 10)
  np.testing.assert_allclose(features, np.stack(
      [np.arange(6) / 5, 1 - np.arange(6) / 5, np.zeros(6), np.arange(6) / 10], -1), atol=1e-12)
  assert edges.tolist() == [[0, 1], [0, 3], [1, 2], [1, 4], [2, 5], [3, 4], [4, 5]]


def test_corners_do_not_touch():
  edges = superpixels.superpixel_graph([[0, 1], [2, 0]], np.zeros([2, 2, 3]), np.zeros([2, 2]))[1]
  assert edges.tolist() == [[0, 1], [0, 2]]


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (2, 300)])
def test_tiny_and_narrow_images(size):
  labels = superpixels.superpixels(photo(*size), 200)
  assert labels.shape == size and set(np.unique(labels)) == set(range(labels.max() + 1))
  features, edges = superpixels.superpixel_graph(
      labels, superpixels.lab_colors(photo(*size)), np.zeros(size))
  assert np.isfinite(features).all() and edges.shape[1] == 2


def test_colours_that_are_not_there_are_not_stretched():
  """CIELAB of greys has tiny a and b, which are rounding."""
  for image, channels in ((np.full([30, 40, 3], 90, np.uint8), 0),
                          (np.repeat(photo(30, 40)[..., :1], 3, -1), 1)):
    labels = superpixels.superpixels(image, 12)
    features, _ = superpixels.superpixel_graph(
        labels, superpixels.lab_colors(image), np.ones([30, 40]))
    assert features.min() >= 0 and features.max() <= 1
    assert np.ptp(features[:, :channels]) > 0.3 if channels else True
    assert not features[:, channels:3].any()


def test_a_large_image_is_cut_at_the_working_size():
  image = photo(200, 300)
  labels = superpixels.superpixels(image, 30, max_pixels=5000)
  small = superpixels.superpixels(superpixels.shrink(image, (57, 86)), 30)
  assert superpixels.working_size((200, 300), 5000) == (57, 86)
  assert labels.shape == (200, 300) and labels.max() == small.max()
  # Enlarged, not cut anew: columns repeat.
  assert (labels[:, 1:] != labels[:, :-1]).any(0).sum() <= 85


def test_border():
  labels = superpixels.superpixels(photo(), 40)
  inner = set(np.unique(labels)) - set(np.concatenate(
      [labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
  assert inner and set(np.flatnonzero(~superpixels.border_superpixels(labels))) == inner


@pytest.mark.parametrize("image, count, words", [
    (np.zeros([4, 4], np.uint8), 3, r"uint8 \[4, 4\]"),
    (np.zeros([4, 4, 3], np.float32), 3, "float32"),
    (np.zeros([0, 4, 3], np.uint8), 3, r"\[0, 4, 3\]"),
    (np.zeros([4, 4, 3], np.uint8), 0, "1 or more")])
def test_errors(image, count, words):
  with pytest.raises(ValueError, match=f"(?s){words}"):
    superpixels.superpixels(image, count)


def test_maps_of_another_size_are_refused():
  with pytest.raises(ValueError, match="different sizes"):
    superpixels.superpixel_means(np.zeros([4, 5], int), np.zeros([5, 4]))
