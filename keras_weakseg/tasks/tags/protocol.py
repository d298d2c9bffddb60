"""How numbers of tags are made: a typed, hashed object that is stored with every number."""
import dataclasses

from keras_weakseg import errors
from keras_weakseg.evaluation import protocol_base
from keras_weakseg.ops import inference


@dataclasses.dataclass(frozen=True)
class TagProtocol(protocol_base.HashedValues):
  """How images are looked at, and from which probability on a class counts as found.

  Attributes:
    size: height and width to which images are resized first; empty = the model's.
    scales: factors of that size; probabilities are averaged over them.
    flip: also over the mirrored image.
    threshold: probability from which a class is said to be there. Average precision has none.

  Raises:
    ValueError: a value cannot be used.

  Example:
    >>> TagProtocol(flip=True).describe()
    "model's size, single scale, flip, said from a probability of 0.5"
  """
  size: tuple = ()
  scales: tuple = (1.0,)
  flip: bool = False
  threshold: float = 0.5

  def __post_init__(self):
    for name in ("size", "scales"):
      object.__setattr__(self, name, protocol_base.numbers(name, getattr(self, name)))
    inference.check_views(self.scales, (), (), self.size)
    object.__setattr__(self, "size", tuple(int(side) for side in self.size))
    object.__setattr__(self, "threshold", float(self.threshold))
    if not 0 < self.threshold < 1:
      raise errors.value_error(
          "The protocol's threshold cannot be used.", expected="a probability, 0 < threshold < 1",
          received=self.threshold, fix="Pass threshold=0.5.")

  def describe(self):
    """Returns one line for people."""
    parts = [f"size {protocol_base.by(self.size)}" if self.size else "model's size"]
    parts.append("single scale" if self.scales == (1.0,) else
                 "scales " + " ".join(f"{scale:g}" for scale in self.scales))
    if self.flip:
      parts.append("flip")
    return ", ".join([*parts, f"said from a probability of {self.threshold:g}"])
