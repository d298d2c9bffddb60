"""Streets have both sides, end at the hills, and take shadows without being changed."""
import numpy as np

from keras_weakseg.datasets.scenes import scenery
from keras_weakseg.datasets.scenes import street

STREETS = [street.draw(np.random.RandomState(seed)) for seed in range(40)]


def test_objects_have_room_between_the_sides():
  for drawn in STREETS:
    left, right = drawn.free
    assert left < -2 and right > 2
    assert left < drawn.ground.road[0] + 0.8 and right > drawn.ground.road[1] - 0.8


def test_sides_vary_between_houses_and_open_walls():
  tallest = []
  for drawn in STREETS:
    for sign in (-1, 1):
      tallest.append(max(surface.extent[1] for surface in drawn.surfaces
                         if isinstance(surface.material, scenery.Facade)
                         and np.sign(surface.origin[0]) == sign))
  low = np.mean(np.array(tallest) < 2)
  assert 0.1 < low < 0.55
  assert max(tallest) > 9


def test_houses_stand_beside_the_pavement():
  for drawn in STREETS:
    for surface in drawn.surfaces:
      if isinstance(surface.material, scenery.Facade):
        kerb = drawn.ground.road[int(surface.origin[0] > 0)]
        assert abs(surface.origin[0]) >= abs(kerb) + drawn.ground.walk - 1e-6


def test_everything_is_scenery_with_unit_axes_and_upright():
  for drawn in STREETS:
    np.testing.assert_allclose(np.linalg.norm(drawn.light), 1)
    assert drawn.light[1] < 0  # from above
    for surface in drawn.surfaces:
      assert surface.instance == 0
      np.testing.assert_array_equal(surface.v_axis, [0, -1, 0])
      assert abs(np.linalg.norm(surface.u_axis) - 1) < 1e-9
      assert surface.origin[1] == 0 and min(surface.extent) > 0
      assert 0.5 < surface.brightness < 1.2
    assert sum(isinstance(surface.material, scenery.Hills) for surface in drawn.surfaces) == 1


def test_shadows_are_added_to_a_copy_of_the_ground():
  drawn = STREETS[0]
  rows = [(0, 5, 1, 1, 0, 0.5), (1, 6, 1, 1, 0, 0.5)]
  surfaces = street.with_shadows(drawn, rows)
  assert len(surfaces) == len(drawn.surfaces) + 1
  assert surfaces[0].material.shadows.shape == (2, 6)
  assert drawn.ground.shadows.shape == (0, 6)
  assert street.with_shadows(drawn, [])[0].material.shadows.shape == (0, 6)


def test_the_seed_decides_the_street():
  again = street.draw(np.random.RandomState(7))
  assert again.free == STREETS[7].free and len(again.surfaces) == len(STREETS[7].surfaces)
  assert again.free != STREETS[8].free
