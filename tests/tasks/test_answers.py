"""What a record says that a predictor answers with holds in evaluation, with a CRF, and served."""
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.evaluation import protocol_base
from keras_weakseg.networks import registry as networks
from keras_weakseg.tasks import artifact as artifacts
from keras_weakseg.tasks import registry
from keras_weakseg.tasks.depth.model import DepthModel
from keras_weakseg.tasks.segmentation.model import SegmentationModel
from keras_weakseg.tasks.segmentation.protocol import Protocol

COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


class Answer(tf.Module):
  """A predictor with a variable, which an artifact can hold."""

  def __init__(self, function):
    super().__init__()
    self.gain = tf.Variable(1.0)
    self.function = function

  def __call__(self, images):
    return self.function(self.gain * images)


def photo(*size):
  return np.random.default_rng(4).integers(0, 256, (1, *size, 3), np.uint8)


def test_probabilities_are_evaluated_refined_and_served_as_they_are(tmp_path):
  scores = lambda images: images / 40.0
  first = SegmentationModel(scores, "abc", COLOURS, multiple=1)
  record = dataclasses.replace(networks.network_record("light_tiny"), answers="probabilities")
  second = SegmentationModel(Answer(lambda x: tf.nn.softmax(scores(x))), "abc", COLOURS,
                             multiple=1, answers=record.answers)
  image = photo(12, 15)
  for protocol in (Protocol(), Protocol(flip=True), Protocol(crf="deeplab_msc")):
    np.testing.assert_allclose(second.probabilities(image, protocol),
                               first.probabilities(image, protocol), atol=1e-5)
    np.testing.assert_array_equal(second.mask(image, protocol), first.mask(image, protocol))
  path = registry.of_model(second).export(
      second, tmp_path / "m", record=record, protocol=Protocol(), metadata={})
  served = artifacts.load_artifact(path)
  assert served.answers == "probabilities"
  np.testing.assert_allclose(served.probabilities(image), first.probabilities(image), atol=1e-5)
  pixels = tf.saved_model.load(str(path)).signatures["predict_images"](images=tf.constant(image))
  np.testing.assert_allclose(pixels["probabilities"], first.probabilities(image), atol=1e-5)


def test_scores_that_are_called_probabilities_are_refused():
  model = SegmentationModel(lambda x: x / 40, "abc", COLOURS, answers="probabilities")
  with pytest.raises(ValueError, match="does not answer with probabilities"):
    model.mask(photo(9, 9))
  with pytest.raises(ValueError, match="mean 'scores'"):
    SegmentationModel(lambda x: x, "abc", COLOURS, answers="score")


def test_logarithms_of_depth_are_evaluated_and_served(tmp_path):
  disparity = lambda x: x[..., :1] / 255
  log_depth = lambda x: -tf.math.log(0.02 + 1.98 * disparity(x))
  options = {"size": (32, 64), "min_depth": 0.5, "max_depth": 50.0}
  first = DepthModel(disparity, **options)
  record = dataclasses.replace(networks.network_record("light_depth"), answers="log_depth")
  second = DepthModel(Answer(log_depth), answers=record.answers, **options)
  image = photo(20, 40)
  np.testing.assert_allclose(second.depth(image), first.depth(image), rtol=1e-4)
  path = registry.of_model(second).export(
      second, tmp_path / "m", record=record, protocol={}, metadata={})
  served = artifacts.load_artifact(path)
  assert served.answers == "log_depth"
  np.testing.assert_allclose(served.depth(image), first.depth(image), rtol=1e-4)
  with pytest.raises(ValueError, match="mean 'log_depth'"):
    DepthModel(disparity, answers="logdepth", **options)


def test_protocols_share_their_base():
  assert all(issubclass(task.protocol_type, protocol_base.HashedValues)
             for task in registry.all_tasks().values())
