"""What an export may decide of how its artifact is asked, whatever it predicts."""
import dataclasses

from keras_weakseg import errors
from keras_weakseg.evaluation import protocol_base

REFUSE, ANSWER = "refuse", "answer"
SINGLE, TRAINED = "float32", "trained"
_CHOICES = {"broken_images": (REFUSE, ANSWER), "precision": (SINGLE, TRAINED)}


@dataclasses.dataclass(frozen=True)
class Settings:
  """How an artifact is asked. Its document holds all of it, under the same names.

  Attributes:
    max_pixels: the most pixels that are computed at once: of every image of `serving_default`,
      which is refused by its header, and of all images of a batch of pixels. 0 = no limit.
    broken_images: what one image that cannot be read, or is too large, does to a request of byte
      strings: `refuse` fails the whole request; `answer` gives an empty answer for this image, and
      a `status` for every one, empty where all is well.
    precision: `float32` whatever the training precision was, or `trained`: as it was.
    fixed_size: height and width of `predict_fixed`, the signature for converters; empty = as the
      model sees images, or a photograph.

  Raises:
    ValueError: a value cannot be used.

  Example:
    >>> Settings(max_pixels=10).as_dict()["broken_images"]
    'refuse'
  """
  max_pixels: int = 0
  broken_images: str = REFUSE
  precision: str = SINGLE
  fixed_size: tuple = ()

  def __post_init__(self):
    for name, choices in _CHOICES.items():
      errors.check_name(f"way of {name}", getattr(self, name), choices)
    if self.max_pixels != int(self.max_pixels) or self.max_pixels < 0:
      raise errors.value_error(
          "The limit of pixels cannot be used.", expected="a whole number, 0 for none",
          received=self.max_pixels, fix="Pass max_pixels=4194304 or the like.")
    size = protocol_base.numbers("fixed_size", self.fixed_size)
    if size and (len(size) != 2 or any(side < 1 or side != int(side) for side in size)):
      raise errors.value_error(
          "The size of the signature for converters cannot be used.",
          expected="(height, width) in whole pixels, or ()", received=self.fixed_size,
          fix="Pass fixed_size=(384, 512) or the like.")
    object.__setattr__(self, "max_pixels", int(self.max_pixels))
    object.__setattr__(self, "fixed_size", tuple(int(side) for side in size))

  def as_dict(self):
    """Returns the fields as a dict of plain JSON values."""
    return {**dataclasses.asdict(self), "fixed_size": list(self.fixed_size)}


def of_document(document):
  """Returns those of the settings that a document holds, as keyword arguments.

  Args:
    document: dict of an artifact, which may be older than some of them.

  Example:
    >>> of_document({"max_pixels": 7, "task": "depth"})
    {'max_pixels': 7}
  """
  return {field.name: document[field.name] for field in dataclasses.fields(Settings)
          if field.name in document}
