"""Models that take the depth of the data: what they see, and what they refuse to guess."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.tasks.segmentation import depth_input
from keras_weakseg.tasks.segmentation import evaluate as evaluation
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation import task as tasks
from keras_weakseg.tasks.segmentation.protocol import Protocol


def far(images):
  """Class 1 is what is farther than 3 metres; colours say nothing."""
  return tf.stack([3 - images[..., 3], images[..., 3] - 3], -1)


def make(score_fn=far, sees_depth=True):
  return models.SegmentationModel(score_fn, ("near", "far"), ((0, 0, 0), (9, 9, 9)),
                                  multiple=1, sees_depth=sees_depth)


def samples():
  random = np.random.RandomState(0)
  for number in range(3):
    depth = random.uniform(1, 5, (4, 7 + number)).astype(np.float32)
    yield {"image": random.randint(0, 256, (*depth.shape, 3)).astype(np.uint8), "depth": depth,
           "mask": (depth > 3).astype(np.uint8), "sample_id": f"s{number}"}


def dataset(names):
  return tf.data.Dataset.from_generator(
      lambda: ({name: sample[name] for name in names} for sample in samples()),
      output_signature={name: fields.SPECS[name] for name in names})


NAMES = ("image", "depth", "mask", "sample_id")


@pytest.mark.parametrize("protocol", [
    {}, {"flip": True}, {"window": (3, 4)}, {"crf": "bilateral_weight=0,spatial_weight=0"}])
def test_depth_is_seen_pixel_by_pixel(protocol):
  result = evaluation.evaluate(make(), dataset(NAMES), protocol, progress=False)
  assert result["mean_iou"] == 1.0 and result["samples"] == 3


def test_padding_has_no_depth():
  shown = []
  model = models.SegmentationModel(lambda images: shown.append(images) or far(images)[:, ::8, ::8],
                                   ("near", "far"), ((0, 0, 0), (9, 9, 9)), (9.0, 9.0, 9.0), 8,
                                   sees_depth=True)
  tf.config.run_functions_eagerly(True)
  try:
    model.mask(np.full((1, 4, 5, 4), 2, np.float32))
  finally:
    tf.config.run_functions_eagerly(False)
  assert shown[0].shape == (1, 9, 9, 4)
  assert set(np.ravel(shown[0][:, 4:, :, 3])) == {0} and set(np.ravel(shown[0][:, 4:, :, 0])) == {9}


def test_samples_without_depth_are_refused():
  with pytest.raises(ValueError, match="(?s)'image' and 'mask' and 'depth'"):
    evaluation.evaluate(make(), dataset(("image", "mask", "sample_id")), progress=False)


@pytest.mark.parametrize("depth", [
    np.full((2, 3), -0.5), np.full((2, 3), np.nan), np.ones((3, 3)), np.zeros((2, 3))])
def test_what_is_no_depth_is_refused_by_name(depth):
  sample = {"image": np.zeros((2, 3, 3), np.uint8), "depth": depth.astype(np.float32),
            "sample_id": tf.constant("a/7")}
  with pytest.raises(ValueError, match="(?s)depth of 'a/7'.*not its logarithm"):
    depth_input.beside(sample)


def test_colours_alone_and_resized_depth_are_refused():
  packed, colours = np.ones((1, 4, 4, 4), np.float32), np.ones((1, 4, 4, 3), np.uint8)
  for call in (make().mask, make().probabilities):
    with pytest.raises(ValueError, match="(?s)takes depth beside the colours.*`widened`"):
      call(colours)
    for values in ({"scales": (0.5, 1.0)}, {"size": (8, 8)}):
      with pytest.raises(ValueError, match="would resize the depth"):
        call(packed, Protocol(**values))
  plain = make(lambda images: images[..., :2], sees_depth=False)
  with pytest.raises(ValueError, match="takes colours alone"):
    plain.mask(packed)
  assert plain.mask(colours).shape == (1, 4, 4)


def test_photographs_alone_are_no_input():
  task = tasks.SegmentationTask()
  assert task.inputs(make()) == (fields.DEPTH,) and task.inputs(make(sees_depth=False)) == ()
  with pytest.raises(ValueError, match="(?s)cannot predict.*depth that is predicted inside"):
    task.predict(make(), "photos", "out")
  with pytest.raises(ValueError, match="(?s)cannot export.*depth that is predicted inside"):
    task.export(make(), "base", record={}, protocol=Protocol(), metadata={})


def test_pictures_are_drawn_of_the_colours():
  drawn = tasks.SegmentationTask().draw(make(), [
      {name: np.asarray(value) for name, value in next(samples()).items()}], Protocol())
  assert drawn.dtype == np.uint8 and drawn.shape[0] == 1
