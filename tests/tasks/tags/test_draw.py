"""Bars of tags: their length is the probability, their colour whether the class is said."""
import numpy as np

from keras_weakseg.tasks.tags import draw

CLASSES = ("background", "cat", "dog")


def test_bars_are_as_long_as_probabilities():
  picture = draw.bars([0, 0.9, 0.2], CLASSES, 0.5, truth=[1, 1, 0])
  blue = (picture == (70, 110, 180)).all(-1).sum(1)
  grey = (picture == (190, 190, 190)).all(-1).sum(1)
  span = picture.shape[1] - 100
  assert abs(blue.max() - 0.9 * span) <= 3 and abs(grey.max() - 0.2 * span) <= 3
  rows = picture.shape[0] // 2
  assert not blue[rows:].any() and not grey[:rows].any()
  assert (picture[:rows, :4] == (46, 139, 87)).all(-1).any()
  assert not (picture[rows:, :4] == (46, 139, 87)).all(-1).any()


def test_images_of_any_size_have_bars_beside_them():
  images = [np.zeros([9, 30, 3], np.uint8), np.zeros([50, 20, 3], np.uint8)]
  drawn = draw.draw_tags(images, [[1, 0, 1], [1, 1, 0]], np.zeros([2, 3]), CLASSES, 0.5)
  assert drawn.dtype == np.uint8 and drawn.shape[:2] == (2, 50) and drawn.shape[2] > 220 + 30
