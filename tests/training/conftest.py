"""A training of `worker.py` without a process of its own, which would take seconds to start."""
import importlib.util
import pathlib
import sys

import pytest


@pytest.fixture(scope="session")
def train_here():
  """Returns a function that trains as `worker.py` with these arguments and variables does."""
  from keras_weakseg.networks import registry
  spec = importlib.util.spec_from_file_location(
      "keras_weakseg_worker", pathlib.Path(__file__).with_name("worker.py"))
  worker = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(worker)

  def train(*arguments, **environment):
    with pytest.MonkeyPatch.context() as patch:
      patch.setattr(sys, "argv", ["worker.py", *map(str, arguments)])
      for name, value in environment.items():
        patch.setenv(name, value)
      # A worker may replace this entry; here it comes back.
      patch.setitem(registry._NETWORKS, "light_tiny", registry._NETWORKS["light_tiny"])
      worker.main()

  return train
