"""How a number was made: a typed, hashed object that is stored with every number."""
import dataclasses
import hashlib
import json

from keras_weakseg import errors, fields
from keras_weakseg.ops import crf_parameters
from keras_weakseg.ops import inference

# Part of every hash: raised when the same protocol would give other numbers than before.
_VERSION = 1


@dataclasses.dataclass(frozen=True)
class Protocol:
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

  def __post_init__(self):
    for name in ("size", "scales", "window", "window_stride"):
      object.__setattr__(self, name, _numbers(name, getattr(self, name)))
    window, stride = inference.check_views(self.scales, self.window, self.window_stride, self.size)
    object.__setattr__(self, "size", tuple(int(side) for side in self.size))
    object.__setattr__(self, "window", window)
    object.__setattr__(self, "window_stride", stride)
    if self.crf:  # equal parameters are one text, so that equal protocols have one hash
      object.__setattr__(self, "crf", crf_parameters.CrfParameters.parse(self.crf).text())

  def as_dict(self):
    """Returns the fields as a dict of plain JSON values."""
    return {key: list(value) if isinstance(value, tuple) else value
            for key, value in dataclasses.asdict(self).items()}

  @classmethod
  def from_dict(cls, values):
    """Returns the protocol of a dict; missing fields have their defaults.

    Args:
      values: dict or `Protocol`; lists stand for tuples.

    Raises:
      ValueError: a field is unknown.
    """
    if isinstance(values, cls):
      return values
    known = [field.name for field in dataclasses.fields(cls)]
    for name in values:
      if name not in known:
        raise errors.unknown_name("field of a protocol", name, known)
    return cls(**values)

  def hash(self):
    """Returns 12 hexadecimal digits that are the same for, and only for, equal protocols."""
    text = json.dumps({"version": _VERSION, **self.as_dict()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12]

  def views(self):
    """Returns the keyword arguments of `ops.inference.class_probabilities` as a dict."""
    return {"scales": self.scales, "flip": self.flip, "window": self.window,
            "window_stride": self.window_stride, "size": self.size}

  def describe(self):
    """Returns one line for people."""
    parts = [f"size {_by(self.size)}" if self.size else "original size"]
    parts.append("single scale" if self.scales == (1.0,) else
                 "scales " + " ".join(f"{scale:g}" for scale in self.scales))
    if self.flip:
      parts.append("flip")
    if self.window:
      parts.append(f"window {_by(self.window)} every {_by(self.window_stride)}")
    if self.crf:
      parts.append(f"CRF {self.crf}")
    parts.append("IoU over classes in " + ("truth" if self.present_only else "truth or prediction"))
    return ", ".join([*parts, f"ignore {self.ignore}"])


def _by(pair):
  return "x".join(str(side) for side in pair)


def _numbers(name, values):
  """Returns a tuple of floats (whole ones stay equal to their ints); a number alone is refused."""
  try:
    return tuple(float(value) for value in values)
  except (TypeError, ValueError):
    raise errors.value_error(
        f"The protocol's {name} cannot be used.", expected="a list of numbers", received=values,
        fix=f"Write it as {name}=(...).") from None
