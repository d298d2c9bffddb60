"""A phase: one method trained on one bundle for a number of steps."""
import dataclasses
from typing import Any, Callable, Optional, Sequence, Tuple


@dataclasses.dataclass(frozen=True)
class Phase:
  """What the training loop needs to run one phase of a recipe.

  Attributes:
    name: directory of the phase inside `model_dir`.
    build: makes the `Method`; called inside the strategy's scope. Its argument is a dict of phase
      name to the finished `Method` of every earlier phase, to take weights from.
    bundle: `keras_weakseg.data.bundle.Bundle`, the training data.
    training: `schema.Training`.
    fingerprint: names everything that decides the batches; a run continues only with the same.
    plan: lines that tell the user what will happen.
    validation: split of the plan's source that picks the best checkpoint, or an empty text.
    prepare: function of a bool (draw progress bars) that makes what the bundle reads, after the
      plan is printed and before the training; several processes may call it at a time. None =
      nothing to do.
    record: `NetworkRecord` of the phase's network.
    head: `heads.Head`: the classes that the network is built with.
    motion: whether it trains a pose network, which a later phase may go on with.
  """
  name: str
  build: Callable[[dict], Any]
  bundle: Any
  training: Any
  fingerprint: str
  plan: Tuple[str, ...] = ()
  validation: str = ""
  prepare: Optional[Callable[[bool], None]] = None
  record: Any = None
  head: Any = None
  motion: bool = False


@dataclasses.dataclass(frozen=True)
class Plan:
  """A recipe applied to an experiment.

  Attributes:
    phases: in the order of training; the last one's predictor is the result.
    source: the source that the result is evaluated on, with the classes of its predictor.
  """
  phases: Sequence[Phase]
  source: Any

  @property
  def record(self):
    """The `NetworkRecord` of the predictor's network."""
    return self.phases[-1].record

  @property
  def head(self):
    """The `heads.Head` of the predictor's network."""
    return self.phases[-1].head
