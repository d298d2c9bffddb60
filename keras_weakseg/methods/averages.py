"""Moving averages of weights: the same on every replica, and plain variables to a checkpoint.

Of a network that is evaluated in place of the last weights: `Averaged`.
"""
import contextlib

import tensorflow as tf

from keras_weakseg.ops import ema


def move(averages, variables, decay):
  """Moves averages towards variables: `average = decay average + (1 - decay) variable`.

  Called in `Method.after_update`, on every replica, where all replicas hold the same weights.

  Args:
    averages: list of variables, in the order of the others.
    variables: list of variables of the same shapes.
    decay: float scalar, 0..1.
  """
  decay = tf.cast(decay, tf.float32)
  assign([(average, tf.cast(decay, average.dtype) * average
           + tf.cast(1 - decay, average.dtype) * variable)
          for average, variable in zip(averages, variables, strict=True)])


def assign(pairs):
  """Assigns values to variables on every replica.

  Variables that replicas keep to themselves until they are read (moving statistics) get each
  replica's value; those that are mirrored need the values to be equal.

  Args:
    pairs: list of (variable, tensor).
  """
  context = tf.distribute.get_replica_context()
  mirrored = []
  for variable, value in pairs:
    on_read = variable.synchronization == tf.VariableSynchronization.ON_READ
    if context is None or context.num_replicas_in_sync == 1 or on_read:
      variable.assign(value)
    else:
      mirrored.append((variable, value))
  if not mirrored:
    return
  variables, values = zip(*mirrored)

  def update(strategy, *values):
    for variable, value in zip(variables, values):
      strategy.extended.update(variable, lambda v, x: v.assign(x), args=(value,), group=False)

  context.merge_call(update, args=values)


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
    move(self._averages, self._own, ema.ema_alpha(step, self.share))

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
