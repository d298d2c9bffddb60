"""Options that only some tasks take: checked against the signatures that take them."""
import inspect

from keras_weakseg import errors
from keras_weakseg.tasks import registry

# What every task is given, not an option of anybody.
GIVEN = ("protocol", "progress", "record", "metadata")


def names(task, action):
  """Returns the options that a task's action takes.

  Args:
    task: `task.Task`.
    action: name of its method, `predict` or `export`.

  Example:
    >>> names(registry.by_name("depth"), "export")
    ['factor', 'max_pixels', 'broken_images', 'precision', 'fixed_size']
  """
  return [name for name, parameter in inspect.signature(getattr(task, action)).parameters.items()
          if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in GIVEN]


def check(task, action, options):
  """Refuses options that would have no effect.

  Args:
    task: `task.Task`.
    action: name of its method, `predict` or `export`.
    options: dict of those that were asked for.

  Returns:
    The options.

  Raises:
    ValueError: one is not of this task; says of which it is, or the nearest name.
  """
  known = names(task, action)
  others = {name: other.name for other in registry.all_tasks().values()
            for name in names(other, action)}
  foreign = [name for name in options if name not in known]
  for name in foreign:
    if name not in others:
      raise errors.unknown_name(f"option of {action}", name, sorted(others))
  if foreign:
    raise errors.value_error(
        "Some options would have no effect.",
        expected=f"those of a model for {task.name}: " + (", ".join(known) or "none"),
        received=", ".join(foreign), fix="Leave them out, or take a model for "
        + " or ".join(sorted({others[name] for name in foreign})) + ".")
  return options
