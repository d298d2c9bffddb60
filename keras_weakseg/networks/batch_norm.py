"""Batch normalisation in the three ways that the networks need: trained, frozen, synchronised."""
from keras_weakseg import errors
from keras_weakseg.framework import keras

TRAIN = "train"      # statistics of the batch while training
FROZEN = "frozen"    # stored statistics always; gamma and beta may still be trained

MODES = (TRAIN, FROZEN)


@keras.utils.register_keras_serializable("keras_weakseg")
class FrozenBatchNormalization(keras.layers.BatchNormalization):
  """Batch normalisation that always uses its stored statistics, also while training.

  DeepLab v2 trains so: crops of a batch of one give no statistics worth having. Gamma and beta
  stay trainable unless the layer's `trainable` is set to False.
  """

  def call(self, inputs, training=None, mask=None):
    """Applies the layer to `inputs` [N, H, W, C]; `training` makes no difference."""
    return super().call(inputs, training=False)


def batch_norm(mode, name, *, synchronized=False, epsilon=1e-3, momentum=0.99):
  """Returns a batch normalisation layer.

  Args:
    mode: "train" or "frozen".
    name: name of the layer.
    synchronized: whether the statistics are those of the global batch over all replicas.
    epsilon: added to the variance.
    momentum: of the moving statistics, 0..1, larger = slower.

  Returns:
    A `keras.layers.Layer`.

  Raises:
    ValueError: the mode is unknown.

  Example:
    >>> type(batch_norm("frozen", "bn")).__name__
    'FrozenBatchNormalization'
  """
  if mode not in MODES:
    raise errors.unknown_name("batch normalisation mode", mode, MODES)
  if mode == FROZEN:
    return FrozenBatchNormalization(epsilon=epsilon, momentum=momentum, name=name)
  if synchronized:
    return keras.layers.BatchNormalization(
        epsilon=epsilon, momentum=momentum, name=name, synchronized=True)
  return keras.layers.BatchNormalization(epsilon=epsilon, momentum=momentum, name=name)
