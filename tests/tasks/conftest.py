"""The small predictors and artifacts of the tests of `serving`, also for those of every task."""
import importlib.util
import pathlib
import sys


def _kit():
  """Returns the module of the fixtures; tests are no package that it could be imported from."""
  name = "keras_weakseg_serving_kit"
  if name not in sys.modules:
    path = pathlib.Path(__file__).parents[1] / "serving" / "conftest.py"
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
  return sys.modules[name]


kit, predictor, artifact, depth_predictor, depth_artifact = (getattr(_kit(), name) for name in (
    "kit", "predictor", "artifact", "depth_predictor", "depth_artifact"))
