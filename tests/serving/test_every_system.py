"""The artifact of every system answers as its evaluator, to every kind of client that there is.

TensorFlow's C library without Python, servers by REST and gRPC without Keras, their warm-up, Keras
3, and converters to other formats.
"""
import json
import pathlib
import shutil
import subprocess
import urllib.request

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from keras_weakseg.serving import client
from keras_weakseg.serving import grpc_client
from keras_weakseg.tasks import rest_depths, rest_masks, rest_tags

PROGRAM = pathlib.Path(__file__).with_name("ask_artifact.c")
OPERATING = pathlib.Path(__file__).resolve().parents[2] / "saved_models" / "OPERATING.md"
READERS = {"segmentation": rest_masks, "depth": rest_depths, "tags": rest_tags}


def check_answer(system, index, found):
  """Compares what a reader of answers has read with what the evaluator says."""
  wanted = system.answer(index)
  if system.task == "segmentation":
    mask, ids = found
    np.testing.assert_array_equal(mask, wanted)
    assert ids == np.unique(wanted).tolist()
  elif system.task == "depth":
    np.testing.assert_array_equal(np.rint(found * 1024), np.rint(wanted * 1024))
  else:
    names, probabilities = found
    np.testing.assert_allclose(probabilities, wanted, atol=1e-6)
    order = np.argsort(-wanted, kind="stable")
    assert names == [system.model.classes[each] for each in order if wanted[each] >= 0.5]


def test_the_models_have_something_to_say(system):
  """Else masks would be equal whatever becomes of them."""
  answers = [system.answer(index) for index in range(len(system.images))]
  if system.task == "segmentation":
    assert min(np.unique(mask).size for mask in answers) > 1
  elif system.task == "depth":
    assert min(depth.std() for depth in answers) > 0.05
  else:
    assert np.ptp(answers, 0).max() > 0.1
  if system.name == "dual":
    assert (system.answer(0) != system.answer(0, inference_steps=0)).any()


# === C ===


@pytest.fixture(scope="module")
def c_program(tmp_path_factory):
  """Compiles the program as its page says."""
  compiler = shutil.which("gcc")
  if not compiler:
    pytest.skip("there is no gcc")
  library = pathlib.Path(tf.sysconfig.get_lib())
  if not (library / "libtensorflow_cc.so.2").exists():
    pytest.skip("this TensorFlow does not come with libtensorflow_cc.so.2")
  place = tmp_path_factory.mktemp("c") / "ask_artifact"
  done = subprocess.run(
      [compiler, "-std=c11", "-Wall", "-Wextra", "-Werror", str(PROGRAM), "-o", str(place),
       f"-I{tf.sysconfig.get_include()}", f"-L{library}", f"-Wl,-rpath,{library}",
       "-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2",
       # The usual one takes seconds to read a library of a gigabyte.
       *(["-fuse-ld=gold"] if shutil.which("ld.gold") else [])],
      text=True, check=False, capture_output=True)
  assert done.returncode == 0, done.stderr
  return place


def run_program(program, *arguments):
  # No path to a Python package in its environment: whatever it needs is linked.
  return subprocess.run([str(program), *map(str, arguments)], text=True, check=False,
                        capture_output=True, env={"TF_CPP_MIN_LOG_LEVEL": "3"})


def answers_of_program(folder, files, output):
  """Returns an answer in columns, as a server gives it, of what the program has written."""
  columns = {}
  for line in output.splitlines():
    _, name, *values = line.split(" ")
    columns.setdefault(name, []).append([
        value if name == "tag_names" else float(value) for value in values if value])
  pngs = [(folder / f"{file.name}.png") for file in files]
  if "depth_scale" in columns:
    return {"depth_png_bytes": [png.read_bytes() for png in pngs],
            "depth_scale": [scale for scale, in columns["depth_scale"]]}
  if "class_ids" in columns:
    return {"mask_png_bytes": [png.read_bytes() for png in pngs],
            "class_ids": np.array(columns["class_ids"], int)}
  return columns


def test_the_c_library_answers_image_files_without_python(system, c_program, tmp_path):
  files = [tmp_path / f"{index}.png" for index in range(len(system.images))]
  for file, content in zip(files, system.pngs()):
    file.write_bytes(content)
  (tmp_path / "out").mkdir()
  done = run_program(c_program, system.path, tmp_path / "out", *files)
  assert done.returncode == 0, done.stderr[-2000:]
  found = READERS[system.task](answers_of_program(tmp_path / "out", files, done.stdout))
  assert len(found) == len(files)
  for index, each in enumerate(found):
    check_answer(system, index, each)


def test_the_c_program_says_what_is_wrong(exported, c_program, tmp_path):
  artifact = exported("em_joint").path
  (tmp_path / "text.png").write_text("no picture")
  for arguments, words in (
      ((tmp_path / "absent", tmp_path, tmp_path / "text.png"), "SavedModel"),
      ((artifact, tmp_path, tmp_path / "text.png"), "serving_default: ")):
    done = run_program(c_program, *arguments)
    assert done.returncode == 1 and words in done.stderr, done.stderr
  assert [file.name for file in tmp_path.iterdir()] == ["text.png"]


def test_the_page_shows_the_program_as_it_is():
  page, program = OPERATING.read_text(encoding="utf-8"), PROGRAM.read_text(encoding="utf-8")
  shown = page.split("```c\n")[1].split("```")[0]
  assert shown in program and "TF_LoadSessionFromSavedModel" in shown
  assert "gcc" in page and "libtensorflow_cc.so.2" in page


# === Servers ===


def test_servers_answer_as_the_evaluator(system, double):
  double.add(system.path)
  contents, read = system.pngs(), READERS[system.task]
  request = urllib.request.Request(
      f"{double.rest}/v1/models/{system.name}:predict",
      json.dumps(client.rest_request(*contents)).encode(), {"Content-Type": "application/json"})
  by_rest = read(json.load(urllib.request.urlopen(request)))
  with grpc_client.GrpcClient(double.grpc, system.name, version=1) as asked:
    by_grpc = read(asked.predict({"image_bytes": contents}))
    pixels = asked.predict({"images": system.images[0][None]}, "predict_images")
    about = asked.predict({}, "metadata")
  assert len(by_rest) == len(by_grpc) == len(contents)
  for index, pair in enumerate(zip(by_rest, by_grpc)):
    for found in pair:
      check_answer(system, index, found)
  name = {"segmentation": "mask", "depth": "depth", "tags": "probabilities"}[system.task]
  np.testing.assert_allclose(pixels[name][0], system.answer(0), rtol=1e-6, atol=1e-6)
  assert about["task"] == system.task.encode()
  assert about["protocol_hash"] == system.protocol.hash().encode()


def test_a_dual_network_is_told_by_clients_how_long_to_infer(exported, double):
  system = exported("dual")
  double.add(system.path)
  images = np.repeat(system.images[1][None], 2, 0)
  with grpc_client.GrpcClient(double.grpc, system.name) as asked:
    found = asked.predict({"images": images, "steps": np.array([0, 5], np.int32)},
                          "predict_inferred")
  body = json.dumps({"signature_name": "predict_inferred", "instances": [
      {"images": image.tolist(), "steps": steps} for image, steps in zip(images, (0, 5))]})
  request = urllib.request.Request(f"{double.rest}/v1/models/dual:predict", body.encode())
  rows = json.load(urllib.request.urlopen(request))["predictions"]
  for row, steps in enumerate((0, 5)):
    wanted = system.answer(1, inference_steps=steps)
    np.testing.assert_array_equal(found["mask"][row], wanted)
    np.testing.assert_array_equal(rows[row]["mask"], wanted)
  assert (found["mask"][0] != found["mask"][1]).any()


def test_its_own_records_warm_a_server_up(system, double, apis):
  """The requests go over the wire as they lie in the file."""
  grpc = pytest.importorskip("grpc")
  double.add(system.path)
  data = tf.data.TFRecordDataset(
      str(system.path / "assets.extra" / "tf_serving_warmup_requests"))
  warmed = []
  with grpc.insecure_channel(double.grpc, options=[
      ("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]) as channel:
    predict = channel.unary_unary(grpc_client.METHOD)
    for record in data:
      request = apis.message("PredictionLog").FromString(record.numpy()).predict_log.request
      answer = apis.message("PredictResponse").FromString(
          predict(request.SerializeToString(), timeout=60))
      assert answer.model_spec.name == request.model_spec.name == system.name
      assert answer.outputs
      warmed.append(request.model_spec.signature_name)
  saved = saved_model_pb2.SavedModel.FromString((system.path / "saved_model.pb").read_bytes())
  signatures = set(saved.meta_graphs[0].signature_def) - {"__saved_model_init_op"}
  assert set(warmed) == signatures - {"metadata", "predict_fixed"}


# === Keras 3 ===


def test_it_is_a_layer_of_keras_3(system):
  keras = pytest.importorskip("keras", reason="Keras 3 is not installed")
  if int(keras.__version__.split(".")[0]) < 3:
    pytest.skip(f"Keras {keras.__version__} is installed, not Keras 3")
  layer = keras.layers.TFSMLayer(str(system.path), call_endpoint="predict_images")
  images = keras.Input((None, None, 3), dtype="uint8")
  model = keras.Model(images, layer(images))
  name = {"segmentation": "mask", "depth": "depth", "tags": "probabilities"}[system.task]
  found = model(np.repeat(system.images[1][None], 2, 0))[name]
  for each in np.asarray(found):
    np.testing.assert_allclose(each, system.answer(1), rtol=1e-6, atol=1e-6)
  trained = sum(int(np.prod(weight.shape)) for weight in layer.weights)
  assert trained >= 0.9 * sum(int(np.prod(v.shape)) for v in predictor_of(system).variables)


def predictor_of(system):
  return getattr(system.model, {"segmentation": "score_fn", "depth": "disparity_fn",
                                "tags": "tag_fn"}[system.task])


# === Other formats ===


def with_tflite(path, pixels):
  lite = tf.lite.Interpreter(model_content=tf.lite.TFLiteConverter.from_saved_model(
      str(path), signature_keys=["predict_fixed"]).convert())
  return lite.get_signature_runner("predict_fixed")(pixels=pixels)


def with_onnx(path, pixels):
  convert = pytest.importorskip("tf2onnx.convert", reason="tf2onnx is not installed")
  runtime = pytest.importorskip("onnxruntime", reason="onnxruntime is not installed")
  signature = tf.saved_model.load(str(path)).signatures["predict_fixed"]
  proto, _ = convert.from_function(
      tf.function(lambda pixels: signature(pixels=pixels)),
      input_signature=[tf.TensorSpec(pixels.shape, tf.float32, name="pixels")])
  session = runtime.InferenceSession(proto.SerializeToString())
  names = [output.name for output in session.get_outputs()]
  return dict(zip(signature.structured_outputs, session.run(names, {"pixels": pixels})))


def with_openvino(path, pixels):
  openvino = pytest.importorskip("openvino", reason="openvino is not installed")
  signature = tf.saved_model.load(str(path)).signatures["predict_fixed"]
  answer = openvino.compile_model(openvino.convert_model(signature), "CPU")(pixels)
  return dict(zip(signature.structured_outputs, answer.values()))


@pytest.mark.parametrize("convert", [with_tflite, with_onnx, with_openvino])
def test_converters_take_the_signature_of_fixed_size(system, convert):
  answer = convert(system.path, system.images[0][None].astype(np.float32))
  if system.task == "segmentation":
    np.testing.assert_array_equal(answer["scores"].argmax(-1)[0], system.answer(0))
  elif system.task == "depth":
    np.testing.assert_allclose(1 / answer["disparity"][0], system.answer(0), rtol=1e-3)
  else:
    np.testing.assert_allclose(answer["probabilities"][0], system.answer(0), atol=1e-5)
