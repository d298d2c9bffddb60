"""Experiments by name, kept in Model Garden's own registry.

`exp_factory.get_exp_config(name)` therefore finds ours too. A factory is called anew for every
look-up, so a config may be changed freely.
"""
import functools
import typing

from official.core import exp_factory

from keras_weakseg import errors
from keras_weakseg import options as option_lib

_DESCRIPTIONS = {}
_RECIPES = {}


def register(name, description):
  """Returns a decorator that registers a function without arguments as the experiment `name`.

  Args:
    name: the name for `fit`, `resolve` and the command line.
    description: one line for listings; also written into the config.

  Returns:
    A decorator of functions that return a `schema.Experiment`.

  Raises:
    KeyError: the name is taken.
  """

  def decorator(factory):

    @functools.wraps(factory)
    def named():
      experiment = factory()
      experiment.name = name
      experiment.description = description
      return experiment

    exp_factory.register_config_factory(name)(named)
    _DESCRIPTIONS[name] = description
    return named

  return decorator


def register_all(rows, counts=()):
  """Registers the rows of a table.

  Args:
    rows: dict of name to (description, function that returns the `schema.Experiment`).
    counts: ints; every row is registered once for each, which takes the place of `{}` in its name
      and description, and which its function is called with. Empty = rows are what they are.
  """
  for name, (description, factory) in rows.items():
    if not counts:
      register(name, description)(factory)
    for count in counts:
      register(name.format(count), description.format(count))(functools.partial(factory, count))


def build(name):
  """Returns a fresh `schema.Experiment` of a registered name.

  Raises:
    ValueError: the name is unknown; the nearest one is given.

  Example:
    >>> build("em_adapt_scenes").method.type
    'em_adapt'
  """
  errors.check_name("experiment", name, _DESCRIPTIONS)
  return exp_factory.get_exp_config(name)


def register_recipe(name):
  """Returns a decorator that registers a function as the recipe `name` for somebody's own data.

  The function returns a `schema.Experiment` whose sources are named and stand for what the user
  brings; its annotated keywords are the options of the recipe.

  Args:
    name: for `fit(recipe=...)` and the command line.
  """

  def decorator(function):
    _RECIPES[name] = function
    return function

  return decorator


def recipes():
  """Returns the recipes for own data: a dict of name to what it does."""
  return {name: (function.__doc__ or "").split("\n", maxsplit=1)[0]
          for name, function in sorted(_RECIPES.items())}


def build_recipe(name, options):
  """Returns the `schema.Experiment` of a recipe.

  Args:
    name: of the recipe.
    options: dict of its options.

  Raises:
    ValueError: the recipe or an option is unknown, or a value cannot be used.
  """
  errors.check_name("recipe", name, _RECIPES)
  known = option_lib.options_of(_RECIPES[name])
  for key, value in options.items():
    errors.check_name(f"option of the recipe '{name}'", key, known)
    kind = typing.get_origin(known[key].type) or known[key].type
    if isinstance(value, (str, bytes)) and kind in (list, tuple):
      raise errors.value_error(  # Python would take it for a list of its letters.
          f"The option '{key}' of the recipe '{name}' is one text.", expected="a list of texts",
          received=repr(value), fix=f"Pass {key}=[{value!r}].")
    for check in known[key].checks:
      if check.problem(value) is not None:
        raise errors.value_error(
            f"The option '{key}' of the recipe '{name}' is out of range.",
            expected=check.problem(value), received=value, fix=f"Pass {key}= with such a value.")
  experiment = _RECIPES[name](**options)
  experiment.name, experiment.description = name, recipes()[name]
  return experiment


def experiments():
  """Returns the sorted names of all registered experiments.

  Example:
    >>> "em_adapt_scenes" in experiments()
    True
  """
  return sorted(_DESCRIPTIONS)


def descriptions():
  """Returns a dict of every experiment's name to its description, sorted by name."""
  return {name: _DESCRIPTIONS[name] for name in experiments()}
