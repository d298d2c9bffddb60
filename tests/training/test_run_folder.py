"""A directory of a run is claimed, and given back as it was if nothing came of it."""
import os
import pathlib
import subprocess
import sys

import pytest
import tensorflow as tf

from keras_weakseg.training import guards
from keras_weakseg.training import run_folder


def fail_in(model_dir, error, checkpoint=False):
  """Claims a directory, writes into it and fails."""
  with run_folder.claimed(model_dir):
    os.makedirs(os.path.join(model_dir, "train"))
    name = "ckpt-1.index" if checkpoint else "log.csv"
    with open(os.path.join(model_dir, "train", name), "w", encoding="utf-8") as file:
      file.write("x")
    raise error


def test_it_is_made_with_its_parents(tmp_path):
  with run_folder.claimed(tmp_path / "a" / "b"):
    assert os.listdir(tmp_path / "a" / "b") == []
  assert (tmp_path / "a" / "b").is_dir()


def test_an_error_takes_everything_away_that_was_made(tmp_path):
  (tmp_path / "a").mkdir()
  with pytest.raises(ValueError, match="stop"):
    fail_in(tmp_path / "a" / "b" / "c", ValueError("stop"))
  assert os.listdir(tmp_path) == ["a"] and os.listdir(tmp_path / "a") == []


def test_an_empty_directory_that_was_there_stays(tmp_path):
  with pytest.raises(ValueError):
    fail_in(tmp_path, ValueError("stop"))
  assert os.listdir(tmp_path) == []


def test_what_was_there_before_stays(tmp_path):
  (tmp_path / "mine.txt").write_text("x")
  with pytest.raises(ValueError):
    fail_in(tmp_path, ValueError("stop"))
  assert sorted(os.listdir(tmp_path)) == ["mine.txt", "train"]


@pytest.mark.parametrize("error, checkpoint", [
    (ValueError("stop"), True), (guards.NonFiniteError("nan"), False),
    (KeyboardInterrupt(), False)])
def test_what_can_be_used_again_stays(tmp_path, error, checkpoint):
  with pytest.raises(type(error)):
    fail_in(tmp_path / "run", error, checkpoint)
  assert os.listdir(tmp_path / "run" / "train") == [
      "ckpt-1.index" if checkpoint else "log.csv"]


@pytest.mark.parametrize("error", [
    OSError(28, "No space left on device"),
    tf.errors.ResourceExhaustedError(None, None, "/a/file: No space left on device"),
    tf.errors.PermissionDeniedError(None, None, "/a/file; Permission denied")])
def test_errors_of_the_disk_are_explained(tmp_path, error):
  with pytest.raises(OSError, match="cannot be written to(?s:.*)(No space|denied)(?s:.*)Free some"):
    fail_in(tmp_path / "run", error)
  assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("error", [
    tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"),
    OSError("It broke.\nExpected: a. Received: b.\nMend it.")])
def test_other_errors_stay_as_they_are(tmp_path, error):
  with pytest.raises(type(error)) as raised:
    fail_in(tmp_path / "run", error)
  assert raised.value is error


@pytest.mark.parametrize("place", ["file", "file/run"])
def test_a_file_in_the_way_is_refused(tmp_path, place):
  (tmp_path / "file").write_text("x")
  with pytest.raises(OSError, match="Expected: a writable folder"):
    with run_folder.claimed(tmp_path / place):
      pytest.fail("entered")
  assert (tmp_path / "file").read_text() == "x"


_HOLD = """
import sys, time
from keras_weakseg.training import run_folder
with run_folder.claimed(sys.argv[1]):
  print("held", flush=True)
  time.sleep(100)
"""


def test_a_second_training_is_refused_until_the_first_is_gone(tmp_path):
  """Also after it was killed, which leaves nothing behind."""
  root = pathlib.Path(run_folder.__file__).resolve().parents[2]
  first = subprocess.Popen([sys.executable, "-c", _HOLD, str(tmp_path / "run")], text=True,
                           stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(root)})
  try:
    assert first.stdout.readline().strip() == "held"
    before = sorted(os.listdir(tmp_path / "run"))
    with pytest.raises(ValueError, match="(?s)in use by another training.*another model_dir"):
      with run_folder.claimed(tmp_path / "run"):
        pytest.fail("two trainings in one folder")
    assert sorted(os.listdir(tmp_path / "run")) == before
    with run_folder.claimed(tmp_path / "run", alone=False):
      pass  # another worker of the same training
  finally:
    first.kill()
    first.wait()
  with run_folder.claimed(tmp_path / "run"):
    pass
