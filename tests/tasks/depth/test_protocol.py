"""Tests of the depth protocol: equality, hash, dict round trip, refusals."""
import dataclasses
import json

import pytest

from keras_weakseg.tasks.depth.protocol import DepthProtocol
from keras_weakseg.tasks.segmentation.protocol import Protocol

OTHERS = [{"size": (192, 640)}, {"flip": True}, {"crop": "garg"}, {"crop": "eigen"},
          {"min_depth": 0.1}, {"max_depth": 50.0}, {"limit_target": True}, {"scale": "metric"},
          {"scale": "5.4"}]


def test_every_field_is_part_of_the_hash():
  hashes = {DepthProtocol(**values).hash() for values in [{}, *OTHERS]}
  assert len(hashes) == 1 + len(OTHERS)
  assert {name for values in OTHERS for name in values} == {
      field.name for field in dataclasses.fields(DepthProtocol)}
  assert Protocol().hash() not in hashes


def test_equal_protocols_written_differently_have_one_hash():
  written = DepthProtocol(size=[192.0, 640], max_depth=80, scale="5.40")
  plain = DepthProtocol(size=(192, 640), scale=5.4)
  assert written == plain and written.hash() == plain.hash()
  assert plain.scale == "5.4" and isinstance(written.max_depth, float)
  assert written.as_dict()["size"] == [192, 640]


@pytest.mark.parametrize("values", [{}, *OTHERS])
def test_dict_survives_json(values):
  protocol = DepthProtocol(**values)
  assert DepthProtocol.from_dict(json.loads(json.dumps(protocol.as_dict()))) == protocol


@pytest.mark.parametrize("values, words", [
    ({"size": (192,)}, "whole pixels"), ({"size": 192}, "list of numbers"),
    ({"size": (192.5, 640)}, "whole pixels"), ({"crop": "grag"}, "Did you mean 'garg'"),
    ({"min_depth": 0.0}, "range of depths is empty"), ({"min_depth": 90}, "range of depths"),
    ({"scale": "meidan"}, "Expected: 'median', 'metric', or a number"),
    ({"scale": "-1"}, "number > 0"), ({"scale": "nan"}, "number > 0"),
    ({"scale": "inf"}, "number > 0"), ({"scale": None}, "number > 0")])
def test_values_that_cannot_be_used_are_refused(values, words):
  with pytest.raises(ValueError, match=words):
    DepthProtocol(**values)


def test_unknown_field_names_the_nearest():
  with pytest.raises(ValueError, match="Did you mean 'crop'"):
    DepthProtocol.from_dict({"crops": "garg"})


def test_description_tells_what_was_done():
  text = DepthProtocol(size=(192, 640), flip=True, limit_target=True, scale="5.4").describe()
  for part in ("size 192x640", "flip", "no crop", "0.001..80 m, truth limited", "times 5.4"):
    assert part in text
  assert "the model's metres" in DepthProtocol(scale="metric").describe()
