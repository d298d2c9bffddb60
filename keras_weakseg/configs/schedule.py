"""Schedules follow the length of the training, unless they are set themselves."""

WARMUP = "warmup_steps"


def follow_steps(experiment, old_steps, changes):
  """Stretches the schedules after `training.steps` was changed, in place.

  Decay lengths of the learning rate equal to the old number of steps become the new one; the
  boundaries of a stepwise schedule and the warm-up of a method keep their share of the training.

  Args:
    experiment: a `schema.Experiment` with the new number of steps.
    old_steps: the number before the change.
    changes: the nested dict that was applied; what it touches is left as it is.
  """
  steps = experiment.training.steps
  if steps == old_steps or old_steps < 1 or steps < 1:
    return
  for name, section in vars(experiment.method).items():
    if hasattr(section, WARMUP) and WARMUP not in changes.get("method", {}).get(name, {}):
      setattr(section, WARMUP, round(getattr(section, WARMUP) * steps / old_steps))
  optimization = changes.get("training", {}).get("optimization", {})
  rate = experiment.training.optimization.learning_rate
  if "learning_rate" not in optimization and rate.type:
    _stretch_rate(rate.get(), old_steps, steps)


def _stretch_rate(chosen, old_steps, steps):
  if getattr(chosen, "decay_steps", None) == old_steps:
    chosen.decay_steps = steps
  if getattr(chosen, "boundaries", None):
    boundaries = [round(boundary * steps / old_steps) for boundary in chosen.boundaries]
    # Boundaries must rise strictly, also when a long schedule is squeezed into a few steps.
    for i in range(1, len(boundaries)):
      boundaries[i] = max(boundaries[i], boundaries[i - 1] + 1)
    chosen.boundaries = boundaries
