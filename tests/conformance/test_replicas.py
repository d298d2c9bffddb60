"""One device = two replicas, for every method: weights, losses and health figures."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

WORKER = pathlib.Path(__file__).with_name("replicas_worker.py")


@pytest.fixture(scope="module")
def report():
  """Returns what the worker found, for all methods at once."""
  process = subprocess.run(
      [sys.executable, str(WORKER)], capture_output=True, text=True, timeout=540, check=False,
      env={**os.environ, "PYTHONPATH": str(WORKER.parents[2])})
  assert process.returncode == 0, process.stderr[-3000:]
  return json.loads(process.stdout.strip().split("\n")[-1])


def test_weights_are_those_of_one_device(report, method):
  found = report[f"{method.label} 1"]
  assert found["weights"] < method.tolerance
  assert found["moved"] > 1000 * method.tolerance


def test_the_test_would_see_statistics_that_are_not_shared(report, method):
  assert report[f"{method.label} 1"]["apart"] > 100 * method.tolerance


@pytest.mark.parametrize("accumulation", [1, 2])
def test_figures_are_global_and_equal_on_both_replicas(report, method, accumulation):
  found = report[f"{method.label} {accumulation}"]
  for one, two in zip(found["one"], found["two"], strict=True):
    assert set(one) == set(two) and "loss" in one
    for name, (value,) in one.items():
      assert two[name][0] == two[name][1], name
      np.testing.assert_allclose(two[name][0], value, rtol=1e-5, atol=1e-6, err_msg=name)
