"""The soak judges growth, and does all three kinds of work."""
import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "soak"


@pytest.fixture(scope="module")
def soak():
  loader = importlib.machinery.SourceFileLoader("soak", str(SCRIPT))
  module = importlib.util.module_from_spec(importlib.util.spec_from_loader("soak", loader))
  loader.exec_module(module)
  return module


@pytest.mark.parametrize("sizes, level", [
    ([100, 300, 310, 305, 310, 306], True), ([100, 200, 300, 400, 500, 600], False),
    ([300, 300, 300, 300, 900, 300], True)])
def test_growth_is_told_from_a_peak(soak, monkeypatch, capsys, sizes, level):
  sizes = iter([300, 300, *sizes[2:]] if level else sizes)
  monkeypatch.setattr(soak, "memory", lambda: next(sizes))
  assert soak.repeat("work", lambda index: print("silent"), 6, 5.0) is level
  printed = capsys.readouterr().out
  assert "silent" not in printed and ("level" if level else "GROWS") in printed


@pytest.mark.slow
def test_a_short_soak_runs():
  done = subprocess.run(
      [sys.executable, str(SCRIPT), "--trainings", "2", "--evaluations", "4", "--predictions",
       "20"], capture_output=True, text=True, check=False)
  assert [line.split()[0] for line in done.stdout.splitlines()] == [
      "trainings", "evaluations", "predictions"], done.stderr[-2000:]
