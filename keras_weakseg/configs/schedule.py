"""A learning-rate schedule follows the length of the training, unless it is set itself."""


def follow_steps(experiment, old_steps, changes):
  """Stretches the schedule after `training.steps` was changed, in place.

  Decay lengths equal to the old number of steps become the new one; the boundaries of a stepwise
  schedule keep their place as a share of the training.

  Args:
    experiment: a `schema.Experiment` with the new number of steps.
    old_steps: the number before the change.
    changes: the nested dict that was applied; if it touches the schedule, nothing is done.
  """
  steps = experiment.training.steps
  optimization = changes.get("training", {}).get("optimization", {})
  rate = experiment.training.optimization.learning_rate
  if steps == old_steps or "learning_rate" in optimization or not rate.type:
    return
  if old_steps < 1 or steps < 1:
    return
  chosen = rate.get()
  if getattr(chosen, "decay_steps", None) == old_steps:
    chosen.decay_steps = steps
  if getattr(chosen, "boundaries", None):
    boundaries = [round(boundary * steps / old_steps) for boundary in chosen.boundaries]
    # Boundaries must rise strictly, also when a long schedule is squeezed into a few steps.
    for i in range(1, len(boundaries)):
      boundaries[i] = max(boundaries[i], boundaries[i - 1] + 1)
    chosen.boundaries = boundaries
