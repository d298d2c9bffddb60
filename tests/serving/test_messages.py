"""Tests of `serving.messages`: what is written is read back, also by the real package."""
import numpy as np
import pytest

from keras_weakseg.serving import messages


def test_a_request_holds_what_was_asked():
  request = messages.predict_request("m", "s", {"b": [b"x"], "a": [[1.5]]}, ["mask"], version=3)
  again = messages.message("PredictRequest").FromString(request.SerializeToString())
  assert again == request and again.model_spec.version.value == 3
  assert list(again.output_filter) == ["mask"]
  found = messages.tensors(again.inputs)
  assert list(found) == ["a", "b"] and found["b"].tolist() == [b"x"]
  np.testing.assert_array_equal(found["a"], np.float32([[1.5]]))


def test_the_wire_is_that_of_the_proto_files():
  request = messages.predict_request("m", "s", {}, ["o"], version=3)
  # Fields 1 (name), 2 (version, a message with field 1) and 3 of field 1; then field 3.
  assert request.SerializeToString().hex() == "0a0a" "0a016d" "12020803" "1a0173" "1a016f"
  response = bytes.fromhex("0a05" "0a0161" "1200")
  entry, = messages.message("PredictResponse").FromString(response).outputs
  assert (entry.key, entry.value) == ("a", b"")


def test_the_real_package_reads_it():
  apis = pytest.importorskip("tensorflow_serving.apis.predict_pb2",
                             reason="tensorflow-serving-api (extra 'serving') is not installed")
  request = messages.predict_request("m", "s", {"x": [1.0]}, ["mask"], version=2)
  real = apis.PredictRequest.FromString(request.SerializeToString())
  assert real.model_spec.version.value == 2 and list(real.inputs) == ["x"]
