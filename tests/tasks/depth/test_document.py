"""Tests of `tasks.depth.document`: what a depth artifact says about its numbers."""
import json

import pytest

from keras_weakseg.tasks.depth import document as depth_document
from keras_weakseg.tasks.depth import protocol as depth_protocol


def build(kit, record=None, metadata=None, protocol=depth_protocol.DepthProtocol(), **changes):
  model = kit.depth_model(None, **changes)
  return depth_document.build(model=model, record=record or kit.depth_record, protocol=protocol,
                              metadata=metadata or {})


def test_it_names_range_unit_scale_and_protocol(kit):
  protocol = depth_protocol.DepthProtocol(flip=True, crop="garg")
  document = build(kit, metadata={"abs_rel": 0.1}, protocol=protocol)
  assert json.loads(json.dumps(document)) == document
  assert document["task"] == "depth" and "classes" not in document
  assert document["size"] == [32, 64] and document["multiple"] == 16
  assert (document["min_depth"], document["max_depth"], document["factor"]) == (0.5, 50.0, 0.0)
  assert document["depth_range"] == [0.5, 50.0] and document["depth_scale"] == 1024.0
  assert document["unit"] == depth_document.RELATIVE
  assert document["scale_note"] == kit.depth_model(None).scale_note
  assert document["preprocessing"] == "tf" and document["network"]["name"] == "light_depth"
  assert depth_protocol.DepthProtocol.from_dict(document["protocol"]) == protocol
  assert document["protocol_hash"] == protocol.hash()
  assert document["metadata"] == {"abs_rel": 0.1} and document["left_out"] == {}


@pytest.mark.parametrize("factor, depth_range, scale", [
    (2.0, [1.0, 100.0], 256.0), (20.0, [10.0, 1000.0], 64.0), (0.01, [0.005, 0.5], 256.0)])
def test_a_factor_makes_metres(kit, factor, depth_range, scale):
  document = build(kit, factor=factor)
  assert document["unit"] == depth_document.METRES
  assert f"{factor:g}" in document["scale_note"] and "metres" in document["scale_note"]
  assert document["depth_range"] == depth_range and document["depth_scale"] == scale
  assert depth_range[1] * scale <= 65535


def test_what_all_documents_need_is_asked_for_here_too(kit):
  with pytest.raises(ValueError, match="(?s)no 'mean_rgb'.*Expected: "):
    build(kit, record={"multiple": 16})
