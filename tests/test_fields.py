"""Tests of the sample contract: what implies what, what may be read, what a dataset must carry."""
import itertools

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.fields import Supervision

NAMES = {name: value for name, value in vars(fields).items()
         if name.isupper() and isinstance(value, str)}


@pytest.mark.parametrize("text, flags", [
    ("none", 0), ("tags", 1), ("boxes", 2), ("mask", 4), ("depth", 8), ("tags+depth", 9),
    ("TAGS|Mask", 5), (" mask + depth ", 12), ("mask+mask", 4)])
def test_supervision_is_parsed(text, flags):
  assert parse(text) == flags


def parse(text):
  return int(fields.parse_supervision(text))


@pytest.mark.parametrize("text, near", [("masks", "mask"), ("tags+boxs", "boxes"), ("", None)])
def test_an_unknown_kind_names_the_nearest(text, near):
  with pytest.raises(ValueError, match="There is no supervision kind") as error:
    parse(text)
  assert near is None or f"Did you mean '{near}'?" in str(error.value)


def test_grants_follow_the_order_of_strength():
  assert fields.granted(Supervision.MASK) == Supervision.MASK | Supervision.BOXES | Supervision.TAGS
  assert fields.granted(Supervision.BOXES) == Supervision.BOXES | Supervision.TAGS
  for alone in (Supervision.NONE, Supervision.TAGS, Supervision.DEPTH):
    assert fields.granted(alone) == alone


@pytest.mark.parametrize("flags", [np.int32(4), np.uint8(4), tf.constant(4)])
def test_numbers_of_arrays_and_tensors_are_flags(flags):
  assert fields.granted(flags) == 7 and fields.may_read(fields.MASK, flags)


def all_flags():
  return [Supervision(value) for value in range(16)]


def test_grants_are_a_closure():
  """More flags never grant less, and granting twice adds nothing."""
  for flags in all_flags():
    assert fields.granted(fields.granted(flags)) == fields.granted(flags)
    assert flags & fields.granted(flags) == flags
  for first, second in itertools.product(all_flags(), repeat=2):
    joined = fields.granted(first) | fields.granted(second)
    assert fields.granted(first | second) == joined


TAGGED = ("tags", "noisy_tags", "tag_labels")
BOXED = ("boxes", "box_classes", "box_labels")
READABLE = {
    Supervision.NONE: set(),
    Supervision.TAGS: {*TAGGED},
    Supervision.BOXES: {*TAGGED, *BOXED},
    Supervision.MASK: {*TAGGED, *BOXED, "mask", "parts"},
    Supervision.DEPTH: {"depth", "ordinal", "poses"},
}


@pytest.mark.parametrize("flags", READABLE)
def test_what_may_be_read(flags):
  labels = {"mask", *TAGGED, *BOXED, "parts", "depth", "ordinal", "poses"}
  assert {name for name in labels if fields.may_read(name, flags)} == READABLE[flags]
  inputs = set(NAMES.values()) - labels
  assert {"image", "disparity", "frames", "frame_offsets", "intrinsics"} <= inputs
  assert all(fields.may_read(name, flags) for name in inputs)


def test_every_name_has_a_spec():
  assert set(NAMES.values()) == set(fields.SPECS)
  assert set(fields.GRANTED_BY) <= set(fields.SPECS)


def good_spec():
  return {"image": tf.TensorSpec([20, 30, 3], tf.uint8), "tags": tf.TensorSpec([4], tf.float32),
          "mask": tf.TensorSpec([None, None], tf.uint8)}


def test_a_spec_that_follows_the_contract_passes():
  fields.check_spec(good_spec())
  fields.check_spec(dict(fields.SPECS))


@pytest.mark.parametrize("name, spec, message", [
    ("mask", tf.TensorSpec([20, 30], tf.int32), "'mask'.*Expected: uint8.*Received: int32"),
    ("mask", tf.TensorSpec([20, 30, 1], tf.uint8), "'mask'.*Received: uint8 .20, 30, 1."),
    ("image", tf.TensorSpec([20, 30, 4], tf.uint8), "'image'.*Received: uint8 .20, 30, 4."),
    ("poses", tf.TensorSpec([2, 3, 4], tf.float32), "'poses'"),
    ("tagz", tf.TensorSpec([4], tf.float32), "no sample field 'tagz'.*Did you mean 'tags'"),
])
def test_a_spec_that_does_not_is_refused_with_the_field(name, spec, message):
  with pytest.raises(ValueError, match=f"(?s){message}"):
    fields.check_spec({**good_spec(), name: spec})


@pytest.mark.parametrize("spec", [
    {}, {"mask": tf.TensorSpec([None, None], tf.uint8)},
    (tf.TensorSpec([20, 30, 3], tf.uint8), tf.TensorSpec([20, 30], tf.uint8))])
def test_samples_without_an_image_are_refused(spec):
  with pytest.raises(ValueError, match="(?s)no image.*Expected: a dict with at least 'image'"):
    fields.check_spec(spec)
