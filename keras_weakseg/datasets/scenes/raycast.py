"""Visibility by ray casting: rectangles in space, cut out by their material, nearest one wins."""
import dataclasses

import numpy as np

NEAR = 0.2  # metres


@dataclasses.dataclass(frozen=True)
class Surface:
  """A rectangle in space with a material.

  Attributes:
    origin: float [3], the corner with surface coordinates (0, 0), metres.
    u_axis, v_axis: float [3], orthogonal unit vectors.
    extent: (metres along u, metres along v).
    material: object with `inside(u, v) -> bool [n]` and `colour(u, v, footprint) -> [n, 3]`.
    instance: 0 for scenery, else the number of the object from 1.
    brightness: factor on the colour, from the light.
  """
  origin: np.ndarray
  u_axis: np.ndarray
  v_axis: np.ndarray
  extent: tuple
  material: object
  instance: int = 0
  brightness: float = 1.0


@dataclasses.dataclass(frozen=True)
class Hits:
  """What the rays of one view hit, all [S, H, W].

  Attributes:
    depth: float32, metres along the camera's z axis; infinite where nothing was hit.
    index: int16, position in the list of surfaces, -1 = nothing.
    u, v: float32, surface coordinates in metres.
  """
  depth: np.ndarray
  index: np.ndarray
  u: np.ndarray
  v: np.ndarray


def cross(a, b):
  """Returns the cross product of two float [3]; `np.cross` takes ten times as long for one pair."""
  return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2],
                   a[0] * b[1] - a[1] * b[0]])


def trace(surfaces, camera_from_world, matrix, rays):
  """Finds the nearest surface of every ray.

  Args:
    surfaces: list of `Surface`.
    camera_from_world: float [4, 4].
    matrix: float [3, 3], intrinsics; only used to skip pixels that a surface cannot reach.
    rays: float32 [S, H, W, 3] with z = 1, see `camera.rays`.

  Returns:
    `Hits`.
  """
  shape = rays.shape[:3]
  hits = Hits(np.full(shape, np.inf, np.float32), np.full(shape, -1, np.int16),
              np.zeros(shape, np.float32), np.zeros(shape, np.float32))
  turn, shift = camera_from_world[:3, :3], camera_from_world[:3, 3]
  for number, surface in enumerate(surfaces):
    origin = turn @ surface.origin + shift
    u_axis, v_axis = turn @ surface.u_axis, turn @ surface.v_axis
    normal = cross(u_axis, v_axis)
    distance = normal @ origin
    if abs(distance) < 1e-9:  # seen from the edge
      continue
    window = _window(origin, u_axis * surface.extent[0], v_axis * surface.extent[1], matrix, shape)
    if window is not None:
      _hit(hits, number, surface, (origin, u_axis, v_axis, normal, distance), rays, window)
  return hits


def _hit(hits, number, surface, frame, rays, window):
  """Writes one surface into `hits` where it is nearer than what is there."""
  origin, u_axis, v_axis, normal, distance = frame
  directions = rays[window]
  x, y = directions[..., 0], directions[..., 1]

  def dot(axis):
    return np.float32(axis[0]) * x + (np.float32(axis[1]) * y + np.float32(axis[2]))

  with np.errstate(divide="ignore", invalid="ignore"):
    depth = np.float32(distance) / dot(normal)
    u = depth * dot(u_axis) - np.float32(origin @ u_axis)
    v = depth * dot(v_axis) - np.float32(origin @ v_axis)
    nearer = ((depth > NEAR) & (depth < hits.depth[window]) & (u >= 0) & (u < surface.extent[0])
              & (v >= 0) & (v < surface.extent[1]))
  chosen = np.nonzero(nearer)
  if not chosen[0].size:
    return
  u, v, depth = u[chosen], v[chosen], depth[chosen]
  inside = surface.material.inside(u, v)
  if inside is not None:
    chosen = tuple(axis[inside] for axis in chosen)
    u, v, depth = u[inside], v[inside], depth[inside]
  for array, values in ((hits.depth, depth), (hits.u, u), (hits.v, v), (hits.index, number)):
    array[window][chosen] = values


def _window(origin, u_edge, v_edge, matrix, shape):
  """Returns the slices of pixels that a rectangle can cover, or None if it is out of view."""
  corners = [origin, origin + u_edge, origin + u_edge + v_edge, origin + v_edge]
  front = []
  for start, end in zip(corners, corners[1:] + corners[:1]):  # cut at the near plane
    if start[2] >= NEAR:
      front.append(start)
    if (start[2] >= NEAR) != (end[2] >= NEAR):
      front.append(start + (end - start) * (NEAR - start[2]) / (end[2] - start[2]))
  if not front:
    return None
  points = np.array(front) @ matrix.T
  points = points[:, :2] / points[:, 2:]
  low = np.floor(points.min(0) - 1).astype(np.int64)
  high = np.ceil(points.max(0) + 2).astype(np.int64)
  left, top = np.maximum(low, 0)
  right, bottom = np.minimum(high, [shape[2], shape[1]])
  if left >= right or top >= bottom:
    return None
  return (slice(None), slice(top, bottom), slice(left, right))
