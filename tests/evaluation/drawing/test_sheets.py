"""Tests of contact sheets: what is where, sizes, legends, long names."""
import numpy as np
from PIL import Image
import pytest

from keras_weakseg.evaluation.drawing import sheets

CLASSES, PALETTE = ("background", "cat", "dog"), ((0, 0, 0), (200, 0, 0), (0, 0, 220))


def row(height=60, width=80, name="photo", color=90):
  image = np.full((height, width, 3), color, np.uint8)
  truth = np.zeros((height, width), np.uint8)
  truth[:, width // 2:] = 1
  return {"name": name, "image": image, "truth": truth, "prediction": np.full_like(truth, 2)}


def share(pixels, color):
  """Share of the pixels of about this colour."""
  return (np.abs(pixels.astype(int) - color).max(-1) <= 3).mean()


def draw(rows, path, **options):
  return sheets.contact_sheet(rows, path, classes=CLASSES, palette=PALETTE, **options)


def test_every_column_is_drawn_at_its_place(tmp_path):
  sheet = draw([row(), row(color=180)], tmp_path / "sheet.png", tile=120)
  np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "sheet.png")), sheet)
  thirds = np.array_split(sheet, 3, axis=1)
  assert share(thirds[0], (90, 90, 90)) > 0.15 and share(thirds[0], (180, 180, 180)) > 0.15
  tinted = 0.45 * 90 + 0.55 * np.array(PALETTE)
  assert share(thirds[1], tinted[1]) > 0.05 and share(thirds[1], tinted[2]) == 0
  assert share(thirds[2], tinted[2]) > 0.15


def test_missing_truth_and_pictures_of_other_kinds_have_a_place(tmp_path):
  rows = [{**row(), "truth": None, "depth": np.full((60, 80, 3), (1, 130, 2), np.uint8)}]
  sheet = draw(rows, tmp_path / "sheet.png", columns=("image", "truth", "depth"), tile=120)
  assert share(sheet, (240, 240, 240)) > 0.1 and share(sheet, (1, 130, 2)) > 0.1


def test_samples_can_stand_side_by_side(tmp_path):
  rows = [row() for _ in range(4)]
  tall = draw(rows, tmp_path / "tall.png", columns=("image", "prediction"), tile=100)
  wide = draw(rows, tmp_path / "wide.png", columns=("image", "prediction"), tile=100, across=2)
  assert wide.shape[1] > 1.8 * tall.shape[1] and wide.shape[0] < 0.7 * tall.shape[0]
  assert share(wide, (90, 90, 90)) == pytest.approx(share(tall, (90, 90, 90)), abs=0.05)


def test_any_shape_fits_its_tile(tmp_path):
  for size in ((1, 1), (1, 500), (500, 1), (300, 7)):
    assert draw([row(*size)], tmp_path / "sheet.png", tile=64).shape[1] == 3 * 64 + 2 * 8 + 32


def test_long_names_are_cut_and_never_widen_the_sheet(tmp_path):
  short = draw([row()], tmp_path / "sheet.png", tile=64)
  long = draw([row(name="a name that never ends " * 20)], tmp_path / "sheet.png", tile=64)
  assert long.shape == short.shape
  assert share(long[:, -15:], (255, 255, 255)) == 1.0


def test_class_ids_are_picked_and_images_resampled():
  mask = np.random.default_rng(0).choice(np.uint8([3, 200]), (50, 40))
  assert set(np.unique(sheets.shrunk(mask, 17))) == {3, 200}
  assert sheets.shrunk(mask, 17).shape == (17, 14)
  assert len(np.unique(sheets.shrunk(np.repeat(mask[..., None], 3, -1), 17))) > 10
  np.testing.assert_array_equal(sheets.shrunk(mask, 50), mask)


def test_legend_shows_every_colour_and_breaks_lines():
  wide, narrow = (sheets.legend(CLASSES, PALETTE, width) for width in (600, 110))
  assert wide.shape[1] == 600 and narrow.shape[1] == 110 and len(narrow) > 2 * len(wide)
  for color in PALETTE[1:]:
    assert share(wide, color) > 0.005 and share(narrow, color) > 0.01


def test_a_long_class_list_shows_only_what_is_drawn(tmp_path):
  classes = [f"class {index}" for index in range(40)]
  palette = [(0, 0, 0), (200, 0, 0), (0, 0, 220)] + [(7, 190, 9)] * 37
  long = sheets.contact_sheet([row()], tmp_path / "a.png", classes=classes, palette=palette,
                              tile=64)
  assert share(long, (200, 0, 0)) > 0 and share(long, (7, 190, 9)) == 0


def test_nothing_to_draw_is_refused(tmp_path):
  with pytest.raises(ValueError, match="at least one row"):
    draw([], tmp_path / "sheet.png")
  assert not list(tmp_path.iterdir())
