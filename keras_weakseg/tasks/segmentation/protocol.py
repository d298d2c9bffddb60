"""How a number was made: a typed, hashed object that is stored with every number."""
import dataclasses
import re

from keras_weakseg import errors
from keras_weakseg.evaluation import protocol_base
from keras_weakseg import fields
from keras_weakseg.ops import crf_parameters
from keras_weakseg.ops import inference

_LEFT = re.compile("(?<![a-z])left(?![a-z])")


def refuse_mirror(protocol, whose):
  """Refuses predictions averaged over mirrored pictures, where a mirror exchanges classes.

  Args:
    protocol: has `flip`, or none of the kind.
    whose: what has such classes, for the error: "of ...", "with ...".

  Raises:
    ValueError: they would mix left and right.
  """
  if getattr(protocol, "flip", False):
    raise errors.value_error(
        "Averages over mirrored pictures would mix left and right.",
        expected=f"no flip in the protocol {whose}", received="flip=True",
        fix="Set `evaluation.protocol.flip=false`, or pass protocol={'flip': False}.")


@dataclasses.dataclass(frozen=True)
class Protocol(protocol_base.HashedValues):
  """How images are looked at and how the one confusion matrix over the set becomes a number.

  Attributes:
    size: height and width to which images are resized first; empty = original size. Masks and
      probabilities are at the original size in any case.
    scales: factors of the image size; probabilities are averaged over them.
    flip: also over the mirrored image.
    window: height and width of a sliding window in pixels, empty = whole image.
    window_stride: its step; empty becomes two thirds of the window.
    crf: parameters of a dense CRF on the probabilities, empty = none: a name such as
      `deeplab_largefov` (`ops.crf_parameters.NAMED`), or `bilateral_weight=4,bilateral_xy=49,...`.
    present_only: mean IoU over the classes in the truth only, not also over predicted ones.
    ignore: label of the pixels that do not count.
    inference_steps: of networks that infer by reconstruction (`networks.dual`), how long they do.

  Raises:
    ValueError: a value cannot be used.

  Example:
    >>> Protocol(scales=(0.5, 1.0), flip=True).describe()
    'original size, scales 0.5 1, flip, IoU over classes in truth or prediction, ignore 255'
    >>> Protocol.from_dict(Protocol().as_dict()) == Protocol()
    True
  """
  size: tuple = ()
  scales: tuple = (1.0,)
  flip: bool = False
  window: tuple = ()
  window_stride: tuple = ()
  crf: str = ""
  present_only: bool = False
  ignore: int = fields.IGNORE_LABEL
  inference_steps: int = 0

  def __post_init__(self):
    for name in ("size", "scales", "window", "window_stride"):
      object.__setattr__(self, name, protocol_base.numbers(name, getattr(self, name)))
    window, stride = inference.check_views(self.scales, self.window, self.window_stride, self.size)
    object.__setattr__(self, "size", tuple(int(side) for side in self.size))
    object.__setattr__(self, "window", window)
    object.__setattr__(self, "window_stride", stride)
    if self.inference_steps != int(self.inference_steps) or self.inference_steps < 0:
      raise errors.value_error(
          "The protocol's inference_steps cannot be used.", expected="0 or more steps",
          received=self.inference_steps, fix="Pass inference_steps=0 for none.")
    if self.crf:  # equal parameters are one text, so that equal protocols have one hash
      object.__setattr__(self, "crf", crf_parameters.CrfParameters.parse(self.crf).text())

  def as_dict(self):
    values = super().as_dict()
    if not self.inference_steps:  # Numbers that were made before the field was keep their hash.
      del values["inference_steps"]
    return values

  def views(self, classes):
    """Returns the keyword arguments of `ops.inference.class_probabilities` as a dict.

    Args:
      classes: names of the classes.

    Raises:
      ValueError: a mirrored view would say left for right.
    """
    names = [name.lower() for name in classes]
    sides = next((name for name in names
                  if _LEFT.search(name) and _LEFT.sub("right", name) in names), None)
    if sides:
      refuse_mirror(self, f"of classes such as '{sides}'")
    return {"scales": self.scales, "flip": self.flip, "window": self.window,
            "window_stride": self.window_stride, "size": self.size}

  def describe(self):
    """Returns one line for people."""
    parts = [f"size {protocol_base.by(self.size)}" if self.size else "original size"]
    parts.append("single scale" if self.scales == (1.0,) else
                 "scales " + " ".join(f"{scale:g}" for scale in self.scales))
    if self.flip:
      parts.append("flip")
    if self.window:
      window, stride = map(protocol_base.by, (self.window, self.window_stride))
      parts.append(f"window {window} every {stride}")
    if self.inference_steps:
      parts.append(f"{self.inference_steps} steps of inference")
    if self.crf:
      parts.append(f"CRF {self.crf}")
    parts.append("IoU over classes in " + ("truth" if self.present_only else "truth or prediction"))
    return ", ".join([*parts, f"ignore {self.ignore}"])
