"""Metres out of depth that is known up to a factor: from the camera's height, or from its speed."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg.evaluation import point_cloud

# The part of the image where a camera on a vehicle sees road: rows from here down, middle columns.
_TOP, _LEFT, _RIGHT = 0.65, 0.25, 0.75
# Points nearer to the plane than this share of the camera's height are on it.
_TOLERANCE = 0.05
_TRIALS, _SAMPLE = 200, 2000
# The road may lean so much against the camera, as the cosine of the angle.
_UPRIGHT = np.cos(np.radians(20.0))


def ground_distance(depth, intrinsics):
  """Returns how high the camera stands over the plane that most of the road's points lie on.

  Planes through three points each are tried (RANSAC), those that lean more than 20 degrees left
  out; the best one is fitted again to all points near it.

  Args:
    depth: float [H, W], > 0, along the optical axis.
    intrinsics: float [3, 3], pixels of this map.

  Returns:
    float, in the unit of depth; NaN where no such plane is found.

  Example:
    >>> rows = np.arange(1.0, 41.0)[:, None] * np.ones([1, 40])    # below the horizon
    >>> round(ground_distance(3.0 * 20 / rows, [[20, 0, 20], [0, 20, -1], [0, 0, 1]]), 6)
    3.0
  """
  depth = np.asarray(depth, np.float64)
  height, width = depth.shape
  points = point_cloud.points_of_depth(depth, np.asarray(intrinsics, np.float64))
  points = points[int(_TOP * height):, int(_LEFT * width):int(_RIGHT * width)].reshape(-1, 3)
  points = points[np.isfinite(points).all(-1)].astype(np.float64)
  random = np.random.RandomState(0)
  if len(points) > _SAMPLE:
    points = points[random.choice(len(points), _SAMPLE, replace=False)]
  best = np.zeros(len(points), bool)
  for _ in range(_TRIALS if len(points) >= 3 else 0):
    near = _near(points, *_plane(points[random.choice(len(points), 3, replace=False)]))
    best = near if near.sum() > best.sum() else best
  return float("nan") if best.sum() < 3 else float(_plane(points[best])[1])


def _plane(points):
  """Returns the unit normal (down) and the distance of the origin of a plane through points."""
  middle = points.mean(0)
  normal = np.linalg.svd(points - middle, full_matrices=False)[2][-1]
  normal = normal if normal[1] > 0 else -normal
  return normal, float(normal @ middle)


def _near(points, normal, distance):
  """Returns bool [N], which points are on a plane; none if it is no ground."""
  if normal[1] < _UPRIGHT or distance <= 0:
    return np.zeros(len(points), bool)
  return np.abs(points @ normal - distance) < _TOLERANCE * distance


def factor_from_height(distances, camera_height):
  """Returns metres per unit of depth: the known height over the median of those in depth's unit.

  Args:
    distances: floats of `ground_distance`, NaN = none.
    camera_height: metres over the road.

  Raises:
    ValueError: the height is not positive and finite, or no image shows a ground.

  Example:
    >>> round(factor_from_height([0.05, float("nan"), 0.07, 0.05], 1.65), 6)
    33.0
  """
  return _factor(camera_height, distances, "camera_height", "the ground was found in no image")


def factor_from_speed(transforms, distances):
  """Returns metres per unit of depth: how far the camera went over how far it was predicted to go.

  Args:
    transforms: float [N, 4, 4], predicted camera motion.
    distances: float [N] or one float, metres that the camera went: speed times time.

  Raises:
    ValueError: a distance is negative or infinite, or the camera never moves.

  Example:
    >>> move = np.eye(4); move[2, 3] = 0.02
    >>> factor_from_speed([move, move], 1.0)
    50.0
  """
  length = np.linalg.norm(np.asarray(transforms, np.float64)[..., :3, 3], axis=-1).ravel()
  distances = np.broadcast_to(np.asarray(distances, np.float64), length.shape)
  moved = (distances > 0) & (length > 0)
  wrong = distances[~np.isfinite(distances) | (distances < 0)]
  if not moved.any() or wrong.size:
    raise errors.value_error(
        "The speed tells nothing of the scale.", expected="distances of 0 or more, some above, and "
        "a predicted motion", received=f"a distance of {wrong[0]:g}" if wrong.size else
        f"{int(moved.sum())} moves of {len(length)}",
        fix="Pass frames during which the vehicle moves, and metres per frame.")
  return float(np.median(distances[moved] / length[moved]))


def _factor(known, found, name, why):
  found = np.asarray(found, np.float64)
  found = found[np.isfinite(found) & (found > 0)]
  usable = 0 < known < np.inf
  if not usable or not found.size:
    raise errors.value_error(
        "The scale of depth cannot be found.", expected=f"{name} above 0, and something to compare",
        received=why if usable else known,
        fix="Pass it in metres, and images of a camera that looks along a road.")
  return float(known / np.median(found))
