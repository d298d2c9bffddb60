"""Errors of predicted camera motion: single transforms and short trajectories (host, NumPy)."""
import numpy as np

from keras_weakseg import errors


def rotation_error(true, predicted):
  """Returns the angle in degrees between the rotations of transforms.

  Args:
    true, predicted: float [...,4,4] or [...,3,3].

  Returns:
    float64 [...], 0..180.

  Example:
    >>> float(rotation_error(np.eye(4), np.diag([-1.0, -1.0, 1.0, 1.0])))
    180.0
  """
  true, predicted = (np.asarray(x, np.float64)[..., :3, :3] for x in (true, predicted))
  difference = np.swapaxes(true, -1, -2) @ predicted
  # The arc tangent is exact for small angles, where the arc cosine of the trace is not.
  sine = np.linalg.norm([difference[..., 2, 1] - difference[..., 1, 2],
                         difference[..., 0, 2] - difference[..., 2, 0],
                         difference[..., 1, 0] - difference[..., 0, 1]], axis=0)
  return np.degrees(np.arctan2(sine, np.trace(difference, axis1=-2, axis2=-1) - 1))


def translation_angle(true, predicted):
  """Returns the angle in degrees between the translations of transforms, whatever their lengths.

  Args:
    true, predicted: float [...,4,4].

  Returns:
    float64 [...], 0..180; 90 where one of the translations is 0 and has no direction.

  Example:
    >>> move = np.eye(4); move[2, 3] = 2.0
    >>> float(translation_angle(move, np.linalg.inv(move)))
    180.0
  """
  true, predicted = (np.asarray(x, np.float64)[..., :3, 3] for x in (true, predicted))
  sine = np.linalg.norm(np.cross(true, predicted), axis=-1)
  cosine = np.sum(true * predicted, axis=-1)
  return np.where((sine == 0) & (cosine == 0), 90.0, np.degrees(np.arctan2(sine, cosine)))


def positions(transforms):
  """Returns where the camera was, from the transforms between neighbouring frames.

  Args:
    transforms: float [T,4,4], each takes coordinates of frame t + 1 to those of frame t.

  Returns:
    float64 [T+1,3], in the coordinates of the first frame, which is at (0, 0, 0).

  Example:
    >>> step = np.eye(4); step[2, 3] = 0.5
    >>> positions([step, step])[:, 2].tolist()
    [0.0, 0.5, 1.0]
  """
  pose, found = np.eye(4), [np.zeros(3)]
  for transform in np.asarray(transforms, np.float64):
    pose = pose @ transform
    found.append(pose[:3, 3])
  return np.stack(found)


def trajectory_error(true, predicted):
  """Returns the absolute trajectory error (ATE) of one snippet, commonly of five frames.

  The predicted snippet starts where the true one does and is scaled by
  `sum(true predicted) / sum(predicted^2)`; the error is `sqrt(sum of squared distances) / T`, as
  the published tables have it (Zhou et al., CVPR 2017; Monodepth2): the root mean square distance
  is sqrt(T) times as much.

  Args:
    true, predicted: float [T,3], `positions`.

  Returns:
    float, in the unit of `true`.

  Raises:
    ValueError: the shapes differ.

  Example:
    >>> trajectory_error([[0, 0, 0], [0, 0, 2]], [[0, 0, 0], [0, 0, 1]])
    0.0
  """
  true, predicted = np.asarray(true, np.float64), np.asarray(predicted, np.float64)
  if true.shape != predicted.shape or true.ndim != 2:
    raise errors.value_error(
        "True and predicted positions differ in shape.", expected=f"both [T,3], as {true.shape}",
        received=predicted.shape, fix="Pass the positions of the same frames.")
  predicted = predicted - predicted[0] + true[0]
  length = np.sum(predicted ** 2)
  scale = np.sum(true * predicted) / length if length else 1.0
  return float(np.sqrt(np.sum((scale * predicted - true) ** 2)) / len(true))
