"""Pickled lists: texts come back, and nothing is called."""
import pathlib
import pickle

import pytest

from keras_weakseg.files import pickle_files


class Caller:
  """Creates a file where it is unpickled."""

  def __init__(self, path):
    self.path = path

  def __reduce__(self):
    return pathlib.Path.touch, (self.path,)


def read(path):
  return pickle_files.read_texts(path, "list", 1000, "Get it.")


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_texts_come_back(tmp_path, protocol):
  (tmp_path / "a.p").write_bytes(pickle.dumps(["a/b.h5", "c"], protocol))
  assert read(tmp_path / "a.p") == ["a/b.h5", "c"]


def test_nothing_else_does_and_nothing_is_called(tmp_path):
  (tmp_path / "call.p").write_bytes(pickle.dumps(Caller(tmp_path / "made")))
  (tmp_path / "number.p").write_bytes(pickle.dumps([1]))
  (tmp_path / "cut.p").write_bytes(pickle.dumps(["a/b.h5"])[:-4])
  for name in ("call.p", "number.p", "cut.p"):
    with pytest.raises(ValueError, match="Expected: .*a pickled list of texts"):
      read(tmp_path / name)
  assert not (tmp_path / "made").exists()
  with pytest.raises(FileNotFoundError, match="Get it"):
    read(tmp_path / "none.p")
