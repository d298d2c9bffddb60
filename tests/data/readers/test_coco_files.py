"""COCO JSON: boxes by whole file name, claims about the image, crowds, refusals with places."""
import json

import numpy as np
import pytest

from keras_weakseg.data.readers import coco_files

NAMES = ["background", "cat", "dog"]


def coco(path, annotations, images=((7, "a/first.jpg", 20, 10), (9, "second.png", 20, 10))):
  """Writes a COCO file of `(image_id, category_id, x, y, w, h, iscrowd)`."""
  path.write_text(json.dumps({
      "images": [dict(id=i, file_name=name, height=h, width=w) for i, name, h, w in images],
      "categories": [dict(id=17, name="cat"), dict(id=18, name="dog"), dict(id=90, name="comb")],
      "annotations": [dict(image_id=i, category_id=c, bbox=[x, y, w, h], iscrowd=crowd)
                      for i, c, x, y, w, h, crowd in annotations]}))
  return path


def edited(path, **changes):
  """Writes a file with one dog in `first.jpg`, whose entries are changed; None removes a key."""
  content = json.loads(coco(path, [(7, 18, 2, 5, 5, 10, 0)]).read_text())
  for key, change in changes.items():
    for name, value in change.items():
      content[key][0][name] = value
      if value is Ellipsis:
        del content[key][0][name]
  path.write_text(json.dumps(content))
  return path


def boxes_of(path, name="a/first.jpg", **options):
  return coco_files.read_coco(path)[name].boxes(NAMES, **options)


def test_boxes_are_those_of_the_same_pixels(tmp_path):
  mask = np.zeros([20, 10], bool)
  mask[5:15, 2:7] = True
  rows, columns = np.where(mask.any(1))[0], np.where(mask.any(0))[0]
  expected = [rows[0] / 20, columns[0] / 10, (rows[-1] + 1) / 20, (columns[-1] + 1) / 10]
  boxes, classes = boxes_of(edited(tmp_path / "a.json"))
  np.testing.assert_allclose(boxes, [expected], atol=1e-7)
  assert classes.tolist() == [2] and (boxes.dtype, classes.dtype) == (np.float32, np.int32)


def test_shares_of_the_sides_are_no_pixels():
  with pytest.raises(ValueError, match="lies within the first pixel"):
    coco_files.coco_box([0.25, 0.25, 0.5, 0.5], (20, 8), "dog", "a.json")


def test_images_are_told_apart_by_their_whole_name(tmp_path):
  images = ((1, "a/x.jpg", 20, 10), (2, "b/x.jpg", 20, 10))
  found = coco_files.read_coco(coco(tmp_path / "b.json", [(2, 17, 0, 0, 5, 5, 0)], images))
  assert list(found) == ["a/x.jpg", "b/x.jpg"]
  assert [len(found[name].boxes(NAMES)[1]) for name in found] == [0, 1]
  with pytest.raises(ValueError, match="same name"):
    coco_files.read_coco(coco(tmp_path / "c.json", [], (images[0], (2, "a/x.jpg", 20, 10))))


def test_references_must_resolve(tmp_path):
  with pytest.raises(ValueError, match=r"(?s)belongs to no image.*8 at annotations\[0\].image_id"):
    coco_files.read_coco(coco(tmp_path / "a.json", [(8, 17, 0, 0, 5, 5, 0)]))


def test_unknown_classes_are_refused_or_dropped(tmp_path):
  path = coco(tmp_path / "a.json", [(7, 90, 0, 0, 5, 5, 0), (7, 17, 0, 0, 5, 5, 0)])
  with pytest.raises(ValueError, match=r"(?s)annotations\[0\].*class list.*'comb'"):
    boxes_of(path)
  assert boxes_of(path, unknown="drop")[1].tolist() == [1]


def test_crowds_are_unknown_regions_and_tags(tmp_path):
  path = coco(tmp_path / "a.json", [(7, 17, 0, 0, 5, 5, 1), (7, 18, 0, 0, 5, 5, 0),
                                    (9, 18, 0, 0, 5, 5, 1)])
  found = coco_files.read_coco(path)
  first, second = found["a/first.jpg"], found["second.png"]
  assert first.boxes(NAMES)[1].tolist() == [255, 2] and first.crowded
  assert first.labels(NAMES) == [1, 2] and first.labels(NAMES, crowds_only=True) == [1]
  assert second.boxes(NAMES)[1].tolist() == [255] and second.labels(NAMES) == [2]


def test_boxes_without_area_are_left_out(tmp_path):
  path = coco(tmp_path / "a.json", [(7, 17, 3, 3, 1.03, 0.0, 0), (7, 18, 0, 0, 5, 5, 0)])
  assert boxes_of(path)[1].tolist() == [2]
  assert coco_files.read_coco(path)["a/first.jpg"].labels(NAMES) == [2]
  with pytest.raises(ValueError, match="is empty"):
    boxes_of(coco(tmp_path / "b.json", [(7, 17, 3, 3, -1, 2, 0)]))


@pytest.mark.parametrize("change", [dict(width=None, height=None), dict(width=0, height=0),
                                    dict(width=..., height=...), dict(width=0)])
def test_the_header_serves_where_the_claim_is_missing(tmp_path, change):
  path = edited(tmp_path / "a.json", images=change)
  np.testing.assert_allclose(boxes_of(path, size=(20, 10))[0], [[.25, .2, .75, .7]], atol=1e-7)
  with pytest.raises(ValueError, match="(?s)how large.*first.jpg|how large"):
    boxes_of(path)


@pytest.mark.parametrize("change, word", [(dict(width=20, height=10), "exchanged"),
                                          (dict(width=20, height=40), "20x40"),
                                          (dict(height=21.0), "10x21")])
def test_a_claim_of_another_size_is_refused(tmp_path, change, word):
  with pytest.raises(ValueError, match="(?s)'a/first.jpg' is of an image of another size.*10x20"
                     ) as info:
    boxes_of(edited(tmp_path / "a.json", images=change), size=(20, 10))
  assert word in str(info.value)


@pytest.mark.parametrize("segmentation", [
    [[2, 5, 7, 5, 7, 15, 2, 15]], [[2, 5, 7, 5, 7, 9], [2, 9, 3, 15, 7, 15]],
    {"size": [20, 10], "counts": [45, 10] + [10, 10] * 4 + [65]}])
def test_a_box_is_that_of_the_outline_where_none_is_said(tmp_path, segmentation):
  path = edited(tmp_path / "a.json", annotations=dict(bbox=..., segmentation=segmentation))
  np.testing.assert_allclose(boxes_of(path)[0], [[.25, .2, .75, .7]], atol=1e-7)


@pytest.mark.parametrize("changes, place", [
    (dict(annotations=dict(bbox=...)), r"annotations\[0\].bbox"),
    (dict(annotations=dict(bbox=None, segmentation=[])), r"annotations\[0\].bbox"),
    (dict(annotations=dict(bbox=[1, 2, 3])), r"a list of 4 at annotations\[0\].bbox"),
    (dict(annotations=dict(bbox=[1, 2, 3, "4"])), r"annotations\[0\].bbox\[3\]"),
    (dict(annotations=dict(bbox=[1, 2, 3, True])), r"annotations\[0\].bbox\[3\]"),
    (dict(annotations=dict(category_id=...)), r"annotations\[0\].category_id.*no such key"),
    (dict(annotations=dict(category_id=None)), r"annotations\[0\].category_id.*null"),
    (dict(annotations=dict(category_id=[1])), r"annotations\[0\].category_id"),
    (dict(annotations=dict(image_id=...)), r"annotations\[0\].image_id"),
    (dict(annotations=dict(iscrowd="no")), r"annotations\[0\].iscrowd"),
    (dict(images=dict(file_name=...)), r"images\[0\].file_name"),
    (dict(images=dict(file_name=5)), r"images\[0\].file_name"),
    (dict(images=dict(width="10")), r"images\[0\].width"),
    (dict(images=dict(id=9)), "the same id.*images once.*9"),
    (dict(categories=dict(id=18)), "the same id.*categories once.*18"),
    (dict(categories=dict(name=None)), r"categories\[0\].name")])
def test_what_lacks_is_named_with_its_place(tmp_path, changes, place):
  path = edited(tmp_path / "bad.json", **changes)
  with pytest.raises(ValueError, match="(?s)bad.json.*" + place) as info:
    boxes_of(path)
  assert "Expected: " in str(info.value)


@pytest.mark.parametrize("text", ["[1]", '{"images": [', "null", '{"images": [], "categories": []}',
                                  '{"images": 3, "categories": [], "annotations": []}'])
def test_other_files_are_refused(tmp_path, text):
  (tmp_path / "a.json").write_text(text)
  with pytest.raises(ValueError, match="(?s)a.json' cannot be read.*a COCO JSON file"):
    coco_files.read_coco(tmp_path / "a.json")
  with pytest.raises(FileNotFoundError, match="gone"):
    coco_files.read_coco(tmp_path / "gone")
