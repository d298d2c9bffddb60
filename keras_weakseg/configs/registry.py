"""Experiments by name, kept in Model Garden's own registry.

`exp_factory.get_exp_config(name)` therefore finds ours too. A factory is called anew for every
look-up, so a config may be changed freely.
"""
import functools

from official.core import exp_factory

from keras_weakseg import errors

_DESCRIPTIONS = {}


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


def build(name):
  """Returns a fresh `schema.Experiment` of a registered name.

  Raises:
    ValueError: the name is unknown; the nearest one is given.

  Example:
    >>> build("em_adapt_scenes").method.type
    'em_adapt'
  """
  if name not in _DESCRIPTIONS:
    raise errors.unknown_name("experiment", name, _DESCRIPTIONS)
  return exp_factory.get_exp_config(name)


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
