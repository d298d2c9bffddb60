"""Fixtures shared by all tests: parity data and real photographs, which may be absent."""
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pytest

SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture
def golden():
  """Returns a function that loads a parity archive, or skips the test where it is absent."""

  def load(name):
    path = SHARED / "golden" / name
    if not path.exists():
      pytest.skip(f"parity data ../shared/golden/{name} is not here")
    return np.load(path) if name.endswith(".npz") else path

  return load


@pytest.fixture
def shared_data():
  """Returns a function that gives a folder of real photographs, or skips where it is absent."""

  def folder(name):
    path = SHARED / "data" / name
    if not path.exists():
      pytest.skip(f"real data ../shared/data/{name} is not here")
    return path

  return folder
