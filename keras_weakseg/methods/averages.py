"""Moving averages of weights: the same on every replica, and plain variables to a checkpoint."""
import tensorflow as tf


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
