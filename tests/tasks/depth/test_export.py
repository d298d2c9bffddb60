"""Tests of `tasks.depth.export`: what is written, and that failure leaves nothing."""
import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import types_pb2
from tensorflow.core.protobuf import saved_model_pb2

from keras_weakseg.framework import keras
from keras_weakseg.serving import warmup
from keras_weakseg.serving import writing
from keras_weakseg.tasks.depth import protocol as depth_protocol


def answer(path, images):
  return tf.saved_model.load(str(path)).signatures["predict_images"](images=tf.constant(images))


def test_the_layout_is_what_tensorflow_serving_reads(depth_artifact):
  assert depth_artifact.name == "1"
  found = {str(f.relative_to(depth_artifact)) for f in depth_artifact.rglob("*") if f.is_file()}
  assert {"saved_model.pb", "variables/variables.index", "assets.extra/keras_weakseg.json",
          "assets.extra/tf_serving_warmup_requests"} <= found
  assert "assets/labels.txt" not in found
  document = json.loads((depth_artifact / "assets.extra" / "keras_weakseg.json").read_text())
  assert document["task"] == "depth" and document["metadata"] == {"experiment": "tiny"}
  assert b"_tf_keras" not in (depth_artifact / "saved_model.pb").read_bytes()
  assert [entry.name for entry in depth_artifact.parent.iterdir()] == ["1"]


def flat_predictor():
  """Returns a network of one layer: resizing, folding and files do not ask for more."""
  image = keras.Input((None, None, 3))
  keras.utils.set_random_seed(1)
  return keras.Model(image, keras.layers.Conv2D(1, 9, padding="same", activation="sigmoid")(
      keras.layers.Rescaling(1 / 255)(image)))


CODE = """
import sys
import without_keras
without_keras.hide()
import numpy as np, tensorflow as tf
if sys.argv[2] == "session":
  with tf.compat.v1.Session(graph=tf.Graph()) as session:
    graph = tf.compat.v1.saved_model.load(session, ["serve"], sys.argv[1])
    signature = graph.signature_def["predict_images"]
    images = np.load(sys.argv[3])
    depth = session.run(signature.outputs["depth"].name, {signature.inputs["images"].name: images})
else:
  loaded = tf.saved_model.load(sys.argv[1])
  depth = loaded.signatures["predict_images"](images=tf.constant(np.load(sys.argv[3])))["depth"]
print([name for name in ("keras", "tf_keras", "keras_weakseg") if name in sys.modules])
np.save(sys.argv[4], depth)
"""


@pytest.mark.parametrize("interface", [
    pytest.param("session", marks=pytest.mark.slow), "function"])
def test_it_answers_where_keras_and_this_package_cannot_be_imported(
    kit, depth_predictor, depth_artifact, tmp_path, interface):
  images = np.stack([kit.random_image(41, 60, seed) for seed in range(2)])
  np.save(tmp_path / "images.npy", images)
  done = subprocess.run(
      [sys.executable, "-c", CODE, str(depth_artifact), interface, str(tmp_path / "images.npy"),
       str(tmp_path / "depth.npy")], text=True, check=False, capture_output=True,
      cwd=pathlib.Path(__file__).parents[2] / "serving")
  assert done.stdout.strip() == "[]", done.stderr[-2000:]
  np.testing.assert_array_equal(
      np.load(tmp_path / "depth.npy"), kit.depth_model(depth_predictor).depth(images))


@pytest.mark.slow
def test_saved_model_cli_prints_the_signatures(depth_artifact):
  done = subprocess.run(
      [sys.executable, "-m", "tensorflow.python.tools.saved_model_cli", "show", "--dir",
       str(depth_artifact), "--tag_set", "serve", "--all"], text=True, check=False,
      capture_output=True)
  text = " ".join(done.stdout.split())
  for signature in ("serving_default", "predict_images", "metadata", "metadata_rows"):
    assert f"signature_def['{signature}']" in text
  assert "inputs['image_bytes'] tensor_info: dtype: DT_STRING shape: (-1)" in text
  assert "outputs['depth_png_bytes'] tensor_info: dtype: DT_STRING shape: (-1)" in text
  assert "outputs['depth_scale'] tensor_info: dtype: DT_FLOAT shape: (-1)" in text
  for name in ("disparity", "depth"):
    assert f"outputs['{name}'] tensor_info: dtype: DT_FLOAT shape: (-1, -1, -1)" in text


@pytest.mark.parametrize("protocol, factor", [
    pytest.param({"flip": True}, 0.0, marks=pytest.mark.slow),
    pytest.param({"size": (48, 80)}, 5.4, marks=pytest.mark.slow),
    ({"size": (64, 64), "flip": True}, 0.7)])
def test_the_signatures_follow_the_protocol_and_the_factor(
    kit, tmp_path, protocol, factor):
  predictor = flat_predictor()
  images = np.stack([kit.random_image(53, 67, seed) for seed in range(2)])
  path = kit.export_depth(predictor, tmp_path / "m", protocol=protocol, factor=factor,
                          warmup=False)
  model, found = kit.depth_model(predictor, factor=factor), answer(path, images)
  np.testing.assert_array_equal(found["disparity"], model.disparity(images, protocol))
  np.testing.assert_array_equal(found["depth"], model.depth(images, protocol))
  assert np.abs(found["disparity"] - model.disparity(images)).max() > 1e-3
  assert not (path / "assets.extra" / warmup.FILE).exists()


def test_the_version_grows_and_what_was_exported_stays(kit, tmp_path):
  image = keras.Input((None, None, 3))
  predictor = keras.Model(image, keras.layers.Conv2D(1, 1, activation="sigmoid")(image / 255))
  images = kit.random_image(40, 40)[None]
  first = kit.export_depth(predictor, tmp_path / "m", warmup=False)
  before = answer(first, images)["depth"].numpy()
  predictor.set_weights([weight + 1.0 for weight in predictor.get_weights()])
  second = kit.export_depth(predictor, tmp_path / "m", warmup=False)
  assert (first.name, second.name) == ("1", "2")
  np.testing.assert_array_equal(answer(first, images)["depth"], before)
  assert np.abs(answer(second, images)["depth"] - before).max() > 0.1


def nodes(path, signature):
  """Returns the operations of a signature, with those of all functions that it calls."""
  meta = saved_model_pb2.SavedModel.FromString(
      (path / "saved_model.pb").read_bytes()).meta_graphs[0]
  functions = {each.signature.name: each for each in meta.graph_def.library.function}
  output = next(iter(meta.signature_def[signature].outputs.values())).name.split(":")[0]
  found, waiting = [], [node for node in meta.graph_def.node if node.name == output]
  while waiting:
    found.append(waiting.pop())
    called = [value.func.name for value in found[-1].attr.values() if value.func.name]
    waiting += [node for name in called for node in functions[name].node_def]
  return found


@pytest.mark.slow
def test_half_precision_is_exported_in_float32_and_taken_by_a_converter(
    kit, depth_predictor, tmp_path):
  keras.mixed_precision.set_global_policy("mixed_bfloat16")
  try:
    half = kit.build_depth_predictor()
  finally:
    keras.mixed_precision.set_global_policy("float32")
  half.set_weights(depth_predictor.get_weights())
  path = kit.export_depth(half, tmp_path / "m", warmup=False)
  # Saved graphs know their types: not one tensor is of half precision.
  for signature in ("predict_fixed", "predict_images"):
    assert not [node.name for node in nodes(path, signature) if any(
        value.type == types_pb2.DT_BFLOAT16 for value in node.attr.values())]
  assert "ScaleAndTranslate" in [node.op for node in nodes(path, "predict_images")]
  operations = [node.op for node in nodes(path, "predict_fixed")]
  assert "Conv2D" in operations and "ScaleAndTranslate" not in operations
  image = kit.random_image(*kit.depth_size)[None]
  loaded = tf.saved_model.load(str(path))
  disparity = loaded.signatures["predict_fixed"](pixels=tf.constant(image, tf.float32))["disparity"]
  # At the network's own size nothing is resized, so the other road gives the same.
  np.testing.assert_allclose(
      disparity, loaded.signatures["predict_images"](images=tf.constant(image))["disparity"],
      rtol=1e-5)
  lite = tf.lite.Interpreter(model_content=tf.lite.TFLiteConverter.from_saved_model(
      str(path), signature_keys=["predict_fixed"]).convert())
  converted = lite.get_signature_runner("predict_fixed")(pixels=image.astype(np.float32))
  np.testing.assert_allclose(converted["disparity"], disparity, rtol=1e-3, atol=1e-4)


def test_small_half_precision_gives_the_evaluators_depth_of_float32(kit, tmp_path):
  image = keras.Input((None, None, 3))
  policy = keras.mixed_precision.Policy("mixed_bfloat16")
  predictor = keras.Model(
      image, keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid", dtype=policy)(
          keras.layers.Rescaling(1 / 255)(image)))
  assert predictor.output.dtype == tf.bfloat16
  images = kit.random_image(45, 60)[None]
  found = answer(kit.export_depth(predictor, tmp_path / "m", warmup=False), images)
  assert found["disparity"].dtype == found["depth"].dtype == tf.float32
  single = keras.Model(
      image, keras.layers.Conv2D(1, 3, padding="same", activation="sigmoid")(
          keras.layers.Rescaling(1 / 255)(image)))
  single.set_weights(predictor.get_weights())
  np.testing.assert_array_equal(found["depth"], kit.depth_model(single).depth(images))


@pytest.mark.parametrize("failure", [
    RuntimeError("broken"), pytest.param(KeyboardInterrupt(), marks=pytest.mark.slow)])
def test_failure_in_the_middle_leaves_nothing(kit, tmp_path, monkeypatch, failure):
  def fail(folder, *_):
    assert (pathlib.Path(folder) / "saved_model.pb").exists()
    raise failure

  monkeypatch.setattr(writing.warmups, "write_requests", fail)
  with pytest.raises(type(failure)):
    kit.export_depth(flat_predictor(), tmp_path / "new" / "m")
  assert not list(tmp_path.iterdir())


def scores(image):
  return keras.layers.Conv2D(4, 1)(image)


@pytest.mark.parametrize("changes, message", [
    ({"size": (33, 64)}, r"images of this size.*Expected: .*multiples of 16.*33x64"),
    ({"protocol": {"size": (33, 64)}}, r"images of this size.*Expected: .*33x64"),
    ({"protocol": {"flop": True}}, r"no field of a protocol 'flop'.*'flip'"),
    ({"min_depth": 50.0}, r"range of depths is empty"),
    ({"factor": -1.0}, r"factor cannot be used"),
    ({"record": {"multiple": 16}}, r"no 'mean_rgb'"),
    ({"record": {"mean_rgb": (0, 0, 0)}}, r"no 'multiple'|images of this size"),
    ({"metadata": {"matrix": np.zeros(2)}}, r"JSON"),
])
def test_what_cannot_be_used_is_refused_before_writing(
    kit, depth_predictor, tmp_path, changes, message):
  with pytest.raises(ValueError, match=rf"(?s){message}"):
    kit.export_depth(depth_predictor, tmp_path / "m", **changes)
  assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("shape, output, message", [
    ((32, 64, 3), lambda x: x[..., :1], r"one size only.*Received: \(None, 32, 64, 3\)"),
    ((None, None, 3), scores, r"not answer with a disparity.*Received: \(None, None, None, 4\)"),
    ((None, None, 3), lambda x: tf.reduce_mean(x, [1, 2]), "not answer with a disparity"),
    ((None, None, 3), lambda x: {"disparity_0": x[..., :1], "disparity_1": x[..., :1]},
     "not answer with a disparity.*disparity_1"),
])
def test_a_predictor_of_something_else_is_refused(kit, tmp_path, shape, output, message):
  image = keras.Input(shape)
  with pytest.raises(ValueError, match=rf"(?s){message}"):
    kit.export_depth(keras.Model(image, output(image)), tmp_path / "m")
  assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_real_photographs_of_different_sizes(kit, depth_predictor, depth_artifact, shared_data):
  files = sorted((shared_data("voc_animals") / "JPEGImages").glob("*.jpg"))[:30:10]
  contents = [file.read_bytes() for file in files]
  signature = tf.saved_model.load(str(depth_artifact)).signatures["serving_default"]
  pngs = signature(image_bytes=tf.constant(contents))["depth_png_bytes"].numpy()
  model = kit.depth_model(depth_predictor)
  for png, content in zip(pngs, contents):
    image = tf.io.decode_jpeg(content, channels=3).numpy()
    found = tf.io.decode_png(png, dtype=tf.uint16)[..., 0].numpy() / 1024
    assert np.abs(found - model.depth(image[None])[0]).max() <= 0.5 / 1024


@pytest.mark.slow
def test_a_protocol_object_and_its_dict_are_the_same(kit, depth_predictor, tmp_path):
  protocol = depth_protocol.DepthProtocol(crop="eigen", flip=True, scale="5.4")
  documents = [(kit.export_depth(depth_predictor, tmp_path / "m", protocol=given)
                / "assets.extra" / "keras_weakseg.json").read_bytes()
               for given in (protocol, protocol.as_dict())]
  assert documents[0] == documents[1] and json.loads(documents[0])["protocol"]["crop"] == "eigen"
