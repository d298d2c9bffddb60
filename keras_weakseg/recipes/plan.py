"""A recipe applied to an experiment: an ordered list of named steps."""
import dataclasses
from typing import Any, Callable, Mapping, Optional, Sequence, Tuple


@dataclasses.dataclass(frozen=True)
class Phase:
  """What the training loop needs to run a step that trains, once all it reads is there.

  Attributes:
    name: of the step.
    build: makes the `Method`; called inside the strategy's scope, with a dict of the names of
      earlier steps to their `Outputs`.
    bundle: `data.Bundle`, the training data.
    training: `schema.Training`.
    fingerprint: names everything that decides the batches; a run continues only with the same.
    record: `NetworkRecord` of the network that is evaluated.
    head: `heads.Head`: the classes that the network is built with.
    lines: what the plan says of the data.
  """
  name: str
  build: Callable[[Mapping[str, Any]], Any]
  bundle: Any
  training: Any
  fingerprint: str
  record: Any = None
  head: Any = None
  lines: Tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TrainStep:
  """A step that trains a method.

  Attributes:
    name: directory of the step inside `model_dir`.
    settings: the `schema.Experiment` that the step amounts to.
    bind: function of the finished steps to the `Phase`.
    source: the source that its predictor is evaluated on.
    record, head: see `Phase`.
    reads: names of the steps that it reads.
    phase: what `bind` gives; None as long as it needs what earlier steps have not made yet.
    identity: JSON values that decide what it leaves, besides the data and earlier steps.
    lines: of the plan.
  """
  name: str
  settings: Any
  bind: Callable[[Mapping[str, Any]], Phase]
  source: Any
  record: Any
  head: Any
  reads: Tuple[str, ...] = ()
  phase: Optional[Phase] = None
  identity: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  lines: Tuple[str, ...] = ()

  @property
  def training(self):
    """`schema.Training` of the step."""
    return self.settings.training

  @property
  def validation(self):
    """The split that is validated while it trains, or an empty text."""
    return self.settings.evaluation.validation_split


@dataclasses.dataclass(frozen=True)
class MakeStep:
  """A step that makes derived data on the host.

  Attributes:
    name: directory of the step inside `model_dir`.
    maker: function of a dict of the steps that it reads to their `Outputs`, and of a function that
      loads the model of one, to the `derived.base.Maker`.
    reads: names of the steps that it reads.
    identity: JSON values that decide what it leaves: the kind and its options.
    lines: of the plan.
  """
  name: str
  maker: Callable[..., Any]
  reads: Tuple[str, ...] = ()
  identity: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  lines: Tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Plan:
  """All steps of an experiment.

  Attributes:
    steps: in their order; the last one trains, and its predictor is the result.
  """
  steps: Sequence[Any]

  @property
  def last(self):
    """The `TrainStep` whose predictor is the result."""
    return self.steps[-1]

  @property
  def source(self):
    """The source that the result is evaluated on, with the classes of its predictor."""
    return self.last.source

  @property
  def record(self):
    """The `NetworkRecord` of the predictor's network."""
    return self.last.record

  @property
  def head(self):
    """The `heads.Head` of the predictor's network."""
    return self.last.head

  @property
  def phases(self):
    """The phases of all trainings whose data is known already."""
    return [step.phase for step in self.steps if getattr(step, "phase", None) is not None]

  def text(self, model_dir=""):
    """Returns what the plan says: for each step what it reads and leaves."""
    lines = []
    for step in self.steps:
      kind = "trains" if isinstance(step, TrainStep) else "makes"
      reads = f", reads {', '.join(step.reads)}" if step.reads else ""
      place = f" in {model_dir}" if model_dir else ""
      lines.append(f"step '{step.name}' {kind}{place}{reads}")
      lines += [f"  {line}" for line in step.lines]
    return lines
