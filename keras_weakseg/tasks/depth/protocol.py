"""How a depth number was made: a typed, hashed object that is stored with every number."""
import dataclasses
import math

from keras_weakseg import errors
from keras_weakseg.evaluation import depth
from keras_weakseg.evaluation import protocol_base

MEDIAN, METRIC = "median", "metric"


@dataclasses.dataclass(frozen=True)
class DepthProtocol(protocol_base.HashedValues):
  """How images are looked at, and which pixels of predicted depth are compared with the truth.

  Attributes:
    size: height and width to which images are resized first; empty = the model's. Depth is at the
      original size in any case.
    flip: blend with the disparity of the mirrored image (`ops.depth_inference.blend_mirrored`).
    crop: part of the image that counts: none, garg or eigen.
    min_depth, max_depth: predicted depth is cut off at these, in metres.
    limit_target: count only pixels whose true depth lies between them.
    scale: "median": per image, by the ratio of the medians; "metric": the model's own factor; or a
      number as text, metres per unit of the model's depth, such as "5.4".

  Raises:
    ValueError: a value cannot be used.

  Example:
    >>> DepthProtocol(flip=True, crop="garg").describe()
    "model's size, flip, crop garg, depth 0.001..80 m, median scaling per image"
    >>> DepthProtocol(scale=5.40) == DepthProtocol(scale="5.4")
    True
  """
  size: tuple = ()
  flip: bool = False
  crop: str = "none"
  min_depth: float = 1e-3
  max_depth: float = 80.0
  limit_target: bool = False
  scale: str = MEDIAN

  def __post_init__(self):
    size = protocol_base.numbers("size", self.size)
    if size and (len(size) != 2 or any(side != int(side) or side < 1 for side in size)):
      raise errors.value_error(
          "The protocol's size cannot be used.", expected="(height, width) in whole pixels, or ()",
          received=self.size, fix="Pass size=() for the size that the model was trained with.")
    object.__setattr__(self, "size", tuple(int(side) for side in size))
    errors.check_name("crop", self.crop, depth.CROPS)
    for name in ("min_depth", "max_depth"):
      object.__setattr__(self, name, float(getattr(self, name)))
    if not 0 < self.min_depth < self.max_depth:
      raise errors.value_error(
          "The protocol's range of depths is empty.", expected="0 < min_depth < max_depth",
          received=f"min_depth {self.min_depth:g}, max_depth {self.max_depth:g}",
          fix="Pass metres, e.g. min_depth=1e-3, max_depth=80.")
    object.__setattr__(self, "scale", _scale_text(self.scale))

  def describe(self):
    """Returns one line for people."""
    parts = [f"size {protocol_base.by(self.size)}" if self.size else "model's size"]
    if self.flip:
      parts.append("flip")
    parts.append("no crop" if self.crop == "none" else f"crop {self.crop}")
    parts.append(f"depth {self.min_depth:g}..{self.max_depth:g} m"
                 + (", truth limited to it" if self.limit_target else ""))
    scaling = {MEDIAN: "median scaling per image", METRIC: "the model's metres"}
    return ", ".join([*parts, scaling.get(self.scale, f"depth times {self.scale}")])


def no_metres():
  """Returns the error for a protocol that wants metres of a model without; the caller raises it."""
  return errors.value_error(
      "The model knows depth only up to a factor.", expected="a model with metres",
      received=f"factor 0 and a protocol with scale '{METRIC}'",
      fix=f"Pass scale='{MEDIAN}', or a number of metres per unit: metric_factor finds it.")


def _scale_text(scale):
  """Returns a scale in the one way of writing it, so that equal protocols have one hash."""
  if scale in (MEDIAN, METRIC):
    return scale
  try:
    factor = float(scale)
  except (TypeError, ValueError):
    factor = 0.0
  if not (math.isfinite(factor) and factor > 0):
    raise errors.value_error(
        "The protocol's scale cannot be used.",
        expected=f"'{MEDIAN}', '{METRIC}', or a number > 0 such as '5.4'", received=repr(scale),
        fix=f"Pass scale='{MEDIAN}' for a model that knows depth up to a factor.")
  return repr(factor)
