"""Plain values become dataclasses of the right types only."""
import dataclasses
from typing import Dict, List, Union

import pytest

from keras_weakseg.benchmark import typed


@dataclasses.dataclass(frozen=True)
class Section:
  """Of every type once."""
  text: str
  number: float = 1.0
  many: List[int] = dataclasses.field(default_factory=list)
  table: Dict[str, float] = dataclasses.field(default_factory=dict)
  either: Union[str, float] = ""


def test_values_of_the_right_types_are_kept():
  made = typed.make(Section, {"number": 3, "many": [1], "table": {"a": 2}, "either": 0.5}, "here",
                    text="t")
  assert made == Section("t", 3, [1], {"a": 2}, 0.5)


@pytest.mark.parametrize("given, expected", [
    ([], "here is of another type"), ({}, "here has no `text`"),
    ({"text": "t", "number": True}, "`number` of here"), ({"text": 1}, "`text` of here"),
    ({"text": "t", "many": [1, "2"]}, "an entry of `many`"),
    ({"text": "t", "table": {"a": "b"}}, "an entry of `table`"),
    ({"text": "t", "either": []}, "text or a number"), ({"txet": "t"}, "Did you mean 'text'")])
def test_others_are_refused(given, expected):
  with pytest.raises(ValueError, match=f"(?s){expected}"):
    typed.make(Section, given, "here")
