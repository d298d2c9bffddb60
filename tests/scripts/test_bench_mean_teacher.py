"""The benchmark of the semi-supervised step prints the step, its passes and their ratio."""
import pathlib
import re
import subprocess
import sys

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"


@pytest.mark.slow
def test_quick_mode_prints_all_rows():
  done = subprocess.run([sys.executable, str(SCRIPTS / "bench_mean_teacher"), "--quick"],
                        capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stderr
  rows = re.findall(r"^(\w+) +([\d.]+) ms$", done.stdout, re.MULTILINE)
  assert [row[0] for row in rows] == ["step", "labelled", "mixed", "teacher", "mixing"]
  assert re.search(r"step / passes +\d+\.\d+ \(", done.stdout)
