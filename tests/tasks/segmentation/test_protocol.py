"""Tests of the protocol: equality, hash, dict round trip, refusals."""
import dataclasses
import hashlib
import json
import subprocess
import sys

import pytest

from keras_weakseg.configs.sections import schema
from keras_weakseg.tasks.segmentation import protocol as protocols

Protocol = protocols.Protocol
OTHERS = [{"size": (33, 41)}, {"scales": (0.5, 1.0)}, {"flip": True}, {"window": (96, 96)},
          {"window": (96, 96), "window_stride": (48, 48)}, {"crf": "deeplab_msc"},
          {"crf": "bilateral_xy=60"}, {"present_only": True}, {"ignore": 250},
          {"inference_steps": 10}]


def test_every_field_is_part_of_the_hash():
  hashes = {Protocol(**values).hash() for values in [{}, *OTHERS]}
  assert len(hashes) == 1 + len(OTHERS)
  assert {name for values in OTHERS for name in values} == {
      field.name for field in dataclasses.fields(Protocol)}


def test_a_field_that_came_later_changes_no_older_hash():
  older = {"version": 1, "size": [], "scales": [1.0], "flip": True, "window": [],
           "window_stride": [], "crf": "", "present_only": False, "ignore": 255}
  text = json.dumps(older, sort_keys=True)
  assert Protocol(flip=True).hash() == hashlib.sha256(text.encode()).hexdigest()[:12]
  assert "inference_steps" not in Protocol().as_dict()
  assert "10 steps of inference" in Protocol(inference_steps=10).describe()


def test_equal_protocols_written_differently_have_one_hash():
  assert Protocol(scales=[1], size=[33.0, 41]).hash() == Protocol(scales=(1.0,),
                                                                  size=(33, 41)).hash()
  assert Protocol(window=(96, 48)).hash() == Protocol(window=(96, 48),
                                                      window_stride=(64, 32)).hash()
  assert Protocol(window=(96, 48)) == Protocol(window=[96, 48], window_stride=[64, 32])


def test_equal_crfs_written_differently_have_one_hash():
  written = Protocol(crf="bilateral_xy=49.0, spatial_weight=3,bilateral_weight=4,bilateral_rgb=5")
  assert written == Protocol(crf="deeplab_largefov") and written.crf == "deeplab_largefov"
  short, long = Protocol(crf="bilateral_xy=60"), Protocol(crf="iterations=10,bilateral_xy=60.0")
  assert short == long and short.hash() == long.hash() != written.hash()


def test_hash_is_the_same_in_another_process():
  code = ("from keras_weakseg.tasks.segmentation.protocol import Protocol;"
          "print(Protocol(scales=(.5, 1), flip=True).hash())")
  found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
  assert found.stdout.split()[-1] == Protocol(scales=(0.5, 1), flip=True).hash()


@pytest.mark.parametrize("values", [{}, *OTHERS])
def test_dict_survives_json(values):
  protocol = Protocol(**values)
  assert Protocol.from_dict(json.loads(json.dumps(protocol.as_dict()))) == protocol


def test_configuration_has_the_same_fields_and_defaults():
  config = schema.Protocol().as_dict()
  assert set(config) == {field.name for field in dataclasses.fields(Protocol)} - {"ignore"}
  assert Protocol.from_dict(config) == Protocol()


@pytest.mark.parametrize("values, words", [
    ({"inference_steps": -1}, "0 or more steps"),
    ({"scales": ()}, "positive factor"), ({"scales": 1.0}, "list of numbers"),
    ({"window": (96,)}, "whole pixels"), ({"window": (8, 8), "window_stride": (9, 8)}, "at most"),
    ({"size": ("a", 2)}, "list of numbers"), ({"size": (12.5, 2)}, "whole pixels"),
    ({"crf": "deeplab_mcs"}, "Did you mean 'deeplab_msc'"),
    ({"crf": "bilateral_xy=-1"}, "bilateral_xy cannot be used")])
def test_values_that_cannot_be_used_are_refused(values, words):
  with pytest.raises(ValueError, match=words):
    Protocol(**values)


def test_unknown_field_names_the_nearest():
  with pytest.raises(ValueError, match="Did you mean 'scales'"):
    Protocol.from_dict({"scale": [1.0]})


def test_description_tells_what_differs_from_the_default():
  text = Protocol(size=(33, 41), window=(96, 96), crf="cam", present_only=True).describe()
  for part in ("size 33x41", "single scale", "window 96x96 every 64x64", "CRF cam", "in truth,"):
    assert part in text


@pytest.mark.parametrize("classes", [
    ("background", "Left arm", "right arm"), ("face", "right-leg", "left-leg"),
    ("shoe_left", "shoe_right")])
def test_mirrored_views_do_not_mix_left_and_right(classes):
  assert not Protocol().views(classes)["flip"]
  with pytest.raises(ValueError, match="mix left and right.*\nExpected.*Received: flip=True"):
    Protocol(flip=True).views(classes)


def test_other_words_and_lone_sides_may_be_mirrored():
  assert Protocol(flip=True).views(("background", "left arm", "cleft", "cright"))["flip"]
