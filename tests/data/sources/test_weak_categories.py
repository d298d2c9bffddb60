"""Strong and weak categories: which images are which, what is never opened, what is refused."""
import json

import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.data.pipeline import parts
from keras_weakseg.data.sources import folder
from keras_weakseg.data.sources import weak_categories

Kind = fields.Supervision


@pytest.fixture
def source(mini):
  return weak_categories.WeakCategories(folder.Folder(mini, held_out=0), ["dog"])


def test_images_with_a_weak_tag_have_tags_alone(source):
  # a0, a2, ... show a cat, a1, a3, ... a dog.
  ids = source.ids("train")
  flags = dict(zip(ids, source.supervision("train")))
  for name in ids:
    strong = int(name[1:]) % 2 == 0
    assert flags[name] == int(Kind.MASK | Kind.BOXES | Kind.TAGS if strong else Kind.TAGS), name
  assert parts.Part(source, "train", "mask").select() == tuple(f"a{k}" for k in range(0, 10, 2))


def test_masks_and_boxes_of_weak_images_are_never_opened(mini):
  for number in range(1, 10, 2):
    (mini / "masks" / f"a{number}.png").write_bytes(b"garbage")
    (mini / "boxes" / f"a{number}.xml").write_text("garbage", encoding="utf-8")
  # Where there are tags, the boxes are not asked either.
  source = weak_categories.WeakCategories(folder.Folder(mini, boxes=None, held_out=0), ["dog"])
  made = bundle.Bundle([parts.Part(source, "train", "mask", batch_size=2),
                        parts.Part(source, "train", "tags", batch_size=2, rest=True)])
  for _, batch in zip(range(5), made.batches().as_numpy_iterator()):
    weak = batch["part"] == 1
    assert (batch["mask"][weak] == 255).all() and (batch["mask"][~weak] == 1).any()
    assert (batch["tags"][weak] == [1, 0, 1]).all() and (batch["tags"][~weak] == [1, 1, 0]).all()
  weak = tuple(f"a{number}" for number in range(1, 10, 2))
  samples = list(source.samples("train", ids=weak).as_numpy_iterator())
  assert len(samples) == 5 and all(sample["supervision"] == 1 for sample in samples)


def test_strong_and_weak_images_at_once_are_refused_with_masks(source):
  with pytest.raises(ValueError, match="(?s)Masks of weak categories.*5 weak of 10"):
    source.samples("train")
  assert len(list(source.samples("train", grant=Kind.TAGS))) == 10


def test_an_image_without_tags_is_strong_and_weak_pixels_teach_nothing(mini):
  (mini / "tags.json").write_text(json.dumps({"a0": ["cat"]}), encoding="utf-8")
  source = weak_categories.WeakCategories(folder.Folder(mini, boxes=None, held_out=0), ["dog"])
  assert (source.supervision("train") & int(Kind.MASK) > 0).all()
  for sample in source.samples("train").as_numpy_iterator():
    values = set(np.unique(sample["mask"]))
    assert values == ({0, 1} if int(sample["sample_id"][1:]) % 2 == 0 else {0, 255})


def test_images_that_say_nothing_are_named(mini):
  tags = {f"a{number}": ["dog"] for number in range(1, 9)}
  (mini / "tags.json").write_text(json.dumps(tags), encoding="utf-8")
  for name in ("a0", "a9"):
    (mini / "masks" / f"{name}.png").unlink()
  source = weak_categories.WeakCategories(folder.Folder(mini, boxes=None, held_out=0), ["dog"])
  source.supervision("train")
  assert any("2 images have neither" in note and "a0, a9" in note for note in source.notes)


@pytest.mark.parametrize("weak, strong, message", [
    (["dogs"], (), "Did you mean 'dog'"), (["dog"], ["dog"], "in both: dog"),
    (["dog"], [], ""), ([], (), "0 weak of 2"), (["cat", "dog"], (), "2 weak of 2")])
def test_lists_that_do_not_share_out_the_categories_are_refused(mini, weak, strong, message):
  inner = folder.Folder(mini, held_out=0)
  if not message:
    assert weak_categories.WeakCategories(inner, weak, strong).weak == ("dog",)
    return
  with pytest.raises(ValueError, match=f"(?s){message}"):
    weak_categories.WeakCategories(inner, weak, strong)


def test_a_category_in_neither_list_is_named(mini):
  (mini / "classes.txt").write_text("background\ncat\ndog\nowl\n", encoding="utf-8")
  inner = folder.Folder(mini, held_out=0)
  with pytest.raises(ValueError, match="(?s)in neither: owl"):
    weak_categories.WeakCategories(inner, ["dog"], ["cat"])


def test_evaluation_sees_the_whole_source(source):
  assert weak_categories.whole(source) is source.inner
  assert weak_categories.whole(source.inner) is source.inner
  assert weak_categories.as_trained(source.inner, ()) is source.inner
  assert weak_categories.as_trained(source.inner, ["dog"]).weak == source.weak == ("dog",)
  assert source.origin is source.inner and source.fingerprint() != source.inner.fingerprint()
