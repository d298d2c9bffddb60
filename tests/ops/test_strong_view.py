"""The strong view: its parts in order, its ranges, and shares."""
import numpy as np
import tensorflow as tf

from keras_weakseg.ops import blur, color, strong_view

KEYS = np.random.RandomState(2).randint(0, 2**31 - 1, (2000, 2)).astype(np.int32)
IMAGES = np.random.RandomState(0).randint(0, 255, (4, 9, 11, 3)).astype(np.uint8)


def test_it_is_its_parts_in_order():
  amounts, turns = strong_view.draw_color(KEYS[:4], share=1.0)
  sigma = tf.constant([0.0, 0.5, 1.0, 1.5])
  values = color.jitter_color(IMAGES.astype(np.float32), amounts)
  values = blur.gaussian_blur(color.shift_hue(values, turns), sigma)
  found = strong_view.strong_view(IMAGES, amounts, turns, sigma)
  assert found.dtype == tf.uint8
  np.testing.assert_allclose(found, values, atol=0.51)
  assert np.abs(found.numpy().astype(int) - IMAGES).max() > 20


def test_nothing_drawn_changes_nothing():
  amounts, turns = strong_view.draw_color(KEYS[:4], share=0.0)
  found = strong_view.strong_view(IMAGES, amounts, turns, strong_view.draw_blur(KEYS[:4], share=0))
  np.testing.assert_array_equal(found, IMAGES)


def test_ranges_and_shares():
  amounts, turns = (x.numpy() for x in strong_view.draw_color(KEYS))
  changed = (amounts != 0).any(1)
  assert abs(changed.mean() - 0.8) < 0.03
  assert (turns[~changed] == 0).all()
  # Factors .75 to 1.25; `jitter_color` halves the first two amounts.
  np.testing.assert_allclose(np.abs(amounts).max(0), [0.5, 0.5, 0.25], atol=0.01)
  np.testing.assert_allclose(np.abs(turns).max(), 0.25, atol=0.01)
  assert np.abs(amounts.mean(0)).max() < 0.03
  grey = strong_view.draw_color(KEYS, share=0.0, grey_share=0.2)[0].numpy()
  assert abs((grey[:, 2] == -1).mean() - 0.2) < 0.03 and (grey[:, :2] == 0).all()
  sigma = strong_view.draw_blur(KEYS).numpy()
  blurred = sigma > 0
  assert abs(blurred.mean() - 0.5) < 0.04
  assert sigma[blurred].min() >= 0.15 and sigma.max() <= 1.15


def test_a_grey_view_is_grey():
  amounts, turns = strong_view.draw_color(KEYS[:4], share=0.0, grey_share=1.0)
  found = strong_view.strong_view(IMAGES, amounts, turns, tf.zeros([4])).numpy()
  assert (found == found[..., :1]).all()


def test_graph_and_compiled_code_agree():
  """Random numbers are drawn outside."""
  amounts, turns = strong_view.draw_color(KEYS[:4])
  arguments = IMAGES.astype(np.float32), amounts, turns, strong_view.draw_blur(KEYS[:4])
  eager = strong_view.strong_view(*arguments)
  for compiled in (False, True):
    np.testing.assert_allclose(
        tf.function(strong_view.strong_view, autograph=False, jit_compile=compiled)(*arguments),
        eager, atol=5e-3)
