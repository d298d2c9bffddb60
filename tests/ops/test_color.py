"""Colour changes by given amounts."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import color


@pytest.fixture
def images():
  return np.random.default_rng(0).integers(60, 190, (2, 3, 5, 7, 3)).astype(np.uint8)


def independent(image, amounts):
  """The three formulas in numpy, one image at a time."""
  values = image.astype(np.float64) * (1 + 0.5 * amounts[0])
  values = values.mean() + (values - values.mean()) * (1 + 0.5 * amounts[1])
  grey = values @ [0.299, 0.587, 0.114]
  values = grey[..., None] + (values - grey[..., None]) * (1 + amounts[2])
  return np.clip(values, 0, 255)


def test_formulas_and_types(images):
  amounts = np.array([0.3, -0.4, 0.25], np.float32)
  expected = independent(images[0, 0], amounts)
  whole = color.jitter_color(images[0, 0], amounts)
  assert whole.dtype == tf.uint8
  np.testing.assert_allclose(whole, expected, atol=0.51)
  real = color.jitter_color(images[0, 0].astype(np.float32), amounts)
  assert real.dtype == tf.float32
  np.testing.assert_allclose(real, expected, atol=1e-3)


def test_nothing_changes_by_zero_and_full_desaturation_is_grey(images):
  np.testing.assert_array_equal(color.jitter_color(images, tf.zeros([3])), images)
  grey = color.jitter_color(images, [0.0, 0.0, -1.0]).numpy()
  assert (grey == grey[..., :1]).all()


def test_one_draw_per_sample_serves_all_its_frames(images):
  amounts = np.array([[0.5, 0.2, -0.3], [-0.6, 0.1, 0.4]], np.float32)
  batch = color.jitter_color(images, amounts).numpy()
  for sample in range(2):
    for frame in range(3):
      np.testing.assert_array_equal(
          batch[sample, frame], color.jitter_color(images[sample, frame], amounts[sample]))


def test_graph_and_compiled_code_agree(images):
  values = images[0].astype(np.float32)
  amounts = tf.constant([0.5, 0.2, -0.3])
  eager = color.jitter_color(values, amounts)
  for compiled in (False, True):
    np.testing.assert_allclose(
        tf.function(color.jitter_color, autograph=False, jit_compile=compiled)(values, amounts),
        eager, atol=1e-3)


def test_a_third_of_the_circle_permutes_the_channels(images):
  batch = images[:, 0]
  for turns, order in ((1 / 3, [2, 0, 1]), (-1 / 3, [1, 2, 0]), (1.0, [0, 1, 2])):
    found = color.shift_hue(batch, [turns] * 2)
    assert found.dtype == tf.uint8
    assert np.abs(found.numpy().astype(int) - batch[..., order]).max() <= 1


def test_no_turn_changes_no_bit(images):
  values = images[:, 0].astype(np.float32) + 0.3
  found = color.shift_hue(values, [0.0, 0.1]).numpy()
  np.testing.assert_array_equal(found[0], values[0])
  np.testing.assert_allclose(found[1].max(-1), values[1].max(-1), rtol=1e-5)  # The value stays.
  assert np.abs(found[1] - values[1]).max() > 5


def test_hue_turns_the_colour_circle(images):
  """Red becomes green after a third of a turn, and brightness and saturation stay."""
  red = tf.constant([[[200, 30, 30]]], tf.uint8)
  third = color.jitter_color(red, [0.0, 0.0, 0.0, 1 / 3]).numpy()
  assert third.tolist() == [[[30, 200, 30]]]
  assert color.jitter_color(red, [0.0, 0.0, 0.0, -1 / 3]).numpy().tolist() == [[[30, 30, 200]]]
  amounts = [0.3, -0.4, 0.25, 0.1]
  with_hue = color.jitter_color(images[0, 0].astype(np.float32), amounts).numpy()
  plain = color.jitter_color(images[0, 0].astype(np.float32), amounts[:3]).numpy()
  np.testing.assert_allclose(with_hue.max(-1), plain.max(-1), atol=1e-3)
  np.testing.assert_allclose(with_hue.min(-1), plain.min(-1), atol=1e-3)
  assert np.abs(with_hue - plain).max() > 5


def test_hue_is_the_same_for_python(images):
  """Against `colorsys`, pixel by pixel."""
  import colorsys
  pixels = images[0, 0, :2].astype(np.float64)
  wanted = [[np.multiply(colorsys.hsv_to_rgb((hue - 0.07) % 1, saturation, value), 255)
             for hue, saturation, value in (colorsys.rgb_to_hsv(*pixel / 255) for pixel in row)]
            for row in pixels]
  found = color.jitter_color(images[0, 0, :2].astype(np.float32), [0.0, 0.0, 0.0, -0.07])
  np.testing.assert_allclose(found, wanted, atol=1e-2)


def test_samples_without_hue_keep_their_pixels_to_the_bit(images):
  amounts = np.array([[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.2]], np.float32)
  real = images.astype(np.float32)
  found = color.jitter_color(real, amounts).numpy()
  np.testing.assert_array_equal(found[0], color.jitter_color(real[0], amounts[0, :3]))
  assert np.abs(found[1] - real[1]).max() > 5
  compiled = tf.function(color.jitter_color, autograph=False, jit_compile=True)(real, amounts)
  np.testing.assert_allclose(compiled, found, atol=1e-3)
