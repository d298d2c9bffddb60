"""The dense CRF: parity with the C++, its properties, its sizes, and what it refuses."""
import functools

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import boxes as box_ops
from keras_weakseg.ops import crf
from keras_weakseg.ops import crf_parameters

TOLERANCES = {("deeplab", "none"): 5e-3, ("deeplab", "after"): 1e-3, ("deeplab", "symmetric"): 1e-3,
              ("bboxseg", "none"): 1e-2, ("bboxseg", "after"): 1e-2,
              ("bboxseg", "symmetric"): 1e-2, ("weak", "none"): 1e-4, ("weak", "before"): 1e-4}
ITERATIONS = {"deeplab": (1, 5, 10), "bboxseg": (1, 5, 10), "weak": (1, 10)}


def example(height=24, width=30, classes=4, seed=0):
  random = np.random.default_rng(seed)
  image = np.zeros([height, width, 3], np.uint8)
  image[:, width // 2:] = (200, 120, 40)
  image = image + random.integers(0, 20, image.shape).astype(np.uint8)
  unary = random.normal(size=[height, width, classes]).astype(np.float32)
  unary[:, width // 2:, 1] -= 1.5
  unary[:, :width // 2, 2] -= 1.5
  return unary, image


def softmax(x):
  e = np.exp(x - x.max(-1, keepdims=True))
  return e / e.sum(-1, keepdims=True)


def by_definition(unary, image, bilateral_weight, bilateral_xy, bilateral_rgb, spatial_weight,
                  spatial_xy, iterations):
  """Returns mean field with exact Gaussians, normalised after, in float64."""
  height, width, classes = unary.shape
  y, x = np.mgrid[:height, :width]
  place = np.stack([x, y], -1).reshape(-1, 2).astype(float)
  color = image.reshape(-1, 3).astype(float)

  def squares(a):
    return ((a[:, None] - a[None]) ** 2).sum(-1)

  kernels = [
      (spatial_weight, np.exp(-squares(place) / (2 * spatial_xy ** 2))),
      (bilateral_weight, np.exp(-squares(place) / (2 * bilateral_xy ** 2)
                                - squares(color) / (2 * bilateral_rgb ** 2)))]
  energies = unary.reshape(-1, classes).astype(float)
  found = softmax(-energies)
  for _ in range(iterations):
    found = softmax(-energies + sum(weight * (kernel @ found) / kernel.sum(1, keepdims=True)
                                    for weight, kernel in kernels))
  return found.reshape(unary.shape)


@pytest.mark.parametrize("classes", [5, 21])
@pytest.mark.parametrize("name, normalization", TOLERANCES)
def test_golden(golden, classes, name, normalization):
  data = golden("crf.npz")
  unary, image = data[f"crf{classes}__unary"], data[f"crf{classes}__image"]
  spatial, xy, bilateral, wide, rgb = data[f"crf{classes}_{name}__params"]
  stride = int(data[f"crf{classes}__stride"])
  for iterations in ITERATIONS[name]:
    key = f"crf{classes}_{name}__{normalization}_it{iterations}"
    found = crf.dense_crf(unary, image, bilateral, wide, rgb, spatial, xy, iterations,
                          normalization)
    full = f"{key}_q" in data
    wanted = data[f"{key}_q" if full else f"{key}_qsub"]
    np.testing.assert_allclose(found if full else found[::stride, ::stride], wanted, rtol=0,
                               atol=TOLERANCES[name, normalization])
  labels, top = data[f"{key}_labels"], np.sort(found, -1)
  same = found.argmax(-1) == labels
  assert same.mean() >= .999
  assert same[top[..., -1] - top[..., -2] > 1e-2].all()


def test_golden_without_iterations(golden):
  data = golden("crf.npz")
  for name in ("crf5", "crf21"):
    found = crf.dense_crf(data[f"{name}__unary"], data[f"{name}__image"], iterations=0)
    stride = int(data[f"{name}__stride"])
    np.testing.assert_allclose(found[::stride, ::stride], data[f"{name}__q_0"], atol=1e-6)


@pytest.mark.parametrize("normalization", ["after", "symmetric"])
def test_golden_bbox_seg(golden, normalization):
  data = golden("crf.npz")
  image = data["crf5__image"]
  height, width = image.shape[:2]
  boxes = data["bboxseg_full__boxes"] + np.array([0, 0, 1, 1])
  probabilities = box_ops.soft_box_probabilities(
      (boxes / [height, width, height, width]).astype(np.float32), data["bboxseg_full__classes"],
      (height, width), 21)
  spatial, xy, bilateral, wide, rgb = data["crf5_bboxseg__params"]
  found = crf.dense_crf(crf.unary_from_probabilities(probabilities), image, bilateral, wide, rgb,
                        spatial, xy, 10, normalization)
  np.testing.assert_allclose(found[::4, ::4], data[f"bboxseg_full__{normalization}_it10_qsub"],
                             rtol=0, atol=1e-2)
  labels = data[f"bboxseg_full__{normalization}_it10_labels"]
  assert (found.argmax(-1) == labels).mean() >= .999


def test_near_mean_field_by_its_definition():
  unary, image = example()
  settings = dict(bilateral_weight=3, bilateral_xy=12, bilateral_rgb=20, spatial_weight=2,
                  spatial_xy=2, iterations=3)
  found, wanted = crf.dense_crf(unary, image, **settings), by_definition(unary, image, **settings)
  assert np.abs(found - wanted).mean() < .1 * np.abs(softmax(-unary) - wanted).mean()
  assert (found.argmax(-1) == wanted.argmax(-1)).mean() > .97


@pytest.mark.parametrize("normalization", crf_parameters.NORMALIZATIONS)
def test_agrees_with_pydensecrf_where_it_is_installed(normalization):
  densecrf = pytest.importorskip("pydensecrf.densecrf", reason="needs the extra 'oracle'")
  unary, image = example(37, 52, 6)
  peer = densecrf.DenseCRF2D(52, 37, 6)
  peer.setUnaryEnergy(np.ascontiguousarray(unary.reshape(-1, 6).T))
  options = {"normalization": getattr(densecrf, {
      "none": "NO_NORMALIZATION"}.get(normalization, f"NORMALIZE_{normalization.upper()}"))}
  peer.addPairwiseGaussian(sxy=2, compat=0.3, **options)
  peer.addPairwiseBilateral(sxy=30, srgb=9, rgbim=image, compat=0.5, **options)
  wanted = np.array(peer.inference(7)).T.reshape(unary.shape)
  found = crf.dense_crf(unary, image, 0.5, 30, 9, 0.3, 2, 7, normalization)
  np.testing.assert_allclose(found, wanted, atol=1e-3)


# === Properties ===


def test_zero_weights_leave_the_softmax():
  unary, image = example()
  found = crf.dense_crf(unary, image, bilateral_weight=0, spatial_weight=0)
  assert found.dtype == np.float32
  np.testing.assert_allclose(found, softmax(-unary), atol=1e-6)


def test_a_constant_field_gets_only_its_own_message():
  """Normalised after, a constant passes the filter: each class gets weight * q at every pixel."""
  image = example()[1]
  unary = np.broadcast_to(np.array([0.5, 1.0, 2.0], np.float32), [24, 30, 3])
  first = softmax(-unary)
  found = crf.dense_crf(unary, image, iterations=1)
  np.testing.assert_allclose(found, softmax(-unary + 7 * first), atol=1e-5)
  assert np.ptp(crf.dense_crf(unary, image), axis=(0, 1)).max() < 1e-5


def test_permuted_classes_permute_the_result():
  unary, image = example(classes=5)
  order = [3, 0, 4, 1, 2]
  np.testing.assert_allclose(crf.dense_crf(unary[..., order], image),
                             crf.dense_crf(unary, image)[..., order], atol=1e-5)


def test_a_constant_added_to_all_energies_of_a_pixel_changes_nothing():
  unary, image = example()
  shift = np.random.default_rng(1).integers(-2000, 2000, [24, 30, 1]).astype(np.float32)
  np.testing.assert_allclose(crf.dense_crf(unary + shift, image), crf.dense_crf(unary, image),
                             atol=2e-3)


@pytest.mark.parametrize("normalization", crf_parameters.NORMALIZATIONS)
@pytest.mark.parametrize("weight", [1.0, 500.0])
def test_probabilities_sum_to_one_whatever_the_weights(normalization, weight):
  unary, image = example()
  found = crf.dense_crf(unary * 30, image, bilateral_weight=weight, spatial_weight=weight,
                        normalization=normalization)
  assert np.isfinite(found).all() and found.min() >= 0
  np.testing.assert_allclose(found.sum(-1), 1, atol=1e-5)


def test_labels_follow_the_edges_of_the_image():
  unary, image = example(40, 50)
  truth = np.where(np.arange(50) < 25, 2, 1)[None].repeat(40, 0)
  before = (unary.argmin(-1) == truth).mean()
  after = (crf.dense_crf(unary, image).argmax(-1) == truth).mean()
  assert before < .85 and after > .99


def test_one_class_is_certain():
  unary, image = example()
  assert (crf.dense_crf(unary[..., :1], image) == 1).all()


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (2, 3)])
def test_narrow_images(size):
  unary, image = example(*size)
  found = crf.dense_crf(unary, image)
  assert found.shape == unary.shape
  np.testing.assert_allclose(found.sum(-1), 1, atol=1e-5)


@pytest.mark.slow
def test_a_large_photograph():
  y, x = np.mgrid[:2000, :3000]
  image = np.stack([x // 12, y // 8, (x + y) // 20], -1).astype(np.uint8)
  unary = np.zeros([2000, 3000, 2], np.float16)
  unary[:, 1500:, 0] = unary[:, :1500, 1] = 1
  found = crf.dense_crf(unary, image, iterations=1)
  crf.clear_cache()
  assert found.shape == (2000, 3000, 2)
  assert (found[:, 1600:].argmax(-1) == 1).all() and (found[:, :1400].argmax(-1) == 0).all()


# === Batches, caches, types ===


def test_a_batch_is_its_images_one_by_one():
  pairs = [example(seed=seed) for seed in range(5)]
  single = np.stack([crf.dense_crf(*pair, spatial_xy=2) for pair in pairs])
  unaries, images = (np.stack(each) for each in zip(*pairs))
  for workers in (None, 1, 3):
    found = crf.dense_crf_batch(unaries, images, workers=workers, spatial_xy=2)
    np.testing.assert_array_equal(found, single)


def test_a_list_may_have_images_of_any_size():
  pairs = [example(20 + seed, 30 - seed, seed=seed) for seed in range(4)]
  found = crf.dense_crf_batch(*map(list, zip(*pairs)))
  assert isinstance(found, list)
  for got, pair in zip(found, pairs):
    np.testing.assert_array_equal(got, crf.dense_crf(*pair))
  assert crf.dense_crf_batch([], []) == []


def test_a_batch_names_what_is_wrong():
  unary, image = example()
  with pytest.raises(ValueError, match="2 images. Received: 1 images"):
    crf.dense_crf_batch([unary] * 2, [image])
  with pytest.raises(ValueError, match="not finite"):
    crf.dense_crf_batch([unary, unary * np.nan], [image] * 2)


def test_the_second_call_is_the_first(monkeypatch):
  unary, image = example()
  crf.clear_cache()
  first = crf.dense_crf(unary, image)
  monkeypatch.setattr(crf.permutohedral, "PermutohedralLattice", None)  # none may be made
  np.testing.assert_array_equal(crf.dense_crf(unary, image), first)
  with pytest.raises(TypeError):
    crf.dense_crf(unary, image[::-1])


def test_blocks_make_no_difference(monkeypatch):
  unary, image = example()
  whole = crf.dense_crf(unary, image)
  monkeypatch.setattr(crf, "_BLOCK", 100)
  np.testing.assert_allclose(crf.dense_crf(unary, image), whole, atol=1e-6)


@pytest.mark.parametrize("kind", [np.float16, np.float64, tf.bfloat16, "tensor", "fortran"])
def test_any_float_type_and_layout(kind):
  unary, image = example()
  unary = np.round(unary * 16) / 16
  wanted = crf.dense_crf(unary, image)
  if kind == "tensor":
    found = crf.dense_crf(tf.constant(unary), tf.constant(image))
  elif kind == "fortran":
    found = crf.dense_crf(np.asfortranarray(unary), np.asfortranarray(image))
  else:
    found = crf.dense_crf(unary.astype(tf.as_dtype(kind).as_numpy_dtype), image)
  np.testing.assert_array_equal(found, wanted)


def test_inputs_are_left_alone():
  unary, image = example()
  copies = unary.copy(), image.copy()
  crf.dense_crf(unary, image)
  np.testing.assert_array_equal(unary, copies[0])
  np.testing.assert_array_equal(image, copies[1])


# === Energies ===


def test_unary_from_scores_is_minus_log_softmax():
  scores = np.random.default_rng(0).normal(size=[5, 6, 7]) * 50
  found = crf.unary_from_scores(scores)
  np.testing.assert_allclose(found, -tf.nn.log_softmax(scores.astype(np.float32)), atol=1e-4)
  assert found.dtype == np.float32


def test_scores_and_their_probabilities_give_the_same_crf():
  unary, image = example()
  scores = -2 * unary
  np.testing.assert_allclose(
      crf.dense_crf(crf.unary_from_scores(scores), image),
      crf.dense_crf(crf.unary_from_probabilities(softmax(scores)), image), atol=1e-4)


def test_unary_from_probabilities_has_a_floor():
  found = crf.unary_from_probabilities(np.array([[0.0, 0.25, 0.75]]))
  np.testing.assert_allclose(found, [[-np.log(1e-12), -np.log(.25), -np.log(.75)]], rtol=1e-6)
  assert crf.unary_from_probabilities([0.0], floor=1e-5)[0] == pytest.approx(-np.log(1e-5))


@pytest.mark.parametrize("call, words", [
    (lambda: crf.unary_from_scores([np.nan, 1.0]), "scores are not finite.*\n.*1 NaN"),
    (lambda: crf.unary_from_probabilities([np.inf]), "probabilities are not finite"),
    (lambda: crf.unary_from_probabilities([-0.5, 1.5]), r"no probabilities.*\n.*-0.5..1.5"),
    (lambda: crf.unary_from_probabilities([0.5], floor=0), "floor of probabilities"),
])
def test_energies_of_nonsense_are_refused(call, words):
  with pytest.raises(ValueError, match=words):
    call()


# === What is refused ===


def spoiled(value):
  unary = example()[0]
  unary[3, 4, 1] = value
  return unary


@pytest.mark.parametrize("make, words", [
    (lambda u, i: (u.reshape(-1, 4), i), r"\[H, W, C\].*Received: \[720, 4\]"),
    (lambda u, i: (u[None], i[None]), r"another shape(.|\n)*dense_crf_batch"),
    (lambda u, i: (u[:0], i[:0]), "another shape"),
    (lambda u, i: (u.astype(np.int32), i), "Expected: floats. Received: int32"),
    (lambda u, i: (u, i / 255.0), r"uint8 \[H, W, 3\].*Received: float64 \[24, 30, 3\]"),
    (lambda u, i: (u, i[..., 0]), r"Received: uint8 \[24, 30\]"),
    (lambda u, i: (u, i[..., :1]), r"Received: uint8 \[24, 30, 1\]"),
    (lambda u, i: (u.swapaxes(0, 1), i), "24x30.*Received: 30x24(.|\n)*swapped"),
    (lambda u, i: (spoiled(np.nan), i), "energies are not finite.*\n.*1 NaN and 0 infinite"),
    (lambda u, i: (spoiled(np.inf), i), "0 NaN and 1 infinite"),
    (lambda u, i: (u.astype(np.float64) * 1e300, i), "energies are not finite"),
])
def test_arrays_that_are_refused(make, words):
  with pytest.raises(ValueError, match=words):
    crf.dense_crf(*make(*example()))


@pytest.mark.parametrize("name, value", [
    ("bilateral_weight", -1), ("spatial_weight", -0.1), ("bilateral_xy", 0), ("bilateral_rgb", -5),
    ("spatial_xy", np.nan), ("iterations", 1.5), ("normalization", "softmax")])
def test_parameters_that_are_refused(name, value):
  with pytest.raises(ValueError, match=name):
    functools.partial(crf.dense_crf, **{name: value})(*example())


# === Photographs ===


def test_coarse_masks_of_photographs_get_sharper(shared_data):
  """True masks seen through a grid of 40 pixels, as a coarse network: the CRF gets edges back."""
  root = shared_data("voc_animals")
  names = (root / "ImageSets" / "Segmentation" / "val.txt").read_text().split()[::25]
  right = np.zeros([2, 2])
  for name in names:
    image = tf.io.decode_jpeg(tf.io.read_file(str(root / "JPEGImages" / f"{name}.jpg"))).numpy()
    truth = tf.io.decode_png(tf.io.read_file(
        str(root / "SegmentationClassAug" / f"{name}.png"))).numpy()[..., 0]
    valid = truth != 255
    animal = (truth > 0) & valid
    small = tf.image.resize(animal[..., None].astype(np.float32), [
        side // 40 + 1 for side in truth.shape], method="area")
    seen = tf.image.resize(small, truth.shape).numpy()
    probabilities = np.concatenate([1 - seen, seen], -1) * .98 + .01
    refined = crf.dense_crf(crf.unary_from_probabilities(probabilities), image)
    for row, found in enumerate((probabilities, refined)):
      mask = (found.argmax(-1) == 1) & valid
      right[row] += (mask & animal).sum(), (mask | animal).sum()
  coarse, sharp = right[:, 0] / right[:, 1]
  assert len(names) == 12 and .8 < coarse < .85 and sharp > coarse + .01
