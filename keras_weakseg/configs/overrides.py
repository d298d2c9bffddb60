"""From a name, YAML files and overrides to one resolved experiment, and back to YAML."""
import copy
import os

import yaml as pyyaml

from official.modeling import hyperparams

from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.configs import conversion
from keras_weakseg.configs import registry
from keras_weakseg.configs import schedule
from keras_weakseg.configs import text
from keras_weakseg.configs.sections import schema
from keras_weakseg.configs.validation import validate
from keras_weakseg.files import text as text_files

__all__ = ["resolve", "from_yaml", "to_yaml", "validate"]

# The key of a YAML file that names the registered experiment it starts from.
BASE = "experiment"


def resolve(name=None, yaml=None, overrides=None):
  """Returns the experiment that a name, YAML files and overrides make together, in this order.

  A learning-rate schedule that nobody overrides is stretched when `training.steps` changes, so
  that a run of 100 steps still ends where the schedule ends.

  Args:
    name: a registered experiment, the path of a YAML file, a `schema.Experiment` (copied), or None
      for the defaults.
    yaml: path of a YAML file or a list of paths; the key `experiment` of a file names its base.
    overrides: dict (nested or with dotted keys), text (`a.b=1,c.d=[2, 3]` or YAML), or a list.

  Returns:
    A `schema.Experiment`, not validated.

  Raises:
    ValueError: an unknown experiment or key, a value of another type, invalid YAML, or a key of a
      choice that is not taken.
    FileNotFoundError: a YAML file is missing.

  Example:
    >>> experiment = resolve("em_adapt_scenes", overrides="method.em_adapt.iterations=3")
    >>> experiment.method.get().iterations
    3
  """
  files = [yaml] if isinstance(yaml, (str, os.PathLike)) else list(yaml or ())
  if isinstance(name, os.PathLike) or (isinstance(name, str) and name.endswith((".yaml", ".yml"))):
    files, name = [name] + files, None
  layers = [(_read(paths.expand(path)), os.fspath(path)) for path in files]
  for changes, path in layers:
    base = changes.pop(BASE, None)
    if base is not None and name not in (None, base):
      raise errors.value_error(
          f"{path} starts from another experiment.",
          expected=f"`{BASE}: {_name(name)}` or no such key",
          received=f"`{BASE}: {base}`", fix="Give only one of the two.")
    name = base if name is None else name
  layers.append((text.parse(overrides), "params_override"))
  experiment = _start(name)
  for changes, where in layers:
    _apply(experiment, changes, where)
  _check_effect(experiment, layers[-1][0])
  return experiment


def _apply(experiment, changes, where):
  """Applies changes, and lets schedules follow the steps of every training."""
  before = experiment.training.steps
  of_steps = {step.name: step.training.steps for step in experiment.steps}
  conversion.apply(experiment, changes, where)
  schedule.follow_steps(experiment, before, changes)
  given = changes.get("steps", {})
  if not isinstance(given, dict):  # A whole list: new steps start from the defaults.
    if len(given) != len(of_steps):
      of_steps = {}
    given = dict(enumerate(given))
  for index, step in enumerate(experiment.steps):
    schedule.follow_steps(step, of_steps.get(step.name, schema.Training().steps),
                          given.get(index, given.get(step.name, {})))


def from_yaml(content, where="the YAML text"):
  """Returns the `schema.Experiment` of a YAML text, as `to_yaml` writes it.

  Raises:
    ValueError: invalid YAML, an unknown key, a value of another type.
  """
  changes = text.parse(text.load_yaml(content, where))
  experiment = _start(changes.pop(BASE, None))
  _apply(experiment, changes, where)
  return experiment


def to_yaml(experiment):
  """Returns the experiment as safe YAML; `from_yaml` gives the same experiment back.

  Of a section with a `type` only the choice is written.

  Example:
    >>> from_yaml(to_yaml(schema.Experiment(seed=5))).seed
    5
  """
  return pyyaml.safe_dump(_plain(experiment.as_dict()), sort_keys=False, default_flow_style=None,
                          width=100, allow_unicode=True)


def _plain(value):
  """Returns nested dicts, lists and scalars only: safe YAML has no tuples."""
  if isinstance(value, dict):
    return {key: _plain(item) for key, item in value.items()}
  if isinstance(value, (list, tuple)):
    return [_plain(item) for item in value]
  return value


def _read(path):
  if not os.path.isfile(path):
    raise errors.missing(
        "The configuration file does not exist.", expected="a YAML file",
        received=os.path.abspath(path),
        fix="Check the path; `keras-weakseg experiments` lists names.")
  content = text_files.read_text(path, "configuration file")
  return text.parse(text.load_yaml(content, os.fspath(path)))


def _start(name):
  if name is None:
    return schema.Experiment()
  return copy.deepcopy(name) if isinstance(name, schema.Experiment) else registry.build(name)


def _name(name):
  return name.name if isinstance(name, schema.Experiment) else name


def _check_effect(section, changes, path=""):
  """Raises if the last layer changes a choice that is not taken: it would do nothing."""
  for key, value in changes.items():
    inner = vars(section).get(key)
    full = f"{path}.{key}" if path else str(key)
    if not isinstance(inner, hyperparams.Config) or not isinstance(value, dict):
      continue
    if isinstance(section, hyperparams.OneOfConfig) and key != section.type:
      raise errors.value_error(
          f"'{full}' would have no effect.",
          expected=f"keys of '{path}.{section.type}', the choice taken",
          received=f"'{full}.{next(iter(value), '')}'", fix=f"Also set `{path}.type={key}`.")
    _check_effect(inner, value, full)
