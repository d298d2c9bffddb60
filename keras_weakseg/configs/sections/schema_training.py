"""The sections that say how long and how fast networks are trained, and what is kept."""
import dataclasses
from typing import List

from keras_weakseg.configs.sections import base
from keras_weakseg.configs.sections.optimization import OptimizationConfig, sgd


@dataclasses.dataclass
class Multiplier(base.Section):
  """Learning-rate multiplier of the variables whose name matches a regular expression.

  The first matching entry wins. Names start with that of the network, such as
  `depth/conv1/kernel`, and an expression is looked for anywhere in them: `conv1` is found in
  every network, `^pose/` in the pose network alone. `head` (also followed by more, `head.*bias`)
  stands for the new layers of the network that is evaluated, `encoder` for all others of it;
  neither reaches the pose network.
  """
  pattern: str = "head"
  learning_rate: float = 10.0
  weight_decay: float = 1.0


@dataclasses.dataclass
class Updates(base.Section):
  """How the networks of a further optimizer are updated; see `Training`."""
  optimization: OptimizationConfig = dataclasses.field(
      default_factory=lambda: sgd(1e-3, 6000))
  weight_decay: float = 5e-4
  multipliers: List[Multiplier] = dataclasses.field(default_factory=list)
  clip_norm: float = 0.0


class Updaters(base.Named):
  """The optimizers of a method besides the main one, by the names it gives them."""
  element = Updates


@dataclasses.dataclass
class Training(base.Section):
  """How long, how fast, and what is kept.

  Attributes:
    steps: updates in all.
    weight_decay: L2 coefficient of kernels (Caffe's convention: added to the gradient).
    multipliers: per-part multipliers of the learning rate and the weight decay.
    clip_norm: longest gradient of all variables together; longer ones are shortened. 0 = any.
    updaters: optimizers besides the main one, such as that of a critic, by name.
    accumulation: micro-batches per update; each is normalised by its own valid pixels.
    averaging: how much of itself a moving average of the evaluated network's weights keeps in an
      update, such as 0.99. The averages are what is validated and what the training leaves; until
      its end, `last` checkpoints hold the weights themselves. 0 = none.
    statistics_batches: batches of the training over which the batch statistics of the evaluated
      network are estimated anew after the last update; 0 = they stay as training left them.
    log_every, checkpoint_every, validate_every: in steps; 0 = a tenth of `steps`, validation: off.
    keep: number of last checkpoints that are kept.
    picture_samples: validation samples drawn to TensorBoard at every validation.
  """
  steps: int = 6000
  optimization: OptimizationConfig = dataclasses.field(
      default_factory=lambda: sgd(1e-3, 6000))
  weight_decay: float = 5e-4
  multipliers: List[Multiplier] = dataclasses.field(default_factory=list)
  clip_norm: float = 0.0
  updaters: Updaters = dataclasses.field(default_factory=Updaters)
  accumulation: int = 1
  averaging: float = 0.0
  statistics_batches: int = 0
  log_every: int = 20
  checkpoint_every: int = 0
  validate_every: int = 0
  keep: int = 2
  picture_samples: int = 4
