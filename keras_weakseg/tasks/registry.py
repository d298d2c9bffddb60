"""The tasks by name: what a predictor is for, found by its network's role or by its model."""
import types

from keras_weakseg import errors

_TASKS = {}


def register(task):
  """Adds a task; everything else finds it by the role of a network, a model or a name.

  Args:
    task: `task.Task`, or an object with its attributes and methods.

  Returns:
    The task.

  Raises:
    ValueError: its name, one of its roles or its type of model belongs to another task.
  """
  for other in _TASKS.values():
    taken = [f"name '{task.name}'"] if task.name == other.name else []
    taken += [f"role '{role}'" for role in task.roles if role in other.roles]
    if task.model_type is other.model_type:
      taken.append(f"model {task.model_type.__name__}")
    if taken:
      raise errors.value_error(
          f"The task '{task.name}' cannot be registered.",
          expected="a name, roles and a type of model of its own",
          received=", ".join(taken) + f", of the task '{other.name}'",
          fix="Choose others, or unregister that task first.")
  _TASKS[task.name] = task
  return task


def unregister(name):
  """Removes a task, such as one that a test has added.

  Raises:
    ValueError: there is no such task.
  """
  by_name(name)
  del _TASKS[name]


def names():
  """Returns the sorted names of all tasks.

  Example:
    >>> names()
    ['depth', 'segmentation', 'tags']
  """
  return sorted(_TASKS)


def by_name(name):
  """Returns the task of a name, as artifacts have it in their document.

  Raises:
    ValueError: there is no task of this name; the nearest one is named.
  """
  errors.check_name("task", name, _TASKS)
  return _TASKS[name]


def of_role(role):
  """Returns the task of networks of a role.

  Args:
    role: of a `NetworkRecord`.

  Raises:
    ValueError: no task evaluates networks of this role.

  Example:
    >>> of_role("multitask").name
    'segmentation'
  """
  for task in _TASKS.values():
    if role in task.roles:
      return task
  raise errors.value_error(
      f"There is no task for networks of the role '{role}'.",
      expected="one of " + ", ".join(sorted(role for task in _TASKS.values()
                                            for role in task.roles)),
      received=repr(role), fix="Name a network that is evaluated, or register a task for the role.")


def of_record(record):
  """Returns the task of a network.

  Args:
    record: `NetworkRecord`.
  """
  return of_role(record.role)


def of_model(model):
  """Returns the task of a model that evaluate, predict and export work on.

  Args:
    model: instance of a task's `model_type`.

  Raises:
    ValueError: it is no model of any task.
  """
  for task in _TASKS.values():
    if isinstance(model, task.model_type):
      return task
  raise errors.value_error(
      "This is no model of a task.", expected="one of " + ", ".join(
          sorted(task.model_type.__name__ for task in _TASKS.values())),
      received=type(model).__name__, fix="Pass what fit or load_artifact returned.")


def all_tasks():
  """Returns a read-only dict of name to task."""
  return types.MappingProxyType(_TASKS)
