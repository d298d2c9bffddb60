"""Tests of `tasks.artifact`: an exported model can be evaluated and exported again."""
import json
import shutil

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from keras_weakseg import api
from keras_weakseg.tasks import artifact as artifacts
from keras_weakseg.tasks import registry
from keras_weakseg.tasks.depth import model as depth_model
from keras_weakseg.tasks.segmentation import protocol as protocols


@pytest.mark.parametrize("protocol", [
    protocols.Protocol(), protocols.Protocol(scales=(0.5, 1.0), flip=True)])
def test_it_gives_the_predictors_masks_under_any_protocol(kit, predictor, artifact, protocol):
  model = artifacts.load_artifact(artifact)
  assert tuple(model.classes) == kit.classes
  assert [tuple(colour) for colour in model.palette] == list(kit.palette)
  assert model.multiple == 8 and model.metadata["metadata"] == {"experiment": "tiny"}
  assert model.metadata["artifact"] == str(artifact)
  images = kit.random_image(50, 75)[None]
  np.testing.assert_array_equal(
      model.mask(images, protocol), kit.segmentation_model(predictor).mask(images, protocol))


def test_the_base_folder_means_its_highest_version(artifact, tmp_path):
  for name in ("2", "10", "notes"):
    shutil.copytree(artifact, tmp_path / name)
  (tmp_path / ".writing-abc").mkdir()
  assert artifacts.find_version(tmp_path) == tmp_path / "10"
  assert artifacts.find_version(tmp_path / "2") == tmp_path / "2"


def test_a_loaded_artifact_is_exported_again(kit, artifact, tmp_path):
  model = artifacts.load_artifact(artifact)
  again = kit.export(model.score_fn, tmp_path / "again", protocol=protocols.Protocol(flip=True))
  images = kit.random_image(50, 75)[None]
  loaded = tf.saved_model.load(str(again)).signatures["predict_images"]
  np.testing.assert_array_equal(
      loaded(images=tf.constant(images))["mask"], model.mask(images, protocols.Protocol(flip=True)))


def test_export_arguments_write_the_same_document_again(artifact, tmp_path):
  model = artifacts.load_artifact(artifact)
  again = registry.of_model(model).export(
      model, tmp_path / "tiny", **artifacts.export_arguments(model))
  for name in ("keras_weakseg.json", "tf_serving_warmup_requests"):
    place = f"assets.extra/{name}"
    assert (again / place).read_bytes() == (artifact / place).read_bytes()


@pytest.mark.parametrize("fixture", [
    "artifact", pytest.param("depth_artifact", marks=pytest.mark.slow)])
def test_artifacts_of_artifacts_do_not_grow(fixture, request, tmp_path):
  path = request.getfixturevalue(fixture)
  sizes, functions = [], []
  for generation in range(3):
    model = artifacts.load_artifact(path)
    path = registry.of_model(model).export(
        model, tmp_path / str(generation) / "m", **artifacts.export_arguments(model))
    content = (path / "saved_model.pb").read_bytes()
    graph = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].graph_def
    sizes.append(len(content))
    functions.append(len(graph.library.function))
  assert len(set(functions)) == 1
  # Names have numbers that count up; a wrapper around one function would be more.
  assert max(sizes) - min(sizes) < 500, sizes


def test_settings_are_kept_when_an_artifact_is_written_again(kit, predictor, tmp_path):
  first = kit.export(predictor, tmp_path / "m", warmup=False, max_pixels=77, fixed_size=(20, 30),
                     broken_images="answer")
  again = api.export(first, tmp_path / "again")
  changed = api.export(first, tmp_path / "again", max_pixels=99)
  documents = [artifacts.read_document(path) for path in (first, again, changed)]
  assert documents[0] == documents[1] and documents[2] == {**documents[0], "max_pixels": 99}
  with pytest.raises(ValueError, match="(?s)no way of broken_images 'skip'.*answer"):
    api.export(first, tmp_path / "again", broken_images="skip")


def test_export_arguments_put_a_left_out_crf_back(kit, predictor, tmp_path):
  with pytest.warns(UserWarning, match="without the CRF"):
    path = kit.export(predictor, tmp_path / "m", protocol=protocols.Protocol(crf="deeplab_msc"))
  arguments = artifacts.export_arguments(artifacts.load_artifact(path))
  assert protocols.Protocol.from_dict(arguments["protocol"]).crf == "deeplab_msc"


def test_the_document_is_read_without_loading(artifact, tmp_path):
  shutil.copytree(artifact, tmp_path / "1")
  (tmp_path / "1" / "saved_model.pb").write_bytes(b"not read")
  assert artifacts.read_document(tmp_path)["classes"][1] == "cat"


def test_nothing_there_is_reported_with_what_was_found(tmp_path):
  with pytest.raises(FileNotFoundError, match=r"(?s)Expected: .*Received: an empty folder"):
    artifacts.load_artifact(tmp_path)
  with pytest.raises(FileNotFoundError, match="no such folder"):
    artifacts.load_artifact(tmp_path / "absent")
  (tmp_path / "3").mkdir()
  with pytest.raises(FileNotFoundError, match=r"(?s)Expected: .*Received: 3"):
    artifacts.load_artifact(tmp_path)
  (tmp_path / "file").write_text("")
  with pytest.raises(FileNotFoundError, match="Received: a file"):
    artifacts.load_artifact(tmp_path / "file")


def test_a_foreign_saved_model_is_refused(tmp_path):
  tf.saved_model.save(tf.Module(), str(tmp_path / "1"))
  with pytest.raises(ValueError, match=r"(?s)not exported by keras_weakseg.*Expected: "):
    artifacts.load_artifact(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_a_damaged_document_is_reported(artifact, tmp_path, text):
  shutil.copytree(artifact, tmp_path / "1")
  (tmp_path / "1" / "assets.extra" / "keras_weakseg.json").write_text(text)
  with pytest.raises(ValueError, match=r"(?s)is damaged.*Expected: "):
    artifacts.load_artifact(tmp_path)


@pytest.mark.parametrize("changes", [
    {"multiple": 10 ** 9}, {"multiple": 1.5}, {"mean_rgb": [1]}, {"protocol": []}, {"left_out": 3},
    {"classes": "cat"}, {"classes": [1, 2]}, {"palette": None}, {"network": "x"}, {"task": 3},
    {"metadata": None}])
def test_a_document_of_another_form_is_refused(artifact, tmp_path, changes):
  shutil.copytree(artifact, tmp_path / "1")
  file = tmp_path / "1" / "assets.extra" / "keras_weakseg.json"
  file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
  with pytest.raises(ValueError, match=f"(?s)is damaged.*Expected: .*at {next(iter(changes))}"):
    artifacts.read_document(tmp_path)


@pytest.mark.parametrize("labels, word", [
    ("background\ncat\n", "Received: background, cat."), ("x\ny\nz\n", "x, y, z"),
    ("", "Received: none"), (b"\xff\xfe", "UTF-8")])
def test_labels_that_are_not_those_of_the_document_are_refused(artifact, tmp_path, labels, word):
  shutil.copytree(artifact, tmp_path / "1")
  (tmp_path / "1" / "assets" / "labels.txt").write_bytes(
      labels if isinstance(labels, bytes) else labels.encode())
  with pytest.raises(ValueError, match=word):
    artifacts.read_document(tmp_path)


def test_a_later_format_is_refused(artifact, tmp_path):
  shutil.copytree(artifact, tmp_path / "1")
  file = tmp_path / "1" / "assets.extra" / "keras_weakseg.json"
  file.write_text(json.dumps({**json.loads(file.read_text()), "format": 2}))
  with pytest.raises(ValueError, match=r"(?s)format.*Expected: format 1\. Received: format 2"):
    artifacts.load_artifact(tmp_path)


def test_missing_variables_are_reported(artifact, tmp_path):
  shutil.copytree(artifact, tmp_path / "1")
  shutil.rmtree(tmp_path / "1" / "variables")
  with pytest.raises(ValueError, match=r"(?s)cannot be loaded.*Expected: a whole SavedModel"):
    artifacts.load_artifact(tmp_path)


@pytest.mark.quick("protocol1")
@pytest.mark.parametrize("protocol", [{}, {"flip": True}, {"size": (48, 64)}])
def test_a_depth_artifact_gives_the_predictors_depth_under_any_protocol(
    kit, depth_predictor, depth_artifact, protocol):
  model = artifacts.load_artifact(depth_artifact.parent)
  assert isinstance(model, depth_model.DepthModel)
  assert (model.size, model.min_depth, model.max_depth) == (kit.depth_size, 0.5, 50.0)
  assert model.multiple == kit.depth_record.multiple and model.factor == 0.0
  assert model.metadata["metadata"] == {"experiment": "tiny"}
  assert model.metadata["artifact"] == str(depth_artifact)
  images = kit.random_image(50, 75)[None]
  expected = kit.depth_model(depth_predictor)
  np.testing.assert_array_equal(
      model.disparity(images, protocol), expected.disparity(images, protocol))
  np.testing.assert_array_equal(model.depth(images, protocol), expected.depth(images, protocol))


@pytest.mark.slow
def test_a_depth_artifact_is_written_again_with_the_same_document(kit, depth_predictor, tmp_path):
  first = kit.export_depth(depth_predictor, tmp_path / "m", factor=5.4, protocol={"flip": True})
  model = artifacts.load_artifact(first)
  assert model.factor == 5.4 and model.scale_note.startswith("metres")
  again = registry.of_model(model).export(
      model, tmp_path / "again" / "m", **artifacts.export_arguments(model))
  for name in ("keras_weakseg.json", "tf_serving_warmup_requests"):
    place = f"assets.extra/{name}"
    assert (again / place).read_bytes() == (first / place).read_bytes()
  images = tf.constant(kit.random_image(50, 75)[None])
  found = [tf.saved_model.load(str(path)).signatures["predict_images"](images=images)["depth"]
           for path in (first, again)]
  np.testing.assert_array_equal(*found)


def test_a_document_without_a_task_is_of_segmentation(kit, artifact, tmp_path):
  shutil.copytree(artifact, tmp_path / "1")
  file = tmp_path / "1" / "assets.extra" / "keras_weakseg.json"
  document = json.loads(file.read_text())
  assert document.pop("task") == "segmentation"
  file.write_text(json.dumps(document))
  assert artifacts.read_document(tmp_path)["task"] == "segmentation"
  assert artifacts.load_artifact(tmp_path).classes == kit.classes


def test_an_unknown_task_is_refused(depth_artifact, tmp_path):
  shutil.copytree(depth_artifact, tmp_path / "1")
  file = tmp_path / "1" / "assets.extra" / "keras_weakseg.json"
  file.write_text(json.dumps({**json.loads(file.read_text()), "task": "depht"}))
  with pytest.raises(ValueError, match="(?s)no task 'depht'.*mean 'depth'"):
    artifacts.load_artifact(tmp_path)
