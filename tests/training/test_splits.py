"""The splits of a run: which masks may be read, what is checked first, who is at fault."""
import json
import shutil
import types

import pytest
import tensorflow as tf

from keras_weakseg import data as data_lib
from keras_weakseg import fields
from keras_weakseg.data.pipeline import bundle as bundles
from keras_weakseg.data.pipeline import parts
from keras_weakseg.tasks import registry as tasks
from keras_weakseg.training import splits


@pytest.fixture
def photos(photo_folder, tmp_path):
  return shutil.copytree(photo_folder, tmp_path / "photos")


def plan(source, *given, validation="", role="segmentation", sees_depth=False):
  bundle = bundles.Bundle([parts.Part(source, **options) for options in given or ({},)])
  record = types.SimpleNamespace(role=role)
  settings = types.SimpleNamespace(network=types.SimpleNamespace(sees_depth=sees_depth))
  step = types.SimpleNamespace(source=source, validation=validation, record=record,
                               settings=settings)
  return types.SimpleNamespace(source=source, phases=[types.SimpleNamespace(bundle=bundle)],
                               record=record, steps=[step], last=step)


# === Masks of a split ===


def test_masks_that_may_not_be_read_do_not_count(photos):
  (photos / "list.json").write_text(json.dumps({"mask": ["p00", "p01"], "tags": ["p02"]}))
  source = data_lib.Folder(photos, manifest="list.json", held_out=0.0)
  assert splits.labelled_ids(source, "train") == ("p00", "p01")
  samples = list(splits.labelled_samples(source, "train"))
  assert [sample[fields.SAMPLE_ID].numpy() for sample in samples] == [b"p00", b"p01"]


def test_an_empty_split_has_no_masks_and_an_unknown_one_is_refused(photos):
  source = data_lib.Folder(photos, held_out=0.0)
  assert splits.labelled_ids(source, "validation") == ()
  with pytest.raises(ValueError, match="no split"):
    splits.labelled_ids(source, "tset")


def test_masks_that_a_plan_has_learned_from_are_not_unseen(photos):
  source = data_lib.Folder(photos, held_out=0.0)
  names = source.ids("train")
  assert splits.unseen_masks(source, "train") == names
  assert splits.unseen_masks(source, "train", plan(source)) == ()
  partly = plan(source, {"ids": names[:6]}, {"supervision": "tags", "rest": True})
  assert splits.unseen_masks(source, "train", partly) == names[6:]


def test_depth_is_read_for_models_that_see_it_and_must_be_there(tiny_video, tiny_data):
  sample = next(iter(splits.labelled_samples(tiny_video, "validation", inputs=(fields.DEPTH,))))
  assert fields.DEPTH in sample and fields.MASK in sample
  assert fields.DEPTH not in splits.labelled_samples(tiny_video, "validation").element_spec
  for call in (lambda: splits.labelled_samples(tiny_data, "train", inputs=(fields.DEPTH,)),
               lambda: splits.check_plan(plan(tiny_data, sees_depth=True), "validation")):
    with pytest.raises(ValueError, match="(?s)network sees depth.*without"):
      call()


# === Checks before a run ===


def test_good_data_passes_without_a_word(tiny_data):
  assert splits.check_plan(plan(tiny_data), "val")[0] == []
  assert splits.check_plan(plan(tiny_data, validation="val"), "validation")[0] == []


def test_nothing_to_evaluate_is_said_and_allowed_under_the_usual_names(photos):
  source = data_lib.Folder(photos, held_out=0.0)
  (note,), _ = splits.check_plan(plan(source), "val")
  assert note == "nothing to evaluate: 'photos' has no masks in the split 'val'"
  without = data_lib.Dataset(
      source.samples("train").map(lambda sample: {
          name: sample[name] for name in ("image", "mask", "sample_id")}), source.classes)
  assert splits.check_plan(plan(without), "validation")[0]
  with pytest.raises(ValueError, match="no split"):
    splits.check_plan(plan(without), "test")


def test_the_best_checkpoint_needs_masks(photos):
  source = data_lib.Folder(photos, masks=None)
  with pytest.raises(ValueError, match="cannot pick the best checkpoint"):
    splits.check_plan(plan(source, {"supervision": "tags"}, validation="val"), "val")


def test_masks_that_the_parts_do_not_use_are_never_looked_at(photos):
  """Weak samples' masks are garbage, which nobody may notice."""
  source = data_lib.Folder(photos, held_out=0.25)
  for name in source.ids("train"):
    (photos / "masks" / f"{name}.png").write_bytes(b"garbage")
  assert splits.check_plan(plan(source, {"supervision": "tags"}), "val")[0] == []
  with pytest.raises(ValueError, match="masks are no index masks"):
    splits.check_plan(plan(source, {"supervision": "mask"}), "val")


def test_broken_validation_masks_are_found_before_training(photos):
  source = data_lib.Folder(photos, held_out=0.25)
  name = source.ids("validation")[0]
  (photos / "masks" / f"{name}.png").write_bytes(b"garbage")
  with pytest.raises(ValueError, match=f"masks are no index masks: {name}"):
    splits.check_plan(plan(source, {"supervision": "tags"}), "val")


def test_a_validation_image_of_background_alone_is_no_reason_to_stop(photos):
  from PIL import Image
  source = data_lib.Folder(photos, validation=["p00"])
  with Image.open(photos / "masks" / "p00.png") as mask:
    Image.new("L", mask.size).save(photos / "masks" / "p00.png")
  assert splits.check_plan(plan(source), "val")[0] == []


def test_a_manifest_that_grants_what_is_not_there_is_refused(photos):
  (photos / "list.json").write_text(json.dumps({"mask": [f"p{i:02d}" for i in range(8)]}))
  for index in range(7):
    (photos / "masks" / f"p{index:02d}.png").unlink()
  with pytest.raises(ValueError, match=r"grants labels(?s:.*)p00 \(mask\)(?s:.*)and 2 more"):
    splits.check_plan(plan(data_lib.Folder(photos, manifest="list.json", held_out=0.0)), "val")


# === Who is at fault ===


def test_the_broken_sample_is_named(photos):
  source = data_lib.Folder(photos, held_out=0.0)
  path = photos / "images" / "p03.png"
  path.write_bytes(path.read_bytes()[:100])
  error = tf.errors.InvalidArgumentError(None, None, "Invalid PNG data")
  found = splits.explained(source, "train", error)
  assert isinstance(found, ValueError) and "'p03' cannot be read" in str(found)


def test_what_is_not_the_data_stays_as_it_is(tiny_data):
  error = tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor")
  assert splits.explained(tiny_data, "validation", error) is error


def test_an_error_of_the_house_is_unwrapped(tiny_data):
  text = "ValueError: It broke.\nExpected: a. Received: b.\nMend it.\nTraceback"
  found = splits.explained(tiny_data, "train", tf.errors.UnknownError(None, None, text))
  assert str(found) == "It broke.\nExpected: a. Received: b.\nMend it."


# === Depth ===


def test_true_depth_is_the_label_of_depth(tiny_video, tiny_data):
  assert len(splits.labelled_ids(tiny_video, "validation", tasks.by_name("depth"))) == 6
  assert splits.labelled_ids(tiny_data, "train", tasks.by_name("depth")) == ()
  sample = next(iter(splits.labelled_samples(tiny_video, "validation", tasks.by_name("depth"))))
  assert set(sample) >= {fields.IMAGE, fields.DEPTH, fields.SAMPLE_ID}
  assert not {fields.MASK, fields.POSES, fields.FRAMES} & set(sample)


def test_a_plan_of_depth_says_that_there_is_none(tiny_data):
  made = plan(tiny_data, {"supervision": "none"})
  made.record.role = "depth"
  (note,), _ = splits.check_plan(made, "val")
  assert note.endswith("has no true depth in the split 'val'")
  with pytest.raises(ValueError, match="(?s)cannot pick the best checkpoint.*true depth"):
    splits.check_plan(plan(tiny_data, validation="val", role="depth"), "val")


def test_labels_of_no_image_are_warnings_of_the_plan(photos):
  (photos / "masks" / "lost").mkdir()
  (photos / "masks" / "p00.png").rename(photos / "masks" / "lost" / "p00.png")
  notes, warnings = splits.check_plan(plan(data_lib.Folder(photos, held_out=.25)), "val")
  assert notes == [] and any("1 masks have no image: lost/p00" in line for line in warnings)


def test_images_that_are_evaluated_are_not_trained_on(photos):
  """Also where the ids of a training are known only after earlier steps, and where a step before
  the last one validates itself."""
  source = data_lib.Folder(photos, splits={"train": [f"p{i:02d}" for i in range(6)],
                                           "val": ["p00", "p01"], "other": ["p06"]})
  words = "(?s)evaluated on images that are trained on.*p00"
  with pytest.raises(ValueError, match=words):
    splits.check_plan(plan(source), "val")
  with pytest.raises(ValueError, match=words):
    splits.check_plan(plan(source, validation="val"), "other")
  apart = plan(source, {"ids": ["p02", "p03", "p04"]})
  assert splits.check_plan(apart, "val")[0] == []
  apart.last.settings.evaluation = types.SimpleNamespace(split="val")
  late, = plan(source, {"ids": ["p00", "p05"]}).phases
  with pytest.raises(ValueError, match=words):
    splits.check_late(apart, apart.last, late)
  assert splits.check_late(apart, apart.last, apart.phases[0]) == splits.check_plan(
      apart, "val")[1]
