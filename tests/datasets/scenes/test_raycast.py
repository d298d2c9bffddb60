"""Rays hit what is in front, at the depth of the plane, and respect holes."""
import dataclasses

import numpy as np
import pytest

from keras_weakseg.datasets.scenes import camera
from keras_weakseg.datasets.scenes import raycast

SIZE = (31, 41)
MATRIX = camera.intrinsics(SIZE)
RAYS = camera.rays(MATRIX, SIZE)
RIGHT, UP = np.array([1.0, 0, 0]), np.array([0, -1.0, 0])


@dataclasses.dataclass(frozen=True)
class Disc:
  """A round material of radius 1 at (1, 1)."""

  def inside(self, u, v):
    return (u - 1) ** 2 + (v - 1) ** 2 < 1


@dataclasses.dataclass(frozen=True)
class Full:
  """A material without holes."""

  def inside(self, u, v):
    return None


def wall(depth, left=-50.0, low=50.0, extent=(100.0, 100.0), material=Full()):
  return raycast.Surface(np.array([left, low, depth]), RIGHT, UP, extent, material)


def test_a_wall_has_its_depth_everywhere_and_coordinates_in_metres():
  hits = raycast.trace([wall(4.0)], np.eye(4), MATRIX, RAYS)
  np.testing.assert_allclose(hits.depth, 4.0, rtol=1e-6)
  np.testing.assert_allclose(hits.u, RAYS[..., 0] * 4 + 50, atol=1e-4)
  np.testing.assert_allclose(hits.v, 50 - RAYS[..., 1] * 4, atol=1e-4)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_nearest_surface_wins_in_any_order(order):
  surfaces = [wall(4.0), wall(2.0, left=0.0)]
  hits = raycast.trace([surfaces[number] for number in order], np.eye(4), MATRIX, RAYS)
  right = RAYS[..., 0] > 0.01
  np.testing.assert_allclose(hits.depth[right], 2.0, rtol=1e-6)
  np.testing.assert_allclose(hits.depth[RAYS[..., 0] < -0.01], 4.0, rtol=1e-6)


def test_holes_show_what_is_behind():
  disc = wall(2.0, left=-1.0, low=1.0, extent=(2.0, 2.0), material=Disc())
  hits = raycast.trace([disc, wall(5.0)], np.eye(4), MATRIX, RAYS)
  radius = np.hypot(RAYS[..., 0], RAYS[..., 1]) * 2
  assert (hits.index[radius < 0.98] == 0).all() and (hits.index[radius > 1.02] == 1).all()


def test_nothing_is_hit_behind_the_camera_or_beside_the_rectangle():
  small = wall(3.0, left=0.5, low=-0.01, extent=(0.4, 0.4))
  hits = raycast.trace([wall(-3.0), small], np.eye(4), MATRIX, RAYS)
  inside = ((RAYS[..., 0] * 3 > 0.5) & (RAYS[..., 0] * 3 < 0.9) & (RAYS[..., 1] * 3 < -0.01)
            & (RAYS[..., 1] * 3 > -0.41))
  np.testing.assert_array_equal(hits.index == 1, inside)
  assert np.isinf(hits.depth[~inside]).all() and (hits.index[~inside] == -1).all()


def test_a_plane_through_the_near_plane_is_cut_there():
  ground = raycast.Surface(np.array([-50.0, 1.0, -20.0]), RIGHT, np.array([0, 0, 1.0]),
                           (100.0, 60.0), Full())
  hits = raycast.trace([ground], np.eye(4), MATRIX, RAYS)
  expected = np.where(RAYS[..., 1] > 0, 1 / np.maximum(RAYS[..., 1], 1e-6), np.inf)
  reached = expected < 39  # where the ground ends
  np.testing.assert_allclose(hits.depth[reached], expected[reached], rtol=1e-4)
  assert (hits.index[expected > 41] == -1).all()


def test_skipping_pixels_out_of_reach_changes_nothing():
  rng = np.random.RandomState(0)
  for _ in range(40):
    u_axis = rng.normal(size=3)
    u_axis /= np.linalg.norm(u_axis)
    v_axis = np.cross(u_axis, rng.normal(size=3))
    v_axis /= np.linalg.norm(v_axis)
    surface = raycast.Surface(rng.uniform(-3, 3, 3), u_axis, v_axis, tuple(rng.uniform(1, 6, 2)),
                              Full())
    pose = camera.world_from_camera(rng.uniform(-1, 1, 3), rng.uniform(-1, 1, 3))
    inverse = np.linalg.inv(pose)
    hits = raycast.trace([surface], inverse, MATRIX, RAYS)
    rotation = inverse[:3, :3]
    origin = rotation @ surface.origin + inverse[:3, 3]
    normal = np.cross(rotation @ u_axis, rotation @ v_axis)
    depth = (normal @ origin) / (RAYS @ normal)
    point = depth[..., None] * RAYS - origin
    u, v = point @ (rotation @ u_axis), point @ (rotation @ v_axis)
    margin = np.minimum(np.minimum(u, surface.extent[0] - u), np.minimum(v, surface.extent[1] - v))
    sure = np.abs(margin) > 1e-3
    sure &= np.abs(depth - raycast.NEAR) > 1e-3
    expected = (margin > 0) & (depth > raycast.NEAR)
    np.testing.assert_array_equal((hits.index == 0)[sure], expected[sure])


def test_cross_is_the_cross_product():
  a, b = np.random.RandomState(1).normal(size=[2, 3])
  np.testing.assert_allclose(raycast.cross(a, b), np.cross(a, b))
