"""Tests of `tasks.segmentation.module`: what the signatures answer."""
import io
import json

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.tasks.segmentation import document as documents
from keras_weakseg.tasks.segmentation import module as modules
from keras_weakseg.tasks.segmentation import protocol as protocols


def encode(pixels, form, mode=None):
  """Returns a picture as file bytes, written by another library than the one that decodes."""
  picture = Image.fromarray(pixels)
  buffer = io.BytesIO()
  (picture.convert(mode) if mode else picture).save(buffer, form)
  return buffer.getvalue()


def mask_of(png):
  return np.asarray(Image.open(io.BytesIO(png)))


@pytest.fixture(scope="module")
def signatures(artifact):
  return tf.saved_model.load(str(artifact)).signatures


@pytest.fixture(scope="module")
def colour_module():
  """A module whose class is the strongest colour: red 0, green 1, blue 2."""
  image = keras.Input((None, None, 3))
  predictor = keras.Model(image, keras.layers.Rescaling(1.0)(image))
  document = documents.build(
      classes=("red", "green", "blue"), palette=((255, 0, 0), (0, 255, 0), (0, 0, 255)),
      record={"mean_rgb": (0, 0, 0), "multiple": 1}, protocol=protocols.Protocol(), metadata={})
  return modules.ServingModule(predictor, document, {"multiple": 1})


def test_a_mask_has_the_size_of_its_own_image_and_equals_the_evaluators(
    kit, predictor, signatures):
  images = [kit.random_image(*size, seed=number)
            for number, size in enumerate([(33, 70), (64, 41), (17, 17), (90, 121)])]
  answer = signatures["serving_default"](
      image_bytes=tf.constant([encode(image, "PNG") for image in images]))
  evaluator = kit.segmentation_model(predictor)
  for row, image in enumerate(images):
    mask = mask_of(answer["mask_png_bytes"][row].numpy())
    expected = np.asarray(evaluator.mask(image[None], protocols.Protocol()))[0]
    assert mask.dtype == np.uint8 and mask.shape == image.shape[:2]
    np.testing.assert_array_equal(mask, expected)
    ids = answer["class_ids"][row].numpy()
    present = np.unique(mask)
    np.testing.assert_array_equal(ids[:len(present)], present)
    assert (ids[len(present):] == -1).all()
  assert answer["class_ids"].dtype == tf.int32 and answer["class_ids"].shape[1] > 1


def test_real_photographs_of_different_sizes(kit, predictor, signatures, shared_data):
  files = sorted((shared_data("voc_animals") / "JPEGImages").glob("*.jpg"))[:40:10]
  contents = [file.read_bytes() for file in files]
  pixels = [tf.io.decode_jpeg(content, channels=3).numpy() for content in contents]
  assert len({image.shape for image in pixels}) > 1
  batch = signatures["serving_default"](image_bytes=tf.constant(contents))["mask_png_bytes"]
  evaluator = kit.segmentation_model(predictor)
  for content, image, png in zip(contents, pixels, batch.numpy()):
    alone = signatures["serving_default"](image_bytes=tf.constant([content]))["mask_png_bytes"]
    assert alone[0].numpy() == png
    expected = np.asarray(evaluator.mask(image[None], protocols.Protocol()))[0]
    np.testing.assert_array_equal(mask_of(png), expected)


def test_images_signature_gives_the_evaluators_probabilities(kit, predictor, signatures):
  images = np.stack([kit.random_image(40, 57, seed) for seed in range(3)])
  answer = signatures["predict_images"](images=tf.constant(images))
  assert answer["mask"].dtype == tf.uint8 and answer["mask"].shape == (3, 40, 57)
  assert answer["probabilities"].dtype == tf.float32
  np.testing.assert_allclose(tf.reduce_sum(answer["probabilities"], -1), 1.0, atol=1e-5)
  np.testing.assert_array_equal(answer["mask"], tf.argmax(answer["probabilities"], -1))
  evaluator = kit.segmentation_model(predictor)
  np.testing.assert_array_equal(
      answer["probabilities"], evaluator.probabilities(images, protocols.Protocol()))
  np.testing.assert_array_equal(answer["mask"], evaluator.mask(images, protocols.Protocol()))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP"])
def test_bytes_are_read_as_red_green_blue(colour_module, form):
  stripes = np.zeros((48, 48, 3), np.uint8)
  for channel in range(3):
    stripes[:, 16 * channel:16 * channel + 16, channel] = 250
  answer = colour_module.serve_bytes(tf.constant([encode(stripes, form)]))
  mask = mask_of(answer["mask_png_bytes"][0].numpy())
  np.testing.assert_array_equal(mask[20, [4, 24, 44]], [0, 1, 2])
  np.testing.assert_array_equal(answer["class_ids"], [[0, 1, 2]])


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "P"])
def test_grey_alpha_and_palette_files_are_answered_like_their_pixels(
    kit, predictor, signatures, mode):
  picture = Image.fromarray(kit.random_image(30, 44)).convert(mode)
  buffer = io.BytesIO()
  picture.save(buffer, "PNG")
  answer = signatures["serving_default"](image_bytes=tf.constant([buffer.getvalue()]))
  pixels = np.asarray(picture.convert("RGB"))
  expected = np.asarray(
      kit.segmentation_model(predictor).mask(pixels[None], protocols.Protocol()))[0]
  np.testing.assert_array_equal(mask_of(answer["mask_png_bytes"][0].numpy()), expected)


def test_class_ids_are_padded_to_the_longest_row(colour_module):
  plain = np.zeros((8, 8, 3), np.uint8) + np.array([0, 0, 9], np.uint8)
  mixed = plain.copy()
  mixed[:4] = (9, 0, 0)
  answer = colour_module.serve_bytes(
      tf.constant([encode(plain, "PNG"), encode(mixed, "PNG")]))
  np.testing.assert_array_equal(answer["class_ids"], [[2, -1], [0, 2]])


def test_an_empty_batch_is_answered_with_empty_batches(signatures):
  answer = signatures["serving_default"](image_bytes=tf.constant([], tf.string))
  assert answer["mask_png_bytes"].shape == (0,) and answer["class_ids"].shape[0] == 0


def test_broken_bytes_are_an_error_and_not_a_mask(signatures):
  with pytest.raises(tf.errors.InvalidArgumentError):
    signatures["serving_default"](image_bytes=tf.constant([b"\xff\xd8\xff no picture"]))


def test_sixteen_bits_are_refused_here_as_in_training(signatures):
  png = tf.io.encode_png(tf.zeros([8, 8, 3], tf.uint16))
  with pytest.raises(tf.errors.InvalidArgumentError, match="16 bits per channel"):
    signatures["serving_default"](image_bytes=png[None])


def test_no_row_depends_on_another(kit, signatures):
  # Servers pad batches with rows: they must not change the others.
  images = np.stack([kit.random_image(24, 24, seed) for seed in range(2)])
  mixed = signatures["predict_images"](images=tf.constant(images))["probabilities"][0]
  other = signatures["predict_images"](
      images=tf.constant(np.stack([images[0], images[0]])))["probabilities"][0]
  np.testing.assert_array_equal(mixed, other)


def test_metadata_rows_answers_known_names_and_null(kit, signatures):
  answer = signatures["metadata_rows"](names=tf.constant(["classes", "nonsense", ""]))
  classes, unknown, whole = (json.loads(text) for text in answer["documents"].numpy())
  assert tuple(classes) == kit.classes
  assert unknown is None
  assert whole["metadata"] == {"experiment": "tiny"}


def test_metadata_speaks_in_constants(kit, signatures):
  answer = signatures["metadata"]()
  assert [name.decode() for name in answer["class_names"].numpy()] == list(kit.classes)
  np.testing.assert_array_equal(answer["palette"], kit.palette)
  assert answer["protocol_hash"].numpy().decode() == protocols.Protocol().hash()
  assert json.loads(answer["document"].numpy())["multiple"] == 8
