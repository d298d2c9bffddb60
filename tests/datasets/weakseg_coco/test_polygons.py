"""Polygons: rectangles by slices, areas, and the pixels that the COCO API gives."""
import numpy as np
import pytest

from keras_weakseg.datasets.weakseg_coco import polygons


@pytest.mark.parametrize("y0, x0, y1, x1", [(0, 0, 6, 8), (1, 2, 4, 7), (5, 7, 6, 8), (0, 3, 6, 4)])
def test_a_rectangle_covers_its_half_open_pixels(y0, x0, y1, x1):
  wanted = np.zeros((6, 8), bool)
  wanted[y0:y1, x0:x1] = True
  corners = [x0, y0, x1, y0, x1, y1, x0, y1]
  found = polygons.fill_polygon(corners, (6, 8))
  np.testing.assert_array_equal(found, wanted)
  assert found.dtype == bool
  backwards = np.reshape(corners, (4, 2))[::-1].ravel()
  np.testing.assert_array_equal(polygons.fill_polygon(backwards, (6, 8)), wanted)


def test_what_lies_outside_of_the_image_is_cut_off():
  found = polygons.fill_polygon([-5, -5, 4, -5, 4, 50, -5, 50], (6, 8))
  wanted = np.zeros((6, 8), bool)
  wanted[:, :4] = True
  np.testing.assert_array_equal(found, wanted)


def test_points_and_lines_have_no_pixels():
  assert not polygons.fill_polygon([3, 3], (6, 8)).any()
  assert not polygons.fill_polygon([1, 1, 2, 1, 3, 1], (6, 8)).any()


def test_the_area_is_that_of_the_outline():
  angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
  circle = np.stack([50 + 31.3 * np.cos(angle), 41 + 31.3 * np.sin(angle)], 1)
  found = polygons.fill_polygon(circle.ravel(), (90, 100))
  area = 60 / 2 * 31.3 ** 2 * np.sin(2 * np.pi / 60)
  # The outline is rounded to fifths of a pixel on 197 pixels of length.
  assert abs(found.sum() - area) < 25
  rows, columns = np.nonzero(found)
  assert abs(columns.mean() + .5 - 50) < .2 and abs(rows.mean() + .5 - 41) < .2


def test_masks_are_those_of_the_coco_api():
  api = pytest.importorskip("pycocotools.mask")
  rng = np.random.RandomState(2)
  for case in range(300):
    height, width = (int(side) for side in rng.randint(1, 60, 2))
    corners = rng.rand(rng.randint(3, 12), 2) * [width + 6, height + 6] - 3
    corners = np.round(corners, (0, 2, 9)[case % 3]).ravel().tolist()
    wanted = api.decode(api.merge(api.frPyObjects([corners], height, width)))
    found = polygons.fill_polygon(corners, (height, width))
    np.testing.assert_array_equal(found, wanted, f"case {case}")
