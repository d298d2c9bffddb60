"""What evaluate, predict and export of tags work on: a network, and what its answers mean."""
import dataclasses

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.evaluation import predictors
from keras_weakseg.ops import tag_inference
from keras_weakseg.tasks.tags.protocol import TagProtocol


@dataclasses.dataclass(frozen=True, eq=False)
class TagModel:
  """A function of tag scores with its classes. Made from a run directory or from an artifact.

  Attributes:
    tag_fn: float32 RGB 0..255 [N, h, w, 3] -> tag scores [N, C], logits, index 0 = background,
      which means nothing.
    classes: names; the index is the class id.
    size: (height, width) images are resized to before the network; empty = none.
    activation: `sigmoid` or `softmax`, as in training: see `ops.tag_inference`.
    metadata: whatever is known of the origin, plain JSON values.

  Raises:
    ValueError: there is no class besides the background, or the activation is unknown.

  Example:
    >>> model = TagModel(lambda x: tf.reduce_mean(x, [1, 2]) - 100, ("none", "green", "blue"))
    >>> model.tags(tf.constant([[[[0, 255, 0]]]], tf.uint8)).tolist()
    [[False, True, False]]
  """
  tag_fn: object
  classes: tuple
  size: tuple = ()
  activation: str = tag_inference.SIGMOID
  metadata: dict = dataclasses.field(default_factory=dict)
  _functions: dict = dataclasses.field(default_factory=dict, init=False, repr=False)

  def __post_init__(self):
    object.__setattr__(self, "classes", tuple(self.classes))
    object.__setattr__(self, "size", tuple(int(side) for side in self.size))
    if len(self.classes) < 2:
      raise errors.value_error(
          "There is no class to be found.", expected="a background and at least one class",
          received=self.classes, fix="Name the classes of the data, index 0 = background.")
    errors.check_name("activation of tag scores", self.activation, tag_inference.ACTIVATIONS)

  @property
  def num_classes(self):
    """Number of classes C, background included."""
    return len(self.classes)

  def probabilities(self, images, protocol=None):
    """Returns the probability of every class to be in the image.

    Args:
      images: uint8 RGB [N, H, W, 3].
      protocol: `TagProtocol` or its dict; None = the default one.

    Returns:
      float32 array [N, C]; index 0 is 0.
    """
    protocol = TagProtocol.from_dict(protocol or {})
    return self._function(protocol)(images).numpy()

  def tags(self, images, protocol=None):
    """Returns bool [N, C]: which classes are said; arguments as of `probabilities`."""
    protocol = TagProtocol.from_dict(protocol or {})
    return self.probabilities(images, protocol) >= protocol.threshold

  def _function(self, protocol):
    """Returns the traced function of a protocol: traced once, whatever the sizes of the images."""
    key = (protocol.size or self.size, protocol.scales, protocol.flip)
    if key not in self._functions:
      self._functions[key] = self._traced(*key)
    return self._functions[key]

  def _traced(self, size, scales, flip):
    scores = tf.function(self._checked_scores, autograph=False, input_signature=[
        tf.TensorSpec([None, None, None, 3], tf.float32)])

    def answer(images):
      return tag_inference.tag_probabilities(
          scores, images, size=size, scales=scales, flip=flip, activation=self.activation)

    return tf.function(answer, autograph=False, input_signature=[
        tf.TensorSpec([None, None, None, 3], tf.uint8)])

  def _checked_scores(self, images):
    scores = predictors.asked(self.tag_fn)(images)
    self.check_shape(scores.shape)
    return scores

  def check_shape(self, shape):
    """Raises `ValueError` if the answer of a network is no vector of scores of the classes.

    Args:
      shape: `tf.TensorShape` of the answer.
    """
    if shape.rank not in (None, 2) or (shape.rank and shape[-1] not in (None, self.num_classes)):
      raise errors.value_error(
          "The network and the class names do not fit together.",
          expected=f"tag scores [N, {self.num_classes}]", received=shape,
          fix="Restore the weights with the class list that they were trained with.")
