"""What evaluate, predict and export of depth work on: a network, and what its answers mean."""
import dataclasses
import hashlib

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.evaluation import large_images
from keras_weakseg.evaluation import predictors
from keras_weakseg.evaluation import protocol_base
from keras_weakseg.ops import depth_inference
from keras_weakseg.tasks.depth import protocol as depth_protocol
from keras_weakseg.tasks.depth.protocol import MEDIAN, METRIC, DepthProtocol


@dataclasses.dataclass(frozen=True, eq=False)
class DepthModel:
  """A disparity function with its range. Made from a run directory or from an exported artifact.

  Attributes:
    disparity_fn: float32 RGB 0..255 [N, h, w, 3], sides multiples of `multiple`, -> sigmoid
      disparity [N, h, w, 1] in 0..1, larger = closer, or what `answers` says.
    size: (height, width) images are resized to before the network, as in training.
    min_depth: depth of disparity 1, in the model's unit.
    max_depth: depth of disparity 0.
    multiple: sides of the network's input are multiples of this.
    factor: metres per unit of depth (a model from stereo, a known camera height or speed);
      0 = unknown: depth is known up to a factor.
    answers: what `disparity_fn` answers with: `disparity`, `depth` or `log_depth`, the latter in
      the model's unit; all are cut to its range.
    metadata: whatever is known of the origin, plain JSON values.

  Raises:
    ValueError: the size does not fit the network, the range of depths is empty, the factor is
      negative or too large, or `answers` is unknown.

  Example:
    >>> model = DepthModel(lambda x: x[..., :1] / 255, (32, 32), min_depth=0.5, max_depth=4.0)
    >>> bright = tf.fill([1, 2, 3, 3], tf.constant(255, tf.uint8))
    >>> float(model.depth(bright)[0, 1, 2])
    0.5
    >>> model.scale_note
    'up to one factor per image, evaluated with median scaling'
  """
  disparity_fn: object
  size: tuple
  min_depth: float = 0.1
  max_depth: float = 100.0
  multiple: int = 32
  factor: float = 0.0
  answers: str = depth_inference.DISPARITY
  metadata: dict = dataclasses.field(default_factory=dict)
  _functions: dict = dataclasses.field(default_factory=dict, init=False, repr=False)

  def __post_init__(self):
    object.__setattr__(self, "size", tuple(int(side) for side in self.size))
    self._check_size(self.size, "size=")
    if not 0 < self.min_depth < self.max_depth:
      raise errors.value_error(
          "The model's range of depths is empty.", expected="0 < min_depth < max_depth",
          received=f"min_depth {self.min_depth:g}, max_depth {self.max_depth:g}",
          fix="Pass the range that the network was trained with, e.g. 0.1 and 100.")
    if not (self.factor >= 0 and self.max_depth * self.factor <= float(tf.float32.max)):
      raise errors.value_error(
          "The model's factor cannot be used.", expected="metres per unit of depth, finite for "
          f"{self.max_depth:g} units in float32, or 0",
          received=self.factor, fix="Pass factor=0 where the scale is not known.")
    errors.check_name("answer of a network of depth", self.answers, depth_inference.ANSWERS)

  @property
  def scale_note(self):
    """One sentence: what the numbers of `depth` are worth."""
    if self.factor:
      return f"metres, factor {self.factor:g} applied to the network's depth"
    return "up to one factor per image, evaluated with median scaling"

  def in_metres(self, protocol=None):
    """Returns this model, or one with the factor that a protocol names.

    Args:
      protocol: `DepthProtocol` or its dict; its `scale` may be a number.

    Raises:
      ValueError: the protocol wants metres of a model that does not know them.

    Example:
      >>> model = DepthModel(lambda x: x[..., :1] / 255, (32, 32))
      >>> model.in_metres({"scale": 5.4}).scale_note
      "metres, factor 5.4 applied to the network's depth"
    """
    scale = DepthProtocol.from_dict(protocol or {}).scale
    if scale == METRIC and not self.factor:
      raise depth_protocol.no_metres()
    if scale in (MEDIAN, METRIC):
      return self
    return dataclasses.replace(self, factor=float(scale))

  def disparity(self, images, protocol=None):
    """Returns the scaled disparity of a batch of images of one size.

    Args:
      images: uint8 RGB [N, H, W, 3].
      protocol: `DepthProtocol` or its dict; None = the default one.

    Returns:
      float32 array [N, H, W], 1 / depth in the model's unit, at the images' own size.

    Raises:
      ValueError: the protocol's size does not fit the network.
    """
    protocol = DepthProtocol.from_dict(protocol or {})
    large_images.check(images, large_images.RESIZED, large_images.SHRINK)
    return self._function(protocol)(images).numpy()

  def depth(self, images, protocol=None):
    """Returns the depth of a batch of images of one size.

    Args:
      images: uint8 RGB [N, H, W, 3].
      protocol: `DepthProtocol` or its dict; None = the default one.

    Returns:
      float32 array [N, H, W], > 0: metres where `factor` is known, else the model's unit.
    """
    return (self.factor or 1.0) / self.disparity(images, protocol)

  def fingerprint(self):
    """Returns 16 hex digits that name the weights and the size at which the network sees images.

    It is the same on every device, for a run as it was trained or loaded, and for what was exported
    from it: answers are rounded otherwise elsewhere, weights are not.

    Raises:
      ValueError: the function has no variables, so nothing names it.
    """
    # A Keras model is asked itself: its graph on several replicas also holds their copies.
    network = getattr(self.disparity_fn, "func", self.disparity_fn)
    variables = (network.weights if hasattr(network, "weights") else
                 self._function(DepthProtocol()).get_concrete_function().variables)
    if not variables:
      raise errors.value_error(
          "The depth model has no weights that could tell it from another one.",
          expected="a network with variables", received=repr(self.disparity_fn),
          fix="Pass a run, an exported artifact, or a function of tf.Variable.")
    digest = hashlib.sha256(repr(self.size).encode())
    # A loaded artifact knows them in another order.
    for variable in sorted(variables, key=lambda variable: variable.name):
      array = variable.numpy()
      digest.update(f"{variable.name} {array.dtype} {array.shape} ".encode() + array.tobytes())
    return digest.hexdigest()[:16]

  def _function(self, protocol):
    """Returns the traced function of a protocol: traced once, whatever the sizes of the images."""
    key = (protocol.size or self.size, bool(protocol.flip))
    if key not in self._functions:
      self._check_size(key[0], "the protocol's size=")
      self._functions[key] = self._traced(*key)
    return self._functions[key]

  def _traced(self, size, flip):
    def answer(images):
      return depth_inference.depth_disparity(
          predictors.asked(self.disparity_fn), images, size, flip, self.min_depth, self.max_depth,
          self.answers)

    return tf.function(answer, autograph=False, input_signature=[
        tf.TensorSpec([None, None, None, 3], tf.uint8)])

  def _check_size(self, size, where):
    if len(size) != 2 or any(side < 1 or side % self.multiple for side in size):
      nearest = tuple(max(round(side / self.multiple), 1) * self.multiple for side in size)
      raise errors.value_error(
          "The network cannot take images of this size.",
          expected=f"(height, width), multiples of {self.multiple}",
          received=protocol_base.by(size), fix=f"Pass {where}{nearest}.")
