"""The benchmark of the diffusion runs in its tiny mode, and knows its goals."""
import importlib.machinery
import importlib.util
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "scripts" / "bench_diffusion"


def test_quick_mode_prints_all_ratios():
  done = subprocess.run([sys.executable, str(SCRIPT), "--quick"], capture_output=True, text=True,
                        check=False)
  assert done.returncode == 0, done.stderr
  found = re.findall(r"^(.+?)  +(?:[<>]= \d\.\d\d(?: s)?)? +(\d+\.\d{3})", done.stdout,
                     re.MULTILINE)
  assert [title for title, _ in found] == [
      "one image on one core", "two cores / one core, throughput",
      "sparse / dense, time of the solve", "ours / random walk on pixels, time"]
  assert all(float(value) > 0 for _, value in found)
  assert "2 generated images of 60x80, 200 superpixels, 2 classes" in done.stdout
  difference, = re.findall(r"dense solve by at most (\S+)", done.stdout)
  assert float(difference) < 1e-5


@pytest.fixture(scope="module")
def module():
  """Returns the script as a module."""
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(sys, "path", list(sys.path))
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
      patch.setenv(name, "1")
    loader = importlib.machinery.SourceFileLoader("bench_diffusion", str(SCRIPT))
    found = importlib.util.module_from_spec(importlib.util.spec_from_loader(
        "bench_diffusion", loader))
    loader.exec_module(found)
  return found


def test_a_wrong_data_folder_is_named(module, tmp_path):
  with pytest.raises(FileNotFoundError, match="voc_animals") as error:
    module.find_photos(str(tmp_path), 2)
  assert str(tmp_path) in str(error.value)


@pytest.mark.parametrize("one, two, met", [
    (0.25, 0.14, True), (0.31, 0.15, False), (0.25, 0.16, False)])
def test_goals(module, one, two, met):
  seconds = {name: np.full([3, 2], value) for name, value in (
      (module.ONE, one), (module.TWO, two), (module.SPARSE, 9), (module.DENSE, 1),
      (module.WALK, 0.01))}
  lines, reached = module.table(seconds)
  assert reached == met and ("missed" in "".join(lines)) != met
