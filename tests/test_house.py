"""The rules of the house that a program can check: sizes, docstrings, stubs, paths, deviations."""
import ast
import collections
import pathlib
import re
import statistics

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "keras_weakseg"
MODULE_LINES = 350
MEDIAN_LINES = 150
FUNCTION_LINES = 60
LINE_LENGTH = 100
REASON = "Long because"
TEST_SHARE = 0.8

# Split, so that this file does not offend itself.
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.~])/(" + "|".join(
    ("tm" "p", "wor" "k", "far" "m", "roo" "t", "op" "t", "hom" "e")) + r")/[A-Za-z0-9_.-]+")
UNFINISHED = re.compile(r"\b(" + "|".join(("TO" "DO", "FIX" "ME", "XX" "X")) + r")\b")
DEVIATION = re.compile(r"Deviation:\s*(.+)")


def library():
  return sorted(PACKAGE.rglob("*.py"))


def own_text_files():
  folders = ("keras_weakseg", "tests", "scripts", "official_configs", "docs", "examples", ".ci")
  found = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.is_file()]
  found += [ROOT / name for name in ("setup.cfg", "pyproject.toml", "README.md")]
  binary = {".png", ".pyc", ".npz", ".jpg"}
  return sorted(p for p in found if p.is_file() and p.suffix not in binary
                and "__pycache__" not in p.parts)


def place(path, line):
  return f"{path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name}:{line}"


def tree_of(path):
  # Python 3.10 is the oldest that setup.cfg promises.
  return ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 10))


def functions(tree):
  kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
  return [node for node in ast.walk(tree) if isinstance(node, kinds)]


def long_functions(path):
  lines = path.read_text(encoding="utf-8").splitlines()
  return [place(path, node.lineno) + f" {node.name}" for node in functions(tree_of(path))
          if node.end_lineno - node.lineno + 1 > FUNCTION_LINES
          and REASON not in "\n".join(lines[node.lineno - 1:node.end_lineno])]


def undocumented(path):
  """Returns public modules, functions, classes and methods without a docstring.

  A method that overrides one of a documented contract (Keras, TFDS) may go without, so of methods
  only those of classes without a foreign base are looked at.
  """
  tree = tree_of(path)
  found = [] if ast.get_docstring(tree) or not tree.body else [place(path, 1) + " the module"]
  for node in tree.body:
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef)) or node.name.startswith("_"):
      continue
    members = node.body if isinstance(node, ast.ClassDef) and not node.bases else []
    for item in [node] + [m for m in members if isinstance(m, ast.FunctionDef)]:
      if not item.name.startswith("_") and not ast.get_docstring(item):
        found.append(place(path, item.lineno) + f" {item.name}")
  return found


def definitions():
  """Returns how often each function name is defined in the library."""
  return collections.Counter(
      node.name for path in library() for node in functions(tree_of(path)))


def stubs(path, defined=collections.Counter()):
  """Returns functions that do nothing, or only raise NotImplementedError.

  A method that other classes of the library override is a contract, not a stub.
  """
  found = []
  for node in functions(tree_of(path)):
    body = [item for item in node.body
            if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)
                    and isinstance(item.value.value, str))]
    abstract = any("abstract" in ast.unparse(decorator) for decorator in node.decorator_list)
    empty = all(isinstance(item, ast.Pass) or (
        isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant)) for item in body)
    refuses = len(body) == 1 and isinstance(body[0], ast.Raise) and "NotImplementedError" in (
        ast.unparse(body[0])) and defined[node.name] < 2
    if (empty and not abstract) or refuses:
      found.append(place(path, node.lineno) + f" {node.name}")
  return found


def user_asserts(path):
  """Returns `assert`, `exit()` and `sys.exit()` in the library: users get an error of the house."""
  found = []
  for node in ast.walk(tree_of(path)):
    if isinstance(node, ast.Assert):
      found.append(place(path, node.lineno) + " assert")
    elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("exit", "quit", "sys.exit"):
      found.append(place(path, node.lineno) + " exit")
  return found


def matching_lines(path, pattern):
  text = path.read_text(encoding="utf-8", errors="replace")
  return [place(path, number) + f" {line.strip()}"
          for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)]


def deviations(paths):
  """Returns {place: first words} of every `Deviation:` tag in comments and docstrings."""
  return {place(path, number): match.group(1).strip()
          for path in paths
          for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
          if (match := DEVIATION.search(line))}


def unlisted_deviations(package, configs):
  """Returns the tags whose module no `official_configs/*/DEVIATIONS.md` names."""
  listed = "\n".join(
      p.read_text(encoding="utf-8") for p in sorted(configs.glob("*/DEVIATIONS.md")))
  return [f"{where} {text}" for where, text in deviations(sorted(package.rglob("*.py"))).items()
          if pathlib.PurePosixPath(where.rsplit(":", 1)[0]).name not in listed]


def flat(check, paths):
  return [offence for path in paths for offence in check(path)]


def assert_none(offences):
  """Fails with one offence a line; a plain `assert not` would shorten the list."""
  __tracebackhide__ = True  # pylint: disable=unused-variable
  if offences:
    pytest.fail("\n".join(map(str, offences)), pytrace=False)


def test_functions_are_short():
  assert_none(flat(long_functions, library()))


def test_modules_are_short():
  sizes = {place(path, 1): len(path.read_text(encoding="utf-8").splitlines()) for path in library()}
  assert_none([f"{name} {size}" for name, size in sizes.items() if size > MODULE_LINES])
  assert statistics.median(sizes.values()) <= MEDIAN_LINES


def test_public_names_are_documented():
  assert_none(flat(undocumented, library()))


def test_nothing_is_left_unfinished():
  defined = definitions()
  assert_none(flat(lambda path: stubs(path, defined), library()))
  assert_none([hit for path in own_text_files() for hit in matching_lines(path, UNFINISHED)])


def test_users_get_errors_of_the_house():
  assert_none(flat(user_asserts, library()))


def test_no_paths_of_a_machine():
  assert_none([hit for path in own_text_files() for hit in matching_lines(path, MACHINE_PATH)])


def test_lines_fit():
  too_long = re.compile(".{%d,}" % (LINE_LENGTH + 1))
  assert_none([hit for path in own_text_files() if path.suffix == ".py"
               for hit in matching_lines(path, too_long)])


def test_tests_mirror_modules():
  """Every module with functions has a test file that carries its name."""
  names = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
  lonely = [place(path, 1) for path in library() if functions(tree_of(path))
            and path.name != "__init__.py" and not any(path.stem in name for name in names)]
  assert_none(lonely)


def test_enough_tests():
  def lines(paths):
    return sum(len(path.read_text(encoding="utf-8").splitlines()) for path in paths)
  tests, modules = lines((ROOT / "tests").rglob("*.py")), lines(library())
  assert tests / modules >= TEST_SHARE, f"{tests} lines of tests for {modules} of library"


def test_deviations_are_listed():
  """Whoever reads a system's pages sees where the code leaves the paper."""
  assert_none(unlisted_deviations(PACKAGE, ROOT / "official_configs"))


@pytest.mark.parametrize("check, text, expected", [
    (long_functions, "def f():\n" + "  x = 1\n" * 60, "a.py:1 f"),
    (undocumented, "def f():\n  return 1\n", "a.py:1 f"),
    (undocumented, '"""M."""\nclass A:\n  """A."""\n  def b(self):\n    return 1\n', "a.py:4 b"),
    (stubs, 'def f():\n  """Does it."""\n', "a.py:1 f"),
    (stubs, "def f():\n  ...\n", "a.py:1 f"),
    (stubs, "def f():\n  '''Does.'''\n  raise NotImplementedError\n", "a.py:1 f"),
    (user_asserts, "def f(x):\n  assert x\n", "a.py:2 assert"),
    (user_asserts, "import sys\nsys.exit(1)\n", "a.py:2 exit"),
])
def test_the_checks_find_an_offence(tmp_path, check, text, expected):
  path = tmp_path / "a.py"
  path.write_text(text)
  assert expected in check(path)


@pytest.mark.parametrize("check, text", [
    (long_functions, f"def f():\n  # {REASON} it is one table.\n" + "  x = 1\n" * 60),
    (undocumented, '"""M."""\ndef _f():\n  return 1\n'),
    (stubs, "class A:\n  @abc.abstractmethod\n  def f(self):\n    ...\n"),
    (stubs, "def f():\n  try:\n    g()\n  except OSError:\n    pass\n"),
])
def test_the_checks_allow_what_is_right(tmp_path, check, text):
  path = tmp_path / "a.py"
  path.write_text(text)
  assert not check(path)


def test_the_path_check_finds_one():
  assert MACHINE_PATH.search("x = '/" + "tmp/file'")
  assert not MACHINE_PATH.search("https://example.org/" + "tmp/file")
  assert not MACHINE_PATH.search("runs/em/tmp/file")


def test_a_deviation_must_be_listed(tmp_path):
  package, configs = tmp_path / "keras_weakseg", tmp_path / "official_configs"
  package.mkdir()
  (configs / "em").mkdir(parents=True)
  (package / "a.py").write_text("# Devia" + "tion: the tie goes to the smaller index.\n")
  (configs / "em" / "DEVIATIONS.md").write_text("Nothing.\n")
  assert unlisted_deviations(package, configs) == ["a.py:1 the tie goes to the smaller index."]
  (configs / "em" / "DEVIATIONS.md").write_text("Deviations: `ops/a.py`: ties.\n")
  assert not unlisted_deviations(package, configs)
