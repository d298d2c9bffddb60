"""Street materials have the marks that they claim, and enough gradient to match frames by."""
import dataclasses

import numpy as np
import pytest

from keras_weakseg.datasets.scenes import scenery
from keras_weakseg.datasets.scenes import street

STREET = street.draw(np.random.RandomState(11))
FINE = np.float32(0.01)


def ground_colour(ground, x, z):
  x, z = (np.float32(axis).ravel() for axis in np.broadcast_arrays(x, z))
  return ground.colour(x + ground.x0, z + ground.z0, np.full(x.shape, FINE)).mean(1)


def test_the_lane_is_dashed_and_lighter_than_the_road():
  ground = STREET.ground
  z = np.arange(0, 40, 0.1)
  line = ground_colour(ground, ground.lane, z)
  painted = (z % 4.0) < 2.2
  assert line[painted].mean() > line[~painted].mean() + 0.15
  assert 0.4 < painted.mean() < 0.7


def test_pavement_and_verge_lie_outside_of_the_road():
  ground = STREET.ground
  z = np.arange(0, 40, 0.13)

  def tint(x):
    colour = ground.colour(np.full(z.shape, x + ground.x0), z + ground.z0, np.full(z.shape, FINE))
    return (colour / colour.sum(1, keepdims=True)).mean(0)

  expected = {1.0: ground.asphalt, ground.road[1] + 0.7: ground.paving,
              ground.road[1] + ground.walk + 1: ground.verge}
  for x, base in expected.items():
    np.testing.assert_allclose(tint(x), base / base.sum(), atol=0.01)


def test_shadows_darken_the_ground_under_an_object_only():
  row = (1.0, 8.0, 2.0, 0.8, 0.5, 0.6)
  dark = dataclasses.replace(STREET.ground, shadows=np.array([row]))
  place = ground_colour(dark, 1.0, 8.0) / ground_colour(STREET.ground, 1.0, 8.0)
  assert place == pytest.approx(0.4, abs=1e-5)
  along = (1.0 + 1.8 * np.cos(0.5), 8.0 + 1.8 * np.sin(0.5))
  across = (1.0 - 1.8 * np.sin(0.5), 8.0 + 1.8 * np.cos(0.5))
  assert ground_colour(dark, *along) < 0.6 * ground_colour(STREET.ground, *along)
  assert ground_colour(dark, *across) == ground_colour(STREET.ground, *across)


def front(height=9.0, brick=False):
  return scenery.Facade(height, np.float32([0.7, 0.6, 0.5]), np.float32([0.9, 0.9, 0.9]), brick,
                        (2.0, 3.0), (0.5, 0.5), 5)


def test_fronts_have_a_dark_window_in_every_cell_that_fits():
  u, v = np.meshgrid(np.arange(8) * 2.0 + 0.75, np.array([1.65, 4.65, 7.65]))
  wall_u = u + 0.99  # between two windows
  fine = np.full(u.size, FINE)
  window = front().colour(u.ravel(), v.ravel(), fine).mean(1)
  wall = front().colour(wall_u.ravel(), v.ravel(), fine).mean(1)
  assert np.median(window) < 0.6 * np.median(wall)
  low = front(height=2.0).colour(u.ravel(), v.ravel() * 0 + 1.4, fine).mean(1)
  assert np.median(low) > 0.7 * np.median(wall)  # a wall that is too low for windows


def test_brick_adds_texture_that_fades_with_distance():
  wall = np.meshgrid(np.arange(0.01, 0.38, 0.007), np.arange(3.1, 3.7, 0.007))
  u, v = (axis.ravel() for axis in wall)

  def contrast(brick, footprint):
    return front(brick=brick).colour(u, v, np.full(u.shape, np.float32(footprint))).mean(1).std()

  assert contrast(True, 0.01) > 1.3 * contrast(False, 0.01)
  assert contrast(True, 2.0) == pytest.approx(contrast(False, 2.0))


def test_trees_have_a_trunk_on_the_ground_and_a_crown_on_top():
  tree = scenery.Foliage(2.0, (0.15, 2.0), (3.5, 1.5, 1.4), np.float32([0.3, 0.2, 0.1]),
                         np.float32([0.2, 0.5, 0.2]), 3)
  assert tree.inside(np.array([2.0, 2.5, 2.0]), np.array([0.3, 0.3, 3.5])).tolist() == [
      True, False, True]
  crown = tree.colour(np.array([2.0]), np.array([3.5]), np.array([FINE]))[0]
  trunk = tree.colour(np.array([2.0]), np.array([0.5]), np.array([FINE]))[0]
  assert crown[1] > crown[0] and trunk[0] > trunk[1]


def test_hills_end_at_a_skyline():
  hills = scenery.Hills(6.0, np.float32([0.3, 0.5, 0.3]), 2)
  u = np.arange(0, 200.0)
  heights = [hills.inside(u, np.full(u.shape, height)).mean() for height in (0.3, 3.0, 9.0)]
  assert heights[0] == 1 and 0 < heights[1] <= 1 and heights[2] == 0


def test_the_sky_turns_blue_upwards_and_white_with_clouds():
  sky = dataclasses.replace(STREET.sky, cloud=-2.0)
  up = sky.colour(np.float32([[0, -0.9, 1], [0, -0.01, 1]]))
  assert up[0, 2] - up[0, 0] > up[1, 2] - up[1, 0]
  clouded = dataclasses.replace(sky, cloud=2.0).colour(np.float32([[0, -0.9, 1]]))
  np.testing.assert_allclose(clouded[0], [0.93, 0.94, 0.96], atol=1e-6)


def test_every_material_has_gradient():
  rng = np.random.RandomState(0)
  u, v = rng.uniform(2.1, 2.9, [2, 4000]).astype(np.float32)
  for surface in street.with_shadows(STREET, []):
    texture = surface.material.colour(u, v, np.full(u.shape, FINE))
    assert texture.shape == (4000, 3) and np.isfinite(texture).all()
    assert texture.std(0).max() > 0.02, surface.material
