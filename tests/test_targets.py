"""What the functions of the library take: every form of a trained model, and of data."""
import pathlib
import types

import numpy as np
import pytest

from keras_weakseg import api
from keras_weakseg import data
from keras_weakseg import runs
from keras_weakseg import targets
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.framework import keras
from keras_weakseg.tasks.depth import protocol as depth_protocol
from keras_weakseg.tasks.segmentation import protocol as protocols


def model(kind="segmentation"):
  from keras_weakseg.tasks.depth import model as depth_model
  from keras_weakseg.tasks.segmentation import model as models
  if kind == "depth":
    return depth_model.DepthModel(lambda x: x[..., :1], (32, 32), metadata={
        "protocol": depth_protocol.DepthProtocol(crop="garg").as_dict()})
  return models.SegmentationModel(lambda x: x, ("a", "b"), [(0, 0, 0), (9, 9, 9)], metadata={
      "protocol": protocols.Protocol(flip=True).as_dict()})


# === Models ===


def test_a_result_is_taken_as_it_is(tiny_run):
  assert targets.opened(tiny_run) is tiny_run
  assert targets.loaded(tiny_run) == (tiny_run.model, tiny_run.experiment, tiny_run.source)


def test_a_folder_of_a_run_and_one_of_an_artifact_are_told_apart(tiny_run, tiny_artifact):
  for form in (str, pathlib.Path):
    found = targets.opened(form(tiny_run.model_dir))
    assert isinstance(found, runs.Result) and found.source is None
    assert found.experiment.as_dict() == tiny_run.experiment.as_dict()
  for path in (tiny_artifact, pathlib.Path(tiny_artifact).parent):
    loaded, config, source = targets.loaded(path)
    assert loaded.classes == tiny_run.model.classes and config is source is None


@pytest.mark.parametrize("target, kind, words", [
    (5, ValueError, "no trained model.*Received: int"),
    (runs.SeedsResult({}, [1, 2], [1, 2]), ValueError, "several models.*Received: 2 runs"),
    ("nowhere", FileNotFoundError, "neither a run nor an artifact.*no such folder")])
def test_what_is_no_model_is_refused(target, kind, words):
  with pytest.raises(kind, match="(?s)" + words):
    targets.opened(target)


def test_folders_without_a_model_say_what_they_hold(tmp_path):
  with pytest.raises(FileNotFoundError, match="an empty folder"):
    targets.opened(tmp_path)
  (tmp_path / "photo.jpg").touch()
  with pytest.raises(FileNotFoundError, match="Received: photo.jpg"):
    targets.opened(tmp_path)
  (tmp_path / runs.SEEDS).touch()
  with pytest.raises(ValueError, match="(?s)several seeds.*such as seed_1"):
    targets.opened(tmp_path)


# === Protocols ===


@pytest.mark.parametrize("kind, own", [
    ("segmentation", protocols.Protocol(flip=True)),
    ("depth", depth_protocol.DepthProtocol(crop="garg"))])
def test_a_protocol_is_that_of_the_model_or_what_is_given(kind, own):
  assert targets.protocol_of(None, model(kind)) == own
  assert targets.protocol_of(type(own)(), model(kind)) == type(own)()
  assert targets.protocol_of({"flip": True}, model(kind)) == type(own)(flip=True)


@pytest.mark.parametrize("kind, given", [
    ("segmentation", depth_protocol.DepthProtocol()), ("depth", protocols.Protocol()),
    ("depth", "median")])
def test_a_protocol_of_another_task_is_refused(kind, given):
  with pytest.raises(ValueError, match=f"(?s)not one for this model.*{type(given).__name__}"):
    targets.protocol_of(given, model(kind))


# === Data ===


@pytest.mark.parametrize("given, words", [
    ("photos", "Received: str.*Folder\\('photos'\\)"), (np.zeros(3), "Received: ndarray")])
def test_only_sources_are_data(given, words):
  with pytest.raises(ValueError, match="(?s)no data source.*" + words):
    targets.check_types(given)


def test_a_method_of_video_is_told_to_take_one():
  for method, kind in (("self_supervised_depth", "Video"), ("em_fixed", "Folder")):
    for given, words in (("drive", f"kw.data.{kind}\\('drive'\\)"), (None, f"kw.data.{kind}\\(")):
      with pytest.raises(ValueError, match=words):
        api.fit(method=method, data=given, model_dir="unused")


def test_only_optimizers_optimize(tiny_data):
  targets.check_types(tiny_data, keras.optimizers.Adam())
  with pytest.raises(ValueError, match="(?s)no optimizer.*Received: str"):
    targets.check_types(tiny_data, "adam")


def test_data_is_what_is_given_or_configured(photo_folder, tiny_data):
  config = schema.Experiment()
  assert targets.data_of(tiny_data, config) is tiny_data
  config.data.sources = [schema.Source(name=name, path=str(photo_folder), held_out=share)
                         for name, share in (("first", 0.0), ("second", 0.5))]
  assert len(targets.data_of(None, config).ids("train")) == 16
  config.evaluation.source = "second"
  assert len(targets.data_of(None, config).ids("train")) < 16
  depth = schema.Experiment(method=schema.Method(type="self_supervised_depth"))
  for unknown, words in ((None, "brings none.*Folder"), (schema.Experiment(), "own data.*Folder"),
                         (depth, "own data.*no true depth and no poses.*--data depth_")):
    with pytest.raises(ValueError, match="(?s)not known.*" + words):
      targets.data_of(None, unknown)


def test_runs_know_their_split_and_artifacts_do_not():
  assert targets.evaluation_split(overrides.resolve("em_adapt_scenes")) == "test"
  assert targets.evaluation_split(None) == "validation"


def test_a_source_may_be_a_folder_or_an_experiment(photo_folder, tiny_data, monkeypatch):
  assert targets.source_of(tiny_data) is tiny_data
  for form in (str, pathlib.Path):
    found = targets.source_of(form(photo_folder))
    assert isinstance(found, data.Folder) and found.classes == ("background", "red", "blue")
  monkeypatch.setattr(targets.sources, "make_sources", lambda config: {
      config.sources[0].name: tiny_data})
  assert targets.source_of("em_adapt_scenes") is tiny_data
  with pytest.raises(FileNotFoundError, match="neither a folder nor an experiment 'em_adapt_sc'"):
    targets.source_of("em_adapt_sc")
  with pytest.raises(ValueError, match="no data source"):
    targets.source_of(types.SimpleNamespace())


@pytest.mark.parametrize("kind", ["optimizer", "schedule"])
def test_an_optimizer_of_another_keras_is_refused_with_the_one_that_fits(kind):
  other = pytest.importorskip("keras")
  if other.__version__.startswith("2"):
    pytest.skip("Keras 3 is not here")
  if kind == "optimizer":
    given, name = other.optimizers.Adam(1e-3), "optimizers.Adam"
  else:
    given = keras.optimizers.Adam(1e-3)
    given._learning_rate = other.optimizers.schedules.ExponentialDecay(1e-3, 10, 0.9)
    name = "optimizers.schedules.ExponentialDecay"
  with pytest.raises(ValueError, match=f"(?s)another Keras.*framework.keras.{name}"):
    targets.check_types(None, given)


@pytest.mark.parametrize("place", ["optimizers", "optimizers.legacy"])
def test_optimizers_of_this_keras_are_taken(place):
  module = keras.optimizers.legacy if place.endswith("legacy") else keras.optimizers
  targets.check_types(None, module.Adam(1e-3))


def test_a_text_may_be_a_yaml_file_or_a_data_set_by_name(photo_folder, tmp_path, monkeypatch):
  (tmp_path / "mine.yaml").write_text(
      f"experiment: own_data\ndata: {{sources: [{{name: a, path: '{photo_folder}'}}]}}\n")
  found = targets.source_of(tmp_path / "mine.yaml", params_override="data.sources.a.held_out=0")
  assert len(found.ids("train")) == 16
  monkeypatch.setattr(data, "Tfds", lambda name, data_dir: (name, data_dir))
  with pytest.raises(ValueError, match="Received: tuple"):
    targets.source_of("tfds:coco", data_dir="there")


@pytest.mark.parametrize("text, options, words", [
    ("em_adapt_scenes", {"masks": "m"}, "masks with 'em_adapt_scenes'"),
    ("tfds:coco", {"held_out": 0.5}, "held_out with 'tfds:coco'"),
    ("PHOTOS", {"params_override": "seed=1"}, "params_override with ")])
def test_options_without_an_effect_are_refused(photo_folder, text, options, words):
  with pytest.raises(ValueError, match="(?s)no effect.*Received: " + words):
    targets.source_of(str(photo_folder) if text == "PHOTOS" else text, **options)


def test_of_images_alone_no_labels_are_asked(photo_folder, tmp_path):
  place = tmp_path / "plain"
  place.symlink_to(photo_folder / "images")
  found = targets.source_of(place, images_for=tmp_path / "out")
  assert found.classes == ("background", "anything") and len(found.ids("train")) > 0
  with pytest.raises(ValueError, match="images of their own folder"):
    targets.source_of(place, images_for=place / "out")
  assert targets.source_of(photo_folder, images_for=tmp_path / "out").classes[1] == "red"
