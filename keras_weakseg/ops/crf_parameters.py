"""Parameters of a dense CRF: published sets by name, and sets written out as text.

What they mean: the bilateral kernel joins pixels that are close (`bilateral_xy` pixels) and of like
colour (`bilateral_rgb` grey levels); the spatial one joins neighbours whatever their colour, which
removes specks. The two weights say how strong each is against the network's own opinion.
"""
import dataclasses
import math
import types

from keras_weakseg import errors

AFTER, SYMMETRIC, BEFORE, NONE = "after", "symmetric", "before", "none"
NORMALIZATIONS = (AFTER, SYMMETRIC, BEFORE, NONE)


@dataclasses.dataclass(frozen=True)
class CrfParameters:
  """Parameters of `ops.crf.dense_crf`.

  Attributes:
    bilateral_weight: weight of the bilateral kernel, >= 0; 0 leaves it out.
    bilateral_xy: its standard deviation in pixels, > 0.
    bilateral_rgb: its standard deviation in grey levels of 0..255, > 0.
    spatial_weight: weight of the spatial kernel, >= 0.
    spatial_xy: its standard deviation in pixels, > 0.
    iterations: of the mean field, >= 0.
    normalization: `after` (DeepLab's), `symmetric` (pydensecrf's default), `before` or `none`. The
      same weights mean other strengths under another one.

  Raises:
    ValueError: a value cannot be used.

  Example:
    >>> CrfParameters.parse("deeplab_msc").bilateral_xy
    95.0
    >>> CrfParameters(bilateral_xy=60).text()[:34]
    'bilateral_weight=4,bilateral_xy=60'
  """
  bilateral_weight: float = 4.0
  bilateral_xy: float = 49.0
  bilateral_rgb: float = 5.0
  spatial_weight: float = 3.0
  spatial_xy: float = 3.0
  iterations: int = 10
  normalization: str = AFTER

  def __post_init__(self):
    for name in _FLOATS:
      _check_number(name, getattr(self, name), zero=name.endswith("weight"))
      object.__setattr__(self, name, float(getattr(self, name)))
    _check_number("iterations", self.iterations, zero=True)
    if self.iterations != int(self.iterations):
      raise errors.value_error(
          "The CRF's iterations cannot be used.", expected="a whole number >= 0",
          received=self.iterations, fix="10 are usual.")
    object.__setattr__(self, "iterations", int(self.iterations))
    errors.check_name("normalization of a CRF", self.normalization, NORMALIZATIONS)

  @classmethod
  def parse(cls, text):
    """Returns the parameters of a name or of a text such as `bilateral_weight=4,bilateral_xy=49`.

    Args:
      text: key of `NAMED`, or `name=value` between commas; what is left out has its default.

    Raises:
      ValueError: there is no such name, or a value cannot be used.
    """
    text = str(text).strip()
    if "=" not in text:
      errors.check_name("parameter set of a CRF", text, NAMED)
      return NAMED[text]
    known = [field.name for field in dataclasses.fields(cls)]
    values = {}
    for item in text.split(","):
      name, _, value = (part.strip() for part in item.partition("="))
      errors.check_name("parameter of a CRF", name, known)
      values[name] = value if name == "normalization" else _number(name, value)
    return cls(**values)

  def text(self):
    """Returns the one text of these parameters: its published name, else all values in order."""
    for name, published in NAMED.items():
      if self == published:
        return name
    return ",".join(f"{name}={value if isinstance(value, str) else format(value, '.12g')}"
                    for name, value in dataclasses.asdict(self).items())

  def as_dict(self):
    """Returns the arguments of `ops.crf.dense_crf` as a dict."""
    return dataclasses.asdict(self)


_FLOATS = ("bilateral_weight", "bilateral_xy", "bilateral_rgb", "spatial_weight", "spatial_xy")


def _number(name, text):
  try:
    return float(text)
  except ValueError:
    raise errors.value_error(
        f"The CRF's {name} is no number.", expected=f"{name}=<number>", received=repr(text),
        fix="Write parameters as name=value between commas.") from None


def _check_number(name, value, zero):
  """Refuses what is no finite number above 0, or >= 0 where zero is allowed."""
  number = isinstance(value, (int, float)) or hasattr(value, "__float__")
  if not number or not math.isfinite(value) or value < 0 or (value == 0 and not zero):
    raise errors.value_error(
        f"The CRF's {name} cannot be used.", expected=f"a number {'>=' if zero else '>'} 0",
        received=value, fix=f"Pass {name}= a {'non-negative' if zero else 'positive'} number; a "
        "weight of 0 leaves a kernel out.")


# Read from the published scripts and prototxt files; the papers give ranges only.
NAMED = types.MappingProxyType({
    # Chen et al. 2015 and Papandreou et al. 2015: run_densecrf.sh of LargeFOV, of the multi-scale
    # net, and of the net that was trained on VOC and COCO.
    "deeplab_largefov": CrfParameters(4, 49, 5, 3, 3),
    "deeplab_msc": CrfParameters(3, 95, 3, 3, 3),
    "deeplab_coco": CrfParameters(5, 67, 3, 3, 3),
    # The nets that were released: of each its own set, in several mirrors of the models' folders.
    # LargeFOV, LargeFOV trained on COCO too, and the multi-scale net on COCO. The paper tunes per
    # model; `tune_crf` does so.
    "deeplab_largefov_released": CrfParameters(4, 121, 5, 3, 3),
    "deeplab_coco_released": CrfParameters(5, 69, 5, 3, 3),
    "deeplab_msc_coco_released": CrfParameters(4, 59, 5, 3, 3),
    # The layer in LargeFOV's prototxt, which is also the set of the plain net (small field of
    # view), and the defaults of the Matlab scripts.
    "deeplab_largefov_layer": CrfParameters(5, 50, 10, 3, 3),
    "deeplab_matlab": CrfParameters(5, 50, 3, 3, 3),
    # Chen et al. 2018: the prototxt of ResNet-101, and the set of its PyTorch port.
    "deeplab_v2": CrfParameters(5, 21, 3, 4, 1),
    "deeplab_v2_pytorch": CrfParameters(4, 67, 3, 3, 1, normalization=SYMMETRIC),
    # Papandreou et al. 2015: label maps from boxes, with eroded centres and without.
    "bbox_seg": CrfParameters(45, 37, 3, 15, 3),
    "bbox_seg_not_eroded": CrfParameters(41, 33, 4, 15, 3),
    # Ahn and Kwak 2018: class activation maps.
    "cam": CrfParameters(10, 80, 13, 3, 3, normalization=SYMMETRIC),
})
