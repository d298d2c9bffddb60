"""Tests of methods by name: every method's options are those of the configuration."""
import pytest

from keras_weakseg.configs import schema
from keras_weakseg.methods import registry


@pytest.mark.parametrize("name", sorted(registry.METHODS))
def test_configuration_and_method_have_the_same_options(name):
  section = schema.Method(type=name).get().as_dict()
  accepted = {}
  for parent in registry.method_class(name).__mro__:
    if "__init__" in vars(parent) and parent.__module__.startswith(
        ("keras_weakseg.methods.em", "keras_weakseg.methods.boxes",
         "keras_weakseg.methods.self_supervised_depth", "keras_weakseg.methods.supervised_depth",
         "keras_weakseg.methods.joint_depth")):
      accepted.update(registry.own_options(parent))
  assert section == accepted


def test_unknown_method_names_the_nearest():
  with pytest.raises(ValueError, match="Did you mean 'em_adapt'"):
    registry.method_class("em_adpat")
