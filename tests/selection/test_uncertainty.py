"""Uncertainty of a student: parity, masks, and where it finds an error that was put there."""
import numpy as np
import pytest
import scipy.ndimage

from keras_weakseg.selection import uncertainty


def relative(value, wanted):
  return np.abs(value - wanted).max() / np.abs(wanted).max()


def test_golden(golden):
  data = golden("mixing.npz")
  pair = data["uncertainty__student_disp"], data["uncertainty__teacher_disp"]
  errors = uncertainty.depth_error(*pair)
  assert relative(errors, data["uncertainty__error_map"]) < 5e-6
  assert relative(errors.mean((-2, -1)), data["uncertainty__score"]) < 5e-6


def test_golden_entropy(golden):
  data = golden("mixing.npz")
  scores = data["ce__logits"].astype(np.float64)
  shares = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
  assert relative(uncertainty.entropy(shares), data["entropy__normalised"]) < 5e-6


def test_a_batch_is_its_images():
  random = np.random.RandomState(0)
  student, teacher = random.rand(2, 3, 20, 30)
  found = uncertainty.depth_error(student, teacher)
  for index in range(3):
    np.testing.assert_array_equal(
        found[index], uncertainty.depth_error(student[index], teacher[index]))


def test_doubt_spreads_like_a_box():
  teacher = np.where(np.random.RandomState(1).rand(25, 31) < 0.01, 0.0, 0.5)
  counted = uncertainty.depth_error(teacher + 1, teacher, neighbourhood=7, bottom=1.0) > 0
  wide = scipy.ndimage.maximum_filter(teacher < 0.07, 7, mode="constant", cval=False)
  np.testing.assert_array_equal(counted, ~wide)


def test_a_wrong_place_is_found_and_padding_is_not():
  teacher = np.full([2, 20, 20], 0.5)
  student = teacher.copy()
  student[1, 4:8, 4:8] = 0.9
  found = uncertainty.depth_error(student, teacher)
  assert (found[0] == 0).all() and found[1].max() > 0
  valid = np.ones_like(teacher, bool)
  valid[1, 4:8, 4:8] = False
  assert (uncertainty.depth_error(student, teacher, valid=valid) == 0).all()


def test_other_shapes_and_no_numbers_are_refused():
  with pytest.raises(ValueError, match="shapes \\(2, 2\\) and \\(2, 3\\)"):
    uncertainty.depth_error(np.zeros([2, 2]), np.zeros([2, 3]))
  with pytest.raises(ValueError, match="finite disparity"):
    uncertainty.depth_error(np.full([2, 2], np.nan), np.zeros([2, 2]))
