"""A teacher that follows its student: the same network, with a moving average of the weights."""
import re

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.methods import averages
from keras_weakseg.ops import ema

BATCH, AVERAGE, COPY = "batch", "ema", "student"
STATISTICS = (BATCH, AVERAGE, COPY)
_MOVING = re.compile(r"moving_(mean|variance)(:\d+)?$")


class Teacher(tf.Module):
  """Keeps a network at the moving average of another one's weights.

  No optimizer and no gradient: `follow` comes after every update of the student. It holds nothing
  that a checkpoint of the two networks and the number of the step do not.

  Args:
    network: the teacher, a Keras model.
    student: a Keras model of the same architecture.
    alpha: largest share that the teacher keeps in an update.
    ramp: keep less at first, see `ema.ema_alpha`.
    statistics: what becomes of the teacher's batch statistics: `batch`, nothing, since it runs in
      training mode and takes those of its batches (Hoyer et al., ClassMix); `ema`, averaged like
      weights, and `student`, copied: then it runs in inference mode.

  Raises:
    ValueError: the networks differ, or there is no such treatment of statistics.
  """

  def __init__(self, network, student, *, alpha=0.99, ramp=True, statistics=BATCH):
    super().__init__(name="teacher_update")
    errors.check_name("treatment of batch statistics", statistics, STATISTICS)
    shapes = [[tuple(variable.shape) for variable in model.weights]
              for model in (network, student)]
    if shapes[0] != shapes[1]:
      raise errors.value_error(
          "The teacher is not of the student's architecture.",
          expected=f"the same {len(shapes[1])} variables in the same order",
          received=f"{len(shapes[0])} variables, or others",
          fix="Build both with the same builder and options.")
    self.alpha, self.ramp, self.statistics = alpha, ramp, statistics
    self._weights, self._moving = [], []
    for pair in zip(network.weights, student.weights):
      if pair[0].dtype.is_floating:
        (self._moving if _MOVING.search(pair[0].name) else self._weights).append(pair)

  @property
  def training(self):
    """Whether the teacher is called in training mode, with the statistics of its batches."""
    return self.statistics == BATCH

  def start(self):
    """Makes the teacher equal to the student, statistics too; called once, before training."""
    for own, other in (*self._weights, *self._moving):
      own.assign(other)

  def follow(self, step):
    """Moves the teacher towards the student; called in the step of every replica.

    Args:
      step: int scalar, number of this update, 1 for the first.
    """
    alpha = ema.ema_alpha(step, self.alpha, self.ramp)
    _average(self._weights, alpha)
    if self.statistics != BATCH:
      _average(self._moving, alpha if self.statistics == AVERAGE else 0.0)


def _average(pairs, alpha):
  averages.assign([
      (own, tf.cast(ema.ema_update(own.read_value(), other.read_value(), alpha), own.dtype))
      for own, other in pairs])
