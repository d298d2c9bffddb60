"""Depth on the command line: flags, what is printed, and `evaluate-poses`."""
import json

import pytest

from keras_weakseg import api
from keras_weakseg import api_depth
from keras_weakseg import cli
from keras_weakseg import errors
from keras_weakseg.cli import answers
from keras_weakseg.cli import sources
from keras_weakseg.data.sources import source as source_lib

FIGURES = {"split": "test", "abs_rel": 0.12345, "a1": 0.875, "samples": 4, "protocol": {"crop": ""},
           "protocol_hash": "abc", "notes": ["1 samples without a value"]}
POSES = {"split": "test", "rotation": 0.25, "rotation_identity": 1.0, "translation": 8.0,
         "translation_identity": 90.0, "translation_straight": None, "ate": 0.0125,
         "ate_spread": 0.002, "ate_identity": 0.1, "ate_straight": 0.05, "samples": 3, "pairs": 6,
         "snippets": 2, "notes": ["1 of 6 pairs do not move"]}


@pytest.fixture
def calls(monkeypatch):
  """Replaces the library's calls by ones that record their arguments; returns the record."""
  made = []

  def fake(name, answer):
    def call(**given):
      made.append((name, given))
      return answer
    monkeypatch.setattr(api if name in ("evaluate", "predict", "export") else api_depth, name,
                        call)

  fake("evaluate", FIGURES)
  fake("predict", [{}])
  fake("evaluate_poses", POSES)
  fake("metric_factor", 5.4321987)
  fake("export", "served/1")
  return made


def named(name):
  """Returns what stands for a source, and is told from others by its name."""
  return type("Named", (source_lib.Source,), {"__init__": lambda self: None, "name": name,
                                              "classes": ("background",)})()


# === evaluate and predict ===


def test_figures_of_depth_and_their_notes_are_printed(calls, capsys):
  assert cli.main(["evaluate", "runs/depth"]) == 0
  assert calls == [("evaluate", {"target": "runs/depth"})]
  printed = capsys.readouterr().out.splitlines()
  assert "abs_rel: 0.1235" in printed and "samples: 4" in printed
  assert printed[-1] == "note: 1 samples without a value"


@pytest.mark.parametrize("flags, protocol", [
    (["--crop", "garg"], {"crop": "garg"}),
    (["--min-depth", "0.5", "--max-depth=50"], {"min_depth": 0.5, "max_depth": 50.0}),
    (["--scale", "metric", "--flip", "--size", "192,640"],
     {"scale": "metric", "flip": True, "size": [192, 640]}),
    (["--scale", "5.4"], {"scale": "5.4"})])
def test_protocol_flags(calls, flags, protocol):
  from keras_weakseg.tasks.depth import protocol as depth_protocol
  assert cli.main(["evaluate", "runs/depth", *flags]) == 0
  assert calls[0][1]["protocol"] == protocol
  assert depth_protocol.DepthProtocol.from_dict(protocol) != depth_protocol.DepthProtocol()


@pytest.mark.parametrize("flags, options", [
    ([], {}), (["--point-clouds", "--field-of-view", "65"],
               {"point_clouds": True, "field_of_view": 65.0}),
    (["--field_of_view=80"], {"field_of_view": 80.0}),
    (["--field_of_view", "0"], {"field_of_view": 0.0}),
    (["--point_clouds", "--intrinsics", "40 40 31.5 15.5"],
     {"point_clouds": True, "intrinsics": "40 40 31.5 15.5"}),
    (["--scale", "5.4"], {"protocol": {"scale": "5.4"}})])
def test_predict_writes_point_clouds_and_metres_on_demand(calls, flags, options):
  assert cli.main(["predict", "runs/depth", "a.jpg", "--output", "out", *flags]) == 0
  assert calls == [("predict", {"target": "runs/depth", "inputs": ["a.jpg"], "output": "out",
                                **options})]


@pytest.mark.parametrize("flags, options", [([], {}), (["--factor", "5.4"], {"factor": 5.4})])
def test_an_export_may_know_metres(calls, flags, options):
  assert cli.main(["export", "runs/depth", "served", *flags]) == 0
  assert calls == [("export", {"target": "runs/depth", "base_dir": "served", **options})]


def test_an_experiment_is_evaluated_on_the_data_of_its_numbers(calls, monkeypatch):
  """`depth_kitti_clips` trains on clips and is scored on other scenes."""
  from keras_weakseg.recipes import sources as recipe_sources
  monkeypatch.setattr(recipe_sources, "make_sources", lambda config: {
      entry.name: named(entry.kind) for entry in config.sources})
  assert cli.main(["evaluate", "runs/depth", "--data", "depth_kitti_clips"]) == 0
  assert cli.main(["evaluate", "runs/depth", "--data", "depth_scenes"]) == 0
  assert [given["data"].name for _, given in calls] == ["kitti_stereo", "tfds"]


@pytest.mark.slow
def test_a_depth_run_is_evaluated_predicted_and_exported(
    tiny_video_run, tiny_video, video_folder, tmp_path, monkeypatch, capsys):
  """The commands themselves, on a real run."""
  run, photo = tiny_video_run.model_dir, str(video_folder / "000003.png")
  assert cli.main(["predict", run, photo, "--output", str(tmp_path / "out"), "--point-clouds",
                   "--field-of-view", "77"]) == 0
  assert (tmp_path / "out" / "000003.ply").exists()
  assert cli.main(["export", run, str(tmp_path / "served")]) == 0
  assert capsys.readouterr().out.splitlines()[-1] == str(tmp_path / "served" / "1")
  monkeypatch.setattr(sources, "source_of", lambda argument, given, kind: (
      tiny_video if "data" in given else None))
  for words, arguments in (
      ("The data to evaluate on is not known", ["evaluate", run]),
      ("Point clouds need a camera", ["predict", run, photo, "--output", str(tmp_path / "no"),
                                      "--point-clouds"]),
      ("no crop 'grag'", ["evaluate", run, "--crop", "grag", "--data", "there"])):
    assert cli.main(arguments) == 2
    assert words in capsys.readouterr().err


def test_export_passes_on_what_was_asked_for(calls):
  assert cli.main(["export", "runs/a", "served", "--max_pixels", "0", "--broken_images", "answer",
                   "--precision", "trained", "--fixed_size", "192,640"]) == 0
  assert calls[0][1] == {
      "target": "runs/a", "base_dir": "served", "max_pixels": 0, "broken_images": "answer",
      "precision": "trained", "fixed_size": [192, 640]}


# === evaluate-poses ===


def test_errors_of_motion_stand_beside_those_of_trivial_cameras(calls, capsys):
  assert cli.main(["evaluate-poses", "runs/depth", "--split", "validation"]) == 0
  assert calls == [("evaluate_poses", {"target": "runs/depth", "split": "validation"})]
  assert capsys.readouterr().out.splitlines() == [
      "rotation: 0.2500 degrees; without a turn 1.0000",
      "translation: 8.0000 degrees; straight ahead -",
      "ate: 0.0125 +- 0.0020 over 2 snippets; standing 0.1000, straight ahead 0.0500",
      "3 samples, 6 pairs", "note: 1 of 6 pairs do not move"]


def test_motion_without_snippets_has_no_trajectory_error():
  text = answers.motion({**POSES, "ate": None, "notes": []})
  assert "ate" not in text and text.endswith("3 samples, 6 pairs")


def test_everything_is_there_as_json(calls, capsys):
  assert cli.main(["evaluate-poses", "runs/depth", "--json"]) == 0
  assert json.loads(capsys.readouterr().out) == POSES
  assert len(calls) == 1


def test_the_data_of_an_experiment_can_be_named(calls, monkeypatch):
  from keras_weakseg.recipes import sources as recipe_sources
  monkeypatch.setattr(recipe_sources, "make_sources", lambda config: {
      "scenes": named(config.data_dir)})
  assert cli.main(["evaluate-poses", "runs/depth", "depth_scenes", "--data_dir", "there"]) == 0
  (_, given), = calls
  assert (given["target"], given["data"].name) == ("runs/depth", "there")


def test_errors_are_those_of_the_house(monkeypatch, capsys):
  def fail(*_, **__):
    raise errors.missing("No motion.", expected="pose.npz", received="none", fix="Train it.")
  monkeypatch.setattr(api_depth, "evaluate_poses", fail)
  assert cli.main(["evaluate-poses", "runs/em"]) == 2
  assert capsys.readouterr().err.startswith("keras-weakseg evaluate-poses: No motion.")


# === metric-factor ===


def test_metres_come_from_the_height_or_the_speed_of_the_camera(calls, video_folder, capsys):
  assert cli.main(["metric-factor", "runs/depth", "--camera-height", "1.65"]) == 0
  assert calls[0] == ("metric_factor", {"target": "runs/depth", "camera_height": 1.65})
  assert capsys.readouterr().out == "factor: 5.4322\n"
  assert cli.main(["metric-factor", "runs/depth", "--distance", "0.8", "--data", str(video_folder),
                   "--count", "3", "--split", "validation", "--frame-offsets=-1"]) == 0
  given = calls[1][1]
  assert given.pop("data").offsets == (-1,)
  assert given == {"target": "runs/depth", "split": "validation", "distance": 0.8, "count": 3}
