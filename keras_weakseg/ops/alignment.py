"""Direct alignment: the camera motion that explains a frame best while its depth is held.

Lucas and Kanade, IJCAI 1981, for a camera: Steinbruecker et al., ICCV Workshops 2011. Beside a
depth network: Wang et al., "Learning depth from monocular videos using direct methods", CVPR 2018.
"""
import tensorflow as tf

from keras_weakseg.ops import geometry

# Differences beyond this grey value, 0..1, count linearly: they are occlusions and moving objects.
_LINEAR_FROM = 0.03
# Added to the diagonal of the normal equations, as a share of it: a motion that nothing shows in
# the picture is none.
_DAMPING, _TINY = 1e-3, 1e-9
# A step that turns by more radians, or moves by a larger share of the depth, has lost its way.
_LARGEST_TURN, _LARGEST_MOVE = 0.03, 0.2


def align_motion(target, source, depth, transform, intrinsics, *, steps=2, valid=None):
  """Returns the motion that Gauss-Newton steps find from a given one.

  Every step linearises the blurred grey values of the source where the pixels of the target fall,
  and solves for the turn and move of the source camera that brings them nearest to the target:
  six unknowns per sample, by reweighted least squares that count large differences linearly. It
  finds motions that are wrong by a pixel or two. Where a step is too large or no number, the given
  motion is returned.

  Args:
    target: float [N,H,W,3], 0..1.
    source: float [N,H,W,3], 0..1.
    depth: float [N,H,W,1], > 0, of the target.
    transform: float [N,4,4], target camera to source camera; the translation has the unit of depth.
    intrinsics: float [N,3,3], pixels, without skew.
    steps: how many.
    valid: float or bool [N,H,W], 0 where pixels do not count; None = all count.

  Returns:
    float32 [N,4,4]. No gradient flows: at its end a motion of least error has none to give.

  Example:
    >>> still = tf.eye(4, batch_shape=[1])
    >>> picture = tf.random.stateless_uniform([1, 8, 8, 3], [1, 2])
    >>> camera = [[[8.0, 0, 3.5], [0, 8.0, 3.5], [0, 0, 1]]]
    >>> found = align_motion(picture, picture, tf.ones([1, 8, 8, 1]), still, camera)
    >>> bool(tf.reduce_all(tf.abs(found - still) < 1e-6))
    True
  """
  target, source = _blurred_grey(target), _blurred_grey(source)
  depth, start = tf.cast(depth, tf.float32), tf.cast(transform, tf.float32)
  camera = tf.cast(intrinsics, tf.float32)
  table = geometry.neighbours(tf.concat([source, *_slopes(source)], -1))
  counts = tf.ones_like(target[..., 0]) if valid is None else tf.cast(valid, tf.float32)
  typical = tf.exp(tf.reduce_mean(tf.math.log(depth), [1, 2, 3]))
  moved, lost = start, tf.zeros_like(typical, tf.bool)
  for _ in range(steps):
    turn, move = _step(target[..., 0], table, depth, moved, camera, counts)
    good = ((tf.norm(turn, axis=-1) < _LARGEST_TURN)  # False of what is no number, too.
            & (tf.norm(move, axis=-1) < _LARGEST_MOVE * typical))
    lost |= ~good
    keep = good[:, None]
    moved = tf.matmul(geometry.pose_to_matrix(
        tf.where(keep, turn, 0.0), tf.where(keep, move, 0.0)), moved)
  return tf.stop_gradient(tf.where(lost[:, None, None], start, moved))


def texture(image):
  """Returns how much every pixel says about a motion: the squared slope of blurred grey values.

  Args:
    image: float [N,H,W,3], 0..1.

  Returns:
    float32 [N,H,W,1], >= 0.

  Example:
    >>> float(tf.reduce_max(texture(tf.ones([1, 8, 8, 3]))))
    0.0
  """
  right, down = _slopes(_blurred_grey(image))
  return right ** 2 + down ** 2


def _step(target, table, depth, transform, camera, counts):
  """Returns the turn and move [N,3] of the source camera that one Gauss-Newton step asks for."""
  x, y, distance = geometry.project_points(depth, transform, camera)
  found = geometry.sample_neighbours(table, x, y)
  focal = [camera[:, axis, axis, None, None] for axis in (0, 1)]
  right, down = ((place - camera[:, axis, 2, None, None]) / focal[axis]
                 for axis, place in enumerate((x, y)))
  # Change of the grey value with the position of the point, times its distance.
  by_right, by_down = found[..., 1] * focal[0], found[..., 2] * focal[1]
  pull = tf.stack([by_right, by_down, -(by_right * right + by_down * down)], -1)
  direction = tf.stack([right, down, tf.ones_like(right)], -1)
  jacobian = tf.concat([tf.linalg.cross(direction, pull), pull / distance[..., None]], -1)
  jacobian = tf.reshape(jacobian, [tf.shape(jacobian)[0], -1, 6])
  difference = found[..., 0] - target
  height, width = tf.cast(tf.shape(x)[1], tf.float32), tf.cast(tf.shape(x)[2], tf.float32)
  inside = (x > 0) & (x < width - 1) & (y > 0) & (y < height - 1)
  weight = tf.where(inside, counts, 0.0) / tf.maximum(tf.abs(difference), _LINEAR_FROM)
  weighted = jacobian * tf.reshape(weight, [tf.shape(weight)[0], -1, 1])
  normal = tf.matmul(weighted, jacobian, transpose_a=True)
  right_side = tf.linalg.matvec(
      weighted, tf.reshape(difference, [tf.shape(difference)[0], -1]), transpose_a=True)
  normal += tf.linalg.diag(_DAMPING * tf.linalg.diag_part(normal) + _TINY)
  twist = -tf.linalg.cholesky_solve(tf.linalg.cholesky(normal), right_side[..., None])[..., 0]
  return twist[:, :3], twist[:, 3:]


def _blurred_grey(picture):
  """Returns [N,H,W,1] of [N,H,W,3]: the mean channel under a binomial window of 3x3."""
  grey = tf.reduce_mean(tf.cast(picture, tf.float32), -1, keepdims=True)
  grey = tf.pad(grey, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT")
  grey = 0.25 * grey[:, :-2] + 0.5 * grey[:, 1:-1] + 0.25 * grey[:, 2:]
  return 0.25 * grey[:, :, :-2] + 0.5 * grey[:, :, 1:-1] + 0.25 * grey[:, :, 2:]


def _slopes(grey):
  """Returns the central differences along x and y of [N,H,W,1]; 0 at the border."""
  return (tf.pad((grey[:, :, 2:] - grey[:, :, :-2]) / 2, [[0, 0], [0, 0], [1, 1], [0, 0]]),
          tf.pad((grey[:, 2:] - grey[:, :-2]) / 2, [[0, 0], [1, 1], [0, 0], [0, 0]]))
