"""What a method is built on: its named networks, the parts of the batches, the seed."""
import dataclasses
from typing import Any, Mapping, Optional, Tuple

from keras_weakseg.networks import registry as networks

# What the network that is evaluated is called, by its role.
MAIN = {networks.SEGMENTATION: "segmenter", networks.DEPTH: "depth",
        networks.MULTITASK: "multitask", networks.TAGS: "classifier"}
POSE = "pose"
REFERENCE = "reference"

# What a network of `like` starts from:
CURRENT = "current"        # the weights that the other one starts with
PRETRAINED = "pretrained"  # those of its `pretrained`, whatever it continues from


@dataclasses.dataclass(frozen=True)
class Need:
  """A network that a method wants.

  Attributes:
    roles: what it may be for; empty with `like`.
    like: name of another network of the method: this one is built as that one is, and has no
      section of its own in the configuration.
    starts: of `like`: `current` (a teacher) or `pretrained` (features to stay near).
    trained: whether an optimizer moves it.
    type: the network where the configuration names none.
  """
  roles: Tuple[str, ...] = ()
  like: str = ""
  starts: str = CURRENT
  trained: bool = True
  type: str = ""


@dataclasses.dataclass(frozen=True)
class Built:
  """A network that was built, and what is known of it.

  Attributes:
    model: `keras.Model` of preprocessed floats [N,H,W,3].
    record: its `networks.registry.NetworkRecord`.
    scorer: functional model, RGB 0..255 to the output that counts, of the classes of its head;
      None = none.
    predictor: the same of the classes that are evaluated; the scorer itself where they are equal.
    trained: whether an optimizer moves it.
    architecture: Keras' JSON of the model where it is no function of type and options, such as a
      pruned one; else empty.
  """
  model: Any
  record: Any
  scorer: Any = None
  predictor: Any = None
  trained: bool = True
  architecture: str = ""


@dataclasses.dataclass(frozen=True)
class Context:
  """Everything that a method gets besides its own options.

  Attributes:
    networks: dict of name to `Built`; the first is the main one, which is evaluated.
    parts: names of the bundle's parts, in the order of their index.
    part_weights: one weight per part.
    part_sizes: samples of every part in the global batch; empty = not known.
    part_masks: whether its samples may teach by a mask.
    readings: `readings.Reading`s that share out the parts among label spaces; None = one space.
    seed: of all randomness of the training step.
    accumulation: micro-batches per update; gradients are averaged over them, each normalised by
      its own valid pixels (Caffe's `iter_size`).
  """
  networks: Mapping[str, Built]
  parts: Tuple[str, ...] = ("all",)
  part_weights: Tuple[float, ...] = (1.0,)
  readings: Optional[tuple] = None
  seed: int = 0
  accumulation: int = 1
  part_sizes: Tuple[int, ...] = ()
  part_masks: Tuple[bool, ...] = ()

  @property
  def main(self):
    """The `Built` network that is evaluated."""
    return next(iter(self.networks.values()))
