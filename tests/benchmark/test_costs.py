"""What a run cost: images and masks from its parts, seconds from its logs."""
import dataclasses
import json
import pathlib
import shutil

import pytest

from keras_weakseg.benchmark import costs
from keras_weakseg.configs import overrides


def of(result, name, **changes):
  experiment = overrides.resolve(name, overrides={"training.steps": 10, **changes})
  return costs.costs(dataclasses.replace(result, experiment=experiment))


def test_masks_and_epochs_are_those_of_the_parts(tiny_run):
  found = of(tiny_run, "em_semi_scenes", **{
      "data.parts.0.count": 5, "data.parts.0.batch_size": 2, "data.parts.1.batch_size": 6})
  assert (found["images_seen"], found["masks_seen"], found["epochs"]) == (80, 20, 4.0)
  found = of(tiny_run, "em_adapt_scenes", **{"data.parts.0.batch_size": 4})
  assert found["masks_seen"] == 0 and found["images_seen"] == 40


def test_epochs_count_the_samples_that_have_the_label(tiny_run, tiny_data):
  changes = {"data.parts.0.batch_size": 3}
  masks = sum(bool(flag & 4) for flag in tiny_data.supervision("train", 4))
  assert 0 < masks < len(tiny_data.ids("train")) + 1
  assert of(tiny_run, "supervised_all_scenes", **changes)["epochs"] == pytest.approx(30 / masks)


def test_all_steps_that_train_count(tiny_run):
  """A step on the same samples adds to the epochs, one on other samples only to what was seen."""
  short = {"steps.0.training.steps": 6}
  part = {"split": "train", "supervision": "boxes", "count": 8}
  found = of(tiny_run, "bbox_rect_scenes", **{
      "data.parts": [{**part, "batch_size": 4}],
      "steps": [{"name": "first", "parts": [{**part, "batch_size": 2}],
                 "training": {"steps": 6}}]})
  assert (found["images_seen"], found["masks_seen"], found["epochs"]) == (52, 0, 6.5)
  found = of(tiny_run, "depth_transfer_scenes", **short, **{
      "data.parts.0.count": 5, "data.parts.0.batch_size": 2, "steps.0.parts.0.batch_size": 4})
  assert (found["images_seen"], found["masks_seen"], found["epochs"]) == (44, 20, 4.0)
  # Depth from masks: nothing learns from them there, but a step of segmentation would.
  found = of(tiny_run, "depth_transfer_scenes", **short, **{
      "data.parts.0.batch_size": 2, "steps.0.parts.0.batch_size": 4,
      "steps.0.parts.0.supervision": "mask"})
  assert found["masks_seen"] == 44


def test_seconds_of_steps_that_were_taken_are_those_of_the_other_run(tiny_run, tmp_path):
  mine, other = tmp_path / "mine", tmp_path / "other"
  for folder in (mine / "train", other / "train", other / "depth", other / "unknown"):
    shutil.copytree(pathlib.Path(tiny_run.model_dir, "train"), folder)
  once = costs.train_seconds(mine)
  result = dataclasses.replace(
      tiny_run, model_dir=str(mine), experiment=overrides.resolve("depth_transfer_scenes"))
  assert costs.costs(result)["train_seconds"] == pytest.approx(once)
  assert "images_per_second" not in costs.costs(result)
  found = costs.costs(result, other)
  assert found["train_seconds"] == pytest.approx(2 * once)
  assert found["images_per_second"] == pytest.approx(found["images_seen"] / (2 * once))
  shutil.copytree(mine / "train", mine / "depth")
  assert costs.costs(result, other)["train_seconds"] == pytest.approx(2 * once)


def test_what_was_logged_is_averaged_over_the_last_quarter(tmp_path):
  assert costs.logged(tmp_path) == {}
  (tmp_path / "train").mkdir()
  rows = [{"step": step, "loss": float(step)} for step in range(1, 9)]
  rows[6]["late"], rows[7]["loss"] = 0.5, float("nan")
  (tmp_path / "train" / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
  assert costs.logged(tmp_path) == {"loss": 7.0, "late": 0.5}


def test_nothing_is_guessed(tiny_run):
  unknown = dataclasses.replace(tiny_run, source=None)
  assert "epochs" not in of(unknown, "supervised_all_scenes")
  assert "masks_seen" not in costs.costs(tiny_run)  # A method on somebody's data names no parts.


def test_seconds_are_those_of_all_sessions(tiny_run, tmp_path):
  folder = tmp_path / "run"
  shutil.copytree(tiny_run.model_dir, folder)
  once = costs.train_seconds(folder)
  assert 0 < once < 600
  log = next(pathlib.Path(folder, "train", "tensorboard").glob("events.*"))
  shutil.copy(log, log.with_name(log.name + "2"))
  assert costs.train_seconds(folder) == pytest.approx(2 * once)
  result = dataclasses.replace(tiny_run, model_dir=str(folder))
  found = of(result, "supervised_scenes")
  assert found["images_per_second"] == pytest.approx(80 / (2 * once))
  shutil.copytree(folder / "train", folder / "pairs")
  assert costs.train_seconds(folder) == pytest.approx(4 * once)
  assert "images_per_second" not in of(result, "supervised_scenes")
  assert costs.train_seconds(tmp_path) == 0
