"""The table of all systems runs at tiny sizes, and says which rows failed."""
import pathlib
import re
import subprocess
import sys

import lone_steps
import pytest

from keras_weakseg.configs import registry
from keras_weakseg.recipes import planning

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bench_gpu"


def run(*arguments):
  return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True,
                        check=False)


@pytest.mark.slow
def test_quick_mode_prints_a_train_step_and_inference(tmp_path):
  output = tmp_path / "table.md"
  done = run("--quick", "--rows", "l_net", "--variants", "float32", "--output", str(output))
  assert done.returncode == 0, done.stderr + done.stdout
  assert output.read_text() == done.stdout
  first, *_, train, infer = done.stdout.splitlines()
  assert re.search(r"TensorFlow [\d.]+; commit \w+; 1 rounds of 1 calls; quick", first)
  for line, label in ((train, "train step, 65x65"), (infer, "inference, 96x128")):
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert len(cells) == 10
    assert cells[:6] == ["l_net", "`l_net_split_1_voc12`", "l_net", label, "1", "float32"]
    seconds = float(cells[7].split()[0])
    assert float(cells[6]) > 1 and seconds > 0
    assert float(cells[8]) == pytest.approx(1 / seconds, rel=0.05)


def test_a_row_that_is_none_is_refused():
  done = run("--quick", "--rows", "em_adopt")
  assert done.returncode == 2 and "received em_adopt" in done.stderr


@pytest.mark.parametrize("row", lone_steps.ROWS, ids=lambda row: row.name)
def test_every_row_names_a_step_that_trains(row):
  steps = {step.name: step.make.type for step in registry.build(row.experiment).steps}
  assert {**steps, planning.LAST: None}[row.step] is None
