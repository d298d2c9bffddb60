"""Tests of metres from the camera's height or speed: exact planes, noise, what must be refused."""
import numpy as np
import pytest

from keras_weakseg.evaluation import metric_scale

K = np.array([[200.0, 0, 160], [0, 200, 60], [0, 0, 1]])


def road(height, pitch=0.0, size=(120, 320), wall=None):
  """Returns the depth of a plane `height` below a camera that looks `pitch` degrees down."""
  rows, columns = np.indices(size, np.float64)
  rays = np.stack([columns, rows, np.ones(size)], -1) @ np.linalg.inv(K).T
  angle = np.radians(pitch)
  normal = np.array([0, np.cos(angle), np.sin(angle)])
  with np.errstate(divide="ignore"):
    depth = height / np.maximum(rays @ normal, 1e-3)
  return depth if wall is None else np.minimum(depth, wall)


@pytest.mark.parametrize("pitch", [-3.0, 0.0, 5.0])
def test_the_height_of_an_exact_plane_is_found(pitch):
  assert metric_scale.ground_distance(road(1.6, pitch), K) == pytest.approx(1.6, rel=1e-5)


def test_depth_times_a_factor_gives_the_height_times_it():
  assert metric_scale.ground_distance(0.04 * road(1.6), K) == pytest.approx(0.064, rel=1e-5)


def test_things_on_the_road_and_noise_do_not_disturb():
  random = np.random.RandomState(0)
  depth = road(1.6, 1.0) * np.exp(0.01 * random.randn(120, 320))
  depth[85:115, 90:140] = 4.0  # A car, upright.
  assert metric_scale.ground_distance(depth, K) == pytest.approx(1.6, rel=0.03)


def test_a_wall_is_no_ground():
  assert np.isnan(metric_scale.ground_distance(np.full([120, 320], 5.0), K))
  assert np.isnan(metric_scale.ground_distance(np.full([120, 320], np.nan), K))


def test_the_median_over_images_makes_the_factor():
  distances = [metric_scale.ground_distance(scale * road(1.5), K) for scale in (0.02, 0.02, 0.5)]
  assert metric_scale.factor_from_height([*distances, np.nan], 1.5) == pytest.approx(50, rel=1e-4)


def test_speed_makes_the_same_factor_whatever_the_direction():
  random = np.random.RandomState(1)
  moves = np.tile(np.eye(4), [6, 1, 1])
  true = random.uniform(0.5, 1.5, 6)
  direction = random.randn(6, 3)
  moves[:, :3, 3] = 0.03 * true[:, None] * direction / np.linalg.norm(
      direction, axis=1, keepdims=True)
  assert metric_scale.factor_from_speed(moves, true) == pytest.approx(1 / 0.03)
  true[2] = 0.0  # The vehicle stood; whatever was predicted, nothing is learned from it.
  assert metric_scale.factor_from_speed(moves, true) == pytest.approx(1 / 0.03)


@pytest.mark.parametrize("call, words", [
    (lambda: metric_scale.factor_from_height([np.nan], 1.6), "ground was found in no image"),
    (lambda: metric_scale.factor_from_height([0.05], 0.0), "camera_height above 0"),
    (lambda: metric_scale.factor_from_speed([np.eye(4)], 1.0), "0 moves of 1"),
    (lambda: metric_scale.factor_from_speed([np.eye(4)], -1.0), "distances of 0 or more"),
    (lambda: metric_scale.factor_from_height([0.05], np.inf), "Received: inf"),
    (lambda: metric_scale.factor_from_height([0.05], np.nan), "Received: nan"),
    (lambda: metric_scale.factor_from_speed([2 * np.eye(4) + 1], np.inf), "a distance of inf"),
    (lambda: metric_scale.factor_from_speed([2 * np.eye(4) + 1], np.nan), "a distance of nan"),
])
def test_what_tells_nothing_is_refused(call, words):
  with pytest.raises(ValueError, match=f"(?s)Expected:.*{words}|{words}"):
    call()
