"""Depth and motion of the scenes: figures beside the trivial ones, seconds from the run's log."""
import json
import pathlib
import shutil
import types

import pytest
import run_tables
import table_scenes

from keras_weakseg.configs import depth_scenes
from keras_weakseg import datasets
from keras_weakseg.evaluation import depth_baselines
from keras_weakseg.tasks.depth import evaluate as evaluate_depth


@pytest.fixture
def arguments(tiny_video_run, tiny_video, monkeypatch, tmp_path):
  """Returns arguments for a folder with a finished run that stands for both experiments."""
  for key in (table_scenes.MONO, table_scenes.STEREO):
    shutil.copytree(tiny_video_run.model_dir, tmp_path / key / "seed_3")
  path = tmp_path / table_scenes.STEREO / "seed_3" / "record.json"
  record = json.loads(path.read_text())
  record["depth"]["factor"] = 2.0
  path.write_text(json.dumps(record))
  monkeypatch.setattr(table_scenes.targets, "data_of", lambda *given: tiny_video)
  monkeypatch.setattr(table_scenes.targets, "evaluation_split", lambda config: "validation")
  # All frames show the same walls: their mean map would be without any error.
  monkeypatch.setattr(table_scenes.depth_baselines, "mean_depth_map",
                      lambda samples, progress: depth_baselines.constant_depth(samples))
  return types.SimpleNamespace(model_dir=tmp_path, data_dir=None, seeds=[3], stereo=False,
                               finished=True)


def values(lines, title):
  """Returns the cells behind the title of the rows of a table."""
  return [line.strip("| ").split(" | ")[1:] for line in lines if line.startswith(f"| {title} | ")]


def test_finished_runs_are_printed(arguments, tiny_video_run, tiny_video):
  lines = table_scenes.run(arguments)
  error = tiny_video_run.metrics["abs_rel"]
  mean, seed, beside = values(lines, "abs_rel")[0]
  assert mean == f"**{error:.3f}**" and seed == f"{error:.3f}"
  trivial = evaluate_depth.evaluate_depth(
      depth_baselines.constant_depth(tiny_video.samples("train", grant=8)),
      tiny_video.samples("validation", grant=8))["abs_rel"]
  assert trivial > 0.1 and beside == f"mean training depth map: {trivial:.3f}"
  ratio = values(lines, "abs_rel / that of the mean training depth map")[0][1]
  assert ratio == f"{error / trivial:.3f}"
  assert f"protocol `{tiny_video_run.metrics['protocol_hash']}`" in lines[0]
  assert "standing still: 0.000" in values(lines, "rotation, median error in degrees")[0][2]
  assert "straight ahead: 90.000" in values(lines, "direction, median error in degrees")[0][2]
  assert len(values(lines, "training, seconds")) == 1
  assert not any(table_scenes.STEREO in line for line in lines)


@pytest.mark.slow
def test_stereo_is_evaluated_in_metres_too(arguments):
  arguments.stereo = True
  lines = table_scenes.run(arguments)
  medians, metres = (values([line for line in lines[start:]], "abs_rel")[0] for start in (
      next(i for i, line in enumerate(lines) if f"{table_scenes.STEREO}`, {scale}" in line)
      for scale in ("median", "metric")))
  assert float(metres[1]) > float(medians[1])


@pytest.fixture
def two_cameras(monkeypatch):
  """Makes the pairs that `stereo_depth_scenes` names few and small."""
  pytest.importorskip("tensorflow_datasets")
  builder = datasets.register()["weakseg_scenes"]
  config = builder.builder_configs[depth_scenes.STEREO_SCENES.split("/")[1]]
  for name, value in {"size": (32, 64), "train": 8, "validation": 1, "test": 2,
                      "workers": 1}.items():
    monkeypatch.setattr(config, name, value)


@pytest.mark.slow
def test_pairs_of_the_scenes_are_rendered_trained_on_and_evaluated_in_metres(
    two_cameras, depth_overrides, monkeypatch, tmp_path):
  small = {**depth_overrides("depth_unet"), "training.steps": 2}
  changes = {**small, "data.augmentation.resize": [32, 64], "evaluation.validation_split": "",
             **{f"steps.0.{name}": value for name, value in small.items()
                if name.split(".")[0] in ("network", "method", "training")},
             "steps.0.augmentation.resize": [32, 64], "steps.0.training.multipliers": []}
  monkeypatch.setattr(run_tables, "override", lambda name, seed, own: [changes, f"seed={seed}"])
  key = table_scenes.STEREO
  metrics = run_tables.train(key, key, None, 1, tmp_path / "runs", str(tmp_path), "abs_rel", 1)
  assert metrics["samples"] == 2 and metrics["protocol"]["scale"] == "median"
  lines = table_scenes.run(types.SimpleNamespace(
      model_dir=tmp_path / "runs", data_dir=str(tmp_path), seeds=[1], stereo=True, finished=True))
  medians, metres = (float(row[1]) for row in values(lines, "abs_rel"))
  assert medians == pytest.approx(metrics["abs_rel"], abs=1e-3) and metres != medians
  assert any(line.startswith(f"Motion of `{key}`, 4 pairs") for line in lines)


def test_nothing_finished_is_said(arguments):
  arguments.seeds = [3, 4]
  assert table_scenes.run(arguments) == ["Nothing is finished."]


def test_missing_runs_are_trained(arguments, monkeypatch):
  asked = []
  monkeypatch.setattr(table_scenes.run_tables, "train", lambda *given: asked.append(given))
  arguments.finished, arguments.stereo = False, True
  table_scenes.run(arguments)
  assert [(given[0], given[1], given[3]) for given in asked] == [
      (key, key, 3) for key in ("depth_scenes", "stereo_depth_scenes")]


def test_a_ratio_compares_with_the_mean_map():
  found = [{"abs_rel": 0.1, "rmse": 2.0, "a1": 0.9}, {"abs_rel": 0.2, "rmse": 3.0, "a1": 0.8}]
  rows = table_scenes.depth_rows(found, {"abs_rel": 0.4, "rmse": 5.0, "a1": 0.5})
  assert rows[1][1] == [0.25, 0.5] and rows[0][3] == "mean training depth map: 0.400"
  assert "| **0.150 ± 0.071** | 0.100 | 0.200 |" in table_scenes.table(rows, [1, 2])[2]


def test_there_is_no_trajectory_without_snippets():
  figures = {"rotation": 1.0, "rotation_identity": 2.0, "translation": 3.0, "ate": None,
             "translation_identity": 90.0, "translation_straight": 4.0}
  assert [row[0].split(",")[0] for row in table_scenes.pose_rows([figures])] == [
      "rotation", "direction"]
  figures.update(ate=0.1, ate_identity=0.5, ate_straight=0.25)
  assert table_scenes.pose_rows([figures])[2][3] == "standing still: 0.500, straight ahead: 0.250"


def test_seconds_are_those_of_all_sessions(tiny_video_run, tmp_path):
  folder = tmp_path / "run"
  shutil.copytree(tiny_video_run.model_dir, folder)
  once = table_scenes.seconds(folder)
  assert 0 < once < 600
  log = next(pathlib.Path(folder, "train", "tensorboard").glob("events.*"))
  shutil.copy(log, log.with_name(log.name + "2"))
  assert table_scenes.seconds(folder) == pytest.approx(2 * once)
  shutil.copytree(folder / "train", folder / "pairs")
  assert table_scenes.seconds(folder) == pytest.approx(4 * once)
