"""`fit --method METHOD --data FOLDER`: which source a folder becomes, and what is refused."""
import json
import types

import pytest

from keras_weakseg import api
from keras_weakseg import cli
from keras_weakseg import data


@pytest.fixture
def fits(monkeypatch):
  """Replaces `fit`; returns what it was called with."""
  made = []

  def fit(**given):
    made.append(given)
    return types.SimpleNamespace(metrics={"split": "val", "notes": ["nothing to evaluate"]},
                                 model_dir="here")

  monkeypatch.setattr(api, "fit", fit)
  return made


def test_a_folder_of_photographs(fits, photo_folder, capsys):
  assert cli.main(["fit", "--method", "em_fixed", "--data", str(photo_folder), "--held-out", "0.5",
                   "--params_override", "training.steps=5"]) == 0
  options, = fits
  assert options["method"] == "em_fixed"
  assert options["params_override"] == ["training.steps=5"]
  assert isinstance(options["data"], data.Folder) and len(options["data"].ids("train")) < 16
  assert options["data"].classes == ("background", "red", "blue")
  assert set(options) == {"method", "params_override", "data"}
  assert "note: nothing to evaluate" in capsys.readouterr().out


def test_a_folder_of_frames_finds_its_intrinsics(fits, video_folder):
  assert cli.main(["fit", "--method", "self_supervised_depth", "--data", str(video_folder),
                   "--model_dir", "runs/mine"]) == 0
  source = fits[0]["data"]
  assert isinstance(source, data.Video) and len(source.ids("train")) == 11
  camera = next(iter(source.samples("train")))["intrinsics"].numpy()
  assert camera[0].tolist() == [40, 0, 31.5] and fits[0]["model_dir"] == "runs/mine"


@pytest.mark.parametrize("flags, focal, frames", [
    (["--intrinsics", "30 30 31.5 15.5", "--frame-offsets=-2,2"], 30.0, 9),
    (["--intrinsics", "30 30 31.5 15.5", "--frame-size", "64,128", "--held-out", "0"], 60.0, 12),
    (["--static_threshold", "0", "--held-out", "0"], 40.0, 12)])
def test_the_camera_the_size_and_the_neighbours_can_be_given(fits, video_folder, flags, focal,
                                                             frames):
  assert cli.main(["fit", "--method", "self_supervised_depth", "--data", str(video_folder),
                   *flags]) == 0
  source = fits[0]["data"]
  assert len(source.ids("train")) == frames
  assert next(iter(source.samples("train")))["intrinsics"].numpy()[0, 0] == focal


def test_an_angle_stands_for_intrinsics(fits, video_folder, tmp_path):
  (tmp_path / "frames").symlink_to(video_folder)
  (tmp_path / "elsewhere").mkdir()
  for path in sorted(video_folder.glob("*.png")):
    (tmp_path / "elsewhere" / path.name).symlink_to(path)
  given = ["fit", "--method", "self_supervised_depth", "--data", str(tmp_path / "elsewhere")]
  assert cli.main([*given, "--field-of-view", "90"]) == 0
  camera = next(iter(fits[0]["data"].samples("train")))["intrinsics"].numpy()
  assert camera[0, 0] == pytest.approx(32.0, abs=0.6)


def test_sources_of_a_recipe_are_named(fits, photo_folder, video_folder):
  assert cli.main(["fit", "--recipe", "three_ways", "--classes", "background,sky,sea", "--data",
                   f"photos={photo_folder},video={video_folder}", "--frame-offsets=-2,2"]) == 0
  photos, video = fits[0]["data"]["photos"], fits[0]["data"]["video"]
  assert isinstance(photos, data.Folder) and photos.classes == ("background", "sky", "sea")
  assert isinstance(video, data.Video) and video.offsets == (-2, 2)


def test_tags_with_mistakes_lie_beside_a_folder(fits, photo_folder, tmp_path):
  (tmp_path / "noisy.json").write_text(json.dumps({photo_ids(photo_folder)[0]: ["red"]}))
  assert cli.main(["fit", "--recipe", "dual", "--data", str(photo_folder), "--noisy-tags",
                   str(tmp_path / "noisy.json")]) == 0
  assert isinstance(fits[0]["data"], data.NoisyTagFile)


def photo_ids(folder):
  return data.Folder(folder).ids("train")


@pytest.mark.parametrize("arguments, words", [
    (["fit"], "a config_file, or a method"),
    (["fit", "--data", "PHOTOS"], "a config_file, or a method"),
    (["fit", "em_adapt_scenes", "--noisy-tags", "a.json"], "Received: --noisy_tags"),
    (["fit", "--recipe", "dual", "--data", "PHOTOS", "--noisy-tags", "a.json"], "a.json"),
    (["fit", "em_adapt_scenes", "--field-of-view", "65"], "Received: --field_of_view"),
    (["fit", "--method", "em_fixed", "--data", "FRAMES", "--intrinsics", "1 1 1 1"],
     "--method self_supervised_depth with these. Received: --intrinsics"),
    (["fit", "--method", "self_supervised_depth", "--data", "FRAMES", "--tags", "a.json"],
     "learns from labels with these. Received: --tags"),
    (["fit", "--method", "self_supervised_depth", "--data", "FRAMES", "--intrinsics",
      "0.58 1.92 0.5 0.5"], "multiply fx, cx by the width"),
    (["fit", "--method", "self_supervised_depth", "--data", "FRAMES", "--frame_offsets=-20,20"],
     "choose smaller offsets"),
    (["fit", "--method", "self_supervised_depth", "--data", "FRAMES", "--static_threshold", "255"],
     "larger offsets= (--frame_offsets=-5,5)"),
    (["fit", "--method", "self_supervised_depth", "--data", "nowhere"], "nowhere"),
    (["fit", "--method", "self_supervised_depth"], "nothing to train on"),
    (["fit", "em_adapt_scenes", "--method", "em_fixed", "--data", "PHOTOS"],
     "not clear what to train"),
    (["fit", "--method", "em_fixd", "--data", "PHOTOS"], "Did you mean 'em_fixed'"),
    (["fit", "--method", "self_supervised_dept", "--data", "FRAMES"],
     "Did you mean 'self_supervised_depth'"),
    (["fit", "--method", "self_supervised_depth", "--data", "FRAMES", "--frame_size", "40,60"],
     "Resize or crop to a height of 32 or 48 and a width of 48 or 64")])
def test_mistakes_say_what_to_do_and_leave_nothing(arguments, words, video_folder, photo_folder,
                                                   tmp_path, monkeypatch, capsys):
  monkeypatch.chdir(tmp_path)
  places = {"FRAMES": str(video_folder), "PHOTOS": str(photo_folder)}
  assert cli.main([places.get(item, item) for item in arguments]) == 2
  error = capsys.readouterr().err
  assert words in error and "Expected: " in error
  assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_one_command_trains_on_a_folder_of_frames(video_folder, depth_overrides, tmp_path, capsys):
  given = json.dumps({**depth_overrides(), "training.steps": 1})
  assert cli.main(["fit", "--method", "self_supervised_depth", "--data", str(video_folder),
                   "--model_dir", str(tmp_path / "run"), "--params_override", given]) == 0
  printed = capsys.readouterr().out
  assert "self_supervised_depth on light_depth" in printed
  assert "note: nothing to evaluate: 'drive' has no true depth" in printed
  assert (tmp_path / "run" / "train" / "depth.npz").exists()
