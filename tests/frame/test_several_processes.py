"""Three processes at once: in one run, one cache, one base of exports, one output folder."""
import json
import os
import pathlib
import subprocess
import sys
import time

import pytest

from keras_weakseg.data.sources import box_labels
from keras_weakseg.files import staging
from keras_weakseg.files import writing
from keras_weakseg.serving import versions
from keras_weakseg.training import run_folder

ROOT = pathlib.Path(run_folder.__file__).resolve().parents[2]
ROUNDS = 20


def at_once(*works):
  """Runs functions in processes of their own that start together; returns their exit codes."""
  if not hasattr(os, "fork"):
    pytest.skip("processes are forked here")
  start, children = time.time() + 0.1, []
  for work in works:
    child = os.fork()
    if child == 0:
      code = 1
      try:
        time.sleep(max(0.0, start - time.time()))
        work()
        code = 0
      except BaseException as error:  # pylint: disable=broad-except
        print(f"{type(error).__name__}: {error}", file=sys.__stderr__, flush=True)
        code = 3 if "in use by another training" in str(error) else 1
      finally:
        os._exit(code)  # Nothing of pytest's may run twice.
    children.append(child)
  return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def test_every_export_gets_a_version_of_its_own(tmp_path):
  def export(who):
    for number in range(ROUNDS):
      with versions.new_version(tmp_path / "base" / "model") as pending:
        for part in range(3):
          (pending.folder / str(part)).write_text(f"{who} {number}")

  assert at_once(*(lambda who=who: export(who) for who in range(3))) == [0] * 3
  found = sorted((tmp_path / "base" / "model").iterdir(), key=lambda path: int(path.name))
  assert [path.name for path in found] == [str(number) for number in range(1, 3 * ROUNDS + 1)]
  texts = [{(path / str(part)).read_text() for part in range(3)} for path in found]
  assert all(len(text) == 1 for text in texts), "files of two writers in one version"
  assert len(set.union(*texts)) == 3 * ROUNDS


def test_one_cache_holds_whole_files_of_one_kind(tmp_path):
  ids = [f"some/photo{number}" for number in range(ROUNDS)]

  def make(record):
    box_labels.KIND.claim(tmp_path, record)
    for name in box_labels.KIND.absent(tmp_path, ids):
      writing.write_whole(box_labels.KIND.path(tmp_path, name), bytes([7]) * 50_000)

  same = {"kind": "rect"}
  assert at_once(*(lambda: make(same) for _ in range(3))) == [0] * 3
  assert box_labels.KIND.absent(tmp_path, ids) == ()
  assert box_labels.KIND.read_record(tmp_path) == same
  assert {path.read_bytes() for path in tmp_path.rglob("*.png")} == {bytes([7]) * 50_000}
  assert not [path for path in tmp_path.rglob("*") if writing.TEMPORARY.fullmatch(path.name)]
  assert at_once(lambda: make({"kind": "seg"})) == [1], "maps of another kind in the same folder"
  assert box_labels.KIND.read_record(tmp_path) == same


def test_a_table_is_that_of_one_of_them(tmp_path):
  def write(who):
    for _ in range(ROUNDS):
      with staging.staged(tmp_path / "new" / "out") as folder:
        staging.write_whole(folder / "a.json", json.dumps([who] * 9000))

  assert at_once(*(lambda who=who: write(who) for who in range(3))) == [0] * 3
  assert os.listdir(tmp_path / "new" / "out") == ["a.json"]
  content = json.loads((tmp_path / "new" / "out" / "a.json").read_text())
  assert content in [[who] * 9000 for who in range(3)]


def test_of_three_trainings_one_writes(tmp_path):
  def train():
    with run_folder.claimed(tmp_path / "run"):
      with open(tmp_path / "run" / "writers", "a", encoding="utf-8") as file:
        file.write("x")
      time.sleep(1.0)

  assert sorted(at_once(train, train, train)) == [0, 3, 3]
  assert (tmp_path / "run" / "writers").read_text() == "x"


_WORK = """
import sys
import keras_weakseg as kw
photos, cache, base, run = sys.argv[1:]
source = kw.data.Folder(photos)
maps = kw.data.make_label_maps(source, kind="rect", cache_dir=cache, progress=False)
print(kw.export(run, base), maps)
"""


@pytest.mark.slow
def test_whole_programs_share_a_cache_and_a_base(tiny_run, photo_folder, tmp_path):
  photos = tmp_path / "photos"
  (photos / "images").mkdir(parents=True)
  (photos / "classes.txt").write_text("background\nred\n")
  files = sorted((photo_folder / "images").iterdir())
  for file in files:
    (photos / "images" / file.name).write_bytes(file.read_bytes())
  (photos / "boxes.json").write_text(json.dumps({
      "images": [{"id": index, "file_name": file.name} for index, file in enumerate(files)],
      "categories": [{"id": 1, "name": "red"}],
      "annotations": [{"id": index, "image_id": index, "category_id": 1, "bbox": [3, 4, 20, 30]}
                      for index in range(len(files))]}))
  programs = [subprocess.Popen(
      [sys.executable, "-c", _WORK, photos, tmp_path / "cache", tmp_path / "base",
       tiny_run.model_dir], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
      env={**os.environ, "PYTHONPATH": str(ROOT)}) for _ in range(3)]
  said = [program.communicate() for program in programs]
  assert [program.returncode for program in programs] == [0] * 3, said
  assert sorted(path.name for path in (tmp_path / "base").iterdir()) == ["1", "2", "3"]
  folder, = (tmp_path / "cache").iterdir()
  assert len(list((folder / "masks").glob("*.png"))) == len(files)
