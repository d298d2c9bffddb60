"""Muon: momentum whose updates of kernels are orthogonal matrices."""
import math

import tensorflow as tf

from keras_weakseg.framework import keras

# Of the polynomial a x + b x^3 + c x^5, which moves singular values from 0.01..1 to about 1 in five
# applications (Jordan et al. 2024).
_A, _B, _C = 3.4445, -4.7750, 2.0315
_TINY = 1e-7
# A kernel with fewer rows or columns is no matrix worth the name: those of classifiers, mostly.
_SMALLEST = 8


class Muon(keras.optimizers.legacy.Optimizer):
  """Stochastic gradient descent with momentum, all of whose directions move at one speed.

  The momentum of a kernel [h,w,I,O], seen as a matrix [h w I, O], is replaced by the orthogonal
  matrix nearest to it: of its singular value decomposition `U S V^T`, `U V^T` is left. Directions
  that gradients rarely point to are then learned as fast as those that they always point to.
  Wide matrices are scaled by `sqrt(O / (h w I))`. Everything else (biases, batch normalisation,
  kernels with an edge below 8) takes Adam.

  Networks whose scale batch normalisation sets learn most from it; weights that are fine-tuned
  from others should keep the optimizer that those were trained with. Kernels without normalisation
  behind them grow in all directions, also in those that hardly any gradient asks for. Decay that
  is added to gradients (L2) takes whatever has no other gradient to zero at the whole rate, however
  small the decay is.

  Source: Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024; the
  nearest orthogonal matrix by five Newton-Schulz steps, in bfloat16 where layers compute in it.

  Args:
    learning_rate: of kernels; float or schedule. An update of a kernel of rank r has length
      `learning_rate sqrt(r)`.
    momentum: of kernels, Nesterov's.
    adam_share: learning rate of all else, as a share of that of kernels.
    beta_1, beta_2, epsilon: of Adam.
    name: of the optimizer.
    **kwargs: of the legacy optimizers of Keras.

  Example:
    >>> kernel = tf.Variable(tf.zeros([1, 1, 8, 8]))
    >>> gradient = tf.reshape(tf.linalg.diag(tf.range(1.0, 9.0)), [1, 1, 8, 8])
    >>> _ = Muon(0.1, momentum=0.0).apply_gradients([(gradient, kernel)])
    >>> bool(tf.reduce_max(abs(tf.reshape(kernel, [8, 8]) + 0.1 * tf.eye(8))) < 0.04)
    True
  """
  _HAS_AGGREGATE_GRAD = True

  def __init__(self, learning_rate=0.02, momentum=0.95, adam_share=0.1, beta_1=0.9, beta_2=0.99,
               epsilon=1e-7, name="Muon", **kwargs):
    super().__init__(name, **kwargs)
    self._set_hyper("learning_rate", learning_rate)
    self.momentum, self.adam_share = momentum, adam_share
    self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

  def _create_slots(self, var_list):
    for variable in var_list:
      for name in ("momentum",) if _is_matrix(variable) else ("m", "v"):
        self.add_slot(variable, name)

  def _resource_apply_dense(self, grad, var, apply_state=None):
    rate = (apply_state or {}).get((var.device, var.dtype.base_dtype), {}).get("lr_t")
    rate = self._decayed_lr(var.dtype.base_dtype) if rate is None else rate
    if not _is_matrix(var):
      return self._adam(grad, var, rate * self.adam_share)
    slot = self.get_slot(var, "momentum")
    averaged = slot.assign(self.momentum * slot + grad, use_locking=self._use_locking)
    update = grad + self.momentum * averaged
    rows, columns = _matrix_shape(var.shape)
    direction = tf.reshape(orthogonal(tf.reshape(update, [rows, columns])), var.shape)
    scale = math.sqrt(max(1.0, columns / rows))
    return var.assign_sub(rate * scale * direction, use_locking=self._use_locking)

  def _adam(self, grad, var, rate):
    step = tf.cast(self.iterations + 1, var.dtype)
    return tf.raw_ops.ResourceApplyAdam(
        var=var.handle, m=self.get_slot(var, "m").handle, v=self.get_slot(var, "v").handle,
        beta1_power=tf.pow(self.beta_1, step), beta2_power=tf.pow(self.beta_2, step), lr=rate,
        beta1=self.beta_1, beta2=self.beta_2, epsilon=self.epsilon, grad=grad,
        use_locking=self._use_locking)

  def get_config(self):
    """See Keras."""
    return {**super().get_config(), "learning_rate": self._serialize_hyperparameter(
        "learning_rate"), "momentum": self.momentum, "adam_share": self.adam_share,
            "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


def orthogonal(matrix, steps=5):
  """Returns nearly the orthogonal matrix nearest to one, by Newton-Schulz iteration.

  Singular values of at least a hundredth of the Frobenius norm end between 0.7 and 1.2.

  Args:
    matrix: float [R,C].
    steps: how many.

  Returns:
    [R,C] of the same dtype; zeros for zeros.
  """
  tall = matrix.shape[0] > matrix.shape[1]
  half = keras.mixed_precision.global_policy().compute_dtype == "bfloat16"
  length = tf.sqrt(2 * tf.nn.l2_loss(matrix))
  found = tf.cast(matrix / (length + _TINY), tf.bfloat16 if half else matrix.dtype)
  for _ in range(steps):
    # The smaller Gram matrix, and no transposed copies, which cost as much as a product.
    gram = tf.matmul(found, found, transpose_a=tall, transpose_b=not tall)
    factor = _B * gram + _C * tf.matmul(gram, gram)
    factor = tf.linalg.set_diag(factor, tf.linalg.diag_part(factor) + _A)
    found = tf.matmul(found, factor) if tall else tf.matmul(factor, found)
  return tf.cast(found, matrix.dtype)


def _is_matrix(variable):
  return variable.shape.rank == 4 and min(_matrix_shape(variable.shape)) >= _SMALLEST


def _matrix_shape(shape):
  return math.prod(shape[:-1]), shape[-1]
