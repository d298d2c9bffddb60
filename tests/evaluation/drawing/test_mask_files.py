"""Tests of palette masks on disk, read by another library."""
import numpy as np
from PIL import Image

from keras_weakseg.evaluation.drawing import mask_files

PALETTE = ((0, 0, 0), (200, 10, 20), (0, 255, 128))


def test_values_are_class_ids_and_colours_those_of_the_palette(tmp_path):
  mask = np.random.default_rng(0).choice(np.uint8([0, 1, 2, 255]), (33, 70))
  mask_files.write_mask(tmp_path / "a.png", mask, PALETTE)
  with Image.open(tmp_path / "a.png") as picture:
    assert picture.mode == "P" and picture.getpalette()[:9] == list(sum(PALETTE, ()))
    np.testing.assert_array_equal(np.asarray(picture), mask)


def test_nothing_temporary_is_left(tmp_path):
  mask_files.write_mask(tmp_path / "a.png", np.zeros((2, 3), np.uint8), PALETTE)
  assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
