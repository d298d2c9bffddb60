"""Schemas: each takes what it says, and names the place of what it does not."""
import pytest

from keras_weakseg.files import schema

BOX = schema.record({"bbox": schema.list_of(schema.number, 2), "id": schema.identifier},
                    {"crowd": schema.flag})
FILE = schema.record({"boxes": schema.list_of(BOX)}, {"more": schema.map_of(schema.text)})


@pytest.mark.parametrize("check, good, bad", [
    (schema.text, ["", "a"], [None, 1, ["a"]]),
    (schema.number, [0, -1.5], [True, None, "1", float("nan"), float("inf"), 10 ** 400]),
    (schema.whole, [0, -3], [True, 1.0, "1", None, 1 << 70]),
    (schema.identifier, [1, "a"], [True, 1.5, None, [1]]),
    (schema.flag, [0, 1, True, False], [2, "1", None, 1.0, [1]]),
    (schema.list_of(schema.text), [[], ["a"]], ["a", {}, None, [1]]),
    (schema.list_of(schema.text, 1), [["a"]], [[], ["a", "b"]]),
    (schema.map_of(schema.whole), [{}, {"a": 1}], [[], None, {"a": "b"}]),
    (schema.map_of(schema.whole, schema.part, filled=True), [{"a": 1}], [{}, {"../a": 1}]),
    (schema.between(1, 9, schema.whole), [1, 9], [0, 10, 1e9, 2.0, None]),
    (schema.part, ["train", "a.b"], ["", ".", "..", "a/b", "/a", "a\\b", "a\0", 1, None]),
    (schema.optional(schema.whole), [None, 1], ["a"]),
    (schema.anything, [None, [1]], [])])
def test_each_takes_what_it_says(check, good, bad):
  for value in good:
    check(value)
  for value in bad:
    with pytest.raises(schema.Mismatch):
      check(value)


@pytest.mark.parametrize("value, place, received", [
    ({"boxes": [{"bbox": [1, 2], "id": 1}, {"bbox": [1, "x"], "id": 1}]}, "boxes[1].bbox[1]",
     "'x'"),
    ({"boxes": [{"bbox": [1, 2]}]}, "boxes[0].id", "no such key"),
    ({"boxes": [{"bbox": [1, 2], "id": None}]}, "boxes[0].id", "null"),
    ({"boxes": [], "more": {"k": 5}}, "more.k", "5"), ([], "", "[]"), ({}, "boxes", "no such key"),
    ({"boxes": [{"bbox": [1, 2], "id": 1, "crowd": 3}]}, "boxes[0].crowd", "3")])
def test_the_place_is_named(value, place, received):
  with pytest.raises(schema.Mismatch) as info:
    FILE(value)
  assert (info.value.place, str(info.value.received)) == (place, received)


def test_further_keys_and_null_of_what_may_be_absent_are_taken():
  FILE({"boxes": [{"bbox": [1, 2], "id": "a", "crowd": None, "score": "x"}], "licence": 1})
