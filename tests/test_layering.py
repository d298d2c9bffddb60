"""Imports go down only, Keras comes from one place, and heavy packages are imported when used."""
import ast
import os
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "keras_weakseg"
NAME = "keras_weakseg"

GROUND = {"arguments", "errors", "fields", "files", "framework", "options", "ops", "paths"}
DATA = {"data", "data.checks", "data.pipeline", "data.readers", "data.sources"}
NETWORKS = {"networks", "networks.backbones", "networks.layers", "networks.surgery",
            "networks.weights"}
STANDS = GROUND | DATA | {"configs.sections", "datasets", "derived", "evaluation",
                          "evaluation.drawing", "selection", "serving"}
TASKED = STANDS | NETWORKS | {"tasks"}

# What each part may import besides itself. A part is a folder, or a module at the top; a folder
# inside of one that has a line of its own here is a part of its own.
MAY_IMPORT = {
    "arguments": set(),
    "errors": set(),
    "fields": {"errors"},
    "files": {"errors"},
    "framework": set(),
    "options": set(),
    "paths": set(),
    "ops": {"errors", "fields"},
    # Made from what methods, networks and makers can be told.
    "configs.sections": {"derived", "errors", "methods", "networks", "options"},
    "configs": NETWORKS | {"configs.sections", "derived", "errors", "fields", "files", "methods",
                           "options", "ops", "paths", "selection"},
    "data.readers": GROUND,
    "data.pipeline": GROUND | {"data.readers"},
    # Importing a builder registers it with TFDS.
    "data.sources": GROUND | {"data.pipeline", "data.readers", "datasets", "evaluation.drawing"},
    "data.checks": GROUND | {"data.pipeline", "data.readers", "data.sources"},
    "data": DATA,
    "datasets": GROUND | {"data.readers"},
    # What steps make, with the tools of data; sources read it.
    "derived": GROUND | DATA | NETWORKS | {"datasets", "evaluation.drawing", "selection"},
    "evaluation.drawing": GROUND,
    "evaluation": GROUND | {"evaluation.drawing"},
    "selection": GROUND | {"evaluation.drawing"},
    "serving": GROUND | {"evaluation", "evaluation.drawing"},
    "networks.layers": GROUND,
    "networks.backbones": GROUND | {"networks.layers"},
    "networks": GROUND | {"networks.backbones", "networks.layers"},
    "networks.surgery": GROUND | {"networks", "networks.backbones", "networks.layers"},
    "networks.weights": GROUND | {"networks", "networks.backbones", "networks.layers"},
    "methods": GROUND | {"networks", "networks.backbones", "networks.layers"},
    "tasks": STANDS | NETWORKS,  # never of training: an artifact has a task, and no method
    "recipes": TASKED | {"methods"},
    "training": TASKED | {"methods", "recipes"},
    "runs": TASKED | {"configs", "methods", "recipes", "training"},
    "tuning": TASKED | {"configs", "methods", "recipes", "training"},
    "targets": TASKED | {"configs", "recipes", "training", "runs"},
    "api_depth": TASKED | {"recipes", "training", "runs", "targets"},
    "api_select": TASKED | {"configs", "recipes", "training", "runs", "targets"},
    "api": TASKED | {"configs", "methods", "recipes", "training", "runs", "targets",
                     "tuning", "api_depth", "api_select"},
    "api_prune": TASKED | {"configs", "methods", "recipes", "training", "runs", "targets"},
    "benchmark": TASKED | {"configs", "methods", "recipes", "training", "runs", "targets",
                           "api_depth", "api_prune", "api"},
    # It finds the calls by their names; these it needs for what is written in their place.
    "cli": {"configs", "configs.sections", "data", "errors", "methods", "options", "targets",
            "tasks"},
    "": set(),
}

# Imported inside the functions that use them, so that `import keras_weakseg` stays quick. A dataset
# builder derives from a TFDS class and is itself imported when first used.
HEAVY = ("cv2", "tensorflow_datasets", "skimage", "scipy", "matplotlib", "pycocotools",
         "official.vision", "tensorflow_addons", "tensorflow_serving", "pydensecrf", "PIL",
         "pandas")
HEAVY_AT_IMPORT = {"tensorflow_datasets": "datasets/"}


def python_files(top=PACKAGE):
  return sorted(top.rglob("*.py"))


def module_of(path, root=ROOT):
  parts = list(path.relative_to(root).with_suffix("").parts)
  return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part_of(module):
  """Returns the part of the house that a module of ours belongs to, such as 'ops'."""
  inner = module.split(".")[1:]
  room = ".".join(inner[:2])
  return room if room in MAY_IMPORT else inner[0] if inner else ""


def imports(tree, module, is_package, known=lambda name: False):
  """Yields (line, absolute module name, inside a function) of every import, however it is spelt."""
  inside = set()
  for node in ast.walk(tree):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
      inside.update(id(child) for child in ast.walk(node) if child is not node)
  for node in ast.walk(tree):
    if isinstance(node, ast.Import):
      for alias in node.names:
        yield node.lineno, alias.name, id(node) in inside
    elif isinstance(node, ast.ImportFrom):
      base = node.module or ""
      if node.level:
        above = module.split(".")[:len(module.split(".")) - node.level + is_package]
        base = ".".join(above + ([base] if base else []))
      for alias in node.names:
        full = f"{base}.{alias.name}"
        yield node.lineno, full if known(full) else base, id(node) in inside
    elif (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
          and isinstance(node.args[0].value, str)
          and getattr(node.func, "attr", getattr(node.func, "id", "")) in (
              "import_module", "__import__")):
      yield node.lineno, node.args[0].value, id(node) in inside


def known_module(name, root=ROOT):
  path = root.joinpath(*name.split("."))
  return path.is_dir() or path.with_suffix(".py").is_file()


def imports_of(path, root=ROOT):
  tree = ast.parse(path.read_text(encoding="utf-8"))
  return imports(tree, module_of(path, root), path.name == "__init__.py",
                 lambda name: known_module(name, root))


def upward_imports(root):
  """Returns 'file:line part imports module' of every import that the table does not allow."""
  found = []
  for path in python_files(root / NAME):
    part = part_of(module_of(path, root))
    if part not in MAY_IMPORT:
      found.append(f"{path.relative_to(root)}:1 the part '{part}' is not in the table")
      continue
    for line, name, _ in imports_of(path, root):
      if name.split(".")[0] != NAME:
        continue
      other = part_of(name)
      # A package's own name stands for its `__init__`, which imports nothing by itself.
      if other not in MAY_IMPORT[part] | {part, ""}:
        found.append(f"{path.relative_to(root)}:{line} {part} imports {name}")
  return found


def foreign_keras(root):
  """Returns 'file:line' of every use of Keras that does not come from framework.py."""
  found = []
  for path in python_files(root / NAME):
    if path.relative_to(root / NAME).as_posix() == "framework.py":
      continue
    for line, name, _ in imports_of(path, root):
      if name.split(".")[0] in ("keras", "tf_keras") or name.startswith("tensorflow.keras"):
        found.append(f"{path.relative_to(root)}:{line} imports {name}")
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
      if (isinstance(node, ast.Attribute) and node.attr == "keras"
          and isinstance(node.value, ast.Name) and node.value.id in ("tf", "tensorflow")):
        found.append(f"{path.relative_to(root)}:{node.lineno} uses {node.value.id}.keras")
  return found


def heavy_imports(root):
  """Returns 'file:line' of every heavy package imported while a module is being imported."""
  found = []
  for path in python_files(root / NAME):
    inner = path.relative_to(root / NAME).as_posix()
    for line, name, in_function in imports_of(path, root):
      heavy = next((h for h in HEAVY if name == h or name.startswith(h + ".")), None)
      if heavy and not in_function and not inner.startswith(HEAVY_AT_IMPORT.get(heavy, "-")):
        found.append(f"{path.relative_to(root)}:{line} imports {name} at import time")
  return found


def assert_none(offences):
  """Fails with one offence a line; a plain `assert not` would shorten the list."""
  __tracebackhide__ = True  # pylint: disable=unused-variable
  if offences:
    pytest.fail("\n".join(offences), pytrace=False)


def test_imports_go_down():
  assert_none(upward_imports(ROOT))


def test_parts_are_folders_and_nothing_goes_round():
  """A part is a folder or a module at the top; part by part, what may be imported comes before."""
  assert_none([part for part in MAY_IMPORT if part and not (
      PACKAGE.joinpath(*part.split("."), "__init__.py").is_file()
      or "." not in part and (PACKAGE / f"{part}.py").is_file())])
  left = {part: may - {part} for part, may in MAY_IMPORT.items()}
  while low := {part for part, may in left.items() if not may & set(left)}:
    left = {part: may for part, may in left.items() if part not in low}
  assert_none([f"{part} imports {', '.join(sorted(may & set(left)))}"
               for part, may in left.items()])


def test_keras_comes_from_the_framework_module():
  assert_none(foreign_keras(ROOT))


def test_heavy_packages_are_imported_in_functions():
  assert_none(heavy_imports(ROOT))


def test_ops_have_no_keras_and_no_files():
  files = ("pathlib", "os", "io", "shutil", "tempfile")
  found = [f"{path.relative_to(ROOT)}:{line} imports {name}"
           for path in python_files(PACKAGE / "ops") for line, name, _ in imports_of(path)
           if name.startswith(f"{NAME}.framework") or name.split(".")[0] in files]
  assert_none(found)


@pytest.mark.parametrize("file, text, checker, expected", [
    ("ops/a.py", "import keras_weakseg.networks.b\n", upward_imports, "ops/a.py:1 ops imports"),
    ("ops/a.py", "def f():\n  from ..networks import b\n", upward_imports, "a.py:2 ops imports"),
    ("ops/a.py", "from keras_weakseg import networks\n", upward_imports, "ops imports"),
    ("ops/a.py", "import importlib\nimportlib.import_module('keras_weakseg.api')\n",
     upward_imports, "a.py:2 ops imports"),
    ("methods/a.py", "from keras_weakseg.training.c import d\n", upward_imports, "a.py:1 methods"),
    ("configs/sections/a.py", "from keras_weakseg import fields\n", upward_imports,
     "a.py:1 configs.sections imports"),
    ("data/readers/a.py", "from keras_weakseg.data.sources import b\n", upward_imports,
     "a.py:1 data.readers imports"),
    ("data/readers/a.py", "from keras_weakseg import data\n", upward_imports, "imports"),
    ("strange/a.py", "", upward_imports, "'strange' is not in the table"),
    ("networks/a.py", "def f():\n  import tf_keras\n", foreign_keras, "a.py:2 imports tf_keras"),
    ("networks/a.py", "from tensorflow.keras import layers\n", foreign_keras, "a.py:1"),
    ("networks/a.py", "x = tf.keras.Model\n", foreign_keras, "a.py:1 uses tf.keras"),
    ("data/a.py", "if 1:\n  import cv2\n", heavy_imports, "a.py:2 imports cv2"),
    ("data/a.py", "from official.vision import x\n", heavy_imports, "official.vision"),
])
def test_the_checks_find_an_offence(tmp_path, file, text, checker, expected):
  for folder in ("ops", "networks", "training", "methods", "configs", "data"):
    (tmp_path / NAME / folder).mkdir(parents=True)
    (tmp_path / NAME / folder / "__init__.py").touch()
  for module in ("api", "fields"):
    (tmp_path / NAME / f"{module}.py").touch()
  (tmp_path / NAME / file).parent.mkdir(parents=True, exist_ok=True)
  (tmp_path / NAME / file).write_text(text)
  found = checker(tmp_path)
  assert len(found) == 1 and expected in found[0], found


@pytest.mark.parametrize("file, text, checker", [
    ("methods/a.py", "from keras_weakseg.networks import b\nfrom . import c\n", upward_imports),
    ("data/a.py", "def f():\n  import cv2\n", heavy_imports),
    ("datasets/a.py", "import tensorflow_datasets as tfds\n", heavy_imports),
    ("framework.py", "import tf_keras as keras\n", foreign_keras),
])
def test_the_checks_allow_what_is_right(tmp_path, file, text, checker):
  (tmp_path / NAME / file).parent.mkdir(parents=True)
  (tmp_path / NAME / file).write_text(text)
  assert not checker(tmp_path)


PROGRAM = """
import sys, tensorflow
if tuple(map(int, tensorflow.__version__.split(".")[:2])) >= (2, 16):
  import tf_keras
import official.core.exp_factory
before = set(sys.modules)
import keras_weakseg as kw
assert kw.experiments(), "no experiments"
print(sorted(set(%r) & (set(sys.modules) - before)), "skimage" in sys.modules)
"""


def test_experiments_are_listed_without_heavy_packages():
  """TensorFlow and Model Garden import some of them for themselves; we add none."""
  environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3",
                 "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
  done = subprocess.run([sys.executable, "-c", PROGRAM % (HEAVY,)], capture_output=True, text=True,
                        env=environment, check=False, timeout=120)
  assert done.returncode == 0, done.stderr[-2000:]
  assert done.stdout.strip().splitlines()[-1] == "[] False"
