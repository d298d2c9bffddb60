"""The teacher: closed form on one and two replicas, statistics, and networks that differ."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import teacher

PROGRAM = """
import json
import os
import pathlib
import tensorflow as tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from test_teacher import networks, students_of
from keras_weakseg.methods import teacher
strategy = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
with strategy.scope():
  pair = networks()
  follower = teacher.Teacher(*pair, alpha=0.8, statistics="student")
  follower.start()
found = []
for step, values in enumerate(students_of(pair[1]), 1):
  pair[1].set_weights(values)
  strategy.run(tf.function(follower.follow), args=(tf.constant(step),))
  copies = [strategy.experimental_local_results(v) for v in pair[0].trainable_variables]
  found.append([[copy.numpy().tolist() for copy in each] for each in copies])
print(json.dumps([found, [v.numpy().tolist() for v in pair[0].non_trainable_variables]]))
"""


def networks():
  """Returns a teacher and a student of the same architecture, with other weights."""
  def build():
    return keras.Sequential([
        keras.layers.Input((4, 4, 3)), keras.layers.Conv2D(2, 1),
        keras.layers.BatchNormalization()])
  return build(), build()


def students_of(student, count=6):
  """Returns the weights of a student after every update, as lists of arrays."""
  random = np.random.RandomState(3)
  return [[random.normal(size=value.shape).astype(np.float32) for value in student.get_weights()]
          for _ in range(count)]


def closed_form(start, students, alpha):
  """Returns the teacher after every update: plain means while the ramp rises, then a series."""
  ramp = round(1 / (1 - alpha)) - 1
  found = []
  for count in range(1, len(students) + 1):
    whole = np.stack([start, *students[:count]]).astype(np.float64)
    first = min(ramp, count)
    shares = np.full(first + 1, alpha**(count - first) / (first + 1))
    later = (1 - alpha) * alpha**np.arange(count - first - 1, -1, -1.0)
    found.append(np.tensordot(np.concatenate([shares, later]), whole, 1))
  return found


@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
def test_it_is_the_closed_form(mode):
  own, student = networks()
  follower = teacher.Teacher(own, student, alpha=0.8)
  follower.start()
  start, students = student.get_weights(), students_of(student)
  follow = follower.follow
  if mode != "eager":
    follow = tf.function(follow, jit_compile=mode == "xla")
  found = []
  for step, values in enumerate(students, 1):
    student.set_weights(values)
    follow(tf.constant(step))
    found.append(own.get_weights())
  for index, variable in enumerate(own.weights):
    wanted = closed_form(start[index], [each[index] for each in students], 0.8)
    moving = "moving" in variable.name
    for value, expected in zip(found, wanted):
      # With `batch` the statistics stay what they were at the start.
      np.testing.assert_allclose(value[index], start[index] if moving else expected, atol=1e-6)


def test_two_replicas_hold_the_closed_form():
  folder = pathlib.Path(__file__).parent
  done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True,
                        check=False, cwd=folder.parents[1], env={
                            **os.environ, "TF_CPP_MIN_LOG_LEVEL": "3",
                            "PYTHONPATH": f"{folder}:{folder.parents[1]}"})
  assert done.returncode == 0, done.stderr[-2000:]
  found, moving = json.loads(done.stdout.splitlines()[-1])
  _, student = networks()
  students = students_of(student)
  places = [index for index, variable in enumerate(student.weights) if variable.trainable]
  assert len(found) == 6 and len(places) == 4 and len(moving) == 2
  for number, index in enumerate(places):
    # The first update is half of the unknown start; from two updates the start follows.
    copies = [np.array(step[number]) for step in found]
    assert all((each[0] == each[1]).all() and len(each) == 2 for each in copies)
    start = 2 * copies[0][0] - students[0][index]
    wanted = closed_form(start, [each[index] for each in students], 0.8)
    np.testing.assert_allclose([each[0] for each in copies], wanted, atol=1e-5)
  frozen = [index for index, variable in enumerate(student.weights) if not variable.trainable]
  for value, index in zip(moving, frozen):
    np.testing.assert_allclose(value, students[-1][index], atol=1e-6)


@pytest.mark.parametrize("statistics, training", [("batch", True), ("ema", False),
                                                  ("student", False)])
def test_statistics(statistics, training):
  own, student = networks()
  follower = teacher.Teacher(own, student, statistics=statistics)
  follower.start()
  before = own.get_weights()[-2:]
  student.set_weights(students_of(student)[0])
  follower.follow(3)
  after, new = own.get_weights()[-2:], student.get_weights()[-2:]
  share = {"batch": 1.0, "ema": 0.75, "student": 0.0}[statistics]
  for old, found, other in zip(before, after, new):
    np.testing.assert_allclose(found, share * old + (1 - share) * other, atol=1e-6)
  assert follower.training == training


def test_other_networks_are_refused():
  own, student = networks()
  other = keras.Sequential([keras.layers.Input((4, 4, 3)), keras.layers.Conv2D(3, 1)])
  with pytest.raises(ValueError, match="same 6 variables.*Received: 2 variables"):
    teacher.Teacher(other, student)
  with pytest.raises(ValueError, match="no treatment of batch statistics 'copy'"):
    teacher.Teacher(own, student, statistics="copy")
