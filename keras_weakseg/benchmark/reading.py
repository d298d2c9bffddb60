"""Finds and reads suites: `official_configs/<system>/suites/*.yaml`, or any file of that form."""
import os
import pathlib
import re

from keras_weakseg import errors
from keras_weakseg.benchmark import checking
from keras_weakseg.benchmark import figures
from keras_weakseg.benchmark import joining
from keras_weakseg.benchmark import suite as suite_lib
from keras_weakseg.benchmark import typed
from keras_weakseg.configs import text
from keras_weakseg.files import text as texts

_SECTIONS = ("description", "includes", "seeds", "figures", "rows", "orderings")
_KEY = re.compile(r"[A-Za-z0-9][\w.-]*")
_DECIMALS = 12
_LARGEST = 1 << 20
_FOLDERS = (pathlib.Path(__file__).resolve().parents[2], pathlib.Path())


def suites():
  """Returns the suites that come along: a dict of name, such as `em/scenes`, to one line.

  Those of no single system have no system in their name: `ci`.
  """
  return {name: read_suite(path).description for name, path in paths().items()}


def paths():
  """Returns the files of the suites that come along, by name."""
  found = {}
  for folder in _FOLDERS:
    for path in sorted(folder.glob("official_configs/*/suites/*.yaml")):
      found.setdefault(f"{path.parts[-3]}/{path.stem}", path)
    for path in sorted(folder.glob("official_configs/suites/*.yaml")):
      found.setdefault(path.stem, path)
  return found


def read_suite(name):
  """Returns the checked `Suite` of a name or a file.

  Args:
    name: `em/scenes`, `scenes` where only one system has it, the path of a YAML file, or a `Suite`,
      which is returned.

  Raises:
    ValueError: the name is unknown, or something in the file is wrong; the error names the place.
    FileNotFoundError: the file is not there.
  """
  if isinstance(name, suite_lib.Suite):
    return checking.checked(name)
  if not isinstance(name, (str, os.PathLike)):
    raise errors.value_error(
        "This is no suite.", expected="a name, the path of a YAML file, or a Suite",
        received=type(name).__name__, fix="Pass 'em/scenes' or the like.")
  return _read(_find(os.fspath(name)))


def _read(path, within=()):
  content = texts.read_text(path, "suite", _LARGEST, "Name the YAML of a suite.")
  return checking.checked(parse(content, path, within))


def parse(content, path, within=()):
  """Returns the `Suite` of a YAML text, not checked across its rows.

  Args:
    content: text.
    path: where it stands; the suite is named after it.
    within: resolved paths of the suites that include it.
  """
  path, given = pathlib.Path(path), text.load_yaml(content, str(path))
  for key in given:
    errors.check_name(f"section of {path} called", key, _SECTIONS)
  where = str(path)
  includes = given.get("includes", [])
  typed.check(includes, list, f"`includes` of {where}")
  rows = given.get("rows", {} if includes else None)
  typed.check(rows, dict, f"`rows` of {where}")
  seeds = given.get("seeds", [1, 2, 3])
  typed.check(seeds, list, f"`seeds` of {where}")
  for seed in seeds:
    typed.check(seed, int, f"an entry of `seeds` of {where}")
  orderings = given.get("orderings", [])
  typed.check(orderings, list, f"`orderings` of {where}")
  description = given.get("description", "")
  typed.check(description, str, f"`description` of {where}")
  parts = path.resolve().parts
  system = parts[-3] + "/" if parts[-4:-3] == ("official_configs",) else ""
  suite = suite_lib.Suite(
      name=system + path.stem, description=description, seeds=tuple(seeds),
      rows=tuple(_row(key, row, where) for key, row in rows.items()),
      figures=_figures(given.get("figures", [] if includes else ["mean_iou"]), where),
      orderings=tuple(typed.make(suite_lib.Ordering, entry, f"ordering {number} of {where}")
                      for number, entry in enumerate(orderings, 1)))
  if not includes:
    return suite
  return joining.joined(
      suite, [_included(name, path, (*within, path.resolve())) for name in includes],
      suite.seeds if "seeds" in given else None)


def _included(name, path, within):
  """Returns the suite that one names: by name, or as a file beside it."""
  typed.check(name, str, f"an entry of `includes` of {path}")
  beside = name.endswith((".yaml", ".yml"))
  found = _find(str(path.parent / pathlib.Path(name).expanduser()) if beside else name)
  if found.resolve() in within:
    raise errors.value_error(
        f"The suite {path} includes itself.", expected="other suites",
        received=" -> ".join(each.stem for each in (*within, found)), fix="Break the circle.")
  return _read(found, within)


def _row(key, given, where):
  if not isinstance(key, str) or not _KEY.fullmatch(key):
    raise errors.value_error(
        f"A row of {where} cannot have this name.", expected="letters, digits, `_`, `-` and `.`",
        received=repr(key), fix="Rename it: folders are named after rows.")
  return typed.make(suite_lib.Row, given, f"row '{key}' of {where}", key=key)


def _figures(given, where):
  if isinstance(given, list):
    given = {name: {} for name in given}
  typed.check(given, dict, f"`figures` of {where}")
  found = []
  for name, options in given.items():
    place = f"figure '{name}' of {where}"
    typed.check(name, str, place)
    typed.make(suite_lib.Figure, options, place, name=name)
    found.append(figures.figure(name, **options))
    errors.check_name(f"choice for `better` of {place}:", found[-1].better, suite_lib.BETTER)
    if not 0 <= found[-1].decimals <= _DECIMALS:
      raise errors.value_error(f"`decimals` of {place} is out of range.",
                               expected=f"0 to {_DECIMALS}", received=found[-1].decimals,
                               fix="Write how many decimals are printed.")
  return tuple(found)


def _find(name):
  path = pathlib.Path(name).expanduser()
  if name.endswith((".yaml", ".yml")):
    if path.is_file():
      return path
    raise errors.missing("The suite does not exist.", expected="a YAML file",
                         received=path.absolute(), fix="Check the path.")
  known = paths()
  fitting = [key for key in known if name in (key, key.rpartition("/")[2])]
  if len(fitting) > 1 and name not in fitting:
    raise errors.value_error(f"Several systems have a suite '{name}'.", expected="one of "
                             + ", ".join(fitting), received=repr(name), fix="Name the system too.")
  if not fitting:
    raise errors.unknown_name("suite", name, known)
  return known[name if name in fitting else fitting[0]]
