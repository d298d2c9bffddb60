"""How much is still to be learned from an image: where a student errs, or is not sure."""
import numpy as np

from keras_weakseg import errors

# Of Hoyer et al.'s code; their paper has another unit (a sum over pixels, weight 10).
WEIGHT = 1000.0
_FAR = 0.07          # normalised disparity below which a teacher's depth says little
_NEIGHBOURHOOD = 7   # pixels that share this doubt
_BONNET = 0.87       # share of the height below which a car sees itself


def depth_error(student, teacher, far=_FAR, neighbourhood=_NEIGHBOURHOOD, bottom=_BONNET,
                valid=None):
  """Returns where a depth student differs from its teacher: `|ln(1 + s) - ln(1 + t)|`.

  Hoyer et al. (CVPR 2021, equation 9): what the student got wrong, another image would teach.

  Args:
    student, teacher: float [H,W] or [N,H,W], disparity normalised to 0..1, larger = closer.
    far: where the teacher's disparity is below this, and around it, nothing counts.
    neighbourhood: side of that surrounding in pixels, odd.
    bottom: rows from this share of the height on do not count; 1 = all rows do.
    valid: bool of the same shape, False where nothing counts; None = everywhere.

  Returns:
    float32 of the same shape; 0 where nothing counts.

  Raises:
    ValueError: the two have different shapes, or values that are no numbers.

  Example:
    >>> round(float(depth_error([[0.5, 0.5]], [[0.5, 1.0]], bottom=1.0)[0, 1]), 4)
    0.2877
  """
  student, teacher = np.asarray(student, np.float64), np.asarray(teacher, np.float64)
  if student.shape != teacher.shape or student.ndim not in (2, 3) or not (
      np.isfinite(student).all() and np.isfinite(teacher).all()):
    raise errors.value_error(
        "The student cannot be compared with its teacher.",
        expected="finite disparity of one shape, [H,W] or [N,H,W]",
        received=f"shapes {student.shape} and {teacher.shape}",
        fix="Resize the student's disparity to the teacher's, and normalise both to 0..1.")
  counted = ~_widened(teacher < far, neighbourhood)
  height = teacher.shape[-2]
  counted[..., int(bottom * height):, :] = False
  if valid is not None:
    counted &= np.asarray(valid, bool)
  error = np.abs(np.log1p(student) - np.log1p(teacher))
  return np.where(counted, error, 0.0).astype(np.float32)


def entropy(probabilities):
  """Returns the entropy of every pixel, `-sum p log2 p / log2 C`: 0 = sure, 1 = no idea.

  Args:
    probabilities: float [...,C], sum 1 over C.

  Returns:
    float32 [...].

  Example:
    >>> entropy([[0.5, 0.5], [1.0, 0.0]]).tolist()
    [1.0, 0.0]
  """
  probabilities = np.asarray(probabilities, np.float64)
  bits = -(probabilities * np.log2(probabilities + 1e-30)).sum(-1)
  return np.maximum(bits / np.log2(probabilities.shape[-1]), 0.0).astype(np.float32)


def _widened(mask, side):
  """Returns the mask with everything within `side // 2` pixels, also diagonally."""
  reach = side // 2
  for axis in (-2, -1):
    result = mask.copy()
    for step in range(1, min(reach, mask.shape[axis] - 1) + 1):
      near = np.swapaxes(result, axis, -1)
      old = np.swapaxes(mask, axis, -1)
      near[..., step:] |= old[..., :-step]
      near[..., :-step] |= old[..., step:]
    mask = result
  return mask
