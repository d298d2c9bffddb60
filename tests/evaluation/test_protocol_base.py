"""Tests of what all protocols share; the hashes of stored numbers stay as they are."""
import dataclasses

import pytest

from keras_weakseg.evaluation import protocol_base
from keras_weakseg.tasks.depth.protocol import DepthProtocol
from keras_weakseg.tasks.segmentation.protocol import Protocol


def test_hashes_that_are_written_beside_numbers_stay():
  assert Protocol().hash() == "3ad0c789cef4"
  assert Protocol(scales=(0.5, 1), flip=True).hash() == "3b17cd20f405"
  assert DepthProtocol().hash() == "43510f5072a2"


@dataclasses.dataclass(frozen=True)
class Values(protocol_base.HashedValues):
  """Two plain fields."""
  size: tuple = ()
  name: str = "a"


@dataclasses.dataclass(frozen=True)
class NewValues(Values):
  """The same fields, other numbers."""
  VERSION = 2


def test_a_new_version_has_another_hash():
  assert NewValues().as_dict() == Values().as_dict()
  assert NewValues().hash() != Values().hash()


def test_lists_and_tuples_are_one():
  assert Values((1, 2)).as_dict() == {"size": [1, 2], "name": "a"}
  assert Values([1, 2]).hash() == Values((1, 2)).hash()
  assert len({Values(size, name).hash() for size in ((), (1,)) for name in "ab"}) == 4


def test_a_protocol_passes_through_and_unknown_fields_do_not():
  values = Values(name="b")
  assert Values.from_dict(values) is values
  with pytest.raises(ValueError, match="(?s)field of a protocol 'nam'.*Did you mean 'name'"):
    Values.from_dict({"nam": "b"})


def test_numbers_are_lists():
  assert protocol_base.numbers("size", [3, 4.5]) == (3.0, 4.5)
  for wrong in (3, ["a"], None):
    with pytest.raises(ValueError, match=r"(?s)protocol's size.*list of numbers.*size=\(\.\.\.\)"):
      protocol_base.numbers("size", wrong)
