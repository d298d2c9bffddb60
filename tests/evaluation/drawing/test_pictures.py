"""Tests of colours, overlays and rows for TensorBoard."""
import numpy as np
import pytest

from keras_weakseg.evaluation.drawing import pictures

PALETTE = ((0, 0, 0), (200, 0, 0), (0, 100, 0))
MASK = np.uint8([[0, 0, 1, 1], [0, 0, 1, 1], [255, 255, 2, 2]])
IMAGE = np.full((3, 4, 3), 100, np.uint8)


def test_colours_are_looked_up_and_unknown_ids_are_light():
  colors = pictures.colorize(MASK, PALETTE)
  assert colors.dtype == np.uint8
  assert colors[0, 2].tolist() == [200, 0, 0] and colors[2, 3].tolist() == [0, 100, 0]
  assert colors[2, 0].tolist() == list(pictures.IGNORE_COLOR)


def test_tint_is_a_mixture_and_black_classes_stay_clear():
  found = pictures.overlay(IMAGE, MASK, PALETTE, strength=0.5, contour=0)
  assert found[0, 0].tolist() == [100, 100, 100]
  assert found[0, 3].tolist() == [150, 50, 50] and found[2, 3].tolist() == [50, 100, 50]
  assert IMAGE.min() == IMAGE.max() == 100


def test_lines_lie_between_classes_and_not_at_unknown_pixels():
  expected = np.array([[0, 1, 0, 0], [0, 1, 1, 1], [0, 0, 0, 0]], bool)
  np.testing.assert_array_equal(pictures.borders(MASK), expected)
  found = pictures.overlay(IMAGE, MASK, PALETTE)
  np.testing.assert_array_equal((found == 255).all(-1), expected)


def test_lines_have_the_width_that_was_asked_for():
  mask = np.zeros((9, 20), np.uint8)
  mask[:, 10:] = 1
  for width in (1, 2, 4):
    assert pictures.borders(mask, width).sum(1).tolist() == [width] * 9


@pytest.mark.parametrize("size", [(1, 1), (1, 30), (30, 1)])
def test_thin_images_can_be_drawn(size):
  mask = np.zeros(size, np.uint8)
  image = np.full((*size, 3), 7, np.uint8)
  np.testing.assert_array_equal(pictures.overlay(image, mask, PALETTE, contour=3), image)


def test_predictions_stand_beside_image_and_truth():
  images = np.stack([IMAGE, IMAGE + 20])
  masks = np.stack([MASK, MASK])
  drawn = pictures.draw_predictions(images, masks, np.zeros_like(masks), PALETTE)
  gap = (drawn.shape[2] - 12) // 2
  assert drawn.dtype == np.uint8 and drawn.shape == (2, 3, 12 + 2 * gap, 3) and gap > 0
  np.testing.assert_array_equal(drawn[1, :, :4], IMAGE + 20)
  np.testing.assert_array_equal(drawn[0, :, 4 + gap:8 + gap],
                                pictures.overlay(IMAGE, MASK, PALETTE))
  np.testing.assert_array_equal(drawn[0, :, -4:], IMAGE)


def test_without_truth_there_are_two_panels():
  images, masks = IMAGE[None], MASK[None]
  drawn = pictures.draw_predictions(images, None, masks, PALETTE)
  assert drawn.shape == (1, 3, 4 + 4 + 4, 3)
  np.testing.assert_array_equal(drawn[0, :, -4:], pictures.overlay(IMAGE, MASK, PALETTE))


def test_images_of_different_sizes_share_one_canvas():
  images = [IMAGE, np.full((5, 2, 3), 9, np.uint8)]
  masks = [MASK, None]
  predictions = [MASK, np.zeros((5, 2), np.uint8)]
  drawn = pictures.draw_predictions(images, masks, predictions, PALETTE)
  assert drawn.shape[:2] == (2, 5)
  np.testing.assert_array_equal(drawn[1, :, :2], images[1])
  assert (drawn[0, 3:] == 255).all() and (drawn[1, :, 2:4] == 255).all()
