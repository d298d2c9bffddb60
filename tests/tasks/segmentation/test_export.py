"""Tests of `tasks.segmentation.export`: what is written, and that failure leaves nothing."""
import json
import os
import pathlib
import resource
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.serving import warmup
from keras_weakseg.serving import writing
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation import protocol as protocols


def answer(path, images):
  return tf.saved_model.load(str(path)).signatures["predict_images"](images=tf.constant(images))


def test_the_layout_is_what_tensorflow_serving_reads(kit, artifact):
  assert artifact.name == "1"
  found = {str(file.relative_to(artifact)) for file in artifact.rglob("*") if file.is_file()}
  assert {"saved_model.pb", "variables/variables.index", "assets/labels.txt",
          "assets.extra/keras_weakseg.json",
          "assets.extra/tf_serving_warmup_requests"} <= found
  assert (artifact / "assets" / "labels.txt").read_text().split() == list(kit.classes)
  document = json.loads((artifact / "assets.extra" / "keras_weakseg.json").read_text())
  assert document["metadata"] == {"experiment": "tiny"}
  assert [entry.name for entry in artifact.parent.iterdir()] == ["1"]


def test_no_keras_object_is_saved(artifact):
  content = (artifact / "saved_model.pb").read_bytes()
  assert b"_tf_keras" not in content and b"ServingModule" not in content
  assert not (artifact / "keras_metadata.pb").exists()


def test_it_answers_where_keras_and_this_package_cannot_be_imported(artifact):
  # The session interface is how a server runs it; the double of servers has that of functions.
  code = """
import sys
import without_keras
without_keras.hide()
import numpy as np, tensorflow as tf
with tf.compat.v1.Session(graph=tf.Graph()) as session:
  graph = tf.compat.v1.saved_model.load(session, ["serve"], sys.argv[1])
  signature = graph.signature_def["predict_images"]
  images = np.zeros((2, 21, 34, 3), np.uint8)
  mask = session.run(signature.outputs["mask"].name, {signature.inputs["images"].name: images})
  names = session.run(graph.signature_def["metadata"].outputs["class_names"].name)
print(mask.shape, mask.dtype, b" ".join(names).decode())
"""
  done = subprocess.run([sys.executable, "-c", code, str(artifact)], text=True, check=False,
                        capture_output=True, cwd=pathlib.Path(__file__).parents[2] / "serving")
  assert done.stdout.strip() == "(2, 21, 34) uint8 background cat dog bird", done.stderr[-2000:]


def test_saved_model_cli_prints_the_signatures(artifact):
  done = subprocess.run(
      [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "show", "--dir",
       str(artifact), "--tag_set", "serve", "--all"], text=True, check=False, capture_output=True)
  text = " ".join(done.stdout.split())
  for signature in ("serving_default", "predict_images", "metadata", "metadata_rows"):
    assert f"signature_def['{signature}']" in text
  assert "inputs['image_bytes'] tensor_info: dtype: DT_STRING shape: (-1)" in text
  assert "outputs['mask_png_bytes'] tensor_info: dtype: DT_STRING shape: (-1)" in text
  assert "outputs['class_ids'] tensor_info: dtype: DT_INT32 shape: (-1, -1)" in text
  assert "inputs['images'] tensor_info: dtype: DT_UINT8 shape: (-1, -1, -1, 3)" in text
  assert "outputs['probabilities'] tensor_info: dtype: DT_FLOAT shape: (-1, -1, -1, 4)" in text
  assert "outputs['mask'] tensor_info: dtype: DT_UINT8 shape: (-1, -1, -1)" in text


def test_later_training_does_not_change_what_was_exported(kit, tmp_path):
  predictor, images = kit.build_predictor(), kit.random_image(40, 40)[None]
  first = kit.export(predictor, tmp_path / "m", warmup=False)
  before = answer(first, images)["probabilities"].numpy()
  predictor.set_weights(kit.build_predictor(seed=7).get_weights())
  second = kit.export(predictor, tmp_path / "m", warmup=False)
  assert (first.name, second.name) == ("1", "2")
  np.testing.assert_array_equal(answer(first, images)["probabilities"], before)
  assert np.abs(answer(second, images)["probabilities"] - before).max() > 0.1
  assert not (first / "assets.extra" / warmup.FILE).exists()


@pytest.mark.parametrize("protocol", [
    protocols.Protocol(scales=(0.75, 1.25), flip=True),
    protocols.Protocol(window=(33, 33), window_stride=(20, 20)),
    protocols.Protocol(size=(49, 65)),
])
def test_the_signatures_follow_the_protocol(kit, predictor, tmp_path, protocol):
  images = np.stack([kit.random_image(53, 47, seed) for seed in range(2)])
  path = kit.export(predictor, tmp_path / "m", protocol=protocol.as_dict(), warmup=False)
  evaluator = kit.segmentation_model(predictor)
  found = answer(path, images)["mask"].numpy()
  np.testing.assert_array_equal(found, evaluator.mask(images, protocol))
  assert (found != np.asarray(evaluator.mask(images, protocols.Protocol()))).any()


def test_a_crf_is_left_out_and_said_so(kit, predictor, tmp_path):
  protocol = protocols.Protocol(crf="deeplab_msc")
  with pytest.warns(UserWarning, match="without the CRF 'deeplab_msc'"):
    path = kit.export(predictor, tmp_path / "m", protocol=protocol, warmup=False)
  document = json.loads((path / "assets.extra" / "keras_weakseg.json").read_text())
  assert document["left_out"] == {"crf": "deeplab_msc"} and document["protocol"]["crf"] == ""
  assert document["protocol_hash"] == protocols.Protocol().hash()


def test_mixed_precision_is_exported_in_float32_unless_told_otherwise(kit, predictor, tmp_path):
  half = kit.build_predictor(dtype=keras.mixed_precision.Policy("mixed_bfloat16"))
  half.set_weights(predictor.get_weights())
  assert half.output.dtype == tf.bfloat16
  images = kit.random_image(45, 60)[None]
  single = kit.export(half, tmp_path / "m", warmup=False)
  trained = kit.export(half, tmp_path / "m", warmup=False, precision="trained")
  for path, same in ((single, predictor), (trained, half)):
    found = answer(path, images)
    assert found["probabilities"].dtype == tf.float32
    np.testing.assert_array_equal(
        found["probabilities"], kit.segmentation_model(same).probabilities(images))
  # And the model itself is as it was.
  assert half(images.astype(np.float32)).dtype == tf.bfloat16
  assert len(np.unique(found["mask"])) > 1


def test_the_fixed_signature_is_taken_by_a_converter_and_gives_the_same_mask(
    kit, predictor, tmp_path):
  half = kit.build_predictor(dtype=keras.mixed_precision.Policy("mixed_bfloat16"))
  half.set_weights(predictor.get_weights())
  path = kit.export(half, tmp_path / "m", fixed_size=(40, 57))
  image = kit.random_image(40, 57)[None]
  expected = answer(path, image)["mask"]
  signature = tf.saved_model.load(str(path)).signatures["predict_fixed"]
  assert signature.structured_input_signature[1]["pixels"].shape == (1, 40, 57, 3)
  scores = signature(pixels=tf.constant(image, tf.float32))["scores"]
  np.testing.assert_array_equal(tf.argmax(scores, -1), expected)
  lite = tf.lite.Interpreter(model_content=tf.lite.TFLiteConverter.from_saved_model(
      str(path), signature_keys=["predict_fixed"]).convert())
  converted = lite.get_signature_runner("predict_fixed")(pixels=image.astype(np.float32))["scores"]
  np.testing.assert_allclose(converted, scores, rtol=1e-4, atol=1e-3)
  np.testing.assert_array_equal(converted.argmax(-1), expected)


def test_a_fixed_size_is_the_protocols_or_a_photographs(kit, predictor, tmp_path):
  sizes = [json.loads((kit.export(predictor, tmp_path / "m", warmup=False, **changes)
                       / "assets.extra" / "keras_weakseg.json").read_text())["fixed_size"]
           for changes in ({}, {"protocol": protocols.Protocol(size=(49, 65))})]
  assert sizes == [[375, 500], [49, 65]]


def test_a_predictor_built_under_a_strategy_is_exported(kit, predictor, tmp_path):
  devices = [device.name for device in tf.config.list_logical_devices("CPU")]
  with tf.distribute.MirroredStrategy(devices).scope():
    mirrored = kit.build_predictor(sync=True)
  assert "Mirrored" in type(mirrored.variables[0]).__name__
  mirrored.set_weights(predictor.get_weights())
  path = kit.export(mirrored, tmp_path / "m", warmup=False)
  images = kit.random_image(45, 60)[None]
  np.testing.assert_array_equal(
      answer(path, images)["mask"],
      kit.segmentation_model(predictor).mask(images, protocols.Protocol()))


@pytest.mark.parametrize("failure", [
    pytest.param(RuntimeError("broken"), marks=pytest.mark.slow), KeyboardInterrupt()])
def test_failure_in_the_middle_leaves_nothing(kit, predictor, tmp_path, monkeypatch, failure):
  def fail(folder, *_):
    assert (pathlib.Path(folder) / "saved_model.pb").exists()
    raise failure

  monkeypatch.setattr(writing.warmups, "write_requests", fail)
  with pytest.raises(type(failure)):
    kit.export(predictor, tmp_path / "new" / "m")
  assert not list(tmp_path.iterdir())


def test_a_full_disk_is_reported_and_leaves_nothing(kit, predictor, tmp_path):
  # No file may grow beyond 4 KiB: the kernel refuses TensorFlow's own writes, as a full disk does.
  limits = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
  try:
    with pytest.raises(ValueError) as caught:
      kit.export(predictor, tmp_path / "m")
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
  assert "cannot be written" in str(caught.value) and "Expected: " in str(caught.value)
  assert not list(tmp_path.iterdir())


def test_a_file_in_the_way_is_reported(kit, predictor, tmp_path):
  (tmp_path / "m").write_text("occupied")
  with pytest.raises(ValueError, match=r"(?s)cannot be written to .*Expected: a folder"):
    kit.export(predictor, tmp_path / "m")
  assert os.listdir(tmp_path) == ["m"] and (tmp_path / "m").read_text() == "occupied"


def test_classes_that_do_not_fit_the_scores_are_refused_before_writing(kit, predictor, tmp_path):
  with pytest.raises(ValueError, match=r"(?s)do not fit.*Expected: 4 names.*Received: 3"):
    kit.export(predictor, tmp_path / "m", classes=kit.classes[:3], palette=kit.palette[:3])
  assert not list(tmp_path.iterdir())


def test_a_predictor_of_one_size_is_refused_before_writing(kit, tmp_path):
  image = keras.Input((33, 33, 3))
  predictor = keras.Model(image, keras.layers.Conv2D(4, 1)(image))
  with pytest.raises(ValueError, match=r"(?s)one size only.*Received: \(None, 33, 33, 3\)"):
    kit.export(predictor, tmp_path / "m")
  assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_real_network_on_photographs(kit, tmp_path, shared_data):
  record = registry.network_record("light_mobilenet_v1")
  keras.utils.set_random_seed(3)
  network = registry.build_network("light_mobilenet_v1", (None, None, 3), 4)
  predictor = preprocessing.predictor(network, record)
  # A fresh head favours one class; noise gives masks that can differ.
  rng = np.random.default_rng(0)
  predictor.set_weights([weight + rng.normal(0, 0.02, weight.shape) * (weight.ndim > 1)
                         for weight in predictor.get_weights()])
  path = kit.export(predictor, tmp_path / "m", record=record)
  model = models.SegmentationModel(
      score_fn=lambda images: predictor(images, training=False), classes=kit.classes,
      palette=kit.palette, mean_rgb=record.mean_rgb, multiple=record.multiple)
  files = sorted((shared_data("voc_animals") / "JPEGImages").glob("*.jpg"))[:40:10]
  contents = [file.read_bytes() for file in files]
  signature = tf.saved_model.load(str(path)).signatures["serving_default"]
  pngs = signature(image_bytes=tf.constant(contents))["mask_png_bytes"].numpy()
  found = [tf.io.decode_png(png)[..., 0].numpy() for png in pngs]
  assert len(np.unique(np.concatenate([mask.ravel() for mask in found]))) > 1
  for mask, content in zip(found, contents):
    image = tf.io.decode_jpeg(content, channels=3)[None].numpy()
    np.testing.assert_array_equal(mask, model.mask(image)[0])
