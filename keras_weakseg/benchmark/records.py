"""The record of a row and a seed: what was measured, of what, with what; written whole or not."""
import functools
import hashlib
import json
import os
import pathlib
import platform
import subprocess

from keras_weakseg import errors
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import staging

_RECORD = schema.record(
    {"identity": schema.text, "upstream": schema.map_of(schema.anything)},
    {"figures": schema.map_of(schema.anything), "environment": schema.map_of(schema.anything),
     "left": schema.text})
_FINISHED = schema.record({"figures": schema.map_of(schema.anything), "left": schema.text})


def _record(value):
  """The schema of a record: one that says that it is finished is whole."""
  _RECORD(value)
  if value.get("finished"):
    _FINISHED(value)


def write(path, record):
  """Writes a record as JSON.

  Args:
    path: `pathlib.Path`.
    record: dict of plain values.
  """
  staging.write_whole(path, (json.dumps(record, indent=1) + "\n").encode())


def read(path):
  """Returns a record, None where there is none.

  Raises:
    ValueError: the file is damaged.
  """
  if not path.exists():
    return None
  try:
    return json_files.read_json(path, "record", _record, nan=True)
  except ValueError as error:
    raise errors.value_error(
        f"The record '{path}' is damaged.", expected="what a benchmark wrote", received=error,
        fix="Delete it: a finished run is only evaluated again.") from error


def digest(value):
  """Returns 16 hexadecimal digits that name a JSON value."""
  return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def digest_files(folder, patterns=("*/*.npz", "*/checkpoints/*/*.data-*")):
  """Returns 16 hexadecimal digits that name files below a folder and what is in them.

  Args:
    folder: `pathlib.Path`.
    patterns: globs; by default all weights that a run leaves.
  """
  found = hashlib.sha256()
  for path in sorted({path for pattern in patterns for path in folder.glob(pattern)}):
    found.update(path.relative_to(folder).as_posix().encode() + b"\0")
    with open(path, "rb") as file:
      for block in iter(lambda: file.read(1 << 20), b""):
        found.update(block)
  return found.hexdigest()[:16]


@functools.lru_cache(maxsize=1)
def environment():
  """Returns what the numbers were made with: commit, packages, Python, processors."""
  import tensorflow as tf  # pylint: disable=g-import-not-at-top
  from keras_weakseg import runs  # pylint: disable=g-import-not-at-top
  devices = [tf.config.experimental.get_device_details(device).get("device_name", device.name)
             for device in tf.config.list_physical_devices("GPU")]
  return {"commit": commit(), "python": platform.python_version(), "machine": platform.machine(),
          "cores": os.cpu_count(), "gpus": devices, "packages": runs.versions()}


def commit():
  """Returns the commit of the checkout, with `+` if files differ from it; None outside of one."""
  root = pathlib.Path(__file__).resolve().parents[2]
  if not (root / ".git").exists():
    return None
  run = lambda *command: subprocess.run(
      ["git", "-C", str(root), *command], capture_output=True, text=True, check=True,
      timeout=60).stdout.strip()
  try:
    found = run("rev-parse", "--short=12", "HEAD")
    return found + ("+" if run("status", "--porcelain", "--untracked-files=no") else "")
  except (OSError, subprocess.SubprocessError):
    return None
