"""A run of another fit as a step: what it stands for, and what is refused."""
import json

import pytest

from keras_weakseg.derived import base
from keras_weakseg.derived import run


@pytest.fixture
def finished(tmp_path):
  folder = tmp_path / "data" / "depth"
  (folder / "train").mkdir(parents=True)
  (folder / "record.json").write_text(json.dumps({"phase": "train"}))
  (folder / "train" / "depth.npz").write_bytes(b"weights")
  return folder


def made(path, **context):
  return run.Run(base.MakeContext({}, **context), path=str(path))


def test_it_is_known_by_its_weights_wherever_it_lies(finished, tmp_path):
  maker = made(finished)
  assert maker.make(tmp_path)["run"] == str(finished)
  assert str(finished) in maker.lines()[0]
  before = maker.identity()
  moved = finished.rename(finished.parent / "other")
  assert made("other", data_dir=str(tmp_path / "data")).identity() == before
  (moved / "train" / "depth.npz").write_bytes(b"other weights")
  assert made(moved).identity() != before


def test_what_is_no_finished_run_is_refused(finished, tmp_path):
  with pytest.raises(ValueError, match="make.run.path"):
    made("").identity()
  with pytest.raises(FileNotFoundError, match="nowhere"):
    made(tmp_path / "nowhere").identity()
  with pytest.raises(FileNotFoundError, match="holds no run"):
    made(finished.parent).identity()
  (finished / "train" / "depth.npz").unlink()
  with pytest.raises(FileNotFoundError, match="not finished"):
    made(finished).identity()
