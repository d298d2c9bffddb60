"""`select`: what it chooses and writes, what it says without doing it, what it refuses."""
import os

import numpy as np
import pytest

import keras_weakseg as kw
from keras_weakseg import api_select
from keras_weakseg.configs import own_selection
from keras_weakseg.derived import selection
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.weights import weights


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
  """Returns the path of weights of MobileNetV1, random."""
  path = tmp_path_factory.mktemp("weights") / "mobilenet.npz"
  weights.save_npz(networks.build_network("light_mobilenet_v1", (None, None, 3), 2), path)
  return str(path)


def test_a_folder_by_an_encoder(photo_folder, encoder, tmp_path):
  chosen = kw.select(encoder, photo_folder, tmp_path / "out", count=4, grid=(2, 2), progress=False)
  source = kw.data.Folder(photo_folder)
  assert len(set(chosen.ids)) == 4 and set(chosen.ids) <= set(source.ids("train"))
  assert (tmp_path / "out" / "ids.txt").read_text().split() == list(chosen.ids)
  assert {path.name for path in (tmp_path / "out").iterdir()} == {
      "ids.txt", "selection.json", "selection.png"}
  longer = kw.select(encoder, source, tmp_path / "more", count=6, grid=(2, 2), progress=False)
  assert longer.ids[:4] == chosen.ids
  with pytest.raises(ValueError, match="holds a selection already"):
    kw.select(encoder, photo_folder, tmp_path / "out", count=4, progress=False)


def test_chance_and_a_dry_run(photo_folder, tmp_path, capsys):
  assert kw.select(None, photo_folder, tmp_path / "out", count=3, criterion="random",
                   dry_run=True) is None
  assert "3 of" in capsys.readouterr().out and not (tmp_path / "out").exists()
  chosen = kw.select(None, photo_folder, tmp_path / "out", count=3, criterion="random", seed=1,
                     progress=False)
  ids = kw.data.Folder(photo_folder).ids("train")
  assert chosen.ids == [ids[i] for i in np.random.RandomState(1).permutation(len(ids))[:3]]


def test_killed_before_any_file_it_is_done_again(photo_folder, tmp_path, kills):
  choose = lambda place: kw.select(None, photo_folder, tmp_path / place, count=3,
                                   criterion="random", progress=False)
  choose("whole")
  for name in ("selection.png", "ids.txt", "selection.json"):
    kills.killed(f"before {name}", lambda patch, name=name: kills.before(
        patch, os, "replace", f"stopped/{name}"), lambda: choose("stopped"))
  choose("stopped")
  kills.assert_same_files(tmp_path / "whole", tmp_path / "stopped")


@pytest.mark.parametrize("options, words", [
    ({"criterion": "entropy"}, "criterion of"), ({"criterion": "random"}, "not clear how"),
    ({"criterion": "uncertainty"}, "(?s)student with a network of depth.*model_dir"),
    ({"count": 500}, "fewer images"), ({"count": "many"}, "wrong type"),
    ({"count": 0}, "rounds of the selection"), ({"count": 2.5}, "wrong type"),
    ({"seed": -1}, "seed of the selection"), ({"seed": "x"}, "seed of the selection"),
    ({"grid": (0, 0)}, "grid' is out of range"), ({"grid": 3}, "a list"),
    ({"grid": (2,)}, "2 entries"), ({"size": (64,)}, "0 or 2 entries"),
    ({"size": (10 ** 6, 10 ** 6)}, "1 to 8192"), ({"pool": "meen"}, "Did you mean 'mean'"),
    ({"layer": 5}, "wrong type"), ({"counts": (1, 2)}, "no rounds"), ({"split": "trian"}, "train"),
    ({"layer": "nowhere", "count": 2}, "layer of the network")])
def test_what_cannot_be_done_leaves_nothing(photo_folder, encoder, tmp_path, options, words):
  with pytest.raises(ValueError, match=words):
    api_select.select(encoder, photo_folder, tmp_path / "out", **options)
  assert not (tmp_path / "out").exists()


def test_sources_and_folders_that_cannot_be_meant_are_refused(photo_folder, tmp_path):
  chance = {"criterion": "random", "count": 2, "progress": False}
  for data in (None, {"a": kw.data.Folder(photo_folder)}, 5):
    with pytest.raises(ValueError, match="(?s)(which images|no data source).*Expected: "):
      kw.select(None, data, tmp_path / "out", **chance)
  with pytest.raises(ValueError, match="holds images"):
    kw.select(None, photo_folder, photo_folder / "images", **chance)
  (tmp_path / "file").write_text("mine")
  for place in ("file", "file/inside"):
    with pytest.raises((ValueError, OSError), match="(?s)cannot be written.*Expected: "):
      kw.select(None, photo_folder, tmp_path / place, **chance)
  assert [path.name for path in tmp_path.iterdir()] == ["file"]


ROUNDS = {"criterion": "diversity_uncertainty", "counts": (2, 4), "student_steps": 1,
          "grid": (2, 2), "seed": 5, "progress": False}


def test_a_dry_run_of_rounds_tells_every_step(tiny_video_run, photo_folder, tmp_path, capsys):
  assert kw.select(tiny_video_run, photo_folder, tmp_path / "out", dry_run=True, **ROUNDS) is None
  said = capsys.readouterr().out
  steps = [line.split("'")[1] for line in said.splitlines() if line.startswith("step ")]
  assert steps == ["depth", "disparity", "select_2", "student_2", "select_4"]
  assert str(tiny_video_run.model_dir) in said and not (tmp_path / "out").exists()


@pytest.mark.slow
def test_rounds_train_a_student_anew_and_go_on_where_they_stopped(
    tiny_video_run, photo_folder, tmp_path, monkeypatch):
  network = own_selection.schema.network
  small = {"alpha": 0.25, "channels": (4, 6, 8, 10, 12), "skip_channels": (4, 4, 6, 6)}
  monkeypatch.setattr(own_selection.schema, "network", lambda name, pretrained: network(
      name, pretrained="", **small))

  def choose(place):
    return kw.select(tiny_video_run, photo_folder, tmp_path / place, **ROUNDS)

  chosen = choose("whole")
  assert len(set(chosen.ids)) == 4 and [choice.round for choice in chosen.choices] == [0, 0, 1, 1]
  assert all(choice.uncertainty > 0 for choice in chosen.choices[2:])
  assert (tmp_path / "whole" / "ids.txt").read_text().split() == chosen.ids
  with monkeypatch.context() as patched:
    patched.setattr(selection.Selection, "_doubt", _killed)
    with pytest.raises(KeyboardInterrupt):
      choose("stopped")
  assert (tmp_path / "stopped" / "student_2" / "done.json").exists()
  before = (tmp_path / "stopped" / "student_2" / "done.json").stat().st_mtime_ns
  assert choose("stopped").choices == chosen.choices
  assert (tmp_path / "stopped" / "student_2" / "done.json").stat().st_mtime_ns == before
  with pytest.raises(ValueError, match="holds a selection already"):
    choose("stopped")


def _killed(*args):
  raise KeyboardInterrupt
