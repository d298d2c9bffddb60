"""The tree is found where people have it; no id is in two splits; VOC's own masks come first."""
import numpy as np
import pytest

from keras_weakseg.datasets.weakseg_voc2012 import voc_tree


@pytest.mark.parametrize("place", ["", "VOC2012", "VOCdevkit/VOC2012"])
def test_the_root_may_lie_in_several_places(voc, builders, tmp_path, place):
  root = tmp_path / place
  for name, mask in voc.write(root, voc.splits).items():
    builders.write_mask(root / "SegmentationClassAug", name, mask)
  tree = voc_tree.open_tree(tmp_path, ("train", "val"))
  assert tree.root == root
  assert tree.ids == {name: tuple(ids) for name, ids in voc.splits.items()}
  assert tree.image("2007_a").exists() and tree.annotation("2007_a").exists()


def test_the_subset_of_animals_does_not_pass_for_all_of_voc(voc, builders, tmp_path):
  root = tmp_path / "voc_animals"
  lists = {**voc.splits, "weak": voc.extra}
  for name, mask in voc.write(root, lists).items():
    builders.write_mask(root / "SegmentationClassAug", name, mask)
  assert voc_tree.open_tree(tmp_path, tuple(lists)).root == root
  with pytest.raises(FileNotFoundError, match="VOC2012"):
    voc_tree.open_tree(tmp_path, ("train", "val"))


@pytest.mark.parametrize("place", ["VOCdevkit/VOC2012", "VOCdevkit", ""])
def test_sbd_masks_may_lie_inside_or_beside(voc, builders, tmp_path, place):
  root = tmp_path / "VOCdevkit" / "VOC2012"
  for name, mask in voc.write(root, {**voc.splits, "other": voc.extra}).items():
    builders.write_mask(tmp_path / place / "SegmentationClassAug", name, mask)
  tree = voc_tree.open_tree(tmp_path, voc_tree.SPLITS)
  assert tree.ids["extra"] == tuple(voc.extra)
  assert tree.mask_path("2008_d").parent == tmp_path / place / "SegmentationClassAug"


@pytest.mark.parametrize("folder, name", [("Segmentation", "train_aug.txt"),
                                          ("Segmentation", "trainaug.txt"),
                                          ("SegmentationAug", "train_aug.txt")])
def test_a_list_of_train_aug_decides_where_there_is_one(voc, tmp_path, folder, name):
  root, _ = voc.official(tmp_path)
  path = root / "ImageSets" / folder / name
  path.parent.mkdir(exist_ok=True)
  path.write_text("/JPEGImages/2008_e.jpg /SegmentationClassAug/2008_e.png\n"
                  "/JPEGImages/2007_a.jpg /SegmentationClassAug/2007_a.png\n")
  assert voc_tree.open_tree(tmp_path, voc_tree.SPLITS).ids["extra"] == ("2008_e",)


def test_without_a_list_every_other_mask_is_extra(voc, tmp_path):
  voc.official(tmp_path)
  ids = voc_tree.open_tree(tmp_path, voc_tree.SPLITS).ids
  assert list(ids) == list(voc_tree.SPLITS)
  assert ids["extra"] == tuple(voc.extra)
  everything = [name for names in ids.values() for name in names]
  assert len(everything) == len(set(everything))


def test_own_masks_go_before_those_of_sbd(voc, tmp_path):
  root, masks = voc.official(tmp_path)
  tree = voc_tree.open_tree(tmp_path, voc_tree.SPLITS)
  assert tree.mask_path("2007_a").parent == root / "SegmentationClass"
  assert tree.mask_path("2008_d").parent == root / "SegmentationClassAug"
  np.testing.assert_array_equal(tree.read_mask("2007_a"), masks["2007_a"])


def test_missing_lists_and_missing_masks_are_named(voc, builders, tmp_path):
  root, _ = voc.official(tmp_path)
  with pytest.raises(FileNotFoundError) as info:
    voc_tree.open_tree(tmp_path, ("train", "more", "other"))
  for name in ("more.txt", "other.txt"):
    assert str(root / "ImageSets" / "Segmentation" / name) in str(info.value)
  (root / "SegmentationClassAug" / "2007_b.png").unlink()
  assert voc_tree.open_tree(tmp_path, ("train",)).mask_path("2007_b").exists()
  (root / "SegmentationClass" / "2007_b.png").unlink()
  with pytest.raises(FileNotFoundError, match="2007_b.png"):
    voc_tree.open_tree(tmp_path, ("train",))


def test_archives_are_left_alone_where_there_is_a_tree(voc, tmp_path):
  voc.official(tmp_path)
  (tmp_path / voc_tree.ARCHIVE).write_bytes(b"not read")

  def refuse(path):
    raise AssertionError(f"extracted {path}")

  assert voc_tree.open_tree(tmp_path, ("train",), refuse).ids["train"] == ("2007_a", "2007_b")


def test_masks_of_matlab_that_are_damaged_are_named(tmp_path):
  scipy_io = pytest.importorskip("scipy.io")
  path = tmp_path / "a.mat"
  scipy_io.savemat(path, {"GTcls": {"Segmentation": np.zeros((3, 4), np.uint8)}})
  assert voc_tree._read_sbd(path).shape == (3, 4)
  whole = path.read_bytes()
  for contents in (b"", b"words" * 99, whole[:len(whole) // 2]):
    path.write_bytes(contents)
    with pytest.raises(ValueError, match="(?s)The mask .*a.mat' cannot be read.*GTcls"):
      voc_tree._read_sbd(path)
  scipy_io.savemat(path, {"GTcls": {"Segmentation": "text"}})
  with pytest.raises(ValueError, match="cannot be read"):
    voc_tree._read_sbd(path)
  with pytest.raises(ValueError, match="a folder"):
    voc_tree._read_sbd(tmp_path)
