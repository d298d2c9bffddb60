"""One device = two replicas, for every method: weights, losses and health figures."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

WORKER = pathlib.Path(__file__).with_name("replicas_worker.py")


def worker_report(*arguments):
  process = subprocess.run(
      [sys.executable, str(WORKER), *arguments], capture_output=True, text=True, timeout=540,
      check=False, env={**os.environ, "PYTHONPATH": str(WORKER.parents[2])})
  assert process.returncode == 0, process.stderr[-3000:]
  return json.loads(process.stdout.strip().split("\n")[-1])


@pytest.fixture(scope="module")
def report_of():
  """Returns a function that gives what the worker found of a method; it works in two batches."""
  made = {}

  def report(method, accumulation=1):
    slow = method.slow or accumulation > 1
    if slow not in made:
      made[slow] = worker_report(*["slow"] * slow)
    return made[slow][f"{method.label} {accumulation}"]

  return report


def test_weights_are_those_of_one_device(report_of, method):
  found = report_of(method)
  assert found["weights"] < method.tolerance
  assert found["moved"] > 1000 * method.tolerance


def test_the_test_would_see_statistics_that_are_not_shared(report_of, method):
  apart = report_of(method).get("apart")
  if apart is None:
    pytest.skip("a row before it has networks of this kind")
  assert apart > 100 * method.tolerance


@pytest.mark.parametrize("accumulation", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_figures_are_global_and_equal_on_both_replicas(report_of, method, accumulation):
  found = report_of(method, accumulation)
  for one, two in zip(found["one"], found["two"], strict=True):
    assert set(one) == set(two) and "loss" in one
    for name, (value,) in one.items():
      assert two[name][0] == two[name][1], name
      np.testing.assert_allclose(two[name][0], value, rtol=1e-5, atol=1e-6, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["light_unet", "unet"])
def test_a_deep_network_differs_by_rounding_alone(name):
  """Batch statistics multiply rounding, so it is measured: by weights moved in their last bits."""
  found = worker_report(name)
  assert found["weights"] < 10 * found["rounding"] < found["moved"] / 10
  assert found["apart"] > 10 * found["weights"]
  for one, two in zip(found["one"], found["two"], strict=True):
    for name, (value,) in one.items():
      assert two[name][0] == two[name][1], name
      np.testing.assert_allclose(two[name][0], value, rtol=1e-3, atol=1e-5, err_msg=name)
