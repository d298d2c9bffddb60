"""The benchmark of the training step runs in its tiny mode and prints every ratio with its goal."""
import pathlib
import re
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bench_em"


def bench(*arguments):
  return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True,
                        check=False)


@pytest.mark.slow
def test_quick_mode_prints_all_ratios():
  done = bench("--quick", "--rounds", "1", "--steps", "1", "--pipeline_steps", "1",
               "--batch_size", "2")
  assert done.returncode == 0, done.stderr
  rows = re.findall(r"^(.+?) {2,}(\d\.\d\d) +(\d+\.\d{3}) ", done.stdout, re.MULTILINE)
  assert {name: float(goal) for name, goal, _ in rows} == {
      "em_fixed / supervised": 1.10, "em_adapt / supervised": 1.10,
      "input pipeline / batches in memory": 1.05, "our fit / plain Model.fit": 1.03}
  assert all(float(ratio) > 0 for _, _, ratio in rows)
  assert "16 images, batch 2" in done.stdout


def test_a_wrong_data_folder_is_named(tmp_path):
  done = bench("--data_dir", str(tmp_path))
  assert done.returncode != 0
  assert str(tmp_path / "voc_animals") in done.stderr
