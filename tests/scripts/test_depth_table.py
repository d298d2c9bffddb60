"""The command of the depth tables: its options, and what it prints of finished runs."""
import json
import pathlib
import subprocess
import sys

import depth_table
import pytest
import table_gains
import table_kitti
import table_scenes

SCRIPT = pathlib.Path(depth_table.__file__)


@pytest.mark.parametrize("name, options, module", [
    ("kitti", ["--model_dir", "a", "b"], table_kitti), ("scenes", ["--stereo"], table_scenes),
    ("gains_scenes", ["--depth_run", "a"], table_gains),
    ("gains_camvid", ["--teacher_size", "192", "256", "--rows", "x"], table_gains)])
def test_every_table_has_its_options(name, options, module):
  arguments = depth_table.parse([name, *options, "--data_dir", "data", "--seeds", "4", "5"])
  assert arguments.run is module.run and arguments.table == name
  assert arguments.data_dir == "data" and arguments.seeds == [4, 5]
  assert depth_table.parse([name, *options]).seeds == [1, 2, 3]


def test_kitti_needs_a_run():
  with pytest.raises(SystemExit):
    depth_table.parse(["kitti"])


def test_finished_runs_are_printed(tmp_path):
  values = {"imagenet_50_camvid": (0.4, 0.5), "depth_transfer_50_camvid": (0.45, 0.49)}
  for key, scores in values.items():
    for seed, score in enumerate(scores, 1):
      run = tmp_path / key / f"seed_{seed}"
      run.mkdir(parents=True)
      (run / "metrics.json").write_text(json.dumps({
          "mean_iou": score, "samples": 233, "split": "test", "protocol_hash": "abc"}))
  text = subprocess.run(
      [sys.executable, str(SCRIPT), "gains_camvid", "--finished", "--model_dir", str(tmp_path),
       "--seeds", "1", "2"], capture_output=True, text=True, check=True).stdout
  assert "`scripts/depth_table.py gains_camvid`, seeds 1, 2; 233 images of `test`" in text
  assert ("| 50 masks, encoder from ImageNet | `imagenet_50_camvid` | **45.0 ± 7.1** | 40.0 | 50.0 "
          "|") in text
  assert ("| `depth_transfer_50_camvid` | `imagenet_50_camvid` | **2.0 ± 4.2** | +5.0 | -1.0 | "
          "in the mean |") in text
  assert "joint_depth" not in text and "_100_" not in text
