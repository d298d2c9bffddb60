"""The optimizers and learning-rate schedules of the papers, as Model Garden's configuration."""
from official.modeling.optimization import OptimizationConfig


def sgd(learning_rate, steps, *, power=0.9, momentum=0.9):
  """Returns SGD with momentum and the "poly" schedule of DeepLab-v2.

  `rate = learning_rate (1 - step / steps)^power` (Chen et al., arXiv:1606.00915, section 4.1).

  Args:
    learning_rate: at the first step.
    steps: after these it is zero.
    power: exponent of the decay.
    momentum: of SGD.

  Example:
    >>> sgd(0.01, 6000).learning_rate.type
    'polynomial'
  """
  return _with_momentum(momentum, "polynomial", {
      "initial_learning_rate": learning_rate, "decay_steps": steps,
      "end_learning_rate": 0.0, "power": power})


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
    return _with_momentum(momentum, "constant", {"learning_rate": learning_rate})
  return _with_momentum(momentum, "stepwise", {
      "boundaries": boundaries,
      "values": [learning_rate * factor**i for i in range(len(boundaries) + 1)]})


def _with_momentum(momentum, schedule, values):
  return OptimizationConfig({
      "optimizer": {"type": "sgd_experimental", "sgd_experimental": {"momentum": momentum}},
      "learning_rate": {"type": schedule, schedule: values}})
