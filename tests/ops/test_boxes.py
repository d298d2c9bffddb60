"""Tests of label maps from boxes: the reference's numbers, properties, and boxes of instances."""
import dataclasses

import numpy as np
import pytest

from keras_weakseg.ops import boxes as ops
from keras_weakseg.ops import crf_parameters

RECTANGLES = ("one", "nested", "equal", "border", "many")
UNARIES = ("one", "two", "two_same", "equal", "tiny", "border", "none")


def normalised(inclusive, size):
  corners = inclusive + np.array([0, 0, 1, 1])
  return (corners / np.array([*size, *size])).astype(np.float32)


def case(archive, name):
  size = tuple(archive[f"{name}__size"].tolist())
  return normalised(archive[f"{name}__boxes"], size), archive[f"{name}__classes"], size


def random_boxes(seed, count=6, size=(50, 70), num_classes=5):
  random = np.random.RandomState(seed)
  corners = np.sort(np.stack([random.randint(0, side + 1, (count, 2)) for side in size], -1), 1)
  corners = corners.reshape([count, 4])
  corners = corners[(corners[:, :2] < corners[:, 2:]).all(1)]
  classes = random.randint(1, num_classes, len(corners))
  return (corners / np.array([*size, *size])).astype(np.float32), classes, size


# === Bbox-Rect ===


@pytest.mark.parametrize("name", RECTANGLES)
def test_rectangles_are_those_of_the_reference(golden, name):
  archive = golden("em.npz")
  found = ops.rasterize_boxes(*case(archive, f"bbox_rect_{name}"))
  assert found.dtype == np.uint8
  np.testing.assert_array_equal(found, archive[f"bbox_rect_{name}__out"])


@pytest.mark.parametrize("seed", range(5))
def test_the_smallest_box_over_a_pixel_wins(seed):
  """An independent computation, pixel by pixel."""
  boxes, classes, size = random_boxes(seed)
  corners = np.rint(boxes * np.array([*size, *size])).astype(int)
  found = ops.rasterize_boxes(boxes, classes, size)
  for y in range(0, size[0], 7):
    for x in range(0, size[1], 5):
      over = [((b[2] - b[0]) * (b[3] - b[1]), -i, label)
              for i, (b, label) in enumerate(zip(corners, classes))
              if b[0] <= y < b[2] and b[1] <= x < b[3]]
      assert found[y, x] == (min(over)[2] if over else 0)


def test_mirrored_boxes_give_the_mirrored_map():
  boxes, classes, size = random_boxes(3)
  mirrored = np.stack([boxes[:, 0], 1 - boxes[:, 3], boxes[:, 2], 1 - boxes[:, 1]], 1)
  np.testing.assert_array_equal(ops.rasterize_boxes(mirrored, classes, size),
                                ops.rasterize_boxes(boxes, classes, size)[:, ::-1])


def test_padding_is_no_box_and_a_tiny_box_keeps_a_pixel():
  boxes = [[0, 0, 0, 0], [0.5, 0.5, 0.501, 0.501], [0.9999, 0, 1, 1]]
  found = ops.rasterize_boxes(boxes, [-1, 2, 3], (10, 10))
  assert found[5, 5] == 2 and (found == 2).sum() == 1
  assert (found[9] == 3).all() and (found == 3).sum() == 10


@pytest.mark.parametrize("boxes, classes", [
    ([[0, 0, 1, 1]], [0]), ([[0, 0, 1.2, 1]], [1]), ([[0.5, 0, 0.5, 1]], [1]),
    ([[6, 7, 30, 37]], [1]), ([[0, 0, 1, 1]], [1, 2]), ([[0, np.nan, 1, 1]], [1])])
def test_wrong_boxes_are_refused(boxes, classes):
  with pytest.raises(ValueError, match="Expected: "):
    ops.rasterize_boxes(boxes, classes, (40, 40))


# === Probabilities ===


@pytest.mark.parametrize("name", UNARIES)
def test_probabilities_are_those_of_the_reference(golden, name):
  archive, name = golden("em.npz"), f"bbox_seg_{name}"
  boxes, classes, size = case(archive, name)
  found = ops.soft_box_probabilities(boxes, classes, size, 21)
  wanted = archive[f"{name}__prob"]
  assert found.dtype == np.float32
  np.testing.assert_allclose(found, wanted, atol=1e-6)
  np.testing.assert_allclose(np.log(found), np.log(wanted), atol=1e-3)


@pytest.mark.parametrize("name", UNARIES)
def test_cores_are_those_of_the_reference(golden, name):
  archive, name = golden("em.npz"), f"bbox_seg_{name}"
  boxes, classes, size = case(archive, name)
  for number, box in enumerate(boxes):
    core = ops.core_of(ops.painting_order([box], [classes[number]], size)[0], size)
    np.testing.assert_array_equal(
        np.array(core[:4]) - [0, 0, 1, 1], archive[f"{name}__cores"][number])


@pytest.mark.parametrize("mode", ops.MODES)
@pytest.mark.parametrize("seed", range(3))
def test_probabilities_sum_to_one_and_keep_to_the_boxes(seed, mode):
  boxes, classes, size = random_boxes(seed)
  found = ops.soft_box_probabilities(boxes, classes, size, 7, mode=mode)
  np.testing.assert_allclose(found.sum(-1), 1, atol=1e-6)
  assert found.min() > 0
  for label in range(1, 7):
    own = ops.rasterize_boxes(boxes[classes == label], classes[classes == label], size) > 0
    assert (found[~own, label] < 1e-11).all()
  outside = ops.rasterize_boxes(boxes, classes, size) == 0
  assert (found[outside, 0] > 0.999).all()


@pytest.mark.parametrize("alpha", [0.2, 0.35, 0.5, 0.8])
def test_the_core_has_the_share_that_is_asked_for(alpha):
  box = ops.PixelBox(20, 30, 180, 210, 1)
  core = ops.core_of(box, (240, 320), alpha)
  assert alpha - 0.02 < core.area / box.area < alpha + 0.05
  assert core.top - box.top == box.bottom - core.bottom == core.left - box.left


def test_a_core_is_never_empty():
  for height in range(10, 40):
    core = ops.core_of(ops.PixelBox(0, 0, height, 13, 1), (height, 13), 1e-6)
    assert core.area > 0


def test_hard_probabilities_are_certain_but_in_the_ring():
  size = (100, 100)
  found = ops.soft_box_probabilities([[0.2, 0.2, 0.8, 0.8]], [2], size, 4, mode="hard")
  core = ops.core_of(ops.PixelBox(20, 20, 80, 80, 2), size)
  np.testing.assert_allclose(found[core.window][..., 2], 1, atol=1e-6)
  np.testing.assert_allclose(found[21, 21], [0.5, 0, 0.5, 0], atol=1e-6)
  np.testing.assert_allclose(found[5, 5], [1, 0, 0, 0], atol=1e-6)


def test_what_is_in_front_hides_a_hard_core_but_not_at_its_own_edge():
  size, classes = (100, 100), [1, 2]
  found = ops.soft_box_probabilities(
      [[0.1, 0.1, 0.9, 0.9], [0.4, 0.4, 0.6, 0.6]], classes, size, 3, mode="hard")
  np.testing.assert_allclose(found[50, 50], [0, 0, 1], atol=1e-6)
  np.testing.assert_allclose(found[41, 41], [0, 0.5, 0.5], atol=1e-6)


@pytest.mark.parametrize("options", [{"alpha": 0.0}, {"alpha": 1.0}, {"mode": "sofd"}])
def test_wrong_settings_are_refused(options):
  with pytest.raises(ValueError, match="Expected: "):
    ops.soft_box_probabilities([[0, 0, 1, 1]], [1], (9, 9), 2, **options)


def test_a_class_beyond_the_last_is_refused():
  with pytest.raises(ValueError, match="Expected: 1..2"):
    ops.soft_box_probabilities([[0, 0, 1, 1]], [3], (9, 9), 3)


# === Bbox-Seg ===


@pytest.mark.parametrize("normalization", ["after", "symmetric"])
def test_segments_are_those_of_the_reference(golden, normalization):
  """All 21 classes in the reference's CRF, only those with boxes in ours."""
  archive = golden("crf.npz")
  image = archive["crf5__image"]
  boxes = normalised(archive["bboxseg_full__boxes"], image.shape[:2])
  parameters = dataclasses.replace(crf_parameters.NAMED["bbox_seg"], normalization=normalization)
  found = ops.segment_boxes(image, boxes, archive["bboxseg_full__classes"], 21, crf=parameters)
  wanted = archive[f"bboxseg_full__{normalization}_it10_labels"]
  assert found.dtype == np.uint8 and (found == wanted).mean() >= 0.999


def scene():
  """Returns a dark disc on light ground, its box and its mask."""
  rows, columns = np.mgrid[:64, :80]
  mask = (rows - 30) ** 2 + (columns - 40) ** 2 < 20 ** 2
  random = np.random.RandomState(0)
  image = np.where(mask[..., None], 60, 190) + random.randint(0, 4, (64, 80, 3))
  boxes, classes = ops.boxes_from_instances(mask.astype(int), {1: 3})
  return image.astype(np.uint8), boxes, classes, 3 * mask


@pytest.mark.parametrize("mode", ops.MODES)
def test_an_object_unlike_its_surroundings_is_found(mode):
  image, boxes, classes, mask = scene()
  found = ops.segment_boxes(image, boxes, classes, 5, mode=mode)
  rectangles = ops.rasterize_boxes(boxes, classes, (64, 80))
  assert (found == mask).mean() > 0.99 > (rectangles == mask).mean()


def test_a_named_set_and_its_values_are_the_same():
  image, boxes, classes, _ = scene()
  named = ops.segment_boxes(image, boxes, classes, 5)
  written = ops.segment_boxes(
      image, boxes, classes, 5, crf="bilateral_weight=45,bilateral_xy=37,bilateral_rgb=3,"
      "spatial_weight=15,spatial_xy=3")
  np.testing.assert_array_equal(named, written)
  without = ops.segment_boxes(image, boxes, classes, 5, crf="bilateral_weight=0,spatial_weight=0")
  assert (without != named).any()


def test_without_boxes_everything_is_background():
  image = scene()[0]
  assert not ops.segment_boxes(image, [], [], 4).any()
  assert not ops.segment_boxes(image, [[0, 0, 0, 0]], [-1], 4).any()


def test_other_numbers_of_classes_give_the_same_map():
  image, boxes, classes, _ = scene()
  np.testing.assert_array_equal(ops.segment_boxes(image, boxes, classes, 4),
                                ops.segment_boxes(image, boxes, classes, 250))


# === Boxes of instances ===


def test_boxes_of_instances_are_tight():
  instances = np.zeros([20, 30], np.int32)
  instances[3:9, 4:11] = 5
  instances[12:15, 20:30] = 2
  instances[5, 10] = 255
  found, classes = ops.boxes_from_instances(instances, {5: 1, 2: 3})
  np.testing.assert_allclose(found * [20, 30, 20, 30], [[12, 20, 15, 30], [3, 4, 9, 11]], rtol=1e-6)
  assert classes.tolist() == [3, 1]
  assert found.dtype == np.float32 and classes.dtype == np.int32


def test_painted_boxes_of_rectangles_are_the_rectangles():
  """There and back: instances that are rectangles are their own boxes."""
  instances = np.zeros([40, 50], np.uint8)
  instances[2:30, 3:40], instances[10:20, 10:20] = 1, 2
  mask = np.array([0, 4, 2], np.uint8)[instances]
  found = ops.boxes_from_instances(instances, mask)
  np.testing.assert_array_equal(ops.rasterize_boxes(*found, (40, 50)), mask)


def test_an_instance_takes_its_most_frequent_class_or_none():
  instances = np.array([[1, 1, 1, 2, 2, 2]])
  mask = np.array([[4, 255, 4, 0, 255, 0]])
  found, classes = ops.boxes_from_instances(instances, mask)
  assert classes.tolist() == [4] and found.tolist() == [[0, 0, 1, 0.5]]


def test_instances_without_a_class_are_refused():
  with pytest.raises(ValueError, match="instance 7 is not known"):
    ops.boxes_from_instances([[7]], {3: 1})
  with pytest.raises(ValueError, match="Expected: "):
    ops.boxes_from_instances([[7]], np.zeros([2, 2]))
  found, classes = ops.boxes_from_instances(np.zeros([4, 4], int), {})
  assert found.shape == (0, 4) and classes.shape == (0,)
