"""Scores of merged classes as a layer: one head that serves several label spaces."""
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.ops import losses


@keras.utils.register_keras_serializable("keras_weakseg")
class AggregateClasses(keras.layers.Layer):
  """Turns the scores of a head's classes into the scores of another label space.

  With it VOC is trained and evaluated on the 81-way head of COCO (Cross-Joint training, Papandreou
  et al. 2015, section 4.4): the softmax of the result is the sum of the members' probabilities.

  Args:
    groups: for every class of the other space the channels of the head that it sums up, as lists;
      of `datasets.groups.aggregation_groups`.
    mode: `"logsumexp"`, or `"slice"`: the first channel of a group alone (the paper's wording).
    name: name of the layer.

  Raises:
    ValueError: a group is empty or names a channel that is not there, or the mode is unknown.

  Example:
    >>> layer = AggregateClasses([[0, 2], [1]])
    >>> tf.exp(layer(tf.math.log([[[[1., 2., 4.]]]]))).numpy().round(3).tolist()
    [[[[5.0, 2.0]]]]
  """

  def __init__(self, groups, mode="logsumexp", name="aggregate_classes", **kwargs):
    # Sums of probabilities: always float32, also under a mixed precision policy.
    super().__init__(name=name, dtype=kwargs.pop("dtype", "float32"), **kwargs)
    self.groups = tuple(tuple(int(channel) for channel in group) for group in groups)
    self.mode = mode

  @property
  def num_classes(self):
    """Number of classes of the other label space."""
    return len(self.groups)

  def call(self, inputs):
    """Applies the layer to scores [N, h, w, K]; returns float32 [N, h, w, C]."""
    return losses.aggregate_classes(inputs, self.groups, self.mode)

  def compute_output_shape(self, input_shape):
    """Returns the shape of the result."""
    return tf.TensorShape(input_shape)[:-1].concatenate([self.num_classes])

  def get_config(self):
    return {**super().get_config(), "groups": [list(group) for group in self.groups],
            "mode": self.mode}


def aggregated(predictor, layer):
  """Returns a predictor whose scores are those of another label space than its head's.

  Args:
    predictor: `keras.Model`, RGB 0..255 [N, H, W, 3] -> scores [N, h, w, K].
    layer: `AggregateClasses`.

  Returns:
    `keras.Model`, RGB 0..255 [N, H, W, 3] -> float32 [N, h, w, C]; it shares all variables.
  """
  return keras.Model(predictor.input, layer(predictor.output), name=predictor.name)
