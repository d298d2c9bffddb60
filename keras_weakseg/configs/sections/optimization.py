"""The optimizers and learning-rate schedules of the papers, as Model Garden's configuration."""
import copy
import dataclasses

from official.modeling import optimization
from official.modeling.optimization.configs import optimizer_config

from keras_weakseg.configs.sections import base


@dataclasses.dataclass
class MuonConfig(base.Section, optimizer_config.BaseOptimizerConfig):
  """Muon; see `keras_weakseg.training.muon.Muon`."""
  name: str = "Muon"
  momentum: float = 0.95
  adam_share: float = 0.1
  beta_1: float = 0.9
  beta_2: float = 0.99
  epsilon: float = 1e-7


@dataclasses.dataclass
class OptimizerConfig(base.Section, optimization.OptimizerConfig):
  """Model Garden's optimizers, and `muon`."""
  muon: MuonConfig = dataclasses.field(default_factory=MuonConfig)


@dataclasses.dataclass
class OptimizationConfig(base.Section, optimization.OptimizationConfig):
  """Model Garden's configuration of optimizer, rate, warm-up and moving average."""
  optimizer: OptimizerConfig = dataclasses.field(default_factory=OptimizerConfig)


def sgd(learning_rate, steps, *, momentum=0.9):
  """Returns SGD with momentum and the "poly" schedule of DeepLab-v2.

  `rate = learning_rate (1 - step / steps)^0.9` (Chen et al., arXiv:1606.00915, section 4.1).

  Args:
    learning_rate: at the first step.
    steps: after these it is zero.
    momentum: of SGD.

  Example:
    >>> sgd(0.01, 6000).learning_rate.type
    'polynomial'
  """
  return _made({**_sgd(momentum), **_poly(learning_rate, steps)})


def muon(learning_rate, steps, **options):
  """Returns Muon with the "poly" schedule, for networks that start from nothing.

  Args:
    learning_rate: of kernels at the first step.
    steps: after these it is zero.
    **options: further fields of `MuonConfig`.

  Example:
    >>> muon(0.02, 3000).optimizer.get().adam_share
    0.1
  """
  return _made({
      "optimizer": {"type": "muon", "muon": options}, **_poly(learning_rate, steps)})


def sgd_steps(learning_rate, every, steps, *, factor=0.1, momentum=0.9):
  """Returns SGD with momentum and a rate multiplied by `factor` after every `every` steps.

  Args:
    learning_rate: at the first step.
    every: steps between two drops; none before `steps` = a constant rate.
    steps: length of the training.
    factor: of every drop.
    momentum: of SGD.

  Example:
    >>> sgd_steps(1e-3, 2000, 6000).learning_rate.stepwise.boundaries
    [2000, 4000]
  """
  boundaries = list(range(every, steps, every))
  if not boundaries:
    rate = _rate("constant", learning_rate=learning_rate)
  else:
    rate = _rate("stepwise", boundaries=boundaries,
                 values=[learning_rate * factor**i for i in range(len(boundaries) + 1)])
  return _made({**_sgd(momentum), **rate})


def _made(changes):
  """Returns Model Garden's defaults with changes; a copy, as they take long to build."""
  config = copy.deepcopy(base.blank(OptimizationConfig))
  config.override(changes)
  return config


def _sgd(momentum):
  return {"optimizer": {"type": "sgd_experimental", "sgd_experimental": {"momentum": momentum}}}


def _poly(learning_rate, steps):
  return _rate("polynomial", initial_learning_rate=learning_rate, decay_steps=steps,
               end_learning_rate=0.0, power=0.9)


def _rate(schedule, **values):
  return {"learning_rate": {"type": schedule, schedule: values}}
