"""Every example in a docstring runs and gives what it shows."""
import doctest
import importlib
import pathlib

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
OPTIONAL = {"tensorflow_addons", "tensorflow_serving", "pydensecrf"}
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS


def module_names():
  names = []
  for path in sorted((ROOT / "keras_weakseg").rglob("*.py")):
    parts = path.relative_to(ROOT).with_suffix("").parts
    names.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
  return names


def load(name):
  """Imports a module; skips where it needs an optional package that is not installed."""
  try:
    return importlib.import_module(name)
  except ModuleNotFoundError as error:
    if (error.name or "").split(".")[0] in OPTIONAL:
      pytest.skip(f"{name} needs the optional package {error.name}")
    raise


@pytest.mark.parametrize("name", module_names())
def test_examples(name, tmp_path, monkeypatch):
  module = load(name)
  monkeypatch.chdir(tmp_path)  # an example that writes files leaves none in the checkout
  report = []
  runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
  for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
    runner.run(test, out=report.append)
  assert not runner.failures, "".join(report)


def test_there_are_examples():
  finder = doctest.DocTestFinder()
  count = sum(len(test.examples) for name in ("keras_weakseg.fields", "keras_weakseg.errors")
              for test in finder.find(importlib.import_module(name)))
  assert count >= 5


def test_a_wrong_example_is_found():
  runner = doctest.DocTestRunner(verbose=False, optionflags=FLAGS)
  test = doctest.DocTestParser().get_doctest(">>> 1 + 1\n3\n", {}, "wrong", None, 0)
  runner.run(test, out=lambda text: None)
  assert runner.failures == 1
