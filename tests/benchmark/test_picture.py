"""The picture of a table: bars as long as the numbers, error bars, published numbers."""
import io

import numpy as np
from PIL import Image

from keras_weakseg.benchmark import figures
from keras_weakseg.benchmark import picture
from keras_weakseg.benchmark import suite as suites
from keras_weakseg.benchmark import tables

BAR, PUBLISHED = (0x9d, 0xb8, 0xd9), (0xc0, 0x39, 0x2b)


def draw(*values, published=None):
  lines = [tables.Line(suites.Row(f"row {index}", published=published or {}), {
      seed: value and {"figures": {"mean_iou": value}} for seed, value in enumerate(each)})
           for index, each in enumerate(values)]
  suite = suites.Suite("s", "", (), (figures.figure("mean_iou"),))
  content = picture.draw(tables.Report(suite, [1], lines, []))
  return np.asarray(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def pixels(image, colour):
  return np.abs(image - np.array(colour)).sum(-1) < 12


def test_bars_are_as_long_as_their_numbers():
  bars = pixels(draw((0.2, 0.2), (0.4, 0.4)), BAR)
  lengths = [len(np.unique(np.nonzero(row)[0])) for row in bars if row.any()]
  short, long = min(lengths), max(lengths)
  assert 1.8 < long / short < 2.2


def test_published_numbers_are_marked_and_missing_rows_left_empty():
  assert not pixels(draw((0.2, 0.3)), PUBLISHED).any()
  image = draw((None, None), published={"mean_iou": 30.0})
  assert pixels(image, PUBLISHED).any() and not pixels(image, BAR).any()


def test_a_picture_without_rows_is_drawn():
  assert draw().size
