"""Tests of `tasks.depth.module`: what the signatures of a depth artifact answer."""
import io
import json

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

from keras_weakseg.ops import depth_images
from keras_weakseg.tasks.depth import document as depth_document
from keras_weakseg.tasks.depth import module as depth_module
from keras_weakseg.tasks.depth import protocol as depth_protocol


def encode(pixels, form="PNG"):
  """Returns a picture as file bytes, written by another library than the one that decodes."""
  buffer = io.BytesIO()
  Image.fromarray(pixels).save(buffer, form)
  return buffer.getvalue()


def stored(png):
  """Returns the values of a PNG, read by another library than the one that wrote it."""
  return np.asarray(Image.open(io.BytesIO(png)))


@pytest.fixture(scope="module")
def signatures(depth_artifact):
  return tf.saved_model.load(str(depth_artifact)).signatures


def test_images_signature_gives_the_evaluators_disparity_and_depth(
    kit, depth_predictor, signatures):
  images = np.stack([kit.random_image(45, 71, seed) for seed in range(3)])
  answer = signatures["predict_images"](images=tf.constant(images))
  model = kit.depth_model(depth_predictor)
  for name in ("disparity", "depth"):
    assert answer[name].dtype == tf.float32 and answer[name].shape == (3, 45, 71)
  np.testing.assert_array_equal(answer["disparity"], model.disparity(images))
  np.testing.assert_array_equal(answer["depth"], model.depth(images))
  assert np.std(answer["depth"]) > 0.1  # not one depth everywhere
  assert 0.5 <= np.min(answer["depth"]) and np.max(answer["depth"]) <= 50.0 * (1 + 1e-6)


def test_pngs_have_their_own_images_size_and_are_off_by_half_a_step(
    kit, depth_predictor, signatures):
  images = [kit.random_image(*size, seed=number)
            for number, size in enumerate([(33, 70), (32, 64), (17, 17), (90, 121)])]
  answer = signatures["serving_default"](image_bytes=tf.constant([encode(i) for i in images]))
  np.testing.assert_array_equal(answer["depth_scale"], [1024.0] * 4)
  model = kit.depth_model(depth_predictor)
  for png, image in zip(answer["depth_png_bytes"].numpy(), images):
    values, depth = stored(png), model.depth(image[None])[0]
    assert values.shape == image.shape[:2] and values.max() > 255 and values.min() > 0
    np.testing.assert_array_equal(values, np.rint(depth * 1024))
    assert np.abs(values / 1024 - depth).max() <= 0.5 / 1024


def test_answers_are_compressed_quickly_and_hold_the_same_values(kit, signatures):
  image = kit.random_image(375, 500)
  png = signatures["serving_default"](image_bytes=tf.constant([encode(image)]))
  png = png["depth_png_bytes"][0].numpy()
  depth = signatures["predict_images"](images=tf.constant(image[None]))["depth"][0]
  small = depth_images.encode_depth_png(depth, 1024.0)
  # The same bytes as at compression 1, which take a quarter of the time.
  assert png == depth_images.encode_depth_png(depth, 1024.0, compression=1).numpy()
  assert len(png) > len(small.numpy())
  np.testing.assert_array_equal(stored(png), stored(small.numpy()))


def test_a_batch_answers_as_each_image_alone(kit, signatures):
  contents = [encode(kit.random_image(30, 44, 1)), encode(kit.random_image(51, 38, 2), "JPEG")]
  batch = signatures["serving_default"](image_bytes=tf.constant(contents))["depth_png_bytes"]
  for content, png in zip(contents, batch.numpy()):
    alone = signatures["serving_default"](image_bytes=tf.constant([content]))["depth_png_bytes"]
    assert alone[0].numpy() == png


def test_known_depths_of_a_known_picture(kit):
  # Red is disparity: 0 lies at max_depth, 255 at min_depth, and a factor makes metres of them.
  model = kit.depth_model(lambda x, training: x[..., :1] / 255, size=(16, 16), factor=2.5)
  protocol = depth_protocol.DepthProtocol()
  document = depth_document.build(
      model=model, record=kit.depth_record, protocol=protocol, metadata={})
  module = depth_module.DepthServingModule(lambda x: x[..., :1] / 255, document)
  image = np.zeros((16, 16, 3), np.uint8)
  image[:, 8:, 0] = 255
  found = {name: value.numpy()
           for name, value in module.serve_images(tf.constant(image[None])).items()}
  np.testing.assert_allclose(found["depth"][0, 3, [0, 15]], [125.0, 1.25], rtol=1e-6)
  np.testing.assert_allclose(found["disparity"][0, 3, [0, 15]], [1 / 50, 2.0], rtol=1e-6)
  np.testing.assert_array_equal(found["depth"], model.depth(image[None]))
  answer = module.serve_bytes(tf.constant([encode(image)]))
  np.testing.assert_array_equal(answer["depth_scale"], [256.0])  # metres, as KITTI stores them
  np.testing.assert_array_equal(
      stored(answer["depth_png_bytes"][0].numpy())[3, [0, 15]], [125 * 256, 320])


def test_the_raw_disparity_is_the_predictors(kit, depth_predictor, depth_artifact):
  images = tf.cast(kit.random_image(32, 48)[None], tf.float32)
  loaded = tf.saved_model.load(str(depth_artifact))
  found = loaded.disparity(images)
  # In a graph of unknown sizes too: eager operations round otherwise.
  expected = tf.function(lambda x: depth_predictor(x, training=False), input_signature=[
      tf.TensorSpec([None, None, None, 3], tf.float32)])(images)
  assert found.shape == (1, 32, 48, 1) and found.dtype == tf.float32
  np.testing.assert_array_equal(found, expected)
  assert 0 <= np.min(found) < 0.5 < np.max(found) <= 1


def test_an_empty_batch_is_answered_with_empty_batches(signatures):
  answer = signatures["serving_default"](image_bytes=tf.constant([], tf.string))
  assert answer["depth_png_bytes"].shape == (0,) and answer["depth_scale"].shape == (0,)


def test_broken_bytes_are_an_error_and_no_depth(signatures):
  with pytest.raises(tf.errors.InvalidArgumentError):
    signatures["serving_default"](image_bytes=tf.constant([b"\xff\xd8\xff no picture"]))


def test_metadata_speaks_in_constants(kit, signatures):
  answer = {name: value.numpy() for name, value in signatures["metadata"]().items()}
  assert answer["task"] == b"depth" and answer["unit"] == b"up to one factor per image"
  assert answer["scale_note"] == b"up to one factor per image, evaluated with median scaling"
  assert (answer["min_depth"], answer["max_depth"], answer["factor"]) == (0.5, 50.0, 0.0)
  assert answer["depth_scale"] == 1024.0
  np.testing.assert_array_equal(answer["depth_range"], [0.5, 50.0])
  np.testing.assert_array_equal(answer["size"], kit.depth_size)
  assert answer["multiple"] == kit.depth_record.multiple
  assert answer["preprocessing"] == kit.depth_record.preprocessing.encode()
  assert json.loads(answer["protocol"]) == depth_protocol.DepthProtocol().as_dict()
  assert answer["protocol_hash"].decode() == depth_protocol.DepthProtocol().hash()


def test_metadata_rows_tell_what_rest_needs(signatures):
  answer = signatures["metadata_rows"](names=tf.constant(["unit", "depth_scale", "classes"]))
  assert [json.loads(text) for text in answer["documents"].numpy()] == [
      "up to one factor per image", 1024.0, None]
