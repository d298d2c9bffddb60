"""MegaDepth in its official layout: depth and order in one kind of file, pickled lists."""
import os
import pickle

import h5py
import numpy as np
import pytest

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.data.sources import megadepth

Kind = fields.Supervision


@pytest.fixture
def tree(tmp_path, png):
  """Returns a miniature: three scenes, of the first one image with depth and one with an order."""
  root = tmp_path / "megadepth"
  scenes = root / "MegaDepth_v1" / "phoenix" / "S6" / "zl548" / "MegaDepth_v1"
  order = np.zeros((6, 8), np.float32)
  order[:3], order[3:5] = -2, 1
  for scene, name, depth in (("0000", "a_o", np.full((6, 8), 3.5)), ("0000", "b_o", order),
                             ("0001", "c_o", np.full((6, 8), 0.25)), ("0002", "d_o", None)):
    place = scenes / scene / "dense0"
    png(place / "imgs" / f"{name}.png", np.full((6, 8, 3), 90, np.uint8))
    (place / "imgs" / f"{name}.png").rename(place / "imgs" / f"{name}.jpg")
    (place / "depths").mkdir(exist_ok=True)
    if depth is not None:
      with h5py.File(place / "depths" / f"{name}.h5", "w") as file:
        file["depth"] = depth
  return root


def write_lists(root, split, side, names):
  folder = root / split / side
  folder.mkdir(parents=True)
  for file, kind, ending in (("imgs_MD.p", "imgs", "jpg"), ("targets_MD.p", "depths", "h5")):
    (folder / file).write_bytes(pickle.dumps(
        [f"/{name.replace('dense0/', f'dense0/{kind}/')}.{ending}" for name in names], 2))
  return folder


def read(source, split):
  return {sample[fields.SAMPLE_ID].decode(): sample for sample in source.samples(
      split, grant=Kind.DEPTH).as_numpy_iterator()}


def test_without_lists_whole_scenes_are_held_out(tree):
  source = data.MegaDepth(data_dir=tree.parent, held_out=0.5)
  splits = {split: {name[:4] for name in source.ids(split)} for split in source.splits()}
  assert sorted(map(len, splits.values())) == [1, 1] and set.union(*splits.values()) == {
      "0000", "0001"}
  assert not source.labelled and source.supervision("train").all()
  samples = {**read(source, "train"), **read(source, "val")}
  assert (samples["0000/dense0/a_o"][fields.DEPTH] == 3.5).all()
  assert not samples["0000/dense0/a_o"][fields.ORDINAL].any()
  ordered = samples["0000/dense0/b_o"]
  assert not ordered[fields.DEPTH].any()
  assert ordered[fields.ORDINAL][:, 0].tolist() == [-1, -1, -1, 1, 1, 0]


def test_lists_are_those_that_are_published(tree):
  write_lists(tree, "train_val_list", "landscape", ["0000/dense0/a_o", "0001/dense0/c_o"])
  write_lists(tree, "train_val_list", "portrait", ["0000/dense0/b_o"])
  write_lists(tree, "test_list", "landscape", ["0001/dense0/c_o"])
  source = data.MegaDepth(tree)
  assert source.ids("train") == ("0000/dense0/a_o", "0001/dense0/c_o", "0000/dense0/b_o")
  assert source.ids("test") == ("0001/dense0/c_o",)
  assert data.MegaDepth(tree, splits={"some": "test_list"}).splits() == ("some",)


@pytest.mark.parametrize("name", ["../0000/dense0/a_o", "../../../etc/dense0/a_o"])
def test_lists_that_lead_out_of_the_scenes_are_refused(tree, name):
  write_lists(tree, "train_list", "landscape", ["0000/dense0/b_o", name])
  with pytest.raises(ValueError, match="(?s)leads out of the data set.*\\.\\./"):
    data.MegaDepth(tree)


def test_lists_that_do_not_fit_are_refused(tree):
  folder = write_lists(tree, "train_list", "landscape", ["0000/dense0/a_o", "0009/dense0/x_o"])
  with pytest.raises(FileNotFoundError, match="(?s)2 files that are not there.*0009"):
    data.MegaDepth(tree)
  (folder / "targets_MD.p").write_bytes(pickle.dumps(["0001/dense0/depths/c_o.h5"], 2))
  with pytest.raises(ValueError, match="do not belong together"):
    data.MegaDepth(tree)

  names = ["/0000/dense0/depths/c_o.h5", "/0001/dense0/depths/a_o.h5"]
  (folder / "targets_MD.p").write_bytes(pickle.dumps(names, 2))
  (folder / "imgs_MD.p").write_bytes(pickle.dumps(
      ["/0001/dense0/imgs/c_o.jpg", "/0000/dense0/imgs/a_o.jpg"], 2))
  with pytest.raises(ValueError, match="(?s)of the same scenes.*0001/dense0/imgs/c_o.jpg and"):
    data.MegaDepth(tree)

  class Evil:
    def __reduce__(self):
      return os.system, ("true",)

  for contents in (pickle.dumps([Evil()]), b"broken", pickle.dumps({"a": 1})):
    (folder / "imgs_MD.p").write_bytes(contents)
    with pytest.raises(ValueError, match="a pickled list of texts"):
      megadepth.read_list(folder / "imgs_MD.p")


def test_what_is_not_there_is_said(tmp_path, tree):
  with pytest.raises(FileNotFoundError, match="(?s)no scenes of MegaDepth.*dense0/imgs"):
    data.MegaDepth(tmp_path)
  path = next(tree.rglob("a_o.h5"))
  with h5py.File(path, "w") as file:
    file["depth"] = np.ones([6, 9])
  with pytest.raises(Exception, match="(?s)another size than its image.*6x8.*6x9"):
    read(data.MegaDepth(tree, held_out=0), "train")


def test_the_ends_of_depth_are_dropped():
  values = np.arange(200.0).reshape(10, 20)
  depth, ordinal = megadepth.split(values)
  low, high = np.percentile(np.arange(1, 200), (1, 98))
  kept = (values >= low) & (values <= high)
  assert 4 <= 199 - kept.sum() <= 7 and not ordinal.any()
  np.testing.assert_array_equal(depth, np.where(kept, values, 0))
  np.testing.assert_array_equal(megadepth.split(values, None)[0], values)


def test_the_order_goes_with_the_picture(tree):
  part = data.Part(data.MegaDepth(tree, held_out=0), supervision="depth", batch_size=3)
  batches = bundle.Bundle([part], data.Augmentation(crop=(9, 9), flip=True), 1,
                          extra_fields=(fields.ORDINAL,))
  batch = next(iter(batches.batches()))
  ordinal, deep = batch[fields.ORDINAL].numpy(), batch[fields.DEPTH].numpy()
  assert ordinal.shape == (3, 9, 9) and not ordinal[:, 6:].any() and not ordinal[..., 8].any()
  assert sorted((bool(one.any()), bool(other.any())) for one, other in zip(ordinal, deep)) == [
      (False, True), (False, True), (True, False)]
