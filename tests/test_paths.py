"""The home folder in paths."""
import pathlib

import numpy as np
import pytest

from keras_weakseg import paths


@pytest.fixture
def home(tmp_path, monkeypatch):
  monkeypatch.setenv("HOME", str(tmp_path / "home"))
  (tmp_path / "home").mkdir()
  (tmp_path / "work").mkdir()
  monkeypatch.chdir(tmp_path / "work")
  return tmp_path / "home"


def test_only_a_leading_mark_is_the_home_folder(home):
  assert paths.expand("~/x") == str(home / "x")
  assert paths.expand(pathlib.Path("~") / "x") == home / "x"
  for other in ("a/~/x", "x~", None, 3, ["~"]):
    assert paths.expand(other) == other


def test_no_place_of_the_library_makes_a_folder_of_that_name(home, voc_xml, frames_of, tiny_run):
  """Every path of a data source, of outputs and of runs."""
  from keras_weakseg import api
  from keras_weakseg import data
  from keras_weakseg.files import cache
  photos = frames_of(home / "photos" / "images")
  del photos, voc_xml
  (home / "elsewhere").mkdir()
  (home / "list.txt").write_text("000001\n")
  source = data.Folder("~/photos", images="~/photos/images", masks="~/elsewhere",
                       validation="~/list.txt", classes=("background", "a"))
  assert source.ids("validation") == ("000001",)
  (home / "k.txt").write_text("20 20 7.5 5.5\n")
  video = data.Video("~/photos/images", "~/k.txt", held_out=0, cache_dir="~/cache")
  assert len(video.ids("train")) == 4
  assert cache.cache_root("~/cache") == home / "cache"
  written = api.export(tiny_run, "~/served")
  assert (home / "served" / "1").is_dir() and str(written).startswith(str(home))
  api.predict("~/served", "~/photos/images/000000.png", "~/out", progress=False)
  assert (home / "out" / "000000.png").is_file()
  assert not list((home.parent / "work").iterdir())


@pytest.fixture
def frames_of():
  def write(folder):
    from PIL import Image
    folder.mkdir(parents=True)
    for number in range(6):
      image = np.full((12, 16, 3), 40, np.uint8)
      image[..., 0] = 25 * number
      Image.fromarray(image).save(folder / f"{number:06d}.png")
    return folder
  return write


def test_a_run_lies_in_the_home_folder(home):
  from keras_weakseg.training import run_folder
  with run_folder.claimed(paths.expand("~/runs/a")):
    assert (home / "runs" / "a").is_dir()
