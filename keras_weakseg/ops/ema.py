"""Moving averages of weights: a teacher that follows its student."""
import tensorflow as tf

_ALPHA = 0.99


def ema_alpha(step, alpha=_ALPHA, ramp=True):
  """Returns how much of itself a teacher keeps in an update: `min(1 - 1 / (step + 1), alpha)`.

  While the ramp rises the teacher is the plain mean of the students since its start, so the first,
  untrained one is soon forgotten (Tarvainen and Valpola, NeurIPS 2017; their code and the paper's).

  Args:
    step: int scalar, number of this update: 1 for the first (teacher = mean of itself and the
      student). 0 copies the student.
    alpha: largest share that the teacher keeps, 0..1.
    ramp: False: `alpha` from the start (CutMix-Seg).

  Returns:
    float32 scalar.

  Example:
    >>> [round(float(ema_alpha(step)), 2) for step in (0, 1, 3, 1000)]
    [0.0, 0.5, 0.75, 0.99]
  """
  alpha = tf.cast(alpha, tf.float32)
  if not ramp:
    return alpha
  return tf.minimum(1.0 - 1.0 / (tf.cast(step, tf.float32) + 1.0), alpha)


def ema_update(teacher, student, alpha):
  """Returns the teacher's next weights: `alpha teacher + (1 - alpha) student`.

  Args:
    teacher, student: float tensor, or nests of tensors of the same shapes.
    alpha: float scalar, see `ema_alpha`.

  Returns:
    The structure of `teacher`, float32.

  Example:
    >>> ema_update(tf.constant([2.0]), tf.constant([4.0]), 0.75).numpy().tolist()
    [2.5]
  """
  alpha = tf.cast(alpha, tf.float32)
  return tf.nest.map_structure(
      lambda old, new: alpha * tf.cast(old, tf.float32) + (1.0 - alpha) * tf.cast(
          new, tf.float32), teacher, student)
