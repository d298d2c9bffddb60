"""Tests of `serving.grpc_client` against a double of TensorFlow Serving in another process."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.serving import client
from keras_weakseg.serving import grpc_client
from keras_weakseg.tasks import rest_masks

pytest.importorskip("grpc")


@pytest.fixture
def address(double, artifact):
  double.add(artifact)
  return double.grpc


def test_masks_of_bytes(kit, predictor, address):
  images = [kit.random_image(30, 41), kit.random_image(17, 60, 1)]
  with grpc_client.GrpcClient(address, "tiny", version=1) as asked:
    answer = asked.predict({"image_bytes": [tf.io.encode_png(image).numpy() for image in images]})
    classes = asked.predict({}, "metadata")["class_names"]
  for (mask, ids), image in zip(rest_masks(answer), images):
    np.testing.assert_array_equal(mask, kit.segmentation_model(predictor).mask(image[None])[0])
    assert ids == np.unique(mask).tolist()
  assert [client.text(name) for name in classes] == list(kit.classes)


def test_a_photograph_exceeds_grpcs_own_limit_and_not_ours(kit, address):
  images = {"images": kit.random_image(500, 600)[None]}
  with grpc_client.GrpcClient(address, "tiny") as asked:
    answer = asked.predict(images, "predict_images")
    assert answer["probabilities"].nbytes > 4 << 20
    only = asked.predict(images, "predict_images", outputs=["mask"])
  assert list(only) == ["mask"]
  np.testing.assert_array_equal(only["mask"], answer["mask"])
  with grpc_client.GrpcClient(address, "tiny", max_answer_bytes=4 << 20) as small:
    with pytest.raises(ValueError, match=r'(?s)RESOURCE_EXHAUSTED.*outputs=\["mask"\]'):
      small.predict(images, "predict_images")
    assert list(small.predict(images, "predict_images", ["mask"])) == ["mask"]


def test_errors_say_what_the_server_says(kit, address):
  with grpc_client.GrpcClient(address, "tiny") as asked:
    with pytest.raises(ValueError, match="(?s)INVALID_ARGUMENT.*broken"):
      asked.predict({"image_bytes": [b"\xff\xd8\xff no picture"]})
    with pytest.raises(ValueError, match="INVALID_ARGUMENT.*does not match signature"):
      asked.predict({"picture": [b""]})
    with pytest.raises(ValueError, match="INVALID_ARGUMENT.*Expects arg images to be uint8"):
      asked.predict({"images": np.zeros((1, 8, 8, 3), np.float32)}, "predict_images")
    with pytest.raises(ValueError, match="INVALID_ARGUMENT.*alias not found.*masks"):
      asked.predict({"images": kit.random_image(8, 8)[None]}, "predict_images", ["masks"])
  with grpc_client.GrpcClient(address, "tiny", version=7) as asked:
    with pytest.raises(ValueError, match="(?s)NOT_FOUND: Servable not found.*Check the name"):
      asked.predict({}, "metadata")
  with grpc_client.GrpcClient(address, "other") as asked:
    with pytest.raises(ValueError, match="(?s)'other'.*NOT_FOUND: Servable not found"):
      asked.predict({}, "metadata")
  with grpc_client.GrpcClient("127.0.0.1:1", "tiny", timeout=5) as asked:
    with pytest.raises(ValueError, match="(?s)UNAVAILABLE.*8500"):
      asked.predict({}, "metadata")


def test_an_answer_of_another_size_is_refused():
  with pytest.raises(ValueError, match="(?s)not of these images' size.*serving_default"):
    grpc_client._check_sizes((1, 97, 201, 3), {"mask": np.zeros((1, 375, 500), np.uint8)})
  grpc_client._check_sizes((1, 97, 201, 3), {"mask": np.zeros((1, 97, 201), np.uint8),
                                             "present": np.zeros((1, 4))})


def test_without_grpc_the_error_says_what_to_install(monkeypatch):
  import sys
  monkeypatch.setitem(sys.modules, "grpc", None)
  with pytest.raises(ImportError, match=r"(?s)needs grpcio.*pip install"):
    grpc_client.GrpcClient("localhost:8500", "tiny")
