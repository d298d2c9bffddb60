"""CamVid in the tree of the SegNet tutorial."""
import numpy as np
import pytest

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.datasets import labels

COUNTS = {"train": 3, "val": 2, "test": 2}


@pytest.fixture
def tree(tmp_path, png):
  """Returns a miniature of the tree: images of two classes and void, lists with one id a line."""
  number = 0
  for split, count in COUNTS.items():
    names = []
    for _ in range(count):
      name = f"0001TP_{number:06d}"
      mask = np.full((12, 16), 11, np.uint8)
      mask[:6], mask[6:9] = 0, 1 + number
      png(tmp_path / "camvid" / split / f"{name}.png", np.full((12, 16, 3), 9 * number, np.uint8))
      png(tmp_path / "camvid" / f"{split}annot" / f"{name}.png", mask)
      names.append(name)
      number += 1
    (tmp_path / "camvid" / f"{split}.txt").write_text("\n".join(names) + "\n")
  return tmp_path


def test_splits_are_those_of_the_lists(tree):
  source = data.camvid(data_dir=tree)
  assert {split: len(source.ids(split)) for split in COUNTS} == COUNTS
  assert not set(source.ids("train")) & set(source.ids("test"))
  assert source.name == "camvid" and source.classes == labels.CAMVID.classes
  assert source.palette == list(labels.CAMVID.palette)


def test_void_is_ignored_and_sky_is_a_class(tree):
  sample = next(data.camvid(tree / "camvid").samples("val").as_numpy_iterator())
  mask = sample[fields.MASK]
  assert (mask[:6] == 0).all() and (mask[6:9] == 4).all()
  assert (mask[9:] == fields.IGNORE_LABEL).all()
  assert (sample[fields.IMAGE] == 27).all()


def test_options_of_folders_are_passed_on(tree):
  (tree / "camvid" / "list.txt").write_text("0001TP_000000 mask\n")
  source = data.camvid(data_dir=tree, manifest="list.txt", name="few")
  assert source.name == "few"
  assert [int(flag) & int(fields.Supervision.MASK) > 0
          for flag in source.supervision("train")] == [True, False, False]


def test_a_missing_tree_says_where_it_was_looked_for(tmp_path):
  with pytest.raises(FileNotFoundError, match="camvid"):
    data.camvid(data_dir=tmp_path)


def test_the_real_tree(shared_data):
  source = data.camvid(data_dir=shared_data("camvid").parent)
  assert [len(source.ids(split)) for split in ("train", "val", "test")] == [367, 101, 233]
  assert source.num_classes == 11 and source.supervision("test").all()
  seen = set()
  for sample in source.samples("val", ids=source.ids("val")[::25]).as_numpy_iterator():
    seen.update(np.unique(sample[fields.MASK]).tolist())
    assert sample[fields.IMAGE].shape[:2] == sample[fields.MASK].shape
  assert {0, 1, 3} < seen <= {*range(11), fields.IGNORE_LABEL}
