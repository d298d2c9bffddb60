"""Vehicles are closed boxes on wheels, lit from outside, and cars are not buses."""
import numpy as np
import pytest

from keras_weakseg.datasets.scenes import camera
from keras_weakseg.datasets.scenes import raycast
from keras_weakseg.datasets.scenes import vehicles

LIGHT = np.array([0.0, -1.0, 0.0])
FINE = np.float32(0.01)


@pytest.mark.parametrize("draw", [vehicles.car, vehicles.bus])
def test_profiles_run_from_sill_to_sill(draw):
  for seed in range(30):
    look, width, kinds = draw(np.random.RandomState(seed))
    assert (np.diff(look.profile[:, 0]) > 0).all()
    assert len(kinds) == len(look.profile) - 1
    assert look.profile[0, 1] == look.profile[-1, 1] < 0.4
    assert 1.6 < width < 2.6
    first, last, top, pitch = look.panes
    assert 0 < first < last < look.profile[-1, 0]
    assert look.belt < top < look.profile[:, 1].max()
    assert (last - first) / pitch == pytest.approx(round((last - first) / pitch))


def test_buses_are_longer_taller_and_have_more_windows():
  cars = [vehicles.car(np.random.RandomState(seed))[0] for seed in range(40)]
  buses = [vehicles.bus(np.random.RandomState(seed))[0] for seed in range(40)]
  assert max(car.profile[-1, 0] for car in cars) < min(bus.profile[-1, 0] for bus in buses)
  assert max(car.profile[:, 1].max() for car in cars) < min(
      bus.profile[:, 1].max() for bus in buses)
  panes = [[round((look.panes[1] - look.panes[0]) / look.panes[3]) for look in looks]
           for looks in (cars, buses)]
  assert max(panes[0]) <= 3 <= min(panes[1])
  # Alike in what must not give them away: the paint.
  np.testing.assert_allclose(np.mean([car.paint for car in cars]),
                             np.mean([bus.paint for bus in buses]), atol=0.1)


def test_sides_have_wheels_below_the_body_and_a_gap_between():
  look, _, _ = vehicles.car(np.random.RandomState(1))
  side = vehicles.Side(look)
  hub = np.array(look.wheels)
  assert side.inside(hub, np.full(2, 0.02)).all()
  middle = np.array([look.profile[-1, 0] / 2])
  assert not side.inside(middle, np.array([0.05]))[0]
  assert side.inside(middle, np.array([0.6]))[0]
  assert not side.inside(middle, np.array([look.profile[:, 1].max() + 0.01]))[0]
  tyre = side.colour(hub, np.full(2, 0.03), np.full(2, FINE))
  assert (tyre < 0.2).all()


def test_windows_are_darker_than_light_paint():
  look, _, _ = vehicles.bus(np.random.RandomState(2))
  look = vehicles.dataclasses.replace(look, paint=np.float32([0.9, 0.9, 0.9]), stripe=False)
  side = vehicles.Side(look)
  first, _, top, pitch = look.panes
  pane = side.colour(np.array([first + pitch / 2]), np.array([(look.belt + top) / 2]),
                     np.array([FINE]))
  body = side.colour(np.array([first + pitch / 2]), np.array([look.belt - 0.15]),
                     np.array([FINE]))
  assert pane.mean() < 0.5 * body.mean()


@pytest.mark.parametrize("draw", [vehicles.car, vehicles.bus])
@pytest.mark.parametrize("yaw", [0.0, 0.7, 2.5, -1.6])
def test_a_vehicle_is_closed_and_stands_on_its_place(draw, yaw):
  body = draw(np.random.RandomState(4))
  faces = vehicles.surfaces(body, (0.5, 14.0), yaw, 3, LIGHT)
  assert {face.instance for face in faces} == {3}
  for face in faces:
    assert abs(face.u_axis @ face.v_axis) < 1e-6
    np.testing.assert_allclose([np.linalg.norm(face.u_axis), np.linalg.norm(face.v_axis)], 1)
  size = (96, 192)
  matrix = camera.intrinsics(size)
  pose = camera.world_from_camera([0, -1.3, 0], (0, 0, 0))
  hits = raycast.trace(faces, np.linalg.inv(pose), matrix, camera.rays(matrix, size))
  seen = np.isfinite(hits.depth[0])
  assert seen.sum() > 150
  # No hole in the body: between the first and the last hit of a row above the sill, all are hits.
  for row in np.nonzero(seen.any(1))[0]:
    columns = np.nonzero(seen[row])[0]
    depth = np.median(hits.depth[0][row, columns])
    if 1.3 - (row - matrix[1, 2]) / matrix[1, 1] * depth > 0.75:
      assert len(columns) == columns[-1] - columns[0] + 1
  ys, xs = np.nonzero(seen)
  rays = np.stack([xs, ys, np.ones_like(xs)], -1) @ np.linalg.inv(matrix).T
  points = rays * hits.depth[0][ys, xs][:, None] + [0, -1.3, 0]
  half = np.hypot(body[0].profile[-1, 0], body[1]) / 2 + 0.01
  assert np.hypot(points[:, 0] - 0.5, points[:, 2] - 14.0).max() < half
  assert points[:, 1].max() < 0.01 and points[:, 1].min() > -body[0].profile[:, 1].max() - 0.01


def test_the_roof_is_lit_from_above_and_the_sides_are_not():
  faces = vehicles.surfaces(vehicles.bus(np.random.RandomState(0)), (0, 9), 0.4, 1, LIGHT)
  light = [face.brightness for face in faces]
  assert max(light) == light[4] == pytest.approx(1.1)  # two sides, rear, its edge, roof
  assert light[0] == light[1] == pytest.approx(0.72)
