"""Figures and pictures of a validation split while a method trains."""
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.tasks.segmentation import evaluate as evaluation
from keras_weakseg.training import validation

PALETTE = [(0, 0, 0), (200, 0, 0)]


class Bright:
  """A method whose predictor calls bright pixels class 1."""

  def __init__(self):
    self.traced = 0

  def predictor(self, images):
    self.traced += 1
    bright = images[..., :1] - 127.5
    return tf.concat([-bright, bright], -1)


def plan(samples):
  def generate():
    yield from samples
  dataset = tf.data.Dataset.from_generator(generate, output_signature={
      "image": tf.TensorSpec([None, None, 3], tf.uint8),
      "mask": tf.TensorSpec([None, None], tf.uint8), "sample_id": tf.TensorSpec([], tf.string),
      "supervision": tf.TensorSpec([], tf.int32)})
  source = data.Dataset(dataset, classes=("background", "bright"), palette=PALETTE)
  record = types.SimpleNamespace(mean_rgb=(0, 0, 0), padding_multiple=1, role="segmentation",
                                 answers="scores")
  return types.SimpleNamespace(validation="train", source=source, record=record)


def checked(made, count):
  made.settings = schema.Experiment(training=schema.Training(picture_samples=count))
  return validation.Validation(made)


def sample(height, width, name="a"):
  image = np.zeros([height, width, 3], np.uint8)
  image[:, width // 2:] = 255
  mask = np.zeros([height, width], np.uint8)
  mask[:, width // 2:] = 1
  return {"image": image, "mask": mask, "sample_id": name.encode(), "supervision": 4}


def test_images_of_different_sizes_are_evaluated_and_drawn():
  validate = checked(plan([sample(8, 12, "a"), sample(10, 6, "b"), sample(4, 4, "c")]), 2)
  figures, pictures, score, text = validate(Bright())
  assert figures["mean_iou"] == score == 1.0 and figures["samples"] == 3
  assert text == "validation mIoU 100.00 %"
  assert pictures.dtype == np.uint8 and pictures.shape[:2] == (2, 10)
  np.testing.assert_array_equal(pictures[0, :8, :12], sample(8, 12)["image"])
  truth, found = pictures[0, :8, 16:28], pictures[0, :8, 32:44]
  np.testing.assert_array_equal(truth, found)
  assert (pictures[1, :, 6:12] == 255).all()


def test_the_network_is_traced_once_for_all_validations_of_a_method():
  validate = checked(plan([sample(8, 12, "a"), sample(10, 6, "b")]), 1)
  method, other = Bright(), Bright()
  first = validate(method)[0]
  traced = method.traced
  assert validate(method)[0] == first and method.traced == traced
  assert validate(other)[0] == first and other.traced == traced


def test_changed_weights_change_the_figures():
  validate = checked(plan([sample(8, 12)]), 0)
  method = Bright()
  sign = tf.Variable(1.0)
  method.predictor = lambda images: sign * tf.concat(
      [127.5 - images[..., :1], images[..., :1] - 127.5], -1)
  assert validate(method)[0]["mean_iou"] == 1.0
  sign.assign(-1.0)
  figures, pictures, *_ = validate(method)
  assert figures["mean_iou"] == 0.0 and pictures is None


def test_a_broken_sample_is_explained(monkeypatch):
  def broken(*_, **__):
    raise tf.errors.InvalidArgumentError(None, None, "Invalid PNG data, size 9")
  monkeypatch.setattr(evaluation, "evaluate", broken)
  validate = checked(plan([sample(8, 12)]), 1)
  with pytest.raises(ValueError, match="validation sample cannot be read(?s:.*)Invalid PNG data"):
    validate(Bright())


# === Depth ===


class Red:
  """A method whose predictor takes red for disparity."""

  def predictor(self, images):
    return images[..., :1] / 255


def depth_step(video, settings):
  record = types.SimpleNamespace(role="depth", multiple=32, answers="disparity")
  return types.SimpleNamespace(
      validation="validation", source=video, record=record, settings=settings)


def test_depth_is_compared_with_the_truth_and_drawn(tiny_video):
  experiment = overrides.resolve("own_video", overrides={
      "data.augmentation.resize": [32, 64], "training.picture_samples": 2})
  figures, pictures, score, text = validation.Validation(
      depth_step(tiny_video, experiment))(Red())
  assert figures["samples"] == 6 and score == -figures["abs_rel"] < 0
  assert text.startswith(f"validation abs_rel {figures['abs_rel']:.4f}, a1 ")
  sample = next(tiny_video.samples("validation").as_numpy_iterator())
  assert pictures.shape[0] == 2
  np.testing.assert_array_equal(pictures[0, :32, :64], sample["image"])


def test_the_protocol_of_depth_is_that_of_the_experiment(tiny_video):
  experiment = overrides.resolve("own_video", overrides={
      "data.augmentation.resize": [32, 64], "training.picture_samples": 0,
      "evaluation.depth.max_depth": 3.0})
  figures, pictures, *_ = validation.Validation(
      depth_step(tiny_video, experiment))(Red())
  assert figures["protocol"]["max_depth"] == 3.0 and pictures is None
