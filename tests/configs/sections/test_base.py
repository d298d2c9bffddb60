"""Sections made from signatures: what they hold, and what their checks refuse."""
import copy
from typing import Annotated, Tuple

import pytest

from keras_weakseg.configs import conversion
from keras_weakseg.configs.sections import base
from keras_weakseg.options import Count, OneOf


def soften(image, *, strength: Count = 2, mode: Annotated[str, OneOf(("mean", "max"))] = "mean",
           sizes: Tuple[int, ...] = (3, 3)):
  """Softens."""
  del image, strength, mode, sizes


class Filter(base.Choice):
  """Which filter."""
  own = {"share": 0.5}

  @classmethod
  def homes(cls):
    return {"soften": base.section_of(soften, "soften")}


class Filters(base.Named):
  """Filters by name."""
  element = Filter


def test_a_section_has_the_defaults_of_the_signature():
  section = base.section_of(soften, "soften")()
  assert section.as_dict() == {"strength": 2, "mode": "mean", "sizes": (3, 3)}
  assert base.section_of(soften, "soften") is type(section)
  assert type(section).__doc__ == "Softens."


@pytest.mark.parametrize("value, words", [
    ({"strength": 0}, "(?s)'at.strength'.*1 or more.*0"), ({"mode": "maxx"}, "mean 'max'|'max'")])
def test_checks_name_key_value_and_fix(value, words):
  section = base.section_of(soften, "soften")(**value)
  with pytest.raises(ValueError, match=words):
    base.check(section, "at")
  assert base.check(base.section_of(soften, "soften")(), "at") is None


def test_a_choice_holds_all_and_shows_one():
  chosen = Filter("soften", soften={"strength": 5})
  assert chosen.options()["strength"] == 5
  assert chosen.as_dict() == {
      "type": "soften", "share": 0.5, "soften": {"strength": 5, "mode": "mean", "sizes": (3, 3)}}
  assert Filter().as_dict() == {"type": None, "share": 0.5}
  copied = copy.deepcopy(chosen)
  copied.soften.strength = 7
  assert chosen.soften.strength == 5 and copied.as_dict()["soften"]["strength"] == 7


def test_sections_by_name_grow_as_they_are_named():
  filters = Filters(first=Filter("soften"))
  conversion.apply(filters, {"second": {"type": "soften", "soften": {"strength": 9}},
                             "first": {"soften": {"sizes": [1, 2]}}})
  assert [name for name, _ in filters.items()] == ["first", "second"]
  assert filters.get("second").get().strength == 9 and filters.get("third") is None
  assert filters.get("first").get().sizes == (1, 2)
  with pytest.raises(ValueError, match="Did you mean 'first.soften.strength'"):
    conversion.apply(filters, {"first": {"soften": {"strenght": 1}}})
  with pytest.raises(ValueError, match="(?s)'second.soften.strength' has the wrong type"):
    conversion.apply(filters, {"second": {"soften": {"strength": "much"}}})
