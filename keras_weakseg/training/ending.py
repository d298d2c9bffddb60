"""What follows the last update: averages take the place of weights, statistics are taken anew."""
import itertools

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.networks.layers import batch_norm


class Ending:
  """Brings a method to what is evaluated, once it has stopped learning.

  Batch statistics that were gathered while weights still moved are means over networks of the past.
  Estimated anew they are plain means over batches of the training, of the weights that stay (Wu and
  Johnson, arXiv:2105.07576, section 3: "precise" batch normalisation).

  Args:
    method: `methods.base.Method`.
    strategy: `tf.distribute.Strategy`.
    count: of the batches; 0 = statistics stay as training left them.

  Raises:
    ValueError: statistics are wanted of a network that has none.
  """

  def __init__(self, method, strategy, count=0):
    self.method, self.strategy, self.count = method, strategy, count
    self.layers = [part for part in method.predictor.submodules
                   if hasattr(part, "moving_variance") and part.trainable
                   and not isinstance(part, batch_norm.FrozenBatchNormalization)]
    if count and not self.layers:
      raise errors.value_error(
          "The network has no batch statistics that could be estimated anew.",
          expected="batch normalisation that is trained", received="none in the network",
          fix="Set training.statistics_batches to 0.")

  def __call__(self, batches):
    """Does it.

    Args:
      batches: function that returns an iterable of batches, split over the replicas.
    """
    if self.method.average is not None:
      self.method.average.assign()
    if self.count:
      self._estimate(batches())

  def _estimate(self, batches):
    look = tf.function(lambda data, index: self.strategy.run(self.method.look, (data, index)),
                       autograph=False)
    moving = [(variable, layer.momentum) for layer in self.layers
              for variable in (layer.moving_mean, layer.moving_variance)]
    read = lambda: [variable.numpy().astype(np.float64) for variable, _ in moving]
    before, sums = read(), [0.0] * len(moving)
    for index, data in enumerate(itertools.islice(batches, self.count)):
      look(data, tf.constant(index))
      after = read()
      # A layer moves by `new = momentum old + (1 - momentum) batch`, if the batch reaches it.
      sums = [total + np.where(new == old, old, (new - momentum * old) / (1 - momentum))
              for total, old, new, (_, momentum) in zip(sums, before, after, moving)]
      before = after
    for (variable, _), total in zip(moving, sums):
      variable.assign((total / self.count).astype(np.float32))
