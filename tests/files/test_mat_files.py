"""MATLAB files: one variable, and what is none."""
import numpy as np
import pytest
import scipy.io

from keras_weakseg.files import mat_files


def test_a_variable_comes_without_axes_of_length_one(tmp_path):
  path = tmp_path / "a.mat"
  scipy.io.savemat(path, {"tags": np.array([[3], [7]], np.uint8), "one": {"name": "x"}})
  assert mat_files.read_mat(path, "tags").tolist() == [3, 7]
  assert mat_files.read_mat(path, "one").name == "x"
  with pytest.raises(ValueError, match="(?s)the variable 'groundtruth'.*tags, one"):
    mat_files.read_mat(path, "groundtruth")


def test_broken_files_are_refused(tmp_path):
  (tmp_path / "b.mat").write_bytes(b"not matlab" * 40)
  with pytest.raises(ValueError, match="a MATLAB file"):
    mat_files.read_mat(tmp_path / "b.mat", "a")
  (tmp_path / "h.mat").write_bytes(b"MATLAB 7.3 MAT-file" + b" " * 105 + b"\x00\x02IM" + bytes(600))
  with pytest.raises(ValueError, match="(?s)7.3.*-v7"):
    mat_files.read_mat(tmp_path / "h.mat", "a")
  with pytest.raises(FileNotFoundError, match="(?s)does not exist.*Get it"):
    mat_files.read_mat(tmp_path / "c.mat", "a", fix="Get it.")


def test_a_label_map_holds_ids():
  assert mat_files.label_map(np.array([[0.0, 58.0]]), "p").dtype == np.uint8
  for bad in (np.array([[0.5, 1]]), np.array([[256, 1]]), np.array([[-1, 1]]), np.zeros(3),
              np.array([[np.nan, 0]])):
    with pytest.raises(ValueError, match="a map"):
      mat_files.label_map(bad, "p")
