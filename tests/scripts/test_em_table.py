"""The results tables: rows that exist, seeds that draw the same masks, what is printed."""
import importlib.util
import json
import pathlib
import subprocess
import sys

import pytest

from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "em_table.py"


def load():
  spec = importlib.util.spec_from_file_location("em_table", SCRIPT)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


TABLE = load()
ROWS = {data: [(*row, "", row[1]) if len(row) == 2 else row for row in rows]
        for data, rows in TABLE.ROWS.items()}


@pytest.mark.parametrize("data", ROWS)
def test_rows_are_experiments_that_resolve(data):
  keys = [row[-1] for row in ROWS[data]]
  assert len(set(keys)) == len(keys)
  for _, name, own, _ in ROWS[data]:
    config = overrides.validate(overrides.resolve(
        name, overrides=TABLE.override(name, 2, own)))
    assert config.seed == 2
    assert [part.subset_seed for part in config.data.parts if part.count] in ([], [2])


@pytest.mark.parametrize("data", ROWS)
def test_orderings_are_of_rows(data):
  keys = {row[-1] for row in ROWS[data]}
  assert all({better, worse} <= keys and better != worse
             for better, worse in TABLE.ORDERINGS[data])


@pytest.mark.parametrize("data, alone", [
    ("joint_scenes", "supervised_scenes"), ("joint_voc_animals", "supervised_50_voc_animals")])
def test_joint_rows_draw_the_masks_of_the_row_alone(data, alone):
  """The few masks are the first part of both; all else of the part is equal, so are the ids."""
  wanted = overrides.resolve(alone, overrides=TABLE.override(alone, 3)).data.parts[0].as_dict()
  for _, name, own, _ in ROWS[data]:
    if name.startswith("cross_"):
      config = overrides.resolve(name, overrides=TABLE.override(name, 3, own))
      assert config.data.parts[0].as_dict() == wanted and wanted["subset_seed"] == 3
      assert config.data.aggregation == (own.partition("=")[2] or "logsumexp")


def write_runs(folder, key, values, person):
  for seed, (value, other) in enumerate(zip(values, person), 1):
    run = folder / key / f"seed_{seed}"
    run.mkdir(parents=True)
    (run / "metrics.json").write_text(json.dumps({
        "mean_iou": value, "class_iou": {"person": other}, "samples": 295, "split": "val",
        "protocol_hash": "abc"}))


def test_finished_runs_are_printed(tmp_path):
  write_runs(tmp_path, "supervised_50_voc_animals", [0.4, 0.5], [0.1, None])
  write_runs(tmp_path, "cross_joint_50_voc_animals", [0.45, 0.5], [0.3, 0.5])
  text = subprocess.run(
      [sys.executable, str(SCRIPT), "joint_voc_animals", "--finished", "--model_dir",
       str(tmp_path), "--seeds", "1", "2"], capture_output=True, text=True, check=True).stdout
  assert "| 50 masks alone | `supervised_50_voc_animals` | **45.0 ± 7.1** | 40.0 | 50.0 |" in text
  assert ("| `cross_joint_50_voc_animals` > `supervised_50_voc_animals` | 2.5 ± 3.5 | "
          "in the mean |") in text
  assert "| trained from | IoU of person | seed 1 | seed 2 |" in text
  assert "| 50 masks alone | **10.0** | 10.0 | - |" in text
  assert "| 50 masks + 200 of COCO on one head | **40.0 ± 14.1** | 30.0 | 50.0 |" in text


def test_a_table_with_nothing_finished_says_so(tmp_path, monkeypatch, capsys):
  monkeypatch.setattr(sys, "argv", [
      "em_table.py", "scenes", "--finished", "--model_dir", str(tmp_path)])
  TABLE.main()
  assert capsys.readouterr().out.strip() == "Nothing is finished."


def test_rows_that_are_not_finished_are_left_out(tmp_path):
  write_runs(tmp_path, "supervised_50_voc_animals", [0.4, 0.5], [0.1, 0.2])
  rows, found = TABLE.finished(ROWS["joint_voc_animals"], [1, 2], tmp_path)
  assert [row[-1] for row in rows] == list(found) == ["supervised_50_voc_animals"]
  assert TABLE.finished(rows, [1, 2, 3], tmp_path) == ([], {})
