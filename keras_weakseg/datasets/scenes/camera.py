"""The pinhole camera of the scenes and its path: x right, y down, z forward, metres and pixels."""
import numpy as np

# Metres between the two cameras of a pair. At a width of 192 pixels (focal length 144) a point
# moves by 43 pixels over its depth: 17 at 2.5 m, where road and objects begin, so that no more than
# a tenth of the width is out of the other view; 4 at 12 m, where the last objects stand; .7 at 60.
# It is also about as far as the camera drives from frame to frame, so both sources say as much.
BASELINE = 0.3


def intrinsics(size):
  """Returns the camera matrix float64 [3, 3] for an image of (height, width) pixels.

  The centre of the pixel in column `x` and row `y` has the coordinates (x, y), as in
  `ops.geometry.reproject`; so the principal point of `width` pixels is `(width - 1) / 2`.
  The field of view is 67 degrees across the width.
  """
  height, width = size
  focal = 0.75 * width
  return np.array([[focal, 0, (width - 1) / 2], [0, focal, (height - 1) / 2], [0, 0, 1]])


def rays(matrix, size, offsets=((0.0, 0.0),)):
  """Returns directions float32 [S, H, W, 3] with z = 1, so that a ray's length is its depth.

  Args:
    matrix: float [3, 3], intrinsics.
    size: (height, width) in pixels.
    offsets: S pairs (dy, dx) in pixels from the pixel centre.
  """
  ys, xs = np.mgrid[:size[0], :size[1]].astype(np.float64)
  result = np.ones([len(offsets), *size, 3], np.float32)
  for number, (dy, dx) in enumerate(offsets):
    result[number, ..., 0] = (xs + dx - matrix[0, 2]) / matrix[0, 0]
    result[number, ..., 1] = (ys + dy - matrix[1, 2]) / matrix[1, 1]
  return result


def rotation(yaw, pitch=0.0, roll=0.0):
  """Returns the rotation [3, 3] camera to world; positive turns right, looks down, tilts right.

  Args:
    yaw, pitch, roll: angles in radians.
  """
  cy, sy, cp, sp, cr, sr = (np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll),
                            np.sin(roll))
  about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
  about_x = np.array([[1, 0, 0], [0, cp, sp], [0, -sp, cp]])
  about_z = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]])
  return about_y @ about_x @ about_z


def world_from_camera(position, angles):
  """Returns the 4x4 matrix of a camera at `position` (metres) turned by (yaw, pitch, roll)."""
  matrix = np.eye(4)
  matrix[:3, :3] = rotation(*angles)
  matrix[:3, 3] = position
  return matrix


def right_of(pose):
  """Returns the right camera of a rectified pair: turned as the left one, `BASELINE` beside it.

  Args:
    pose: float [4, 4], the left camera to world.

  Returns:
    float64 [4, 4], the right camera to world, and float64 [4, 4], the left camera to the right
    one: a shift alone, with no rounding in it.
  """
  across = np.eye(4)
  across[0, 3] = BASELINE
  from_left = np.eye(4)
  from_left[0, 3] = -BASELINE
  return pose @ across, from_left


def drive(rng, offsets):
  """Draws a short drive along the street: mostly forward, a slight turn, a little shake.

  Args:
    rng: `np.random.RandomState`.
    offsets: ints, the frames wanted; 0 is the reference.

  Returns:
    float64 [F, 4, 4], camera to world, one per offset; the ground is the plane y = 0.
  """
  position = np.array([rng.uniform(-1.2, 1.2), -rng.uniform(1.0, 1.45), 0.0])
  angles = np.array([rng.uniform(-0.12, 0.12), rng.uniform(0.03, 0.11), rng.uniform(-0.015, 0.015)])
  speed = rng.uniform(0.2, 0.45)
  turn = rng.uniform(-0.02, 0.02)
  shake = rng.uniform(-1, 1, [len(offsets), 6]) * [0.01, 0.008, 0, 0.002, 0.003, 0.002]
  path = []
  for offset, jitter in zip(offsets, shake):
    jitter = jitter * (offset != 0)
    heading = angles[0] + 0.5 * turn * offset
    step = speed * offset * np.array([np.sin(heading), 0, np.cos(heading)])
    path.append(world_from_camera(position + step + jitter[:3],
                                  angles + [turn * offset, 0, 0] + jitter[3:]))
  return np.stack(path)
