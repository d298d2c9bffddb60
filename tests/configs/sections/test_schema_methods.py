"""The section of methods: what is registered can be chosen, with the options of its class."""
import inspect

import pytest

from keras_weakseg.configs.sections import schema
from keras_weakseg.configs.sections import schema_methods
from keras_weakseg.methods import registry
from keras_weakseg.methods import supervised
from keras_weakseg.options import Count


@pytest.mark.parametrize("name", sorted(registry.METHODS))
def test_a_method_takes_what_its_section_holds(name):
  """Independent of how sections are made: every option is a keyword of some constructor."""
  accepted = set()
  for cls in registry.METHODS[name].__mro__:
    for home in (cls, *vars(cls).get("option_homes", ())):
      if "__init__" in vars(home) and home.__module__.startswith("keras_weakseg"):
        accepted |= {p.name for p in inspect.signature(home.__init__).parameters.values()
                     if p.kind is inspect.Parameter.KEYWORD_ONLY}
  section = schema_methods.Method(type=name).get().as_dict()
  assert set(section) == accepted - {"compiled"}


def test_constants_are_those_of_the_papers():
  assert schema.method("em_fixed").options() == {
      "background_bias": 3.0, "foreground_bias": 5.0, "censor_absent": False}
  assert schema.method("self_supervised_depth").get().smoothness == 1e-3


def test_the_schema_offers_these_sections():
  assert schema.Method is schema_methods.Method
  assert type(schema.Experiment().method) is schema_methods.Method
  assert type(schema.EMFixed()) is type(schema.Method().em_fixed)
  with pytest.raises(AttributeError, match="EMFixd"):
    schema.EMFixd  # pylint: disable=pointless-statement


def test_a_method_of_somebody_else_is_a_choice_with_checks(monkeypatch):
  class Mine(supervised.Supervised):
    """Mine.

    Args:
      context: as ever.
      patience: how much.
    """

    def __init__(self, context, *, patience: Count = 3):
      super().__init__(context)
      self.patience = patience

  monkeypatch.setitem(registry.METHODS, "mine", Mine)
  from keras_weakseg.configs import overrides
  experiment = overrides.resolve("own_data", overrides="method.type=mine,method.mine.patience=5")
  assert experiment.method.options() == {"patience": 5}
  assert "patience: 5" in overrides.to_yaml(experiment)
  with pytest.raises(ValueError, match="Did you mean 'method.mine.patience'"):
    overrides.resolve(experiment, overrides="method.mine.patienc=5")
  wrong = overrides.resolve(experiment, overrides="method.mine.patience=0")
  with pytest.raises(ValueError, match="(?s)'method.mine.patience'.*Expected: 1 or more.*: 0"):
    overrides.validate(wrong)
