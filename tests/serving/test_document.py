"""Tests of `serving.document`: what the documents of all tasks have in common."""
import pytest

from keras_weakseg.evaluation import protocol_base
from keras_weakseg.serving import document as documents

RECORD = {"name": "tiny", "mean_rgb": (1.0, 2.0, 3.0), "multiple": 8}


def assemble(**changes):
  return documents.assemble("any", **{
      "record": RECORD, "protocol": Protocol(), "metadata": {}, "content": {},
      **changes})


class Protocol(protocol_base.HashedValues):
  """A protocol without fields."""

  def as_dict(self):
    return {"size": [3]}


def test_a_task_adds_what_it_has():
  document = assemble(protocol=Protocol(), content={"classes": ("a", "b")})
  assert document["task"] == "any" and document["classes"] == ["a", "b"]
  assert document["protocol"] == {"size": [3]} and document["multiple"] == 8
  assert document["protocol_hash"] == Protocol().hash()


@pytest.mark.parametrize("record, expected", [
    ({}, "scores"), ({"answers": ""}, "scores"), ({"answers": "probabilities"}, "probabilities")])
def test_older_records_answer_with_what_their_role_does(record, expected):
  assert documents.answers(record, "scores") == expected
