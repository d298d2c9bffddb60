"""The small COCO sample: miniature and real; and folders with YOLO boxes or several subfolders."""
import json

import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.data.checks import check
from keras_weakseg.data.sources import coco
from keras_weakseg.data.sources import folder
from keras_weakseg.datasets import labels

Kind = fields.Supervision


def read(source, split="train", **options):
  """Returns the samples of one ordered pass by id."""
  return {sample[fields.SAMPLE_ID].decode(): sample
          for sample in source.samples(split, **options).as_numpy_iterator()}


@pytest.fixture
def sample(tmp_path, png):
  """Returns the path of a miniature: 3 + 1 images, one without mask, one without boxes."""
  mask = np.full((12, 16), 184, np.uint8)  # tree
  mask[2:6, 4:8] = 18                      # dog
  mask[2:6, 8:10] = 90                     # toothbrush
  mask[0] = 0                              # unlabelled
  for split, names in (("train2017", ("1", "2", "3")), ("val2017", ("4",))):
    for name in names:
      png(tmp_path / split / f"{name}.png", np.full((12, 16, 3), int(name), np.uint8))
      if name != "2":
        png(tmp_path / f"{split}_masks" / f"{name}.png", mask)
      if name != "3":
        place = tmp_path / f"{split}_boxes"
        place.mkdir(exist_ok=True)
        (place / f"{name}.txt").write_text("16 0.375 0.333333 0.25 0.333333\n")
  return tmp_path


# === Miniature ===


def test_categories_become_classes_and_boxes_the_same_pixels(sample):
  source = coco.coco_sample(sample)
  assert source.splits() == ("train", "val") and source.classes == labels.COCO.classes
  assert source.palette[17] == labels.VOC.palette[labels.VOC.index("dog")]
  first = read(source)["1"]
  wanted = np.zeros((12, 16), np.uint8)
  wanted[2:6, 4:8], wanted[2:6, 8:10], wanted[0] = 17, 80, 255
  np.testing.assert_array_equal(first[fields.MASK], wanted)
  np.testing.assert_allclose(first[fields.BOXES], [[2 / 12, 4 / 16, 6 / 12, 8 / 16]], atol=1e-5)
  assert first[fields.BOX_CLASSES].tolist() == [17]
  fields.check_spec(source.samples("train").element_spec)


def test_every_image_is_granted_what_exists(sample):
  source = coco.coco_sample(sample)
  flags = {name: int(flag) for name, flag in zip(source.ids("train"), source.supervision("train"))}
  assert flags == {"1": 7, "2": 3, "3": 4}
  samples = read(source, grant=Kind.MASK)
  assert [int(samples[name][fields.SUPERVISION]) for name in "123"] == [7, 3, 7]
  assert (samples["2"][fields.MASK] == 255).all()
  # Tags are those of the boxes; without a box file, of the mask.
  assert np.flatnonzero(samples["1"][fields.TAGS]).tolist() == [0, 17]
  assert np.flatnonzero(samples["2"][fields.TAGS]).tolist() == [0, 17]
  assert np.flatnonzero(samples["3"][fields.TAGS]).tolist() == [0, 17, 80]
  assert read(source, "val")["4"][fields.SUPERVISION] == 7


def test_masks_that_are_not_granted_are_never_opened(sample):
  before = read(coco.coco_sample(sample), grant=Kind.TAGS)
  for path in sample.glob("*_masks/*.png"):
    path.write_bytes(b"garbage")
  after = read(coco.coco_sample(sample), grant=Kind.TAGS)
  assert before.keys() == after.keys() and fields.MASK not in before["1"]
  for name in before:
    for field in before[name]:
      np.testing.assert_array_equal(before[name][field], after[name][field])


def test_boxes_are_opened_for_boxes_and_tags_alone(sample):
  for path in sample.glob("*_boxes/*.txt"):
    path.write_text("broken")
  assert len(read(coco.coco_sample(sample), grant=Kind.NONE)) == 3
  with pytest.raises(ValueError, match="class list"):
    read(coco.coco_sample(sample), grant=Kind.TAGS)


def test_a_manifest_and_other_options_are_those_of_a_folder(sample):
  (sample / "m.json").write_text(json.dumps({"mask": ["1"], "tags": ["2"]}))
  source = coco.coco_sample(sample, manifest="m.json", name="mine")
  assert source.name == "mine" and source.supervision("train").tolist() == [7, 1, 0]
  assert source.supervision("val").tolist() == [7]
  assert source.fingerprint() != coco.coco_sample(sample, name="mine").fingerprint()


def test_a_sample_that_is_not_there_names_the_places(tmp_path):
  with pytest.raises(FileNotFoundError, match="coco128"):
    coco.coco_sample(data_dir=tmp_path)


# === Real ===


@pytest.fixture
def real(shared_data):
  return coco.coco_sample(shared_data("coco128"))


def test_counts_of_the_real_sample(real):
  assert [len(real.ids(split)) for split in ("train", "val")] == [128, 128]
  for split, boxed in (("train", 126), ("val", 128)):
    flags = real.supervision(split)
    assert (flags & int(Kind.MASK) > 0).sum() == 100
    assert (flags & int(Kind.BOXES) > 0).sum() == (flags & int(Kind.TAGS) > 0).sum() == boxed


def test_real_files_have_no_fault(real):
  report = check.check_data(real, quick=True)
  assert report.ok, report


def test_real_boxes_and_masks_are_of_the_same_objects(real):
  """Things in the mask have a box around them, and the boxes' classes are in the mask."""
  inside, named, seen = [], [], []
  ids = [name for name, flag in zip(real.ids("train"), real.supervision("train")) if flag == 7][:40]
  for sample in real.samples("train", ids=ids).as_numpy_iterator():
    mask, boxes = sample[fields.MASK], sample[fields.BOXES]
    present = {int(label) for label in np.unique(mask)} - {0, 255}
    classes = set(sample[fields.BOX_CLASSES].tolist())
    named += [label in classes for label in present]
    seen += [label in present for label in classes]
    for label in present & classes:
      covered = np.zeros(mask.shape, bool)
      for y0, x0, y1, x1 in boxes[sample[fields.BOX_CLASSES] == label] * np.tile(mask.shape, 2):
        covered[int(y0):int(np.ceil(y1)), int(x0):int(np.ceil(x1))] = True
      inside.append(covered[mask == label].mean())
  assert np.median(inside) == 1.0 and np.mean(inside) > .97
  assert np.mean(named) > .97 and np.mean(seen) > .9


# === Folders ===


def test_folders_read_yolo_boxes_and_take_tags_from_them(mini):
  for path in (mini / "boxes").iterdir():
    path.unlink()
  (mini / "boxes" / "a1.txt").write_text("1 0.25 0.25 0.25 0.333333\n")
  (mini / "boxes" / "a2.txt").write_text("")
  (mini / "boxes" / "classes.txt").write_text("cat\ndog\n")  # as LabelImg leaves it
  (mini / "tags.json").unlink()
  source = folder.Folder(mini, masks=None, validation=["a0"])
  samples = read(source, grant=Kind.BOXES)
  np.testing.assert_allclose(samples["a1"][fields.BOXES], [[1 / 12, 2 / 16, 5 / 12, 6 / 16]],
                             atol=1e-6)
  assert samples["a1"][fields.BOX_CLASSES].tolist() == [2]
  assert [int(samples[name][fields.SUPERVISION]) for name in ("a1", "a2", "a3")] == [3, 3, 0]
  assert samples["a1"][fields.TAGS].tolist() == [1, 0, 1]
  assert samples["a2"][fields.TAGS].tolist() == [1, 0, 0]  # looked at, and empty
  assert samples["a3"][fields.TAGS].tolist() == [0, 0, 0]  # not looked at
  # Tags of boxes are not granted by tags: the box files stay closed.
  assert not source.supervision("train", Kind.TAGS).any()


def test_listed_tags_and_masks_go_before_boxes(mini):
  (mini / "tags.json").write_text(json.dumps({"a1": ["cat"]}))
  samples = read(folder.Folder(mini, validation=["a0"]))
  assert samples["a1"][fields.TAGS].tolist() == [1, 1, 0]
  (mini / "boxes" / "a3.xml").write_text((mini / "boxes" / "a2.xml").read_text())
  samples = read(folder.Folder(mini, validation=["a0"]))
  assert samples["a3"][fields.TAGS].tolist() == [1, 0, 1]  # the mask's dog, not the box's cat


def test_several_subfolders_make_one_source(mini, png):
  (mini / "images" / "a9.png").rename(mini / "masks" / "a9.keep")
  png(mini / "more" / "a9.png", np.full((12, 16, 3), 9, np.uint8))
  source = folder.Folder(mini, images="images+more", validation=["a0"])
  assert source.ids("train")[-1] == "a9" and (read(source)["a9"][fields.IMAGE] == 9).all()
  with pytest.raises(FileNotFoundError, match="The boxes of .*not where"):
    folder.Folder(mini, boxes="boxes+absent")
