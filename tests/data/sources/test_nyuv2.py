"""NYUv2: the published file with MATLAB's order of axes, splits from 1, and the small copy."""
import h5py
import numpy as np
import pytest
import scipy.io

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.checks import check

HEIGHT, WIDTH, COUNT = 6, 8, 5


@pytest.fixture
def tree(tmp_path):
  """Returns a miniature of the three published files; image k is brighter to the right."""
  root = tmp_path / "nyuv2"
  root.mkdir()
  ramp = np.arange(WIDTH, dtype=np.uint8)[None].repeat(HEIGHT, 0)
  labels = np.zeros((COUNT, HEIGHT, WIDTH), np.uint16)
  labels[:, 1:, :3], labels[:, 1:, 3:] = 1, 894
  with h5py.File(root / "nyu_depth_v2_labeled.mat", "w") as file:
    # As h5py sees what MATLAB wrote as H x W x 3 x N: the axes in reverse order.
    image = np.stack([np.stack([ramp + 10 * k, ramp * 0, ramp * 0 + k], -1) for k in range(COUNT)])
    file["images"] = image.transpose(0, 3, 2, 1)
    file["depths"] = np.stack([ramp + k + 0.5 for k in range(COUNT)]).transpose(0, 2, 1).astype("f")
    file["rawDepths"] = np.zeros((COUNT, WIDTH, HEIGHT), "f")
    file["labels"] = labels.transpose(0, 2, 1)
  scipy.io.savemat(root / "splits.mat", {"trainNdxs": np.array([[1], [3], [4]], np.uint16),
                                         "testNdxs": np.array([[2], [5]], np.uint16)})
  classes = np.full((1, 894), 40, np.uint8)
  classes[0, 0] = 22
  scipy.io.savemat(root / "classMapping40.mat", {"mapClass": classes})
  return root


def test_the_published_file(tree):
  source = data.nyuv2(data_dir=tree.parent, held_out=0.34)
  assert sorted(source.ids("trainval")) == ["0001", "0003", "0004"]
  assert len(source.ids("val")) == 1 and source.ids("test") == ("0002", "0005")
  assert source.num_classes == 40 and source.classes[21] == "ceiling"
  grant = fields.Supervision.MASK | fields.Supervision.DEPTH
  for sample in source.samples("test", grant=grant).as_numpy_iterator():
    k = int(sample[fields.SAMPLE_ID]) - 1
    assert sample[fields.IMAGE].shape == (HEIGHT, WIDTH, 3)
    assert sample[fields.IMAGE][0, :, 0].tolist() == [10 * k + x for x in range(WIDTH)]
    assert (sample[fields.IMAGE][..., 2] == k).all()
    assert sample[fields.DEPTH][-1].tolist() == [k + x + 0.5 for x in range(WIDTH)]
    mask = sample[fields.MASK]
    assert (mask[0] == 255).all() and (mask[1:, :3] == 21).all() and (mask[1:, 3:] == 39).all()
  raw = data.nyuv2(tree, raw_depth=True)
  assert not next(raw.samples("test", grant=grant).as_numpy_iterator())[fields.DEPTH].any()
  assert check.check_data(source, ["test"]).splits["test"]["mask"] == 2


def test_files_of_something_else_are_refused(tree):
  scipy.io.savemat(tree / "splits.mat", {"trainNdxs": [[1], [2]], "testNdxs": [[2], [5]]})
  with pytest.raises(ValueError, match="(?s)in two splits.*2"):
    data.nyuv2(tree)
  scipy.io.savemat(tree / "splits.mat", {"trainNdxs": [[0]], "testNdxs": [[2]]})
  with pytest.raises(ValueError, match="(?s)not of this file.*1..5.*0..0"):
    data.nyuv2(tree)
  scipy.io.savemat(tree / "classMapping40.mat", {"mapClass": np.full((1, 3), 41)})
  with pytest.raises(ValueError, match="(?s)class mapping.*1..40"):
    data.nyuv2(tree)
  with h5py.File(tree / "nyu_depth_v2_labeled.mat", "a") as file:
    del file["labels"]
  with pytest.raises(ValueError, match="(?s)not the published one.*images"):
    data.nyuv2(tree)
  (tree / "splits.mat").unlink()
  with pytest.raises(FileNotFoundError, match="splits.mat"):
    data.nyuv2(tree)


def test_a_label_beyond_the_mapping_is_refused(tree):
  scipy.io.savemat(tree / "classMapping40.mat", {"mapClass": np.full((1, 3), 4)})
  with pytest.raises(Exception, match="(?s)label of NYUv2 has no class.*0..3"):
    list(data.nyuv2(tree).samples("test"))


def test_the_small_copy(tmp_path, png):
  root = tmp_path / "small"
  for split in ("train", "test"):
    for name in ("0003", "0006"):
      png(root / split / f"{name}.png", np.full((4, 5, 3), 8, np.uint8))
      (root / split / f"{name}.png").rename(root / split / f"{name}.jpg")
      png(root / split / f"{name}_depth.png", np.full((4, 5), 51, np.uint8))
      png(root / split / f"{name}_label.png", np.full((4, 5), 38, np.uint8))
  source = data.nyuv2(root, held_out=0.5)
  assert source.ids("trainval") == source.ids("train") + source.ids("val")
  assert source.ids("test") == ("test/0003", "test/0006")
  sample = next(source.samples("test", grant=12).as_numpy_iterator())
  assert (sample[fields.DEPTH] == 2).all() and (sample[fields.MASK] == 38).all()
  for stored in (3000, 51, 20000):  # Millimetres; the unit of 8 bits; another one.
    png(root / "test" / "0003_depth.png", np.full((4, 5), stored, np.uint16))
    rows = source.samples("test", grant=8).as_numpy_iterator()
    if stored == 3000:
      assert (next(rows)[fields.DEPTH] == 3).all()
    else:
      with pytest.raises(Exception, match=f"(?s)unit of the depth in.*16 bits, 0..{stored}"):
        next(rows)
  with pytest.raises(ValueError, match="no raw depth"):
    data.nyuv2(root, raw_depth=True)
  (root / "test" / "0006_depth.png").unlink()
  with pytest.raises(FileNotFoundError, match="(?s)1 of 2 samples lack their depth.*0006"):
    data.nyuv2(root)


def test_the_real_copy(shared_data):
  source = data.nyuv2(shared_data("nyuv2"))
  assert len(source.ids("test")) == 150 and source.num_classes == 39
  for sample in source.samples("test", ids=source.ids("test")[:10], grant=12).as_numpy_iterator():
    assert sample[fields.MASK].shape == (240, 320)
    assert 0.4 < np.median(sample[fields.DEPTH]) < 10
