"""What evaluate, predict and export work on: a network that answers, and what its answers mean."""
import dataclasses
import functools

import numpy as np
import tensorflow as tf

from keras_weakseg import errors, fields
from keras_weakseg.evaluation import large_images
from keras_weakseg.evaluation import predictors
from keras_weakseg.evaluation import refinement
from keras_weakseg.files import parallel
from keras_weakseg.ops import inference
from keras_weakseg.tasks.segmentation import depth_input
from keras_weakseg.tasks.segmentation.protocol import Protocol


@dataclasses.dataclass(frozen=True, eq=False)
class SegmentationModel:
  """A score function with its classes. Made from a run directory or from an exported artifact.

  Attributes:
    score_fn: float32 RGB 0..255 [N, h, w, 3] -> scores [N, h', w', C] (or what `answers` says) on a
      corner-aligned grid, with any sides of `multiple * k + 1`.
    classes: names; the index is the class id.
    palette: (red, green, blue) 0..255 per class.
    mean_rgb: colour of the padding, 0..255.
    multiple: stride of the score grid in pixels.
    answers: what `score_fn` answers with: pre-softmax `scores`, or `probabilities`.
    metadata: whatever is known of the origin, plain JSON values.
    explain: of networks that infer by reconstruction, float32 RGB 0..255 [N, h, w, 3] and steps
      int32 [N] -> dict of `scores` after so many steps and the rest of `networks.dual.explainer`;
      None = there is nothing to infer.
    sees_depth: `score_fn` takes a fourth channel: depth in metres, 0 = no value. So do all methods
      here, in place of uint8 RGB [N, H, W, 3]: see `seen`.

  Raises:
    ValueError: palette and classes differ in length, there are more than 255 classes, or `answers`
      is unknown.

  Example:
    >>> model = SegmentationModel(lambda x: tf.stack([x[..., 0], x[..., 1]], -1),
    ...                           ("red", "green"), ((255, 0, 0), (0, 255, 0)))
    >>> model.mask(np.array([[[[9, 0, 0], [0, 9, 0]]]], np.uint8)).tolist()
    [[[0, 1]]]
  """
  score_fn: object
  classes: tuple
  palette: tuple
  mean_rgb: tuple = (0.0, 0.0, 0.0)
  multiple: int = 8
  answers: str = inference.SCORES
  metadata: dict = dataclasses.field(default_factory=dict)
  explain: object = None
  sees_depth: bool = False
  _functions: dict = dataclasses.field(default_factory=dict, init=False, repr=False)

  def __post_init__(self):
    for name in ("classes", "mean_rgb"):
      object.__setattr__(self, name, tuple(getattr(self, name)))
    object.__setattr__(self, "palette", tuple(tuple(int(v) for v in c) for c in self.palette))
    if len(self.palette) != len(self.classes):
      raise errors.value_error(
          "The palette does not fit the classes.", expected=f"{len(self.classes)} colours",
          received=len(self.palette), fix="Pass one (red, green, blue) per class name.")
    if len(self.classes) > fields.IGNORE_LABEL:
      raise errors.value_error(
          "There are too many classes for a mask of bytes.",
          expected=f"at most {fields.IGNORE_LABEL}", received=len(self.classes),
          fix="Join classes.")
    errors.check_name("answer of a network of segmentation", self.answers, inference.ANSWERS)

  @property
  def num_classes(self):
    """Number of classes C, background included."""
    return len(self.classes)

  def seen(self, sample):
    """Returns what the model takes of a sample: its image, with its depth where that is seen."""
    return depth_input.beside(sample) if self.sees_depth else sample[fields.IMAGE]

  def probabilities(self, images, protocol=None):
    """Returns the class probabilities of a batch of images of one size.

    Args:
      images: uint8 RGB [N, H, W, 3].
      protocol: `Protocol`, None = the default one.

    Returns:
      float32 array [N, H, W, C].
    """
    protocol = protocol or Protocol()
    depth_input.check(self, images, protocol)
    large_images.check(images, large_images.WHOLE, large_images.WINDOWS)
    # The graph ends before the CRF, so protocols that differ in it share one.
    found = self._function(refinement.unrefined(protocol), "probabilities")(images).numpy()
    if self.answers == inference.PROBABILITIES:
      _check_distribution(found)
    refine = refinement.refiner(protocol)
    if refine is not None:
      found = np.stack([refine(*pair) for pair in zip(found, _colours(images))])
    return found

  def mask(self, images, protocol=None):
    """Returns the most probable class of every pixel; the smallest id wins ties.

    Args:
      images: uint8 RGB [N, H, W, 3].
      protocol: `Protocol`, None = the default one.

    Returns:
      uint8 array [N, H, W], class ids.
    """
    protocol = protocol or Protocol()
    depth_input.check(self, images, protocol)
    if self._in_strips(images, protocol):
      return np.stack([self._strips(image, protocol) for image in np.asarray(images)])
    large_images.check(images, large_images.WHOLE, large_images.WINDOWS)
    # What a network calls probabilities is looked at on the host.
    if refinement.refiner(protocol) is not None or self.answers != inference.SCORES:
      return np.argmax(self.probabilities(images, protocol), -1).astype(np.uint8)
    return self._function(protocol, "mask")(images).numpy()

  def masks(self, images, protocol=None):
    """Yields what `mask` returns for images of any sizes, in order; a CRF runs on all cores.

    Args:
      images: iterable of (uint8 RGB [H, W, 3] (or what `seen` returns), anything).
      protocol: `Protocol`, None = the default one.

    Yields:
      (uint8 array [H, W] of class ids, the anything) for every image.
    """
    protocol = protocol or Protocol()
    refine = refinement.refiner(protocol)
    if refine is None:
      for image, rest in images:
        yield self.mask(image[tf.newaxis], protocol)[0], rest
      return
    answers = ((self.probabilities(image[tf.newaxis], refinement.unrefined(protocol))[0],
                _colours(image), rest) for image, rest in images)

    def refined(answer):
      found, image, rest = answer
      return np.argmax(refine(found, image), -1).astype(np.uint8), rest

    yield from parallel.in_order(refined, answers)

  def _in_strips(self, images, protocol):
    """Returns whether images are so large that windows are computed one row after the other."""
    plain = dataclasses.replace(protocol, window=(), window_stride=(), ignore=Protocol.ignore,
                                present_only=False)
    return (bool(protocol.window) and plain == Protocol()
            and np.prod([int(side) for side in images.shape[1:3]]) > large_images.WHOLE)

  def _strips(self, image, protocol):
    """Returns the mask [H, W] of a large image under a protocol of windows and nothing else."""
    return large_images.mask_by_strips(
        self.probabilities, image, protocol.window, protocol.window_stride)

  def _function(self, protocol, kind):
    """Returns the traced function of a protocol: traced once, whatever the sizes of the images."""
    key = (protocol.hash(), kind)
    if key not in self._functions:
      self._functions[key] = self._traced(protocol, kind)
    return self._functions[key]

  def _traced(self, protocol, kind):
    # A function of its own, so that views and windows share one copy of the network.
    channels = depth_input.CHANNELS if self.sees_depth else 3
    scores = tf.function(
        functools.partial(self._checked_scores, steps=protocol.inference_steps), autograph=False,
        input_signature=[tf.TensorSpec([None, None, None, channels], tf.float32)])

    def answer(images):
      found = inference.class_probabilities(
          scores, images, multiple=self.multiple, answers=self.answers,
          mean_rgb=self.mean_rgb + (0.0,) * (channels - 3),  # Padding has no depth.
          **protocol.views(self.classes))
      return found if kind == "probabilities" else tf.cast(
          tf.argmax(found, -1, tf.int32), tf.uint8)

    return tf.function(answer, autograph=False, input_signature=[
        tf.TensorSpec([None, None, None, channels], tf.float32 if self.sees_depth else tf.uint8)])

  def explained(self, images, steps):
    """Returns what `explain` says; see there.

    Args:
      images: float32 RGB 0..255 [N, h, w, 3] with sides of `multiple * k + 1`.
      steps: int.

    Raises:
      ValueError: the network does not infer.
    """
    if self.explain is None:
      raise errors.value_error(
          "The network does not infer by reconstruction.", expected="a dual network",
          received=f"inference_steps={steps} for a network that answers at once",
          fix="Leave evaluation.protocol.inference_steps at 0.")
    return self.explain(images, tf.fill([tf.shape(images)[0]], steps))

  def _checked_scores(self, images, steps=0):
    """Returns the scores of `score_fn`; refuses another number of classes than there are names."""
    scores = (self.explained(images, steps)["scores"] if steps
              else predictors.asked(self.score_fn)(images))
    if scores.shape[-1] not in (None, self.num_classes):
      raise errors.value_error(
          "The network and the class names do not fit together.",
          expected=f"scores of {self.num_classes} classes", received=f"{scores.shape[-1]} classes",
          fix="Restore the weights with the class list that they were trained with.")
    return scores


def _colours(images):
  """Returns the uint8 array [..., 3] of what a model takes."""
  return np.asarray(images)[..., :3].astype(np.uint8)


def _check_distribution(probabilities):
  """Raises unless values are probabilities: scores without a softmax would be averaged wrongly."""
  sums = probabilities.sum(-1)
  if probabilities.min(initial=0) < -1e-3 or not np.all(np.abs(sums - 1) < 1e-2):
    raise errors.value_error(
        "The network does not answer with probabilities, as its record says.",
        expected="values >= 0 that sum to 1 over the classes",
        received=f"from {probabilities.min():.3g}, sums {sums.min():.3g} to {sums.max():.3g}",
        fix="Say answers='scores' in its record, or end the network with a softmax.")
