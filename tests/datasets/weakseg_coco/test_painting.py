"""Semantic masks: who covers whom, crowds, stuff, unlabelled pixels."""
import numpy as np
import pytest

from keras_weakseg.datasets import labels
from keras_weakseg.datasets.weakseg_coco import painting

TABLE = labels.coco_table()


def test_smaller_objects_lie_on_larger_ones_and_on_crowds(coco):
  for items in (coco.annotations(1), coco.annotations(1)[::-1]):
    mask = painting.semantic_mask(items, coco.size, TABLE)
    assert mask.dtype == np.uint8
    np.testing.assert_array_equal(mask, coco.semantic())


def test_of_equal_areas_the_later_object_is_seen(coco):
  first, second = (dict(category_id=number, iscrowd=0, area=9,
                        segmentation=coco.rectangle(0, 0, 3, 3)) for number in (2, 3))
  assert painting.semantic_mask([first, second], (4, 4), TABLE)[0, 0] == 3
  assert painting.semantic_mask([second, first], (4, 4), TABLE)[0, 0] == 2


def test_an_image_without_objects_is_background(coco):
  assert not painting.semantic_mask([], coco.size, TABLE).any()


def test_panoptic_colours_are_numbers_of_three_bytes(coco):
  ids = coco.panoptic_ids()
  colours = np.stack([ids % 256, ids // 256 % 256, ids // 65536], -1).astype(np.uint8)
  mask = painting.panoptic_mask(colours, coco.segments, TABLE)
  assert mask.dtype == np.uint8
  np.testing.assert_array_equal(mask, coco.panoptic_semantic())
  with pytest.raises(ValueError, match="of 'x' holds segments.*\n.*196863"):
    painting.panoptic_mask(colours, coco.segments[:2] + coco.segments[3:], TABLE, "x")


def test_a_segment_of_two_classes_is_refused(coco):
  colours = np.zeros((2, 2, 3), np.uint8)
  twice = [dict(id=5, category_id=1), dict(id=5, category_id=18)]
  with pytest.raises(ValueError, match="segment 5 of 'x' has two classes"):
    painting.panoptic_mask(colours, twice, TABLE, "x")


def test_real_shapes_are_those_of_the_coco_api(coco):
  """Random blobs as polygons and runs, painted by hand with the masks of the API."""
  from pycocotools import mask as api
  rng = np.random.RandomState(0)
  for _ in range(10):
    items, wanted = [], np.zeros(coco.size, np.uint8)
    for number in (1, 2, 3):
      corners = (rng.rand(8, 2) * coco.size[::-1]).ravel().tolist()
      runs = api.merge(api.frPyObjects([corners], *coco.size))
      items.append(dict(category_id=number, iscrowd=0, area=float(api.area(runs)),
                        segmentation=[corners] if number < 3 else runs))
    for item in sorted(items, key=lambda item: -item["area"]):
      runs = item["segmentation"]
      runs = api.merge(api.frPyObjects(runs, *coco.size)) if isinstance(runs, list) else runs
      wanted[api.decode(runs) > 0] = item["category_id"]
    np.testing.assert_array_equal(painting.semantic_mask(items, coco.size, TABLE), wanted)
