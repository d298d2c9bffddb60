"""Tests of point clouds: where points lie, and a file that an independent reader understands."""
import struct

import numpy as np
import pytest

from keras_weakseg.evaluation import point_cloud
from keras_weakseg.ops import cameras
from keras_weakseg.ops import geometry


def read_ply(path):
  """Returns points, colours and header lines; reads what the header says, not what we write."""
  contents = path.read_bytes()
  end = contents.index(b"end_header\n") + len(b"end_header\n")
  header = contents[:end].decode("ascii").splitlines()
  assert header[:2] == ["ply", "format binary_little_endian 1.0"]
  count = int(next(line for line in header if line.startswith("element vertex")).split()[-1])
  kinds = [line.split()[1:] for line in header if line.startswith("property")]
  codes = {"float": "f", "uchar": "B"}
  form = "<" + "".join(codes[kind] for kind, _ in kinds)
  assert [name for _, name in kinds] == ["x", "y", "z", "red", "green", "blue"]
  assert len(contents) == end + count * struct.calcsize(form)
  rows = np.array(list(struct.iter_unpack(form, contents[end:]))).reshape(count, 6)
  return rows[:, :3], rows[:, 3:].astype(int), header


def test_points_project_back_onto_their_pixels():
  depth = np.random.default_rng(0).uniform(1, 50, (7, 9))
  matrix = np.array([[80.0, 1.5, 4.2], [0, 70, 2.9], [0, 0, 1]])
  points = point_cloud.points_of_depth(depth, matrix)
  assert points.shape == (7, 9, 3) and points.dtype == np.float32
  np.testing.assert_allclose(points[..., 2], depth, rtol=1e-6)
  x, y = geometry.project(depth[None, ..., None], np.eye(4)[None], matrix[None])
  rows, columns = np.indices((7, 9))
  np.testing.assert_allclose(x[0], columns, atol=1e-4)
  pixels = points.astype(np.float64) @ matrix.T
  np.testing.assert_allclose(pixels[..., 0] / pixels[..., 2], columns, atol=1e-5)
  np.testing.assert_allclose(pixels[..., 1] / pixels[..., 2], rows, atol=1e-5)
  np.testing.assert_allclose(y[0], rows, atol=1e-4)


def test_axes_point_right_down_and_forward():
  points = point_cloud.points_of_depth(np.full([3, 5], 2.0), cameras.assumed(90, (3, 5)))
  assert points[1, 2].tolist() == [0, 0, 2]
  assert points[1, 4, 0] > 0 > points[1, 0, 0] and points[2, 2, 1] > 0 > points[0, 2, 1]
  assert points[1, 4, 0] == pytest.approx(2 * 2 / 2.5)


def test_a_scaled_depth_scales_the_cloud():
  depth, matrix = np.random.default_rng(1).uniform(1, 9, (4, 6)), cameras.assumed(60, (4, 6))
  np.testing.assert_allclose(point_cloud.points_of_depth(3 * depth, matrix),
                             3 * point_cloud.points_of_depth(depth, matrix), rtol=1e-6)


def test_the_file_is_read_back(tmp_path):
  random = np.random.default_rng(2)
  points = random.normal(0, 10, (6, 8, 3)).astype(np.float32)
  colors = random.integers(0, 256, (6, 8, 3), np.uint8)
  assert point_cloud.write_ply(tmp_path / "a.ply", points, colors, "metres,\nfactor 2") == 48
  found, found_colors, header = read_ply(tmp_path / "a.ply")
  np.testing.assert_array_equal(found, points.reshape(-1, 3))
  np.testing.assert_array_equal(found_colors, colors.reshape(-1, 3))
  assert "comment x right, y down, z forward; metres, factor 2" in header


def test_points_at_infinity_are_left_out(tmp_path):
  points = np.array([[1, 2, 3], [np.inf, 0, 0], [0, np.nan, 0], [4, 5, 6]], np.float32)
  colors = np.arange(12, dtype=np.uint8).reshape(4, 3)
  assert point_cloud.write_ply(tmp_path / "a.ply", points, colors) == 2
  found, found_colors, _ = read_ply(tmp_path / "a.ply")
  assert found.tolist() == [[1, 2, 3], [4, 5, 6]]
  assert found_colors.tolist() == [[0, 1, 2], [9, 10, 11]]


def test_other_shapes_are_refused(tmp_path):
  with pytest.raises(ValueError, match="Points and colours differ"):
    point_cloud.write_ply(tmp_path / "a.ply", np.zeros([4, 3]), np.zeros([5, 3], np.uint8))
  with pytest.raises(ValueError, match="Points and colours differ"):
    point_cloud.write_ply(tmp_path / "a.ply", np.zeros([4, 2]), np.zeros([4, 2], np.uint8))
  assert not any(tmp_path.iterdir())
