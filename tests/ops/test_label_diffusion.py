"""From activation maps to a label map: seeds, strong masks, odd images, and what is gained."""
import numpy as np
import pytest
import scipy.ndimage

from keras_weakseg.ops import label_diffusion, superpixels

SIZE = 64


def scene(seed=0, size=SIZE):
  """Returns an image of two discs, their labels 4 and 9, a blurred map M and peaked activations."""
  rng = np.random.default_rng(seed)
  rows, columns = np.mgrid[:size, :size] / size
  labels = np.zeros([size, size], np.uint8)
  image = np.empty([size, size, 3])
  image[...] = 90
  activation = []
  for y, x, label, color in ((0.3, 0.3, 4, (200, 60, 60)), (0.7, 0.72, 9, (60, 90, 210))):
    inside = (rows - y) ** 2 + (columns - x) ** 2 < 0.2 ** 2
    labels[inside], image[inside] = label, color
    # Sure of a part of the object alone, as such maps are.
    part = ((rows - y + 0.06) ** 2 + (columns - x) ** 2 < 0.12 ** 2).astype(float)
    peak = scipy.ndimage.gaussian_filter(part, size / 30)
    activation.append(peak / peak.max())
  image += rng.normal(0, 6, image.shape)
  saliency = scipy.ndimage.gaussian_filter((labels > 0).astype(float), size / 20)
  return np.clip(image, 0, 255).astype(np.uint8), labels, saliency, np.stack(activation, -1)


def iou(found, truth, label):
  return ((found == label) & (truth == label)).sum() / ((found == label) | (truth == label)).sum()


def test_diffused_labels_beat_thresholded_activations():
  image, truth, saliency, activation = scene()
  made = label_diffusion.diffuse_labels(image, saliency, activation, [4, 9])
  best = np.array([4, 9])[activation.argmax(-1)]
  for column, label in enumerate((4, 9)):
    own = max(iou(np.where(activation[..., column] > t, best, 0), truth, label)
              for t in (0.2, 0.3, 0.5))
    assert iou(made.labels, truth, label) > max(own + 0.1, 0.85)
  assert set(np.unique(made.labels)) == {0, 4, 9} and made.labels.dtype == np.uint8
  assert made.shares.sum(1).max() <= 1 + 1e-6 and made.shares.shape == made.seeds.shape


def test_one_class_does_not_flood_the_image():
  image, truth, saliency, activation = scene()
  one = label_diffusion.diffuse_labels(image, saliency, activation[..., :1], [4])
  assert (one.labels == 4).mean() < 2 * (truth == 4).mean()


def test_coarse_maps_are_enlarged():
  image, truth, saliency, activation = scene(size=65)
  made = label_diffusion.diffuse_labels(image, saliency[::8, ::8], activation[::8, ::8], [4, 9])
  assert min(iou(made.labels, truth, label) for label in (4, 9)) > 0.8


def test_strong_masks_stay_as_they_are_and_are_no_weak_class():
  """What is known of other classes is pasted, and its superpixels hold the weak ones back."""
  image, truth, saliency, activation = scene()
  mask = np.where(truth == 9, 12, 255).astype(np.uint8)
  mask[:3] = 0
  free, held = (label_diffusion.diffuse_labels(image, saliency, activation[..., :1], [4], mask=m)
                for m in (None, mask))
  np.testing.assert_array_equal(held.labels[mask != 255], mask[mask != 255])
  assert iou(held.labels, truth, 4) > 0.85
  assert held.zeros.sum() > free.zeros.sum()
  known = superpixels.superpixel_means(held.superpixels, mask == 12) > 0.5
  assert known.any() and held.zeros[known].all()
  assert not (held.seeds.any(1) & held.zeros).any()


@pytest.mark.parametrize("mask_label, wanted", [(12, {12}), (255, {0})])
def test_nothing_to_find(mask_label, wanted):
  image, _, saliency, activation = scene()
  mask = np.full(image.shape[:2], mask_label, np.uint8)
  for maps, classes in ((activation[..., :0], []), (0 * activation, [4, 9])):
    made = label_diffusion.diffuse_labels(image, saliency, maps, classes, mask=mask)
    assert set(np.unique(made.labels)) == wanted


def test_seeds_everywhere():
  image, _, saliency, activation = scene()
  ones = np.ones([*saliency.shape, 1])
  assert (label_diffusion.diffuse_labels(image, ones[..., 0], ones, [4]).labels == 4).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 40)])
def test_odd_sizes(size):
  image = np.random.default_rng(1).integers(0, 255, [*size, 3]).astype(np.uint8)
  made = label_diffusion.diffuse_labels(image, np.zeros([2, 2]), np.ones([2, 2, 1]), [4])
  assert made.labels.shape == size and set(np.unique(made.labels)) <= {0, 4}


def test_a_large_photograph():
  """12 million pixels in seconds and little memory: superpixels are cut at half a million."""
  image, truth, saliency, activation = scene()
  image = np.kron(image, np.ones([47, 63, 1], np.uint8))
  truth = np.kron(truth, np.ones([47, 63], np.uint8))
  assert image.shape == (3008, 4032, 3)
  made = label_diffusion.diffuse_labels(image, saliency, activation, [4, 9])
  assert made.labels.shape == truth.shape and made.superpixels.size <= 1 << 19
  assert min(iou(made.labels, truth, label) for label in (4, 9)) > 0.8


def test_superpixel_seeds_golden(golden):
  data = golden("diffusion.npz")
  seeds, zeros = label_diffusion.superpixel_seeds(
      data["graph__cam_means"], data["graph__features"][:, 3],
      seed_threshold=data["graph__seed_threshold"],
      background_threshold=data["graph__background_threshold"])
  np.testing.assert_array_equal(seeds, data["graph__seeds"].astype(bool))
  np.testing.assert_array_equal(zeros, data["graph__background_seeds"].astype(bool))


def test_a_tagged_class_always_has_a_seed():
  """Else a small object would vanish, since its superpixel is never all of it."""
  seeds, _ = label_diffusion.superpixel_seeds([[0.9, 0.4], [0.2, 0.3], [0.0, 0.1]], np.ones(3))
  assert seeds.tolist() == [[True, False], [False, True], [False, False]]
  seeds, _ = label_diffusion.superpixel_seeds([[0.9, 0.0], [0.8, 0.0]], np.ones(2))
  assert not seeds[:, 1].any()


def test_what_is_not_salient_is_no_seed():
  """A classifier that looks beside the object: L-Net knows better where it is."""
  activation, saliency = [[1.0, 0.1], [0.5, 0.0], [0.2, 0.6]], np.array([0.1, 0.9, 0.8])
  seeds, zeros = label_diffusion.superpixel_seeds(activation, saliency, object_threshold=0.5)
  assert seeds.tolist() == [[False, False], [True, False], [False, True]]
  assert zeros.tolist() == [True, False, False]
  free, _ = label_diffusion.superpixel_seeds(activation, saliency)
  assert free[0, 0] and not free[1, 0]


def test_where_nothing_is_salient_activations_decide():
  activation, saliency = [[0.9], [0.1]], np.array([0.3, 0.1])
  for threshold in (0.0, 0.5):
    seeds, zeros = label_diffusion.superpixel_seeds(
        activation, saliency, object_threshold=threshold)
    assert seeds.tolist() == [[True], [False]] and zeros.tolist() == [False, True]


def test_the_border_stands_in_for_a_missing_background():
  activation, border = [[0.9], [0.1], [0.1], [0.6]], [True, True, False, True]
  for saliency, wanted in ((np.ones(4), [False, True, False, False]),
                           ([1, 1, 0, 1], [False, False, True, False])):
    _, zeros = label_diffusion.superpixel_seeds(activation, saliency, border=border)
    assert zeros.tolist() == wanted
  assert not label_diffusion.superpixel_seeds(activation, np.ones(4))[1].any()


@pytest.mark.parametrize("classes, mask, words", [
    ([4], None, r"one map for each.*\[64, 64, 2\] for \[4\]"),
    ([4, 4], None, "different class ids"),
    ([0, 4], None, "without the background"), ([4, 255], None, r"1\.\.254"),
    ([4, 9], np.zeros([64, 63], np.uint8), "another size")])
def test_errors(classes, mask, words):
  image, _, saliency, activation = scene()
  with pytest.raises(ValueError, match=f"(?s){words}"):
    label_diffusion.diffuse_labels(image, saliency, activation, classes, mask=mask)
