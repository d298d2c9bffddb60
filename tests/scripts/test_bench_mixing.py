"""The benchmark of mixing compares equal pixels and prints every mask in every way."""
import pathlib
import re
import subprocess
import sys

import pytest

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "scripts"


@pytest.mark.slow
def test_quick_mode_prints_all_rows():
  done = subprocess.run([sys.executable, str(SCRIPTS / "bench_mixing"), "--quick"],
                        capture_output=True, text=True, check=False)
  assert done.returncode == 0, done.stderr
  rows = re.findall(r"^(\w+) +(compiled|graph|loop) +(\d+) ", done.stdout, re.MULTILINE)
  assert {row[:2] for row in rows} == {
      (kind, way) for kind in ("DepthMix", "ClassMix", "CutMix", "CowMix")
      for way in ("compiled", "graph", "loop")}
  assert "batch 2, 64x64" in done.stdout
