"""Label spaces agree with the data sets' own conventions, and tables map by name."""
import numpy as np
import pytest

from keras_weakseg.datasets import labels

SPACES = [labels.VOC, labels.VOC_ANIMALS, labels.VOC_ANIMALS_BOXES, labels.CAMVID, labels.SCENES,
          labels.SCENE_PARTS, labels.COCO]


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
def test_every_class_has_its_own_colour(space):
  assert len(space.palette) == space.num_classes == len(set(space.classes))
  assert len(set(space.palette)) == space.num_classes
  assert all(0 <= value <= 255 for colour in space.palette for value in colour)
  assert space.index(space.classes[-1]) == space.num_classes - 1


def test_the_voc_palette_is_the_devkits():
  # Colours as printed in the VOC 2012 development kit documentation.
  known = {"aeroplane": (128, 0, 0), "person": (192, 128, 128), "dog": (64, 0, 128),
           "tvmonitor": (0, 64, 128), "sheep": (128, 64, 0)}
  for name, colour in known.items():
    assert labels.VOC.palette[labels.VOC.index(name)] == colour
  assert labels.voc_palette(256)[255] == (224, 224, 192)


def test_animals_keep_their_names_and_lose_the_rest():
  table = labels.remap_table(labels.VOC, labels.VOC_ANIMALS)
  assert table[[0, 8, 10, 12, 13, 15, 17]].tolist() == [0, 1, 2, 3, 4, 5, 6]
  assert (table[[1, 7, 9, 20, 255]] == 255).all()
  boxes = labels.remap_table(labels.VOC, labels.VOC_ANIMALS_BOXES)
  assert boxes[15] == 255 and boxes[17] == 5
  as_background = labels.remap_table(labels.VOC, labels.VOC_ANIMALS_BOXES, other=0)
  assert as_background[15] == 0 and as_background[255] == 255


def test_ids_outside_of_the_source_stay_visible():
  table = labels.remap_table(labels.VOC, labels.VOC_ANIMALS)
  assert table[77] == 77
  with pytest.raises(ValueError, match=r"'x' has labels.*\n.*\[77\]"):
    labels.check_mask(table[np.array([[0, 77]])], labels.VOC_ANIMALS, "x")
  labels.check_mask(np.array([[0, 6, 255]], np.uint8), labels.VOC_ANIMALS, "x")


def test_tags_hold_background_and_drop_unknown_names():
  space = labels.VOC_ANIMALS
  assert space.tags([4]).tolist() == [1, 0, 0, 0, 1, 0, 0]
  assert space.tags_of_names(["dog", "sofa", "sheep"]).tolist() == [1, 0, 0, 1, 0, 0, 1]
  assert space.mask_tags(np.array([[255, 2], [0, 2]])).tolist() == [1, 0, 1, 0, 0, 0, 0]
  assert space.tags([]).dtype == np.float32


def test_an_unknown_class_names_the_nearest():
  with pytest.raises(ValueError, match="Did you mean 'horse'"):
    labels.VOC_ANIMALS.index("horses")


def test_the_animals_of_the_real_masks_are_found(shared_data):
  image = pytest.importorskip("PIL.Image")
  folder = shared_data("voc_animals") / "SegmentationClassAug"
  table = labels.remap_table(labels.VOC, labels.VOC_ANIMALS)
  counts = np.zeros(256, int)
  for path in sorted(folder.glob("*.png"))[:60]:
    counts += np.bincount(table[np.asarray(image.open(path))].ravel(), minlength=256)
  assert (counts[:7] > 0).all() and counts[7:255].sum() == 0


# === COCO ===


def test_category_ids_are_those_of_the_golden_head(golden):
  ids = golden("em.npz")["aggregate__coco_category_id"]
  assert ids.tolist() == list(labels.COCO_CATEGORY_IDS)
  assert labels.COCO.num_classes == len(ids) == 81


def test_known_categories_have_their_ids():
  # Ids as published with the annotations of 2014 and 2017.
  known = {"person": 1, "airplane": 5, "stop sign": 13, "cat": 17, "backpack": 27, "bottle": 44,
           "chair": 62, "couch": 63, "potted plant": 64, "dining table": 67, "tv": 72,
           "refrigerator": 82, "book": 84, "toothbrush": 90}
  for name, category in known.items():
    assert labels.COCO_CATEGORY_IDS[labels.COCO.index(name)] == category


def test_all_of_voc_is_in_coco_in_the_same_colour():
  for name, colour in zip(labels.VOC.classes, labels.VOC.palette):
    twin = labels.VOC_COCO_SYNONYMS.get(name, name)
    assert labels.COCO.palette[labels.COCO.index(twin)] == colour
  assert set(labels.VOC_COCO_SYNONYMS) == set(labels.VOC.classes) - set(labels.COCO.classes)


def test_raw_categories_become_things_background_or_unknown():
  table = labels.coco_table()
  assert table[list(labels.COCO_CATEGORY_IDS[1:])].tolist() == list(range(1, 81))
  assert (table[92:201] == 0).all()
  for unknown in (0, 12, 26, 29, 30, 45, 66, 68, 69, 71, 83, 91, 201, 255):
    assert table[unknown] == 255
  table[1] = 7
  assert labels.coco_table()[1] == 1  # every caller has its own


def test_the_real_masks_hold_nothing_but_categories(shared_data):
  image = pytest.importorskip("PIL.Image")
  seen = set()
  for path in sorted((shared_data("coco128") / "val2017_masks").glob("*.png"))[:40]:
    seen |= set(np.unique(np.asarray(image.open(path))).tolist())
  unknown = {value for value in seen if labels.coco_table()[value] == 255}
  assert unknown == {0} and len(seen) > 60
