"""Depth through the library's calls: one run of video, looked at in every form it can take."""
import dataclasses
import json
import os
import pathlib
import shutil

import numpy as np
from PIL import Image
import pytest

import keras_weakseg as kw
from keras_weakseg import api
from keras_weakseg import api_depth
from keras_weakseg import runs
from keras_weakseg.tasks.depth import model as depth_model


@pytest.fixture(scope="module")
def depth_artifact(tiny_video_run, tmp_path_factory):
  """Returns the path of the exported model of `tiny_video_run`."""
  return api.export(tiny_video_run, tmp_path_factory.mktemp("served") / "depth")


@pytest.fixture(scope="module")
def exported_again(depth_artifact, tmp_path_factory):
  """Returns the path of an export of `depth_artifact`."""
  return api.export(depth_artifact, tmp_path_factory.mktemp("served") / "again")


@pytest.fixture(scope="module")
def disparity(tiny_video_run, tiny_video, tmp_path_factory):
  """Returns the folder of what `tiny_video_run` says of `tiny_video`."""
  return api.make_disparity_maps(tiny_video_run, tiny_video, tmp_path_factory.mktemp("maps") / "m",
                                 split="train+validation", progress=False)


@pytest.fixture
def photo(video_folder):
  return video_folder / "000003.png"


# === fit ===


def test_fit_gives_figures_of_true_depth(tiny_video_run, tiny_video):
  metrics = tiny_video_run.metrics
  assert metrics["samples"] == len(tiny_video.ids("validation")) and metrics["notes"] == []
  assert 0 < metrics["abs_rel"] < 1 and 0 <= metrics["a1"] <= metrics["a3"] <= 1
  assert metrics["protocol"]["scale"] == "median" and metrics["ratio"] > 0
  # The size of the data, for which own data has no setting.
  assert tuple(tiny_video_run.experiment.data.augmentation.resize) == (32, 64)
  assert tiny_video_run.model.size == (32, 64)


def test_the_run_keeps_its_networks_for_others(tiny_video_run):
  folder = pathlib.Path(tiny_video_run.model_dir, "train")
  with np.load(folder / "depth.npz") as arrays:
    names = {variable.name.split(":")[0].replace("/", "__")
             for variable in tiny_video_run.predictor.weights}
    assert set(arrays.files) == names
  assert (folder / "pose.npz").exists()


@pytest.mark.slow
def test_a_killed_run_ends_with_the_same_bits(tiny_video_run, tiny_video, tmp_path):
  """The folder is brought to what it was after step 2, as if the process had ended there."""
  folder = tmp_path / "run"
  shutil.copytree(tiny_video_run.model_dir, folder)
  last = folder / "train" / "checkpoints" / "last"
  files = [folder / "train" / name for name in ("done.json", "depth.npz", "pose.npz")]
  for path in [*last.glob("ckpt-4*"), *files, folder / "metrics.json"]:
    path.unlink()
  (last / "checkpoint").write_text('model_checkpoint_path: "ckpt-2"\n'
                                   'all_model_checkpoint_paths: "ckpt-2"\n')
  continued = api.fit(tiny_video_run.experiment, data=tiny_video, model_dir=folder, progress=False)
  assert continued.metrics == tiny_video_run.metrics
  for name in ("depth.npz", "pose.npz"):
    with np.load(folder / "train" / name) as ours, np.load(
        pathlib.Path(tiny_video_run.model_dir, "train", name)) as whole:
      assert ours.files == whole.files
      for key in whole.files:
        np.testing.assert_array_equal(ours[key], whole[key], err_msg=key)


def test_other_pose_networks_are_another_experiment(tiny_video_run, tiny_video):
  other = kw.configs.overrides.resolve(
      tiny_video_run.experiment, overrides={"networks.pose.light_pose.filters": 4})
  with pytest.raises(ValueError, match="(?s)another experiment.*networks = "):
    api.fit(other, data=tiny_video, model_dir=tiny_video_run.model_dir, progress=False)


@pytest.mark.slow
def test_a_folder_of_frames_trains_by_one_call(video_folder, depth_overrides, tmp_path):
  """There is no true depth to compare with, and the figures say so."""
  result = api.fit(method="self_supervised_depth", data=kw.data.Video(video_folder), progress=False,
                   model_dir=tmp_path / "run",
                   params_override={**depth_overrides(), "training.steps": 1})
  assert result.metrics["samples"] == 0
  assert "has no true depth in the split 'val'" in result.metrics["notes"][0]
  assert np.isfinite(result.model.depth(np.zeros([1, 40, 50, 3], np.uint8))).all()


# === The same model in three forms ===


@pytest.mark.parametrize("form", ["model_dir", "artifact"])
def test_every_form_gives_the_same_figures(tiny_video_run, tiny_video, depth_artifact, form):
  target = {"model_dir": tiny_video_run.model_dir, "artifact": depth_artifact}[form]
  figures = api.evaluate(target, tiny_video, split="validation", progress=False)
  for name in ("abs_rel", "rmse", "a1", "ratio"):
    assert figures[name] == pytest.approx(tiny_video_run.metrics[name], rel=1e-4, abs=1e-3), name
  assert figures["protocol_hash"] == tiny_video_run.metrics["protocol_hash"]


def test_another_protocol_has_another_hash(tiny_video_run):
  figures = api.evaluate(tiny_video_run, protocol={"flip": True, "max_depth": 3.0}, progress=False)
  assert figures["protocol"]["max_depth"] == 3.0
  assert figures["protocol_hash"] != tiny_video_run.metrics["protocol_hash"]
  with pytest.raises(ValueError, match="(?s)not one for this model.*DepthProtocol"):
    api.evaluate(tiny_video_run, protocol=kw.tasks.Protocol(), progress=False)


def test_a_loaded_run_remembers_the_range_and_the_scale(tiny_video_run):
  loaded = runs.load(tiny_video_run.model_dir)
  image = np.random.RandomState(0).randint(0, 255, (1, 50, 70, 3)).astype(np.uint8)
  np.testing.assert_allclose(loaded.model.disparity(image), tiny_video_run.model.disparity(image),
                             rtol=1e-5)
  assert (loaded.model.min_depth, loaded.model.max_depth) == (0.1, 100.0)
  assert loaded.model.factor == 0 and "up to one factor" in loaded.model.scale_note


def test_an_artifact_is_exported_again(depth_artifact, exported_again):
  image = np.random.RandomState(0).randint(0, 255, (1, 40, 60, 3)).astype(np.uint8)
  first, second = (kw.tasks.load_artifact(path).depth(image)
                   for path in (depth_artifact, exported_again))
  np.testing.assert_allclose(first, second, rtol=1e-5)


def test_depth_needs_data_with_depth(tiny_video_run, tiny_data):
  with pytest.raises(ValueError, match="(?s)nothing to evaluate in the split 'validation'.*"
                     "Expected: true depth"):
    api.evaluate(tiny_video_run, tiny_data, split="validation", progress=False)


# === Motion ===


def test_motion_is_compared_with_true_poses(tiny_video_run, tiny_video):
  found = api.evaluate_poses(tiny_video_run, progress=False)
  assert found["split"] == "val" and found["samples"] == 6 and found["pairs"] == 12
  assert found["snippets"] > 0 and found["rotation_identity"] == 0
  # It goes to the right, not ahead.
  assert found["translation_straight"] == pytest.approx(90, abs=0.01)
  assert found["rotation"] >= 0 and np.isfinite([found["translation"], found["ate"]]).all()
  again = api.evaluate_poses(tiny_video_run.model_dir, tiny_video, split="validation",
                             progress=False)
  assert again["translation"] == pytest.approx(found["translation"], abs=1e-3)


def test_who_predicts_no_motion_says_so(tiny_run, tiny_data, depth_artifact, tiny_video):
  with pytest.raises(FileNotFoundError, match="(?s)cannot tell how the camera moved.*pose.npz"):
    api.evaluate_poses(tiny_run, tiny_data)
  with pytest.raises(ValueError, match="artifact predicts no camera motion"):
    api.evaluate_poses(depth_artifact, tiny_video)


def test_motion_needs_data_with_poses(tiny_video_run, video_folder):
  with pytest.raises(ValueError, match="(?s)cannot be evaluated.*poses"):
    api.evaluate_poses(tiny_video_run, kw.data.Video(video_folder), split="train", progress=False)


# === metric_factor ===


@pytest.fixture
def ground(monkeypatch):
  """Makes every image show a ground: below its median depth."""
  monkeypatch.setattr(api_depth.metric_scale, "ground_distance",
                      lambda depth, intrinsics: float(np.median(depth)))


def test_metres_are_those_of_the_network_in_every_form(tiny_video_run, tiny_video, depth_artifact,
                                                       ground):
  """The training split is looked at, which even a short video has."""
  factor = api.metric_factor(tiny_video_run, camera_height=1.6, count=3)
  known = dataclasses.replace(
      tiny_video_run, model=dataclasses.replace(tiny_video_run.model, factor=3.0))
  for target in (depth_artifact, known):
    found = api.metric_factor(target, tiny_video, camera_height=1.6, count=3)
    assert found == pytest.approx(factor, 1e-3)


def test_metres_come_from_the_speed_of_a_run(tiny_video_run, monkeypatch):
  move = np.eye(4)
  move[2, 3] = 0.02
  monkeypatch.setattr(api_depth.motion, "load_motion",
                      lambda *_: lambda sample: [move] * len(sample["frame_offsets"]))
  assert api.metric_factor(tiny_video_run, distance=0.5, count=2) == pytest.approx(25)


@pytest.mark.parametrize("options, words", [
    ({"count": 0}, "count of 1 or more. Received: 0"), ({"count": -3}, "Received: -3"),
    ({"camera_height": None}, "not clear what is known"), ({"distance": 1.0}, "not clear"),
    ({"camera_height": None, "distance": 1.0}, "artifact predicts no camera motion")])
def test_metres_that_cannot_be_found_are_refused(depth_artifact, tiny_video, options, words):
  with pytest.raises(ValueError, match=words):
    api.metric_factor(depth_artifact, tiny_video, **{"camera_height": 1.6, **options})


@pytest.mark.parametrize("known", [{"camera_height": 1.6}, {"distance": 1.0}])
def test_only_depth_has_metres(tiny_run, tiny_video, known):
  with pytest.raises(ValueError, match="(?s)knows nothing of depth.*SegmentationModel"):
    api.metric_factor(tiny_run, tiny_video, **known)


def test_a_broken_frame_is_named(depth_artifact, video_folder, tmp_path):
  folder = shutil.copytree(video_folder, tmp_path / "drive")
  video = kw.data.Video(folder)
  (folder / "000003.png").write_bytes((folder / "000003.png").read_bytes()[:300])
  with pytest.raises(ValueError, match="(?s)The sample '[^']*000003' cannot be read.*Expected: "):
    api.metric_factor(depth_artifact, video, camera_height=1.6)


# === predict ===


def test_predict_writes_the_depth_of_the_evaluator(tiny_video_run, depth_artifact, photo, tmp_path):
  expected = tiny_video_run.model.depth(np.asarray(Image.open(photo))[None])[0]
  for form, target in (("run", tiny_video_run.model_dir), ("artifact", depth_artifact)):
    record, = api.predict(target, photo, tmp_path / form, progress=False)
    with np.load(tmp_path / form / record["arrays"]) as arrays:
      np.testing.assert_allclose(arrays["depth"], expected, rtol=1e-4)
    assert (tmp_path / form / record["picture"]).exists() and record["point_cloud"] is None
    with open(tmp_path / form / "predictions.json", encoding="utf-8") as file:
      assert "up to one factor" in json.load(file)["scale_note"]


def test_point_clouds_need_a_camera(tiny_video_run, photo, tmp_path):
  with pytest.raises(ValueError, match="(?s)Point clouds need a camera.*field_of_view"):
    api.predict(tiny_video_run, photo, tmp_path / "no", point_clouds=True, progress=False)
  assert not (tmp_path / "no").exists()
  record, = api.predict(tiny_video_run, photo, tmp_path / "out", point_clouds=True,
                        field_of_view=77.3, overlays=False, progress=False)
  assert (tmp_path / "out" / record["point_cloud"]).read_bytes().startswith(b"ply")
  assert sorted(os.listdir(tmp_path / "out")) == sorted(
      [record["depth"], record["arrays"], record["point_cloud"], "predictions.json"])


def test_point_clouds_take_the_intrinsics_of_the_images(tiny_video_run, photo, tmp_path):
  """In every form that a video takes them in; the angle is the same to a fraction of a degree."""
  for name, camera in (("text", {"intrinsics": "40 40 31.5 15.5"}),
                       ("file", {"intrinsics": photo.parent / "intrinsics.txt"}),
                       ("angle", {"field_of_view": 2 * np.degrees(np.arctan(32 / 40))})):
    api.predict(tiny_video_run, photo, tmp_path / name, point_clouds=True, overlays=False,
                progress=False, **camera)
  text, file, angle = ((tmp_path / name / "000003.ply").read_bytes()
                       for name in ("text", "file", "angle"))
  assert text == file and len(text) == len(angle)
  with pytest.raises(FileNotFoundError, match="intrinsics file does not exist"):
    api.predict(tiny_video_run, photo, tmp_path / "no", point_clouds=True, intrinsics="no.txt")


@pytest.mark.parametrize("options, received", [
    ({"field_of_view": 65}, "field_of_view"), ({"intrinsics": "1 1 1 1"}, "intrinsics")])
def test_a_camera_without_point_clouds_has_no_effect(tiny_video_run, photo, tmp_path, options,
                                                     received):
  with pytest.raises(ValueError, match=f"(?s)no effect.*point_clouds with.*Received: {received}"):
    api.predict(tiny_video_run, photo, tmp_path / "no", **options)
  assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("options, received", [
    ({"point_clouds": True}, "point_clouds"),
    ({"point_clouds": True, "field_of_view": 65}, "point_clouds, field_of_view"),
    ({"field_of_view": 65}, "field_of_view")])
def test_a_model_of_classes_makes_no_point_clouds(tiny_run, photo, tmp_path, options, received):
  with pytest.raises(ValueError, match=f"(?s)no effect.*Received: {received}.*model for depth"):
    api.predict(tiny_run, photo, tmp_path / "no", **options)


def test_metres_are_refused_where_they_are_not_known(tiny_video_run, photo, tmp_path):
  for scale, words in (("metric", "only up to a factor"), ("1e300", "factor cannot be used")):
    with pytest.raises(ValueError, match=words):
      api.predict(tiny_video_run, photo, tmp_path / "no", protocol={"scale": scale})
  assert not (tmp_path / "no").exists()


def test_a_known_factor_gives_metres(tiny_video_run, depth_artifact, photo, tmp_path):
  image = np.asarray(Image.open(photo))[None]
  wanted = 5.5 * tiny_video_run.model.depth(image)[0]
  record, = api.predict(tiny_video_run, photo, tmp_path / "out", protocol={"scale": 5.5},
                        overlays=False, progress=False)
  with np.load(tmp_path / "out" / record["arrays"]) as arrays:
    np.testing.assert_allclose(arrays["depth"], wanted, rtol=1e-4)
  note = json.loads((tmp_path / "out" / "predictions.json").read_text())["scale_note"]
  assert note == "metres, factor 5.5 applied to the network's depth"
  for target in (tiny_video_run, depth_artifact):
    served = kw.tasks.load_artifact(api.export(target, tmp_path / "served", factor=5.5))
    np.testing.assert_allclose(served.depth(image)[0], wanted, rtol=1e-4)
    assert served.factor == 5.5 and served.scale_note == note


def test_only_depth_has_a_factor(tiny_run, tmp_path):
  with pytest.raises(ValueError, match="(?s)no effect.*Received: factor.*model for depth"):
    api.export(tiny_run, tmp_path / "served", factor=2)
  assert not list(tmp_path.iterdir())


# === What others learn from it ===


def test_disparity_maps_hold_what_the_network_says(tiny_video_run, tiny_video, disparity):
  source = kw.data.WithDisparity(tiny_video, disparity)
  for sample in source.samples("validation", wanted=("image", "sample_id", "disparity")).take(2):
    said = np.asarray(tiny_video_run.predictor(
        np.float32(sample["image"])[None], training=False))[0, ..., 0]
    # Sixteen bits of 0..1; the model's own road is by 1 / depth.
    np.testing.assert_allclose(sample["disparity"], said, atol=2e-5)


def test_disparity_maps_are_made_once_and_by_one_model(tiny_video_run, tiny_video, disparity,
                                                       tiny_run):
  before = {path: path.stat().st_mtime_ns for path in disparity.rglob("*.png")}
  assert len([path for path in before if path.parent != disparity]) == 18
  api.make_disparity_maps(tiny_video_run.model_dir, tiny_video, disparity, progress=False)
  assert {path: path.stat().st_mtime_ns for path in disparity.rglob("*.png")} == before
  with pytest.raises(ValueError, match="knows nothing of depth"):
    api.make_disparity_maps(tiny_run, tiny_video, disparity, progress=False)


@pytest.mark.parametrize("form", ["run", "model_dir", "artifact", "artifact again"])
def test_disparity_maps_are_continued_on_another_device(
    tiny_video_run, tiny_video, depth_artifact, exported_again, disparity, form, monkeypatch):
  """There the same network answers a little differently."""
  target = {"run": lambda: tiny_video_run, "model_dir": lambda: tiny_video_run.model_dir,
            "artifact": lambda: depth_artifact,
            "artifact again": lambda: exported_again}[form]()
  here = depth_model.DepthModel.disparity
  monkeypatch.setattr(depth_model.DepthModel, "disparity",
                      lambda *arguments: 1.001 * here(*arguments))
  path = api.make_disparity_maps(target, tiny_video, disparity, progress=False)
  assert path == disparity


def test_disparity_maps_of_other_weights_are_refused(tiny_video_run, tiny_video, disparity):
  weight = tiny_video_run.predictor.trainable_weights[-1]
  before = weight.numpy()
  weight.assign(before + 1e-6)
  try:
    with pytest.raises(ValueError, match="holds other disparity maps"):
      api.make_disparity_maps(tiny_video_run, tiny_video, disparity, progress=False)
  finally:
    weight.assign(before)


@pytest.mark.parametrize("method, network, options", [
    pytest.param("joint_depth", "light_multitask", {"depth_from": "teacher"},
                 marks=pytest.mark.slow),
    ("supervised_depth", "light_depth", {"loss": "berhu"})])
def test_a_teacher_is_learned_from(tiny_video, disparity, depth_overrides, tmp_path, method,
                                   network, options):
  source = kw.data.WithDisparity(tiny_video, disparity)
  result = api.fit(method=method, data=source, model_dir=tmp_path / "run", progress=False,
                   params_override={**depth_overrides(network), f"method.{method}": options,
                                    "training.steps": 1, "training.log_every": 1})
  logged = json.loads((tmp_path / "run" / "train" / "log.jsonl").read_text().splitlines()[0])
  assert logged["berhu"] > 0 and not (tmp_path / "run" / "train" / "pose.npz").exists()
  assert ("mean_iou" if network == "light_multitask" else "abs_rel") in result.metrics


def test_labels_of_depth_are_learned_from(tiny_video, depth_overrides, tmp_path):
  result = api.fit(method="supervised_depth", data=tiny_video, model_dir=tmp_path / "run",
                   params_override={**depth_overrides(), "training.steps": 1}, progress=False)
  assert result.metrics["samples"] == 6 and result.model.factor == 1.0
  assert "metres" in result.model.scale_note
  metric = api.evaluate(result, protocol={"scale": "metric"}, progress=False)
  assert metric["abs_rel"] != result.metrics["abs_rel"]


@pytest.mark.slow
def test_classes_and_video_are_learned_at_once(tiny_video, depth_overrides, tmp_path):
  result = api.fit(method="joint_depth", data=tiny_video, model_dir=tmp_path / "run",
                   progress=False, params_override={
                       **depth_overrides("light_multitask"), "training.steps": 1,
                       "training.log_every": 1})
  logged = json.loads((tmp_path / "run" / "train" / "log.jsonl").read_text().splitlines()[0])
  assert logged["photometric"] > 0 and logged["loss_mask"] > 0
  assert tuple(result.metrics["class_iou"]) == ("far", "near")
  assert tuple(result.protocol.size) == (32, 64)
  assert api.evaluate_poses(tmp_path / "run", tiny_video, progress=False)["pairs"] == 12
  image = np.random.RandomState(0).randint(0, 256, (1, 40, 56, 3)).astype(np.uint8)
  found = kw.tasks.load_artifact(api.export(result, tmp_path / "served")).mask(image)
  np.testing.assert_array_equal(found, result.model.mask(image))
