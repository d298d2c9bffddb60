"""The moving average of weights: parity and closed form."""
import numpy as np
import tensorflow as tf

from keras_weakseg.ops import ema


def relative(value, wanted):
  return np.abs(np.asarray(value) - wanted).max() / np.abs(wanted).max()


def test_golden(golden):
  data = golden("mixing.npz")
  for step, alpha, wanted in zip(data["ema__step"], data["ema__alpha"], data["ema__updated"]):
    assert abs(float(ema.ema_alpha(step)) - alpha) <= 1e-6 * np.abs(data["ema__alpha"]).max()
    updated = ema.ema_update(data["ema__teacher"], data["ema__student"], ema.ema_alpha(step))
    assert relative(updated, wanted) < 1e-6
  constant = ema.ema_alpha(1, data["ema_constant__alpha"], ramp=False)
  assert relative(ema.ema_update(data["ema__teacher"], data["ema__student"], constant),
                  data["ema_constant__updated"]) < 1e-6
  assert relative(ema.ema_update(data["ema__teacher_bn_statistics"],
                                 data["ema__student_bn_statistics"], constant),
                  data["ema_constant__updated_bn_statistics"]) < 1e-6


def test_a_sequence_golden(golden):
  data = golden("mixing.npz")
  teacher = data["ema_sequence__teacher"]
  for step, student, wanted in zip(*(data[f"ema_sequence__{name}"]
                                     for name in ("step", "student", "updated"))):
    teacher = ema.ema_update(teacher, student, ema.ema_alpha(step))
    assert relative(teacher, wanted) < 1e-6


def test_closed_form():
  """The mean of all while the ramp rises, then a geometric series."""
  random, alpha, ramp = np.random.RandomState(0), 0.9, 9
  students = random.normal(size=(40, 5)).astype(np.float32)
  teacher = tf.constant(students[0])
  for step in range(1, 40):
    teacher = ema.ema_update(teacher, students[step], ema.ema_alpha(step, alpha))
    if step <= ramp:
      np.testing.assert_allclose(teacher, students[:step + 1].mean(0), atol=1e-6)
  ages = np.arange(40 - ramp - 1)
  wanted = alpha**len(ages) * students[:ramp + 1].astype(float).mean(0) + (
      (1 - alpha) * alpha**ages) @ students[:ramp:-1]
  np.testing.assert_allclose(teacher, wanted, atol=1e-5)


def test_structures_stay():
  old = {"a": tf.constant([1.0], tf.float16), "b": [tf.constant([2.0])]}
  new = {"a": tf.constant([3.0]), "b": [tf.constant([4.0])]}
  found = ema.ema_update(old, new, 0.5)
  assert found["a"].dtype == tf.float32 and float(found["a"][0]) == 2 and found["b"][0][0] == 3
