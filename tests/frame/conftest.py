"""Makes the toys known to the tests of the frame."""
import importlib.util
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent


def load(name):
  """Returns a module beside this file, loaded once; tests are no package that it could lie in."""
  full = f"keras_weakseg_frame_{name}"
  if full not in sys.modules:
    spec = importlib.util.spec_from_file_location(full, HERE / f"{name}.py")
    sys.modules[full] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[full])
  return sys.modules[full]


@pytest.fixture(scope="module")
def toys():
  """Returns the module of the toys, registered."""
  module = load("toys")
  module.register()
  yield module
  for table, name in ((module.networks._NETWORKS, "toy_network"), (module.methods.METHODS, "duel"),
                      (module.derived.MAKERS, "guesses")):
    table.pop(name, None)


@pytest.fixture(scope="module")
def experiments(toys):
  """Returns the module of the experiments of the toys."""
  del toys
  return load("experiments")
