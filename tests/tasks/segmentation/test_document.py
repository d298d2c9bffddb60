"""Tests of `tasks.segmentation.document`: what an artifact says about itself."""
import dataclasses
import json

import numpy as np
import pytest

import keras_weakseg
from keras_weakseg.tasks.segmentation import document as documents
from keras_weakseg.tasks.segmentation import protocol as protocols


def build(kit, **changes):
  arguments = {"classes": kit.classes, "palette": kit.palette, "record": kit.record,
               "protocol": protocols.Protocol(), "metadata": {}, **changes}
  return documents.build(**arguments)


def test_it_survives_json_unchanged_and_names_what_a_client_needs(kit):
  document = build(kit, metadata={"mean_iou": 0.5, "seeds": (1, 2)})
  assert json.loads(json.dumps(document)) == document
  assert document["classes"] == list(kit.classes)
  assert document["palette"] == [list(colour) for colour in kit.palette]
  assert document["mean_rgb"] == [122.0, 116.0, 104.0]
  assert document["ignore"] == 255 and document["task"] == "segmentation"
  assert document["library_version"] == keras_weakseg.__version__
  assert document["network"]["name"] == "tiny"
  assert document["metadata"] == {"mean_iou": 0.5, "seeds": [1, 2]}
  assert protocols.Protocol.from_dict(document["protocol"]) == protocols.Protocol()


def test_the_same_model_gives_the_same_document(kit):
  assert json.dumps(build(kit)) == json.dumps(build(kit))


def test_a_number_that_is_none_becomes_null(kit):
  document = build(kit, metadata={"mean_iou": float("nan"), "loss": float("inf"), "best": 0.25})
  assert document["metadata"] == {"mean_iou": None, "loss": None, "best": 0.25}
  json.dumps(document, allow_nan=False)


def test_the_protocol_changes_the_hash(kit):
  flipped = build(kit, protocol=protocols.Protocol(flip=True))
  assert flipped["protocol"]["flip"] is True
  assert flipped["protocol_hash"] != build(kit)["protocol_hash"]


def test_a_record_may_be_a_dataclass(kit):
  @dataclasses.dataclass
  class Record:
    mean_rgb: tuple = (1.0, 2.0, 3.0)
    multiple: int = 16
    preprocessing: str = "caffe"

  document = build(kit, record=Record())
  assert document["multiple"] == 16 and document["preprocessing"] == "caffe"


@pytest.mark.parametrize("changes, message", [
    ({"classes": ("background", "cat", "cat", "bird")}, "class names"),
    ({"classes": ("background",), "palette": ((0, 0, 0),)}, "class names"),
    ({"classes": [str(number) for number in range(256)]}, "class names"),
    ({"palette": ((0, 0, 0),)}, "palette"),
    ({"palette": ((0, 0, 0), (0, 0, 256), (1, 1, 1), (2, 2, 2))}, "palette"),
    ({"palette": ((0, 0), (0, 1), (1, 1), (2, 2))}, "palette"),
    ({"record": {"multiple": 8}}, "mean_rgb"),
    ({"record": {"mean_rgb": (0, 0, 0)}}, "multiple"),
    ({"metadata": {"matrix": np.zeros(2)}}, "JSON"),
])
def test_what_cannot_be_used_is_refused_in_the_form_of_the_house(kit, changes, message):
  with pytest.raises(ValueError, match=rf"(?s){message}.*\nExpected: .*Received: .*\n.+"):
    build(kit, **changes)
