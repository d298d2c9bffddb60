"""Tests of the contact sheet of label maps: it shows masks only where they may be seen."""
import numpy as np
import pytest

from keras_weakseg import data
from keras_weakseg.data.sources import label_sheet


@pytest.fixture
def make(mini, tmp_path):
  """Returns a function that makes label maps and gives the sheet."""

  def sheet(**options):
    source = data.Folder(mini, held_out=0.0)
    path = data.make_label_maps(source, "train", "rect", cache_dir=tmp_path / str(len(options)),
                                progress=False, **options)
    from PIL import Image
    return np.asarray(Image.open(path / "sheet.png"))

  return sheet


def test_masks_are_shown_only_where_they_may_be_read(make, mini):
  allowed = ("a0", "a9")
  for path in (mini / "masks").iterdir():
    if path.stem not in allowed:
      path.write_bytes(b"garbage")
  assert make(sheet_masks=allowed).shape[1] > make().shape[1]


def test_only_some_of_many_are_drawn(make, mini, monkeypatch):
  monkeypatch.setattr(label_sheet, "COUNT", 2)
  few = make(ids=("a0", "a1", "a2", "a9"))
  monkeypatch.setattr(label_sheet, "COUNT", 12)
  assert make().shape[0] > few.shape[0]


def test_boxes_are_drawn_in_the_colour_of_their_class():
  image = np.full([20, 30, 3], 9, np.uint8)
  drawn = label_sheet.draw_boxes(
      image, [[0.1, 0.1, 0.9, 0.9], [0, 0, 0, 0]], [1, -1], [(0, 0, 0), (200, 10, 10)])
  assert drawn[2, 3:27].tolist() == [[200, 10, 10]] * 24
  assert (drawn[4:16, 5:25] == 9).all() and (drawn[:2] == 9).all() and (image == 9).all()
  inked = (drawn != image).any(-1).sum()
  assert inked == 16 * 24 - 12 * 20
