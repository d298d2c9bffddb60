"""The recipe of transfer: its steps, whole runs at tiny size, and masks that nobody may read."""
import shutil

import numpy as np
import pytest

import keras_weakseg as kw
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.configs import schema
from keras_weakseg.configs import transfer
from keras_weakseg.recipes import planning

STEPS = ["l_net", "cam", "maps", "segmenter", "critic", "train"]


def tiny(pretrained=True, strength=0.5):
  """Returns the whole recipe on small pictures, a few updates of each network."""
  def training(steps=3, rate=0.01):
    return schema.Training(steps=steps, optimization=schema.sgd(rate, steps), log_every=1)
  base = schema.Experiment(
      seed=3, data=schema.Data(
          sources=[schema.Source(name="photos", path="photos", weak=("blue",))],
          parts=transfer.bundle("train", 2),
          augmentation=schema.Augmentation(crop=(65, 81), scales=(0.75, 1.25))),
      network=schema.network("light_tiny", alpha=0.25, head_filters=8), training=training(),
      evaluation=schema.Evaluation(split="validation"))
  maps = transfer.on_maps(base, transfer.before_segmenter(
      base, schema.network("light_cam", alpha=0.25),
      schema.make("diffused_maps", superpixels=40)))
  return transfer.judged(maps, (9, 11), joint=training(), critic_steps=2, strength=strength,
                         critic_optimization=lambda count: transfer.adam(1e-3, count),
                         pretrained=pretrained)


@pytest.fixture(scope="module")
def folder(photo_folder):
  return lambda path=photo_folder: kw.data.Folder(path, held_out=0.25, name="photos")


@pytest.fixture(scope="module")
def whole(folder, tmp_path_factory):
  """Returns the `Result` of the whole recipe."""
  return kw.fit(tiny(), data=folder(), progress=False,
                model_dir=tmp_path_factory.mktemp("runs") / "whole")


def weights_of(model_dir):
  found = {}
  for name in STEPS:
    for path in sorted((kw_path(model_dir) / name).glob("*.npz")):
      with np.load(path) as arrays:
        found.update({f"{name}/{path.stem}/{key}": arrays[key] for key in arrays.files})
  return found


def kw_path(place):
  import pathlib
  return pathlib.Path(place)


def test_all_steps_run_and_the_result_knows_all_categories(whole):
  place = kw_path(whole.model_dir)
  assert all((place / name / "done.json").exists() for name in STEPS)
  assert set(whole.metrics["class_iou"]) == {"background", "red", "blue"}
  assert (place / "maps" / "tag_labels.png").exists()
  kept = weights_of(place)
  for name in ("l_net/segmenter", "cam/classifier", "critic/critic", "train/critic"):
    assert any(key.startswith(name) for key in kept), name
  same = [np.array_equal(kept[key], kept["critic" + key[len("segmenter"):]])
          for key in kept if key.startswith("segmenter/segmenter/")]
  assert same and all(same), "the critic alone has moved the segmenter"


def test_l_net_is_a_model_of_objects(whole, tmp_path, photo_folder):
  place = kw_path(whole.model_dir) / "l_net"
  images = np.zeros((1, 33, 49, 3), np.uint8)
  from keras_weakseg import targets
  model = targets.loaded(str(place))[0]
  assert model.classes == ("background", "object")
  assert model.probabilities(images).shape == (1, 33, 49, 2)
  assert kw.export(str(place), tmp_path / "served")
  groups = kw.data.Regrouped(kw.data.Folder(photo_folder), groups={"object": ("red", "blue")})
  assert 0 <= kw.evaluate(str(place), groups, split="validation", progress=False)["mean_iou"] <= 1


@pytest.mark.parametrize("name", ["segmenter", "critic"])
def test_steps_whose_samples_carry_maps_are_runs_of_their_own(whole, folder, name):
  place = kw_path(whole.model_dir) / name
  # The maps are made by a step of the whole run, which the folder of this one does not know.
  assert "maps" in (place / "experiment.yaml").read_text(encoding="utf-8")
  found = kw.evaluate(str(place), folder(), split="validation", progress=False)
  assert set(found["class_iou"]) == {"background", "red", "blue"}


@pytest.mark.slow
def test_masks_of_weak_categories_change_not_one_weight(whole, folder, photo_folder, tmp_path):
  spoilt = tmp_path / "photos"
  shutil.copytree(photo_folder, spoilt)
  held = set(folder().ids("validation"))
  for number in range(1, 16, 2):  # pictures of "blue"
    if f"p{number:02d}" not in held:
      (spoilt / "masks" / f"p{number:02d}.png").write_bytes(b"garbage")
  other = kw.fit(tiny(), data=folder(spoilt), progress=False, model_dir=tmp_path / "run")
  one, two = weights_of(whole.model_dir), weights_of(other.model_dir)
  assert set(one) == set(two)
  for key, value in one.items():
    np.testing.assert_array_equal(value, two[key], err_msg=key)


def test_own_data_is_planned_with_all_steps(photo_folder):
  experiment = overrides.validate(registry.build_recipe("transfer", {"weak": ["blue"]}))
  plan = planning.make_plan(experiment, kw.data.Folder(photo_folder))
  assert [step.name for step in plan.steps] == STEPS
  assert plan.steps[2].reads == ("l_net", "cam") and "maps" in plan.last.reads
  assert plan.steps[0].head.classes == ("background", "object")
  text = "\n".join(plan.text())
  assert "weak categories, known by tag alone: blue" in text
  without = registry.build_recipe("transfer", {"weak": ["blue"], "joint_steps": 0})
  assert [step.name for step in without.steps] == STEPS[:3]


@pytest.mark.parametrize("options, message", [
    ({}, "does not know which categories"), ({"weak": "blue"}, "one text"),
    ({"weak": ["blue"], "steps": 0}, "out of range")])
def test_a_recipe_without_weak_categories_is_refused(options, message):
  with pytest.raises(ValueError, match=message):
    registry.build_recipe("transfer", options)


def test_a_category_that_the_data_does_not_have_is_named(photo_folder):
  experiment = registry.build_recipe("transfer", {"weak": ["bleu"]})
  with pytest.raises(ValueError, match="Did you mean 'blue'"):
    planning.make_plan(experiment, kw.data.Folder(photo_folder))
