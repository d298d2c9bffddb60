"""Parts: which samples they take, and what they ask for."""
import json

import pytest

from keras_weakseg import fields
from keras_weakseg.data.pipeline import parts
from keras_weakseg.data.sources import folder


@pytest.fixture
def source(mini):
  (mini / "m.json").write_text(json.dumps({
      "mask": ["a1", "a2", "a3"], "tags": ["a4", "a5"], "none": ["a6"]}))
  return folder.Folder(mini, manifest="m.json", validation=["a0"])


def test_only_samples_with_the_label_are_taken(source):
  assert parts.Part(source, supervision="mask").select() == ("a1", "a2", "a3")
  assert parts.Part(source, supervision="tags").select() == ("a1", "a2", "a3", "a4", "a5")
  assert len(parts.Part(source, supervision="none").select()) == 9


def test_rest_leaves_out_what_is_used(source):
  part = parts.Part(source, supervision="tags", rest=True)
  assert part.select({"a1", "a4"}) == ("a2", "a3", "a5")
  assert "a1" in parts.Part(source, supervision="tags").select({"a1"})


def test_counts_are_nested(source):
  select = lambda count, seed=0: set(parts.Part(
      source, supervision="none", count=count, subset_seed=seed).select())
  assert select(3) < select(6) < select(9)
  assert any(select(3, seed) != select(3) for seed in range(1, 5))


def test_too_few_samples_are_refused(source):
  with pytest.raises(ValueError, match="(?s)too few samples.*at least 5.*Received: 3"):
    parts.Part(source, supervision="mask", count=5).select()
  with pytest.raises(ValueError, match="too few samples"):
    parts.Part(source, supervision="tags", rest=True).select(set(source.ids("train")))


def test_an_id_that_is_listed_twice_is_refused(source):
  """It would count twice, and a list of ten would be fewer images."""
  with pytest.raises(ValueError, match="(?s)more than once.*: 'a2' 3 times, 'a1' 2 times"):
    parts.Part(source, ids=("a1", "a2", "a3", "a2", "a1", "a2")).select()


def test_fields_follow_the_supervision(source):
  names = lambda kind, extra=(): parts.Part(source, supervision=kind).fields(extra) - {
      fields.IMAGE, fields.SAMPLE_ID, fields.SUPERVISION}
  assert names("none") == set()
  assert names("tags") == {fields.TAGS}
  assert names("mask") == {fields.MASK, fields.TAGS}
  assert names("boxes") == {fields.BOXES, fields.BOX_CLASSES, fields.TAGS}
  assert names("depth") == {fields.DEPTH}
  # An extra label still needs its supervision; an extra input does not.
  assert names("none", (fields.NOISY_TAGS, fields.DISPARITY)) == {fields.DISPARITY}
  assert names("tags", (fields.NOISY_TAGS, fields.PARTS)) == {fields.TAGS, fields.NOISY_TAGS}


def test_text_and_flags_are_the_same(source):
  one = parts.Part(source, supervision="tags+boxes")
  other = parts.Part(source, supervision=fields.Supervision.TAGS | fields.Supervision.BOXES)
  assert one == other and one.kinds == "tags+boxes"
  assert parts.Part(source, supervision="none").label.endswith("train:none")


def test_wrong_sizes_and_kinds_are_refused(source):
  with pytest.raises(ValueError, match="batch_size >= 1"):
    parts.Part(source, batch_size=0)
  with pytest.raises(ValueError, match="Did you mean 'mask'"):
    parts.Part(source, supervision="maks")
