"""The moving average of a network's weights, which is evaluated in place of the last ones."""
import contextlib

import tensorflow as tf

from keras_weakseg.methods import averages
from keras_weakseg.ops import ema


class Averaged(tf.Module):
  """Follows a network while it trains and takes its place where it is evaluated.

  The average over many updates is nearer to the optimum than the last of them, which the noise of
  its batch has moved (Polyak and Juditsky, SIAM J. Control Optim. 1992). Batch statistics are
  averaged like weights. Made inside the strategy's scope, when the network has its first weights.

  Args:
    network: Keras model that trains.
    share: how much of itself the average keeps in an update, 0..1; less at first, see
      `ema.ema_alpha`, so that the first, untrained weights are soon forgotten.
  """

  def __init__(self, network, share):
    super().__init__(name="averaged")
    self.share = share
    self._own = [variable for variable in network.weights if variable.dtype.is_floating]
    self._averages = [tf.Variable(
        variable.read_value(), trainable=False, dtype=variable.dtype,
        synchronization=variable.synchronization, aggregation=variable.aggregation)
                      for variable in self._own]

  def follow(self, step):
    """Moves the average towards the network; called in the step of every replica.

    Args:
      step: int scalar, number of this update, 1 for the first.
    """
    averages.move(self._averages, self._own, ema.ema_alpha(step, self.share))

  def assign(self):
    """Gives the network the averages for good; called once, after the last update."""
    for variable, average in zip(self._own, self._averages):
      variable.assign(average.read_value())

  @contextlib.contextmanager
  def in_place(self):
    """Gives the network the averages inside the block, and its own weights back after it."""
    kept = [tf.identity(variable.read_value()) for variable in self._own]
    self.assign()
    try:
      yield
    finally:
      for variable, value in zip(self._own, kept):
        variable.assign(value)
