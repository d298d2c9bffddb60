"""The sheet of a selection: a picture and a reason for every choice."""
import numpy as np
import pytest

from keras_weakseg.selection import rounds, sheet

CHOICES = (rounds.Choice("a", 0), rounds.Choice("b", 1, 2.5, 0.125))


def test_a_reason_names_what_decided():
  assert sheet.reason(0, CHOICES[0]) == "1. a: round 1"
  assert sheet.reason(1, CHOICES[1]) == "2. b: round 2, distance 2.5, uncertainty 0.125"


def test_pictures_are_on_the_sheet(tmp_path):
  images = {"a": np.full([8, 16, 3], (200, 10, 10), np.uint8),
            "b": np.full([8, 16, 3], (10, 200, 10), np.uint8)}
  found = {"b": np.full([8, 16], 0.3)}
  drawn = sheet.draw(tmp_path / "sheet.png", CHOICES, images, found, tile=64, across=2)
  from PIL import Image
  np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "sheet.png")), drawn)
  colors = {tuple(color) for color in drawn.reshape(-1, 3)}
  assert {(200, 10, 10), (10, 200, 10), (252, 253, 191)} <= colors
  # The places of the first sample: its image, then an empty one.
  red = np.argwhere((drawn == (200, 10, 10)).all(-1))
  green = np.argwhere((drawn == (10, 200, 10)).all(-1))
  assert len(red) == len(green) == 64 * 32 and red[:, 1].max() < green[:, 1].min()


def test_nothing_chosen_is_refused(tmp_path):
  with pytest.raises(ValueError, match="nothing to draw"):
    sheet.draw(tmp_path / "sheet.png", (), {})
  assert not list(tmp_path.iterdir())
