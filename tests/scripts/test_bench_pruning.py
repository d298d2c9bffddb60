"""The benchmark of pruning runs in its tiny mode; what it counts falls from step to step."""
import pathlib
import re
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bench_pruning"


@pytest.mark.slow
def test_quick_mode_prints_costs_and_times():
  done = subprocess.run([sys.executable, str(SCRIPT), "--quick"], capture_output=True, text=True,
                        check=False)
  assert done.returncode == 0, done.stderr
  lines = re.findall(r"^(\w+) +([\d,]+) parameters +([\d,]+) operations", done.stdout, re.MULTILINE)
  assert [line[0] for line in lines] == ["whole", "step_1", "step_2", "step_3", "step_4"]
  flops = [int(line[2].replace(",", "")) for line in lines]
  assert flops == sorted(flops, reverse=True) and flops[-1] < 0.45 * flops[0]
