"""Clothing Co-Parsing: MATLAB files as published, the small copy, and its groups."""
import json

import numpy as np
import pytest
import scipy.io

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.datasets import body_labels

NAMES = ("null", *body_labels.CCP.classes[1:])


def fill(root, png):
  """Writes four photographs with masks and two with tags as published."""
  for name in ("0001", "0002", "0003", "0004", "1005", "1006"):
    png(root / "photos" / f"{name}.png", np.full((6, 5, 3), 9, np.uint8))
    (root / "photos" / f"{name}.png").rename(root / "photos" / f"{name}.jpg")
  pixels, tags = (root / "annotations" / f"{kind}-level" for kind in ("pixel", "image"))
  pixels.mkdir(parents=True)
  tags.mkdir()
  for number in range(1, 5):
    mask = np.zeros((6, 5), np.uint8)
    mask[2:, :3] = 14 + number
    scipy.io.savemat(pixels / f"000{number}.mat", {"groundtruth": mask})
  scipy.io.savemat(tags / "1005.mat", {"tags": np.array([[0], [19], [41]], np.uint8)})
  scipy.io.savemat(tags / "1006.mat", {"tags": np.array([[14]], np.uint8)})
  scipy.io.savemat(root / "label_list.mat", {"label_list": np.array([NAMES], object)})
  return root


@pytest.fixture
def tree(tmp_path, png):
  return fill(tmp_path / "ccp", png)


def test_masks_and_tags_of_matlab(tree):
  source = data.Ccp(data_dir=tree.parent, held_out=0.25, test=0.25)
  assert {split: len(source.ids(split)) for split in source.splits()} == {
      "train": 2, "val": 1, "test": 1, "tags": 2}
  for sample in source.samples("train+val+test").as_numpy_iterator():
    value = 14 + int(sample[fields.SAMPLE_ID])
    assert (sample[fields.MASK][2:, :3] == value).all() and not sample[fields.MASK][:2].any()
    assert np.flatnonzero(sample[fields.TAGS]).tolist() == [0, value]
  names = [[source.classes[label] for label in np.flatnonzero(sample[fields.TAGS])]
           for sample in source.samples("tags", grant=fields.Supervision.TAGS).as_numpy_iterator()]
  assert names == [["background", "hair", "skin"], ["background", "dress"]]
  assert source.supervision("tags").tolist() == [int(fields.Supervision.TAGS)] * 2


def test_other_names_and_numbers_are_refused(tree):
  scipy.io.savemat(tree / "annotations" / "image-level" / "1006.mat", {"tags": [[59]]})
  with pytest.raises(ValueError, match="(?s)tag of CCP is no class.*59"):
    data.Ccp(tree)
  swapped = [*NAMES[:40], NAMES[41], NAMES[40], *NAMES[42:]]
  scipy.io.savemat(tree / "label_list.mat", {"label_list": np.array([swapped], object)})
  with pytest.raises(ValueError, match="(?s)other ones.*40: skin, 41: shorts"):
    data.Ccp(tree)
  (tree / "photos" / "0002.jpg").unlink()
  scipy.io.savemat(tree / "label_list.mat", {"label_list": np.array([NAMES], object)})
  with pytest.raises(FileNotFoundError, match="(?s)lack their photograph.*0002"):
    data.Ccp(tree)


def test_a_mask_of_other_values_is_refused(tree):
  for number in range(1, 5):
    scipy.io.savemat(tree / "annotations" / "pixel-level" / f"000{number}.mat",
                     {"groundtruth": np.full((6, 5), 59)})
  with pytest.raises(Exception, match="(?s)labels that are no class.*0..58"):
    list(data.Ccp(tree).samples("train"))


def test_the_small_copy(tree, png):
  (tree / "label_list.mat").unlink()
  (tree / "annotations").rename(tree / "away")
  png(tree / "labels" / "0003.png", np.full((6, 5), 58, np.uint8))
  (tree / "meta.json").write_text(json.dumps({"names": NAMES, "tags": {
      "0003": [0, 58], "1005": [0, 19]}}))
  source = data.Ccp(tree, held_out=0, test=0)
  assert source.ids("train") == ("0003",) and source.ids("tags") == ("1005",)
  assert next(source.samples("train").as_numpy_iterator())[fields.MASK].min() == 58


@pytest.mark.slow
def test_the_real_copy(shared_data):
  source = data.Ccp(shared_data("ccp"))
  assert {split: len(source.ids(split)) for split in source.splits()} == {
      "train": 195, "val": 30, "test": 75, "tags": 150}
  for split, grant in (("test", fields.Supervision.MASK), ("tags", fields.Supervision.TAGS)):
    for sample in source.samples(split, ids=source.ids(split)[:20], grant=grant
                                 ).as_numpy_iterator():
      # Nobody of this data set is without hair or skin.
      assert sample[fields.TAGS][[19, 41]].any()
