"""Palettes of masks: one meaning for every value, or it is said."""
import numpy as np
import pytest

from keras_weakseg.data.checks import findings
from keras_weakseg.data.checks import legends

Image = pytest.importorskip("PIL.Image", reason="Pillow writes the test images")
RED, GREEN, BLACK, BLUE = (200, 0, 0), (0, 200, 0), (0, 0, 0), (0, 0, 200)


def write(path, values, colours):
  image = Image.fromarray(np.asarray(values, np.uint8)[None])
  if colours:
    image = image.convert("P")
    image.putpalette(sum(colours, ()))
    image = image if image.mode == "P" else image
    image.frombytes(np.asarray(values, np.uint8).tobytes())
  image.save(path)
  return path


def judged(tmp_path, *masks, count=255):
  found = findings.Findings()
  legend = legends.Legend(found, count)
  for number, (values, colours) in enumerate(masks):
    path = write(tmp_path / f"{number}.png", values, colours)
    legend.add(f"m{number}", path, np.bincount(values, minlength=256))
  return [problem.what for problem in found.problems()]


def test_a_value_of_two_colours_is_named_with_both(tmp_path):
  what, = judged(tmp_path, ([0, 1], [BLACK, RED]), ([0, 1], [BLACK, GREEN]), ([0], [BLACK, BLUE]))
  assert "value 1 (rgb 200 0 0 in m0, rgb 0 200 0 in m1)" in what and "value 0" not in what


@pytest.mark.parametrize("masks", [
    [([0, 1], [BLACK, RED]), ([0, 2], [BLACK, BLUE, GREEN]), ([0, 1], [BLACK, RED, BLUE])],
    [([0, 1], [BLACK, RED]), ([0, 1], None)], [([0, 1], None), ([0, 1], None)],
    [([0, 255], [BLACK] * 255 + [RED]), ([0, 255], [BLACK] * 255 + [GREEN])]])
def test_unused_values_grey_masks_and_unknown_pixels_are_not_judged(tmp_path, masks):
  assert not judged(tmp_path, *masks)


def test_255_is_judged_where_it_is_a_class(tmp_path):
  masks = [([0, 255], [BLACK] * 255 + [colour]) for colour in (RED, GREEN)]
  assert "value 255" in judged(tmp_path, *masks, count=256)[0]


def test_palettes_are_read_without_decoding(tmp_path):
  assert legends.read_palette(write(tmp_path / "a.png", [0, 1], [BLACK, RED]))[:2] == [BLACK, RED]
  assert legends.read_palette(write(tmp_path / "b.png", [0, 1], None)) is None
  (tmp_path / "c.png").write_bytes(b"text")
  assert legends.read_palette(tmp_path / "c.png") is None
