"""Depth as points in space, in a file that viewers open (PLY, binary little endian)."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg.files import staging

_VERTEX = np.dtype([(name, "<f4") for name in "xyz"]
                   + [(name, "u1") for name in ("red", "green", "blue")])
_HEADER = """ply
format binary_little_endian 1.0
comment x right, y down, z forward; {unit}
element vertex {count}
property float x
property float y
property float z
property uchar red
property uchar green
property uchar blue
end_header
"""


def points_of_depth(depth, intrinsics):
  """Returns where the pixels of a depth map lie in space: `depth K^-1 (x, y, 1)`.

  Args:
    depth: float [H, W], along the optical axis.
    intrinsics: float [3, 3], pixels of this map.

  Returns:
    float32 [H, W, 3]: x to the right, y down, z forward, in the unit of the depth.

  Example:
    >>> from keras_weakseg.ops import cameras
    >>> points_of_depth([[2.0, 2.0]], cameras.camera_matrix(1, 1, 0, 0)).tolist()
    [[[0.0, 0.0, 2.0], [2.0, 0.0, 2.0]]]
  """
  depth = np.asarray(depth, np.float64)
  rows, columns = np.indices(depth.shape, np.float64)
  rays = np.stack([columns, rows, np.ones_like(rows)], -1) @ np.linalg.inv(intrinsics).T
  return (depth[..., None] * rays).astype(np.float32)


def write_ply(path, points, colors, unit="unit unknown"):
  """Writes coloured points as a PLY file, whole or not at all.

  Args:
    path: of the file.
    points: float [..., 3], x right, y down, z forward; points that are not finite are left out.
    colors: uint8 RGB [..., 3].
    unit: of the coordinates, one line, for the comment in the header.

  Returns:
    The number of points that were written.

  Raises:
    ValueError: points and colours differ in shape, or the file cannot be written.
  """
  points, colors = np.asarray(points, np.float32), np.asarray(colors, np.uint8)
  if points.shape != colors.shape or points.shape[-1:] != (3,):
    raise errors.value_error(
        "Points and colours differ in shape.", expected=f"both [..., 3], as {points.shape}",
        received=colors.shape, fix="Pass the colours of the pixels that the points come from.")
  points, colors = points.reshape(-1, 3), colors.reshape(-1, 3)
  kept = np.isfinite(points).all(-1)
  vertices = np.empty(int(kept.sum()), _VERTEX)
  for values, names in ((points, ("x", "y", "z")), (colors, ("red", "green", "blue"))):
    for axis, name in enumerate(names):
      vertices[name] = values[kept, axis]
  header = _HEADER.format(unit=" ".join(unit.split()), count=len(vertices))
  staging.write_whole(path, header.encode("ascii", "replace") + vertices.tobytes())
  return len(vertices)
