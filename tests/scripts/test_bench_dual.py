"""The benchmark of inference by reconstruction runs in its tiny mode."""
import pathlib
import re
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bench_dual"


@pytest.mark.slow
def test_quick_mode_prints_times_and_ratios():
  done = subprocess.run([sys.executable, str(SCRIPT), "--quick"], capture_output=True, text=True,
                        check=False)
  assert done.returncode == 0, done.stderr
  assert re.findall(r"^(.+?)  +\d+\.\d ms   peak", done.stdout, re.MULTILINE) == [
      "t = 0", "t = 10", "t = 30", "loop", "update, t = 0", "update, t = 10"]
  assert re.search(r"t = 30 / t = 0 +\d+\.\d{3}", done.stdout)
  assert re.search(r"updates +\d+\.\d{3}", done.stdout)
  assert re.search(r"share of the loop +-?\d+\.\d{3}", done.stdout)
