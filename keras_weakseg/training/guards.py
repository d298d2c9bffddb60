"""Stops training at the first number that is not finite."""
import math

from keras_weakseg import errors


class NonFiniteError(ArithmeticError):
  """A loss term became NaN or infinite."""


def check_finite(logs, step, sample_ids):
  """Checks the figures of one step.

  Args:
    logs: dict of name to float.
    step: the step they belong to.
    sample_ids: function of a step that returns the ids of its batch.

  Raises:
    NonFiniteError: names the terms and the samples of the batch.
  """
  bad = [name for name, value in logs.items() if not math.isfinite(value)]
  if not bad:
    return
  terms = [name for name in bad if name != "loss"] or bad
  raise NonFiniteError(errors.describe(
      f"The loss is not finite at step {step}: {', '.join(terms)}.",
      expected="finite numbers",
      received=", ".join(f"{name} = {logs[name]}" for name in terms)
      + "; samples of the batch: " + ", ".join(sample_ids(step)),
      fix="Lower the learning rate or look at these samples. The last complete checkpoint is "
          "from before this step."))
