"""Recipes by name."""
from keras_weakseg import errors
from keras_weakseg.recipes import single_phase
from keras_weakseg.recipes import staged

RECIPES = {"single_phase": single_phase.plan, "staged": staged.plan}


def make_plan(experiment, given=None):
  """Returns the `Plan` of an experiment.

  Args:
    experiment: `schema.Experiment`.
    given: a data source instead of the configured ones.

  Raises:
    ValueError: there is no recipe of that name.
  """
  if experiment.recipe not in RECIPES:
    raise errors.unknown_name("recipe", experiment.recipe, RECIPES)
  return RECIPES[experiment.recipe](experiment, given)
