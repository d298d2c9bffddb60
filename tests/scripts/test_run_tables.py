"""What tables share: seeds that draw the masks, rows that are finished, spread and paired gains."""
import json
import types

import pytest
import run_tables

from keras_weakseg.configs import overrides


def test_a_seed_draws_the_masks_that_are_counted():
  config = overrides.resolve("joint_depth_scenes", overrides=run_tables.override(
      "joint_depth_scenes", 3, {"training.steps": 7}))
  assert (config.seed, config.training.steps) == (3, 7)
  assert [part.subset_seed for part in config.data.parts] == [3, None]
  assert overrides.resolve("unet_scenes", overrides=run_tables.override(
      "unet_scenes", 2, "training.steps=8")).training.steps == 8
  assert len(run_tables.override("unet_scenes", 2)) == 1


def test_a_run_is_trained_in_the_folder_of_its_seed(tmp_path, monkeypatch, capsys):
  asked = {}

  def fit(name, **arguments):
    asked.update(arguments, name=name)
    return types.SimpleNamespace(metrics={"mean_iou": 0.4256})

  monkeypatch.setattr(run_tables.kw, "fit", fit)
  metrics = run_tables.train("key", "unet_scenes", None, 2, tmp_path, "data")
  assert metrics == {"mean_iou": 0.4256}
  assert asked["model_dir"] == str(tmp_path / "key" / "seed_2") and asked["name"] == "unet_scenes"
  assert asked["data_dir"] == "data" and "seed=2" in asked["params_override"][0]
  assert "key seed 2: mean_iou 42.56 (" in capsys.readouterr().out


def test_only_rows_with_all_seeds_are_finished(tmp_path):
  rows = [("title", name, None, name) for name in ("a", "b")]
  for path in (*run_tables.metrics_paths("a", [1, 2], tmp_path),
               *run_tables.metrics_paths("b", [1], tmp_path)):
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"mean_iou": 0.5}))
  kept, found = run_tables.finished(rows, [1, 2], tmp_path)
  assert kept == rows[:1] and found == {"a": [{"mean_iou": 0.5}] * 2}
  assert run_tables.finished(rows, [1], tmp_path)[0] == rows


def test_cells_have_the_sample_deviation():
  assert run_tables.cell([0.4, 0.5]) == "45.0 ± 7.1"
  assert run_tables.cell([0.4]) == "40.0"
  assert run_tables.cell([0.1, 0.2, 0.3], 1, 3) == "0.200 ± 0.100"


@pytest.mark.parametrize("values, expected", [
    ([0.1, 0.2], "in every seed"), ([-0.1, 0.2], "in the mean"), ([0.1, -0.2], "no"),
    ([0.0], "no")])
def test_a_gain_holds_where_every_seed_gains(values, expected):
  assert run_tables.verdict(values) == expected


def test_gains_are_paired_by_seed():
  found = {name: [{"mean_iou": value} for value in values]
           for name, values in (("a", (0.5, 0.25)), ("b", (0.25, 0.5)))}
  assert run_tables.gains([("a", "b"), ("a", "absent")], found) == [("a", "b", [0.25, -0.25])]


def test_the_caption_names_seeds_data_and_protocol():
  metrics = {"samples": 9, "split": "test", "protocol_hash": "abc"}
  assert run_tables.caption("x.py y", [1, 2], metrics) == (
      "`scripts/x.py y`, seeds 1, 2; 9 images of `test`, protocol `abc`; mean ± sample standard "
      "deviation, percent.")
  assert run_tables.caption("x.py y", [1], metrics, "", "`z`").startswith(
      "`scripts/x.py y` (`z`), seeds 1; ")


def test_tables_show_overrides_that_are_short():
  rows = [("A", "a", "x=1", "key"), ("B", "b", {"long": "path"}, "other")]
  found = {key: [{"mean_iou": 0.5}] for key in ("key", "other")}
  assert run_tables.table(rows, found, [4]) == [
      "| trained from | experiment | mIoU | seed 4 |", "|---|---|---|---|",
      "| A | `a`, `x=1` | **50.0** | 50.0 |", "| B | `b` | **50.0** | 50.0 |"]
