"""Gives every suite the rows of the table: ask for `op`, `network`, `method` or for `goldens`."""
import importlib.util
import pathlib
import sys

import pytest

from keras_weakseg.framework import keras


def load_goldens():
  """Returns the module `goldens`, loaded once; tests are no package that it could lie in."""
  name = "keras_weakseg_conformance_goldens"
  if name not in sys.modules:
    spec = importlib.util.spec_from_file_location(
        name, pathlib.Path(__file__).with_name("goldens.py"))
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
  return sys.modules[name]


def rows(table):
  """Returns the rows as parameters with readable, distinct names."""
  found, seen = [], {}
  for row in table:
    seen[row.name] = seen.get(row.name, 0) + 1
    label = row.name if seen[row.name] == 1 else f"{row.name}-{seen[row.name]}"
    marks = [pytest.mark.slow] if getattr(row, "slow", False) else []
    found.append(pytest.param(row, id=label, marks=marks))
  return found


def pytest_generate_tests(metafunc):
  goldens = load_goldens()
  for name, table in (("op", goldens.OPS), ("network", goldens.NETWORKS),
                      ("method", goldens.METHODS)):
    if name in metafunc.fixturenames:
      metafunc.parametrize(name, rows(table))


@pytest.fixture(scope="session")
def goldens():
  """Returns the module that holds the table."""
  return load_goldens()


@pytest.fixture
def precision():
  """Returns a function that sets the precision policy; it is float32 again after the test."""
  yield keras.mixed_precision.set_global_policy
  keras.mixed_precision.set_global_policy("float32")
