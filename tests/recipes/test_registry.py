"""Recipes are found by name."""
import pytest

from keras_weakseg.configs import overrides
from keras_weakseg.recipes import registry


def test_the_named_recipe_makes_the_plan(tiny_data, tiny_overrides):
  experiment = overrides.resolve("own_data", overrides=tiny_overrides)
  plan = registry.make_plan(experiment, tiny_data)
  assert [phase.name for phase in plan.phases] == ["train"] and plan.source is tiny_data


def test_an_unknown_recipe_is_refused_with_the_nearest(tiny_data, tiny_overrides):
  experiment = overrides.resolve("own_data", overrides={**tiny_overrides, "recipe": "singel_phase"})
  with pytest.raises(ValueError, match="no recipe 'singel_phase'(?s:.*)'single_phase'"):
    registry.make_plan(experiment, tiny_data)
