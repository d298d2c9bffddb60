"""What a predictor is for: how it is scored, told, drawn and remembered."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema
from keras_weakseg.networks import registry as networks
from keras_weakseg.tasks import registry as tasks
from keras_weakseg.tasks.depth import protocol as depth_protocol
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation import protocol as protocols
from keras_weakseg.training import splits

DEPTH = networks.network_record("light_depth")
DEPTH_TASK, SEGMENTATION = tasks.by_name("depth"), tasks.by_name("segmentation")


class Sized:
  """A source of which only the size of its images is known."""
  classes, palette = (), ()

  def __init__(self, size=None):
    self.size = size


def red_is_near(images):
  return images[..., :1] / 255


def depth_of(experiment, size=(32, 64)):
  facts = DEPTH_TASK.facts(experiment, Sized(size))
  return DEPTH_TASK.model(red_is_near, facts, DEPTH, experiment)


def test_better_figures_have_a_higher_score():
  score = DEPTH_TASK.score
  assert score({"abs_rel": 0.1}) > score({"abs_rel": 0.2})
  score = SEGMENTATION.score
  assert score({"mean_iou": 0.5}) > score({"mean_iou": 0.4})


def test_figures_are_told_in_a_line():
  assert DEPTH_TASK.text({"abs_rel": 0.12345, "a1": 0.876}) == (
      "validation abs_rel 0.1235, a1 87.60 %")
  assert SEGMENTATION.text({"mean_iou": 0.5}) == "validation mIoU 50.00 %"


def test_protocols_are_those_of_the_task():
  experiment = schema.Experiment()
  experiment.evaluation.protocol.flip = True
  experiment.evaluation.depth.max_depth = 50.0
  assert SEGMENTATION.configured(experiment) == protocols.Protocol(flip=True)
  assert DEPTH_TASK.configured(experiment) == depth_protocol.DepthProtocol(max_depth=50.0)


# === What a run remembers ===


@pytest.mark.parametrize("name, options, factor", [
    ("own_video", {}, 0.0), ("own_video", {"stereo": True}, 1.0), ("own_depth", {}, 1.0),
    ("own_depth", {"loss": "berhu"}, 0.0)])
def test_depth_is_metric_where_something_in_the_data_is(name, options, factor):
  experiment = overrides.resolve(name)
  for key, value in options.items():
    setattr(experiment.method.get(), key, value)
  facts = DEPTH_TASK.facts(experiment, Sized((32, 64)))
  assert facts == {"classes": [], "palette": [], "depth": {
      "size": [32, 64], "min_depth": 0.1, "max_depth": 100.0, "factor": factor}}
  assert depth_of(experiment).factor == factor


@pytest.mark.parametrize("augmentation, size, wanted", [
    (schema.Augmentation(crop=(32, 32), resize=(64, 96)), (32, 64), [64, 96]),
    (schema.Augmentation(crop=(32, 32)), (32, 64), [32, 64]),
    (schema.Augmentation(crop=(32, 32)), None, [32, 32])])
def test_the_size_of_a_model_is_that_of_whole_images(augmentation, size, wanted):
  experiment = overrides.resolve("own_video")
  experiment.data.augmentation = augmentation
  assert DEPTH_TASK.facts(experiment, Sized(size))["depth"]["size"] == wanted


def test_a_size_that_nobody_knows_is_asked_for():
  with pytest.raises(ValueError, match="(?s)not known which size.*data.augmentation.resize"):
    DEPTH_TASK.facts(overrides.resolve("own_video"), Sized())


def test_classes_and_colours_are_remembered(tiny_data):
  facts = SEGMENTATION.facts(schema.Experiment(), tiny_data)
  assert facts["classes"] == ["background", "red", "blue"]
  assert facts["palette"] == [list(color) for color in tiny_data.palette]
  model = SEGMENTATION.model(
      lambda images: tf.one_hot(tf.zeros(tf.shape(images)[:3], tf.int32), 3), facts,
      networks.network_record("light_tiny"), schema.Experiment(name="mine"))
  assert model.classes == tiny_data.classes and model.metadata["experiment"] == "mine"
  assert model.mask(np.zeros([1, 9, 17, 3], np.uint8)).shape == (1, 9, 17)


# === Figures and pictures ===


def test_depth_is_evaluated_by_its_protocol(tiny_video):
  model = depth_of(overrides.resolve("own_video"))
  samples = splits.labelled_samples(tiny_video, "validation", DEPTH_TASK)
  figures = [DEPTH_TASK.evaluate(model, samples, depth_protocol.DepthProtocol(
      max_depth=far), progress=False) for far in (80.0, 3.0)]
  assert [found["samples"] for found in figures] == [6, 6]
  assert figures[0]["abs_rel"] > figures[1]["abs_rel"] > 0


def test_depth_is_drawn_beside_the_image_and_the_truth():
  model = depth_of(overrides.resolve("own_video"))
  image = np.zeros([32, 64, 3], np.uint8)
  image[:, 32:, 0] = 255
  depth = np.where(image[..., 0] > 0, 1.0, 50.0).astype(np.float32)
  samples = [{fields.IMAGE: image, fields.DEPTH: depth}] * 2
  pictures = DEPTH_TASK.draw(model, samples, depth_protocol.DepthProtocol())
  assert pictures.dtype == np.uint8 and pictures.shape[0] == 2 and pictures.shape[2] > 3 * 64
  np.testing.assert_array_equal(pictures[0, :32, :64], image)
  # Near is bright, in the truth and in what is predicted.
  far, near = pictures[0, 16, -60].sum(), pictures[0, 16, -6].sum()
  assert near > far


def test_classes_must_agree_and_depth_has_none(tiny_data, tiny_video):
  DEPTH_TASK.check_source(depth_of(overrides.resolve("own_video")), tiny_data)
  model = models.SegmentationModel(lambda x: x, tiny_data.classes, tiny_data.palette)
  SEGMENTATION.check_source(model, tiny_data)
  with pytest.raises(ValueError, match="(?s)other classes.*Received: far, near"):
    SEGMENTATION.check_source(model, tiny_video)
