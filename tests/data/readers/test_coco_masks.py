"""Polygons and run lengths: rectangles by slices, areas, and refusals of what has no sense."""
import numpy as np
import pytest

from keras_weakseg.data.readers import coco_masks


def runs_of(mask):
  """Counts the run lengths of a mask, column by column."""
  flat = np.asarray(mask).T.ravel().astype(int)
  ends = np.flatnonzero(np.diff(flat)) + 1
  return ([0] if flat[0] else []) + np.diff([0, *ends, flat.size]).tolist()


def text_of(counts):
  """Writes run lengths as text, by the words of the format: 5 bits a character, differences."""
  text = ""
  for index, count in enumerate(counts):
    value = count - (counts[index - 2] if index > 2 else 0)
    while True:
      bits, value = value & 31, value >> 5
      done = value == (-1 if bits & 16 else 0)
      text += chr(48 + (bits if done else bits | 32))
      if done:
        break
  return text


@pytest.mark.parametrize("y0, x0, y1, x1", [(0, 0, 6, 8), (1, 2, 4, 7), (5, 7, 6, 8), (0, 3, 6, 4)])
def test_a_rectangle_covers_its_half_open_pixels(y0, x0, y1, x1):
  expected = np.zeros((6, 8), bool)
  expected[y0:y1, x0:x1] = True
  corners = [x0, y0, x1, y0, x1, y1, x0, y1]
  found = coco_masks.object_mask([corners], (6, 8))
  np.testing.assert_array_equal(found, expected)
  assert found.dtype == bool
  backwards = np.reshape(corners, (4, 2))[::-1].ravel().tolist()
  np.testing.assert_array_equal(coco_masks.object_mask([backwards], (6, 8)), expected)


def test_what_lies_outside_is_cut_off_and_lines_have_no_pixels():
  expected = np.zeros((6, 8), bool)
  expected[:, :4] = True
  np.testing.assert_array_equal(
      coco_masks.object_mask([[-5, -5, 4, -5, 4, 50, -5, 50]], (6, 8)), expected)
  for parts in ([], [[3, 3]], [[1, 1, 5, 5]], [[1, 1, 2, 1, 3, 1]]):
    assert not coco_masks.object_mask(parts, (6, 8)).any()


def test_the_area_is_that_of_the_outline_and_parts_are_joined():
  angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
  circle = np.stack([50 + 31.3 * np.cos(angle), 41 + 31.3 * np.sin(angle)], 1)
  found = coco_masks.object_mask([circle.ravel().tolist()], (90, 100))
  # The outline is rounded to fifths of a pixel on 197 pixels of length.
  assert abs(found.sum() - 60 / 2 * 31.3 ** 2 * np.sin(2 * np.pi / 60)) < 25
  parts = [[0, 0, 3, 0, 3, 3, 0, 3], [1, 1, 4, 1, 4, 4, 1, 4]]
  expected = np.zeros((5, 5), bool)
  expected[:3, :3] = expected[1:4, 1:4] = True
  np.testing.assert_array_equal(coco_masks.object_mask(parts, (5, 5)), expected)


def test_lists_and_texts_of_runs_give_the_mask_that_was_counted():
  rng = np.random.RandomState(0)
  for _ in range(40):
    height, width = (int(side) for side in rng.randint(1, 60, 2))
    mask = (rng.rand(height, width) > rng.rand() * .9) & (rng.rand(height, width) > .2)
    counts = runs_of(mask)
    for stored in (counts, text_of(counts)):
      found = coco_masks.object_mask({"size": [height, width], "counts": stored}, (height, width))
      np.testing.assert_array_equal(found, mask)


@pytest.mark.parametrize("counts, match", [
    ([5], "do not fill its size.*6 pixels"), ([3, 4], "do not fill"), ([-1, 7], "do not fill"),
    ([], "do not fill"), ("5", "do not fill"), ("5P", "ends within a number"),
    (None, "do not fill"),
    ([2.5, 3.5], "do not fill"), ("\x00", "cannot be read"), ("o" * 50, "cannot be read"),
    ({"a": 1}, "do not fill"), (["6"], "do not fill")])
def test_runs_that_do_not_fill_the_size_are_refused(counts, match):
  with pytest.raises(ValueError, match="(?s)annotation 5.*" + match):
    coco_masks.object_mask({"size": [3, 2], "counts": counts}, (3, 2), "annotation 5")


@pytest.mark.parametrize("size", [[3, 2], [20, 31], None, "20x30", [20, 30, 1]])
def test_runs_of_another_size_are_refused(size):
  with pytest.raises(ValueError, match="another size than its image.*\n.*20x30"):
    coco_masks.object_mask({"size": size, "counts": [600]}, (20, 30))


@pytest.mark.parametrize("parts", [5, "ab", [5], [["a"] * 6], [[1, 2, 3, 4, 5, 6, 7]],
                                   [[1, 2, 3, 4, 5, float("nan")]], [[1e12, 0, 0, 1, 1, 1]],
                                   [[[1, 2], [3, 4], [5, 6]]], [None]])
def test_what_is_no_polygon_is_refused(parts):
  with pytest.raises(ValueError, match="cannot be read.*\nExpected: polygons"):
    coco_masks.object_mask(parts, (6, 8))
