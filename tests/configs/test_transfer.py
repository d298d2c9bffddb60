"""The recipe of transfer: its steps, whole runs at tiny size, and masks that nobody may read."""
import shutil

import numpy as np
import pytest

import keras_weakseg as kw
from keras_weakseg import targets
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.configs import transfer
from keras_weakseg.configs.sections import schema
from keras_weakseg.recipes import planning
from keras_weakseg.tasks import artifact

STEPS = ["l_net", "cam", "maps", "segmenter", "critic", "train"]


def tiny(pretrained=True, strength=0.5):
  """Returns the whole recipe on small pictures, a few updates of each network.

  Checkpoints after 2 and 4 updates, lines of logs after 3 and 4.
  """
  def training(steps=4, rate=0.01):
    return schema.Training(steps=steps, optimization=schema.sgd(rate, steps), log_every=3,
                           checkpoint_every=2)
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
  found = transfer.judged(maps, (9, 11), joint=training(), critic_steps=4, strength=strength,
                          pretrained=pretrained)
  if pretrained:
    found.steps[-1].training.log_every, found.steps[-1].training.checkpoint_every = 3, 2
  return found


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


@pytest.mark.slow
def test_l_net_is_a_model_of_objects(whole, tmp_path, photo_folder):
  place = kw_path(whole.model_dir) / "l_net"
  images = np.zeros((1, 33, 49, 3), np.uint8)
  model = targets.loaded(str(place))[0]
  assert model.classes == ("background", "object")
  assert model.probabilities(images).shape == (1, 33, 49, 2)
  served = artifact.load_artifact(kw.export(str(place), tmp_path / "served"))
  assert served.classes == ("background", "object")
  np.testing.assert_array_equal(served.mask(images), model.mask(images))
  groups = kw.data.Regrouped(kw.data.Folder(photo_folder), groups={"object": ("red", "blue")})
  assert 0 <= kw.evaluate(str(place), groups, split="validation", progress=False)["mean_iou"] <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cam", "segmenter"])
def test_other_steps_are_models_to_be_served(whole, name, tmp_path):
  """The classifier answers with tags, the segmenter with a mask of all categories."""
  model, _ = targets.loaded(str(kw_path(whole.model_dir) / name))[:2]
  path = kw.export(str(kw_path(whole.model_dir) / name), tmp_path / "served")
  images = np.random.RandomState(0).randint(0, 256, (1, 56, 72, 3)).astype(np.uint8)
  served = artifact.load_artifact(path)
  assert served.classes == model.classes == ("background", "red", "blue")
  if name == "cam":
    found, wanted = served.probabilities(images), model.probabilities(images)
    assert found.shape == (1, 3)
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
  else:
    np.testing.assert_array_equal(served.mask(images), model.mask(images))


@pytest.mark.quick("critic")
@pytest.mark.parametrize("name", ["segmenter", "critic"])
def test_steps_whose_samples_carry_maps_are_runs_of_their_own(whole, folder, name):
  place = kw_path(whole.model_dir) / name
  # The maps are made by a step of the whole run, which the folder of this one does not know.
  assert "maps" in (place / "experiment.yaml").read_text(encoding="utf-8")
  found = kw.evaluate(str(place), folder(), split="validation", progress=False)
  assert set(found["class_iou"]) == {"background", "red", "blue"}


@pytest.mark.slow
def test_killed_at_every_boundary_and_inside_it_ends_the_same(whole, folder, kills, tmp_path):
  from keras_weakseg.derived import diffused_maps
  from keras_weakseg.derived import results
  run = lambda: kw.fit(tiny(), data=folder(), progress=False, model_dir=tmp_path / "run")
  for name in STEPS:
    if name == "maps":
      kills.killed("while maps are made", lambda patch: patch.setattr(
          diffused_maps.DiffusedMaps, "draw", kills.at_call(
              3, diffused_maps.DiffusedMaps.draw)), run)
      assert 0 < len(list((tmp_path / "run" / "maps" / "masks").iterdir())) < 6
    else:
      # A line of the log stands there already, and the update that it tells of is lost.
      kills.killed(f"in {name}", lambda patch, name=name: kills.in_training(patch, name, 3), run)
    kills.killed(f"before the marker of {name}", lambda patch, name=name: kills.before(
        patch, results, "write", f"/{name}"), run)
  result = run()
  kills.assert_same_files(whole.model_dir, tmp_path / "run")
  assert result.metrics == whole.metrics


@pytest.mark.slow
def test_masks_of_weak_categories_change_not_one_weight(
    whole, folder, photo_folder, kills, tmp_path):
  spoilt = tmp_path / "photos"
  shutil.copytree(photo_folder, spoilt)
  held = set(folder().ids("validation"))
  for number in range(1, 16, 2):  # pictures of "blue"
    if f"p{number:02d}" not in held:
      (spoilt / "masks" / f"p{number:02d}.png").write_bytes(b"garbage")
  kw.fit(tiny(), data=folder(spoilt), progress=False, model_dir=tmp_path / "run")
  kills.assert_same_files(whole.model_dir, tmp_path / "run", ".npz")


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
