"""The steps of "depth knowledge for person parts", whatever the data and the networks.

Model-Depth learns depth; Model-Seg learns parts from colours, loses channels in small steps with
training between them, gets the depth that Model-Depth sees as a fourth channel, and is trained on.
"""
import copy

from keras_weakseg.configs.sections import schema

DEPTH, COLOURS, WIDE = "depth", "colours", "wide"


def train_step(name, experiment, *, continues="", training=None):
  """Returns a step that trains the network of an experiment on its data.

  Args:
    name: of the step.
    experiment: `schema.Experiment`.
    continues: the step whose network it goes on with.
    training: `schema.Training`; None = that of the experiment.
  """
  return schema.Step(
      name=name, parts=copy.deepcopy(experiment.data.parts),
      network=schema.going_on(experiment.network, continues),
      method=copy.deepcopy(experiment.method),
      training=copy.deepcopy(training or experiment.training))


def pruning_steps(experiment, before, channels, training, **options):
  """Returns pairs of steps: some channels go, and what is left is trained on.

  Args:
    experiment: `schema.Experiment`.
    before: name of the step whose network is pruned first.
    channels: for each pair, the share of channels that stay (rounded to multiples in the last
      pair alone), or their number (an int).
    training: `schema.Training` after each pruning.
    **options: of `derived.pruned.Pruned`.
  """
  steps = []
  for number, kept in enumerate(channels, start=1):
    amount = {"channels": kept} if isinstance(kept, int) else {"keep": kept}
    if not isinstance(kept, int) and number < len(channels):
      amount["multiple_of"] = 1  # Rounded each time, small groups would never lose any.
    steps.append(schema.Step(name=f"prune_{number}", reads=(before,),
                             make=schema.make("pruned", **{**options, **amount})))
    before = f"tune_{number}"
    steps.append(train_step(before, experiment, continues=f"prune_{number}", training=training))
  return steps


def continued(experiment, training):
  """Changes an experiment to one that `training` goes on with: what the others are compared with.

  Returns:
    The experiment.
  """
  experiment.steps = [train_step(COLOURS, experiment)]
  experiment.network = schema.going_on(experiment.network, COLOURS)
  experiment.training = training
  return experiment


def pruned(experiment, channels, training, **options):
  """Changes an experiment to one that prunes; its own training comes after the last pruning.

  Args:
    experiment: `schema.Experiment` on colours alone.
    channels, options: see `pruning_steps`.
    training: `schema.Training` after each pruning.

  Returns:
    The experiment.
  """
  steps = [train_step(COLOURS, experiment),
           *pruning_steps(experiment, COLOURS, channels, training, **options)]
  experiment.steps = steps[:-1]
  experiment.network, experiment.training = steps[-1].network, steps[-1].training
  return experiment


def with_depth(experiment, depth, channels, tuning, training, **options):
  """Changes an experiment to the whole recipe: its own training sees colours and depth.

  Args:
    experiment: `schema.Experiment` on colours alone; its training is the first of Model-Seg.
    depth: `schema.Step` that trains Model-Depth, or names a run that has.
    channels: see `pruning_steps`; empty = the network keeps all.
    tuning: `schema.Training` after each pruning.
    training: `schema.Training` with depth.
    **options: of the pruning.

  Returns:
    The experiment.
  """
  depth.name = DEPTH
  steps = [train_step(COLOURS, experiment),
           *pruning_steps(experiment, COLOURS, channels, tuning, **options)]
  # Depth is late: suites share what is the same from the first step on, such as that of colours.
  steps += [depth, schema.Step(name=WIDE, reads=(steps[-1].name, DEPTH),
                               make=schema.make("widened"))]
  experiment.network = schema.going_on(experiment.network, WIDE)
  experiment.training, experiment.steps = training, steps
  return experiment
