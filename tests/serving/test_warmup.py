"""Tests of `serving.warmup`: the records, read by decoders that are not ours."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.serving import warmup


@pytest.fixture(scope="module")
def prediction_log_class(apis):
  return apis.message("PredictionLog")


def records(artifact):
  path = artifact / "assets.extra" / "tf_serving_warmup_requests"
  return [record.numpy() for record in tf.data.TFRecordDataset(str(path))]


@pytest.mark.parametrize("length", [0, 1, 127, 128, 16383, 16384, 70000])
def test_lengths_of_every_varint_size_are_read_back(prediction_log_class, length):
  value = np.arange(length, dtype=np.int64).astype(np.uint8)
  log = prediction_log_class.FromString(warmup.prediction_log("name", "sig", {"x": value}))
  request = log.predict_log.request
  assert (request.model_spec.name, request.model_spec.signature_name) == ("name", "sig")
  np.testing.assert_array_equal(tf.make_ndarray(request.inputs["x"]), value)
  # Nothing that the .proto does not know: it would come back as unknown fields.
  assert log.ByteSize() == len(warmup.prediction_log("name", "sig", {"x": value}))


def test_several_inputs_are_written_in_the_order_of_their_names(prediction_log_class):
  content = warmup.prediction_log("m", "s", {"b": [b"bytes"], "a": [[1.5]]})
  assert 0 < content.index(b"\n\1a") < content.index(b"\n\1b")
  assert set(prediction_log_class.FromString(content).predict_log.request.inputs) == {"a", "b"}


@pytest.mark.parametrize("fixture, name", [("artifact", "tiny"), ("depth_artifact", "depth")])
def test_the_file_of_an_artifact_warms_every_signature_that_servers_are_asked(
    fixture, name, request, prediction_log_class):
  artifact = request.getfixturevalue(fixture)
  loaded = tf.saved_model.load(str(artifact))
  signatures = loaded.signatures
  warmed = set()
  for record in records(artifact):
    asked = prediction_log_class.FromString(record).predict_log.request
    assert asked.model_spec.name == name
    inputs = {key: tf.constant(tf.make_ndarray(value)) for key, value in asked.inputs.items()}
    answer = signatures[asked.model_spec.signature_name](**inputs)
    assert all(tf.size(value) > 0 for value in answer.values())
    warmed.add(asked.model_spec.signature_name)
  assert warmed == set(signatures) - {"metadata", "predict_fixed"}


@pytest.mark.parametrize("fixture", ["artifact", "depth_artifact"])
def test_no_record_is_refused_where_requests_are_batched(
    fixture, request, prediction_log_class, batching):
  # A refused record fails the load of the whole version.
  artifact = request.getfixturevalue(fixture)
  signatures = tf.saved_model.load(str(artifact)).signatures
  for record in records(artifact):
    asked = prediction_log_class.FromString(record).predict_log.request
    inputs = {key: tf.make_ndarray(value) for key, value in asked.inputs.items()}
    answer, = batching(signatures[asked.model_spec.signature_name], [inputs])
    assert all(value.shape[0] == 1 for value in answer.values())
  with pytest.raises(ValueError, match="at least one input tensor"):
    batching(signatures["metadata"], [{}])


def test_it_parses_with_the_real_messages(artifact):
  apis = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2",
                             reason="tensorflow-serving-api (extra 'serving') is not installed")
  logs = [apis.PredictionLog.FromString(record) for record in records(artifact)]
  assert {log.WhichOneof("log_type") for log in logs} == {"predict_log"}
  requests = {log.predict_log.request.model_spec.signature_name: log.predict_log.request
              for log in logs}
  image = tf.make_ndarray(requests["predict_images"].inputs["images"])
  assert image.dtype == np.uint8 and image.shape[0] == 1 and image.shape[3] == 3
  content = tf.make_ndarray(requests["serving_default"].inputs["image_bytes"])
  assert tf.io.decode_jpeg(content[0]).shape == image.shape[1:]
  assert all(apis.PredictionLog.FromString(log.SerializeToString()) == log for log in logs)


def test_the_sample_image_is_the_same_every_time_and_not_plain():
  first, second = warmup.sample_image(20, 30).numpy(), warmup.sample_image(20, 30).numpy()
  np.testing.assert_array_equal(first, second)
  assert first.shape == (20, 30, 3) and first.std() > 30
