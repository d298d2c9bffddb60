"""The benchmark of the hourglass runs in its tiny mode, and both builds answer alike."""
import pathlib
import re
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bench_hourglass"


@pytest.mark.slow
def test_quick_mode_prints_times_and_the_ratio():
  done = subprocess.run([sys.executable, str(SCRIPT), "--quick"], capture_output=True, text=True,
                        check=False)
  assert done.returncode == 0, done.stderr
  assert re.findall(r"^(\w+) +\d+\.\d ms$", done.stdout, re.MULTILINE) == ["plain", "fast"]
  assert re.search(r"fast / plain +\d+\.\d{3}", done.stdout)
  assert float(re.search(r"differ by (\S+) of", done.stdout).group(1)) < 1e-4
