"""Depth maps of every format: their unit, what is no value, what is refused."""
import cv2
import h5py
import numpy as np
import pytest

from keras_weakseg.data.readers import depth_files

METRES = np.array([[0.0, 1.25, 2.5], [3.0, 0.004, 7.75]])


def png(path, values):
  cv2.imwrite(str(path), values)
  return path


@pytest.mark.parametrize("scale, dtype", [(1000.0, np.uint16), (25.5, np.uint8)])
def test_png_hold_counts_of_a_stated_unit(tmp_path, scale, dtype):
  path = png(tmp_path / "a.png", np.round(METRES * scale).astype(dtype))
  depth = depth_files.read_depth(path, scale)
  assert depth.dtype == np.float32
  np.testing.assert_allclose(depth, METRES, atol=0.51 / scale)
  with pytest.raises(ValueError, match="(?s)unit of the depth.*not known.*depth_scale=1000"):
    depth_files.read_depth(path)


def test_arrays_are_metres(tmp_path):
  np.save(tmp_path / "a.npy", METRES)
  np.save(tmp_path / "flat.npy", METRES[..., None].astype(np.float32))
  np.save(tmp_path / "whole.npy", (1000 * METRES).astype(np.int32))
  with h5py.File(tmp_path / "a.h5", "w") as file:
    file["depth"], file["other"] = METRES, np.ones([2, 3])
  with h5py.File(tmp_path / "single.h5", "w") as file:
    file["anything"] = METRES
  for name in ("a.npy", "flat.npy", "a.h5", "single.h5"):
    np.testing.assert_allclose(depth_files.read_depth(tmp_path / name), METRES, rtol=1e-6)
  np.testing.assert_allclose(depth_files.read_depth(tmp_path / "a.npy", 2.0), METRES / 2)
  np.testing.assert_allclose(depth_files.read_depth(tmp_path / "whole.npy", 1000), METRES, 1e-6)
  with pytest.raises(ValueError, match="(?s)not known.*int32"):
    depth_files.read_depth(tmp_path / "whole.npy")


def test_whole_numbers_stored_as_floats_are_no_metres(tmp_path):
  millimetres = np.array([[np.nan, 0.0], [812.0, 4991.0]], np.float32)
  np.save(tmp_path / "a.npy", millimetres)
  with pytest.raises(ValueError, match=r"(?s)not known.*without fractions, 0\.\.4991"):
    depth_files.read_depth(tmp_path / "a.npy")
  np.testing.assert_allclose(depth_files.read_depth(tmp_path / "a.npy", 1000),
                             [[0, 0], [0.812, 4.991]], rtol=1e-6)
  for metres in ([[2.0, 99.0]], [[0.5, 4991.0]]):
    np.save(tmp_path / "b.npy", metres)
    assert depth_files.read_depth(tmp_path / "b.npy").tolist() == metres


def test_what_is_no_number_is_no_value(tmp_path):
  np.save(tmp_path / "a.npy", [[np.nan, np.inf, 2.0]])
  assert depth_files.read_depth(tmp_path / "a.npy").tolist() == [[0, 0, 2]]


def test_what_is_no_depth_map_is_refused(tmp_path):
  np.save(tmp_path / "below.npy", [[-1.0, 2.0]])
  np.save(tmp_path / "cube.npy", np.ones([4, 5, 2]))
  np.save(tmp_path / "text.npy", np.array([["a"]]))
  np.save(tmp_path / "object.npy", np.array([[{}]]), allow_pickle=True)
  png(tmp_path / "colours.png", np.zeros((4, 5, 3), np.uint8))
  (tmp_path / "jpeg.png").write_bytes(cv2.imencode(".jpg", np.zeros((4, 5), np.uint8))[1])
  (tmp_path / "broken.h5").write_text("broken")
  with h5py.File(tmp_path / "two.h5", "w") as file:
    file["near"], file["far"] = METRES, METRES
  for name, words in (("below.npy", "negative values"), ("cube.npy", r"\[4, 5, 2\]"),
                      ("text.npy", "cannot be read"), ("object.npy", "cannot be read"),
                      ("colours.png", "colours"), ("jpeg.png", "no PNG"),
                      ("broken.h5", "cannot be read"), ("two.h5", "far, near")):
    with pytest.raises(ValueError, match=words):
      depth_files.read_depth(tmp_path / name, 1.0)
