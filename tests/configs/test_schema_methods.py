"""The sections of the methods: one for every method, with the constants of its class."""
import pytest

from keras_weakseg.configs import schema
from keras_weakseg.configs import schema_methods
from keras_weakseg.methods import registry


@pytest.mark.parametrize("name", sorted(registry.METHODS))
def test_a_section_has_the_options_of_its_method(name):
  """An option that only one side knows would never be used, or be refused when it is set."""
  section = schema_methods.Method(type=name).get().as_dict()
  frame = {"parts", "part_weights", "stride", "scorer", "readings", "seed", "accumulation"}
  options = {}
  for cls in registry.METHODS[name].__mro__:
    if cls.__module__.startswith("keras_weakseg.methods"):
      options = {**registry.own_options(cls), **options}
  wanted = {key: value for key, value in options.items() if key not in frame}
  listed = {key: tuple(v) if isinstance(v, list) else v for key, v in section.items()}
  assert listed == wanted


def test_the_schema_offers_these_sections():
  assert schema.Method is schema_methods.Method
  assert type(schema.Experiment().method) is schema_methods.Method
