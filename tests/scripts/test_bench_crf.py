"""The benchmark of the CRF runs in its tiny mode, with the C++ and without, and has its goals."""
import importlib.machinery
import importlib.util
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bench_crf"
MISSING = "raise ImportError('not here')\n"
DOUBLE = """
import numpy as np
DIAG_KERNEL, NORMALIZE_AFTER = 1, 2


class DenseCRF2D:

  def __init__(self, width, height, classes):
    self.shape = classes, height * width

  def setUnaryEnergy(self, unary):
    assert unary.shape == self.shape and unary.flags.c_contiguous
    self.unary = unary

  def addPairwiseGaussian(self, sxy, compat, kernel, normalization):
    assert (sxy, compat, kernel, normalization) == (3, 3, 1, 2)

  def addPairwiseBilateral(self, sxy, srgb, rgbim, compat, kernel, normalization):
    assert (sxy, srgb, compat, rgbim.dtype) == (49, 5, 4, np.uint8)

  def inference(self, iterations):
    assert iterations == 10
    found = np.exp(-self.unary)
    return found / found.sum(0)
"""
RATIOS = ["ours / C++, time", "batch on 2 cores / C++, throughput",
          "batch on 2 cores / ours, throughput"]


def bench(folder, peer, *arguments):
  (folder / "pydensecrf").mkdir()
  (folder / "pydensecrf" / "__init__.py").touch()
  (folder / "pydensecrf" / "densecrf.py").write_text(peer)
  paths = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
  return subprocess.run([sys.executable, str(SCRIPT), *arguments], capture_output=True, text=True,
                        check=False, env={**os.environ, "PYTHONPATH": paths})


def rows_of(text):
  return dict(re.findall(r"^49x65 +(.+?)  +(?:[<>]= \d\.\d\d)? +(\d+\.\d{3}) ", text, re.MULTILINE))


@pytest.mark.slow
def test_quick_mode_prints_all_ratios(tmp_path):
  done = bench(tmp_path, DOUBLE, "--quick")
  assert done.returncode == 0, done.stderr
  assert list(rows_of(done.stdout)) == RATIOS
  assert all(float(ratio) > 0 for ratio in rows_of(done.stdout).values())
  assert "2 generated images, 21 classes, 10 iterations" in done.stdout
  assert "differ from the C++" in done.stdout and "lattices" in done.stdout


def test_without_the_cpp_it_says_how_to_get_it(tmp_path):
  done = bench(tmp_path, MISSING, "--quick")
  assert done.returncode == 0, done.stderr
  assert list(rows_of(done.stdout)) == RATIOS[2:]
  assert "pydensecrf2 is not installed" in done.stdout
  assert "pip install pydensecrf2" in done.stdout and "differ" not in done.stdout


def test_a_wrong_data_folder_is_named(tmp_path):
  done = bench(tmp_path, MISSING, "--data_dir", str(tmp_path))
  assert done.returncode != 0
  assert str(tmp_path / "voc_animals") in done.stderr


@pytest.mark.parametrize("ours, batch, met", [
    (0.5, 0.3, True), (0.9, 0.58, True), (1.1, 0.3, False), (0.9, 0.7, False)])
def test_goals_are_of_the_larger_size(monkeypatch, ours, batch, met):
  monkeypatch.setattr(sys, "path", list(sys.path))
  loader = importlib.machinery.SourceFileLoader("bench_crf", str(SCRIPT))
  module = importlib.util.module_from_spec(importlib.util.spec_from_loader("bench_crf", loader))
  for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    monkeypatch.setenv(name, "1")
  loader.exec_module(module)
  seconds = {"ours": np.full([3, 2], ours), "C++": np.ones([3, 2]), "batch": np.full([3, 2], batch)}
  lines, reached = module.table(seconds, (375, 500))
  assert reached == met and ("missed" in "".join(lines)) != met
  slow = {**seconds, "ours": np.full([3, 2], 3.0), "batch": np.full([3, 2], 0.3)}
  assert module.table(slow, (321, 321))[1]  # time is judged at 375x500 only
