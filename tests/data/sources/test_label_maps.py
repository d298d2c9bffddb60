"""Tests of label maps on disk: what they hold, and that making them may stop at any time."""
import json
import os
import threading

import cv2
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.sources import box_labels
from keras_weakseg.data.sources import label_maps
from keras_weakseg.files import cache
from keras_weakseg.ops import boxes as box_ops

RECT = {"kind": "rect", "progress": False}


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch):
  """Keeps the cache of every test in its own folder."""
  monkeypatch.setenv(cache.ENVIRONMENT, str(tmp_path / "cache"))
  return tmp_path / "cache"


@pytest.fixture
def folder(mini):
  """Returns a folder of ten boxed pictures."""
  return data.Folder(mini)


def read(path):
  from PIL import Image
  image = Image.open(path)
  assert image.mode == "P"
  return np.asarray(image)


def stamps(path):
  return {file.name: file.stat().st_mtime_ns for file in (path / "masks").rglob("*.png")}


def test_rectangles_are_written_as_palette_masks(folder, place):
  path = data.make_label_maps(folder, "train", **RECT)
  assert path.parent == place and len(path.name) == 16
  names = folder.ids("train")
  assert sorted(file.stem for file in (path / "masks").iterdir()) == sorted(names)
  for name in names:
    wanted = np.zeros([12, 16], np.uint8)
    wanted[1:5, 2:6] = 1 + int(name[1:]) % 2  # The XML of the folder: pixels 3..6, 2..5 from 1.
    np.testing.assert_array_equal(read(path / "masks" / f"{name}.png"), wanted)


def test_the_result_is_a_folder_of_masks(folder, mini):
  path = data.make_label_maps(folder, "train", **RECT)
  again = data.Folder(mini, masks=str(path / "masks"), held_out=0.0)
  sample = next(again.samples("train").as_numpy_iterator())
  assert set(np.unique(sample[fields.MASK])) == {0, 1} and sample[fields.SUPERVISION] == 7


def test_the_record_says_what_they_are(folder):
  path = data.make_label_maps(folder, "train", **RECT)
  record = box_labels.KIND.read_record(path)
  assert record["kind"] == "rect" and record["classes"] == ["background", "cat", "dog"]
  assert record["fingerprint"] == folder.fingerprint() and "alpha" not in record
  with pytest.raises(FileNotFoundError, match="make-label-maps"):
    box_labels.KIND.read_record(path.parent)


def test_masks_are_never_opened(folder, mini):
  for path in (mini / "masks").iterdir():
    path.write_bytes(b"garbage")
  path = data.make_label_maps(folder, "train", **RECT)
  assert (path / "sheet.png").exists()


def test_what_is_there_is_kept_and_what_is_missing_is_made(folder):
  path = data.make_label_maps(folder, "train", ids=folder.ids("train")[:3], **RECT)
  before = stamps(path)
  assert len(before) == 3
  victim = sorted(before)[1]
  os.remove(path / "masks" / victim)
  assert data.make_label_maps(folder, "train", **RECT) == path
  after = stamps(path)
  assert set(after) == {f"{name}.png" for name in folder.ids("train")}
  assert all(after[name] == stamp for name, stamp in before.items() if name != victim)


def test_an_interrupted_call_leaves_whole_files_and_is_continued(folder, monkeypatch):
  count, lock = [0], threading.Lock()
  draw = label_maps.BoxMaps.draw

  def stops(self, *args):
    with lock:
      count[0] += 1
      if count[0] == 4:
        raise KeyboardInterrupt
    return draw(self, *args)

  monkeypatch.setattr(label_maps.BoxMaps, "draw", stops)
  with pytest.raises(KeyboardInterrupt):
    data.make_label_maps(folder, "train", **RECT)
  path = label_maps.folder_of(folder, label_maps.BoxMaps("rect"))
  found = stamps(path)
  assert 0 < len(found) < len(folder.ids("train"))
  assert all(file.suffix == ".png" and not file.name.startswith(".")
             for file in (path / "masks").iterdir())
  monkeypatch.setattr(label_maps.BoxMaps, "draw", draw)
  data.make_label_maps(folder, "train", **RECT)
  again = stamps(path)
  assert len(again) == len(folder.ids("train"))
  assert all(again[name] == stamp for name, stamp in found.items())


@pytest.mark.slow
def test_two_at_a_time_agree(folder):
  done = []
  threads = [threading.Thread(target=lambda: done.append(
      data.make_label_maps(folder, "train", **RECT))) for _ in range(2)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert len(set(done)) == 1 and len(stamps(done[0])) == len(folder.ids("train"))


def test_everything_that_matters_is_in_the_hash(folder, mini):
  rect = label_maps.BoxMaps("rect")
  first = label_maps.folder_of(folder, rect)
  assert label_maps.folder_of(data.Folder(mini), rect) == first
  seg = {label_maps.folder_of(folder, label_maps.BoxMaps("seg", **options))
         for options in ({}, {"alpha": 0.3}, {"mode": "hard"}, {"crf": "deeplab_largefov"})}
  assert len(seg | {first}) == 5
  xml = mini / "boxes" / "a3.xml"
  xml.write_text(xml.read_text().replace("<xmax>6", "<xmax>7"))
  moved = label_maps.folder_of(data.Folder(mini), rect)
  assert moved != first
  (mini / "images" / "a3.png").write_bytes(cv2.imencode(".png", np.zeros([12, 16, 3]))[1].tobytes())
  assert label_maps.folder_of(data.Folder(mini), rect) not in (first, moved)


def test_boxes_of_a_dataset_are_in_the_hash():
  def source(right):
    sample = {"image": tf.zeros([4, 6, 3], tf.uint8), "boxes": tf.constant([[0, 0, 1.0, right]]),
              "box_classes": tf.constant([1])}
    return data.Dataset(tf.data.Dataset.from_tensors(sample), ("background", "cat"))

  rect = label_maps.BoxMaps("rect")
  first, again, other = (label_maps.folder_of(source(right), rect) for right in (0.5, 0.5, 1.0))
  assert first == again != other
  path = data.make_label_maps(source(0.5), "train", **RECT)
  np.testing.assert_array_equal(read(path / "masks" / "train_000000.png"),
                                [[1, 1, 1, 0, 0, 0]] * 4)


def test_ids_may_hold_slashes_but_not_leave_the_folder(mini):
  for kind, suffix in (("images", ".png"), ("boxes", ".xml")):
    (mini / kind / "sub").mkdir()
    (mini / kind / f"a1{suffix}").rename(mini / kind / "sub" / f"b{suffix}")
  source = data.Folder(mini, held_out=0.0)
  path = data.make_label_maps(source, "train", **RECT)
  assert (path / "masks" / "sub" / "b.png").exists()
  image = tf.zeros([4, 6, 3], tf.uint8)
  escaping = data.Dataset(tf.data.Dataset.from_tensors({
      "image": image, "boxes": tf.ones([1, 4]) * [0, 0, 1, 1], "box_classes": tf.constant([1]),
      "sample_id": tf.constant("../x")}), ("background", "cat"))
  with pytest.raises(ValueError, match="relative paths"):
    data.make_label_maps(escaping, "train", **RECT)


def test_no_boxes_is_an_error(mini):
  with pytest.raises(ValueError, match="no sample whose boxes exist"):
    data.make_label_maps(data.Folder(mini, boxes=None), "train", **RECT)


def test_a_manifest_that_grants_tags_alone_grants_no_label_map(mini):
  names = [path.stem for path in sorted((mini / "images").iterdir())]
  kinds = {"boxes": names[:4], "tags": names[4:]}
  (mini / "manifest.json").write_text(json.dumps(kinds))
  source = data.Folder(mini, manifest="manifest.json", held_out=0.0)
  path = data.make_label_maps(source, "train", **RECT)
  assert len(stamps(path)) == 4


def test_a_broken_image_is_named(folder, mini):
  (mini / "images" / "a2.png").write_bytes(b"\x89PNG nothing")
  with pytest.raises(ValueError, match="Expected: "):
    data.make_label_maps(folder, "train", ids=("a2",), **RECT)


def test_segments_are_those_of_the_op(folder):
  path = data.make_label_maps(folder, "train", "seg", alpha=0.4, ids=("a1",), progress=False)
  sample = next(folder.samples("train", ids=("a1",)).as_numpy_iterator())
  wanted = box_ops.segment_boxes(
      sample["image"], sample["boxes"], sample["box_classes"], 3, alpha=0.4)
  np.testing.assert_array_equal(read(path / "masks" / "a1.png"), wanted)
  assert box_labels.KIND.read_record(path)["alpha"] == 0.4


@pytest.mark.parametrize("options, near", [
    ({"kind": "segs"}, "seg"), ({"mode": "hart"}, "hard"), ({"crf": "bbox_sec"}, "bbox_seg")])
def test_unknown_names_name_the_nearest(options, near):
  with pytest.raises(ValueError, match=f"Did you mean '{near}'"):
    label_maps.BoxMaps(**options)


@pytest.mark.parametrize("kind", ["rect", "seg"])
def test_crowds_are_unknown_where_no_object_is(kind):
  image = np.full((20, 30, 3), 90, np.uint8)
  image[5:15, 5:15] = 250
  boxes = np.array([[0, 0, 1, .6], [.25, 1 / 6, .75, .5]], np.float32)
  settings = label_maps.BoxMaps(kind)
  labels = settings.draw(image, boxes, np.array([255, 2]), 3)
  alone = settings.draw(image, boxes[1:], np.array([2]), 3)
  inside = np.zeros((20, 30), bool)
  inside[:, :18] = True
  np.testing.assert_array_equal(labels, np.where(inside & (alone == 0), 255, alone))
  assert (labels == 255).any() and (labels == 2).any() and (labels[:, 18:] == 0).all()
  only = settings.draw(image, boxes[:1], np.array([255]), 3)
  np.testing.assert_array_equal(only, np.where(inside, 255, 0))
