"""Batch normalisation in the three ways that the networks need: trained, frozen, synchronised."""
import threading

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras

TRAIN = "train"      # statistics of the batch while training
FROZEN = "frozen"    # stored statistics always; gamma and beta may still be trained

MODES = (TRAIN, FROZEN)


class _NamedWhenRebuilt(keras.layers.BatchNormalization):
  """A layer whose variables keep its name when a model is rebuilt from its configuration.

  tf-keras builds registered layers while it reads the configuration, outside of the layer's name
  scope: "gamma:0" instead of "conv1_bn/gamma:0", which no pattern of a head or multiplier finds.
  """

  def build_from_config(self, config):
    """Leaves building to the first call, which opens the name scope."""
    del config


@keras.utils.register_keras_serializable("keras_weakseg")
class FrozenBatchNormalization(_NamedWhenRebuilt):
  """Batch normalisation that always uses its stored statistics, also while training.

  DeepLab v2 trains so: crops of a batch of one give no statistics worth having. Gamma and beta
  stay trainable unless the layer's `trainable` is set to False.
  """

  def call(self, inputs, training=None, mask=None):
    """Applies the layer to `inputs` [N, H, W, C]; `training` makes no difference."""
    return super().call(inputs, training=False)


@keras.utils.register_keras_serializable("keras_weakseg")
class SynchronizedBatchNormalization(_NamedWhenRebuilt):
  """Batch normalisation over all replicas that keeps the moving variance of one device.

  The fused kernel of a single device stores the unbiased variance, n / (n - 1) times that of the
  batch; Keras' synchronised layer stores the biased one, so a model trained on two devices would
  predict otherwise than the same model trained on one.
  """

  def __init__(self, **options):
    options["synchronized"] = True
    super().__init__(**options)
    self._of_this_thread = threading.local()  # Replicas are traced in threads of their own.

  def call(self, inputs, training=None, mask=None):
    """Applies the layer to `inputs` [N, H, W, C]."""
    context = tf.distribute.get_replica_context()
    replicas = context.num_replicas_in_sync if context else 1
    self._of_this_thread.count = replicas * tf.size(inputs[..., 0])
    return super().call(inputs, training=training, mask=mask)

  def _assign_moving_average(self, variable, value, momentum, inputs_size):
    if variable is self.moving_variance:
      count = tf.cast(self._of_this_thread.count, value.dtype)
      value *= count / tf.maximum(count - 1.0, 1.0)
    return super()._assign_moving_average(variable, value, momentum, inputs_size)


def keep_fused_variance(layer):
  """Makes the synchronised Keras layers inside a layer `SynchronizedBatchNormalization`, in place.

  For layers of other packages, which build their normalisation themselves.

  Args:
    layer: a built `keras.layers.Layer`.
  """
  for part in layer.submodules:
    # Of exactly this class: subclasses have reasons of their own.
    if type(part) is keras.layers.BatchNormalization and part.synchronized:
      part.__class__ = SynchronizedBatchNormalization
      part._of_this_thread = threading.local()  # pylint: disable=protected-access


def batch_norm(mode, name, *, synchronized=False, epsilon=1e-3, momentum=0.99, affine=True):
  """Returns a batch normalisation layer.

  Args:
    mode: "train" or "frozen".
    name: name of the layer.
    synchronized: whether the statistics are those of the global batch over all replicas.
    epsilon: added to the variance.
    momentum: of the moving statistics, 0..1, larger = slower.
    affine: whether it has a trained scale and offset.

  Returns:
    A `keras.layers.Layer`.

  Raises:
    ValueError: the mode is unknown.

  Example:
    >>> type(batch_norm("frozen", "bn")).__name__
    'FrozenBatchNormalization'
  """
  errors.check_name("batch normalisation mode", mode, MODES)
  options = dict(epsilon=epsilon, momentum=momentum, name=name, center=affine, scale=affine)
  if mode == FROZEN:
    return FrozenBatchNormalization(**options)
  if synchronized:
    return SynchronizedBatchNormalization(**options)
  return keras.layers.BatchNormalization(**options)
