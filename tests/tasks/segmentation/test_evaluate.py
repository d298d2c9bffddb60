"""Tests of evaluation: known numbers, one matrix over the set, refusals that name the sample."""
import json
import time

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.files import parallel
from keras_weakseg.framework import keras
from keras_weakseg.tasks.segmentation import evaluate as evaluation
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation.protocol import Protocol

CLASSES, PALETTE = ("dark", "bright", "never"), ((0, 0, 0), (255, 255, 255), (9, 9, 9))


def threshold(images):
  """Bright pixels are class 1; class 2 never wins."""
  bright = images[..., 0] - 127.5
  return tf.stack([-bright, bright, tf.fill(tf.shape(bright), -1e4)], -1)


def make(score_fn=threshold):
  return models.SegmentationModel(score_fn, CLASSES, PALETTE)


def sample(rows, truth, name="a"):
  image = np.repeat(np.asarray(rows, np.uint8)[..., None] * 255, 3, -1)
  return {"image": image, "mask": np.asarray(truth, np.uint8), "sample_id": name}


def dataset(samples):
  spec = {key: fields.SPECS[key] for key in ("image", "mask", "sample_id")}
  return tf.data.Dataset.from_generator(lambda: samples, output_signature=spec)


TWO = [sample([[1, 1, 0], [0, 0, 0]], [[1, 0, 0], [0, 255, 0]], "first"),
       sample([[1], [1], [0], [0]], [[1], [1], [1], [0]], "second")]


def test_numbers_of_a_threshold_counted_by_hand():
  result = evaluation.evaluate(make(), dataset(TWO), progress=False)
  # first: truth 0 -> 3 right, 1 as bright; truth 1 -> 1 right; one ignored. second: 1 | 1, 2.
  assert result["confusion"] == [[4, 1, 0], [1, 3, 0], [0, 0, 0]]
  assert result["class_iou"] == {"dark": 4 / 6, "bright": 3 / 5, "never": None}
  assert result["mean_iou"] == pytest.approx((4 / 6 + 3 / 5) / 2)
  assert result["pixel_accuracy"] == pytest.approx(7 / 9)
  assert result["mean_accuracy"] == pytest.approx((4 / 5 + 3 / 4) / 2)
  assert result["samples"] == 2
  assert result["protocol_hash"] == Protocol().hash() and result["notes"] == []
  assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_present_only_is_taken_from_the_protocol():
  data = dataset([sample([[1, 1, 0]], [[0, 0, 0]])])
  of = lambda **values: evaluation.evaluate(make(), data, Protocol(**values), progress=False)
  assert of()["mean_iou"] == pytest.approx(1 / 6)
  assert of(present_only=True)["mean_iou"] == pytest.approx(1 / 3)
  assert of()["protocol_hash"] != of(present_only=True)["protocol_hash"]


def test_ignore_is_taken_from_the_protocol():
  data = dataset([sample([[1, 0]], [[1, 250]])])
  assert evaluation.evaluate(make(), data, {"ignore": 250}, False)["confusion"][1] == [0, 1, 0]
  with pytest.raises(ValueError, match="250"):
    evaluation.evaluate(make(), data, progress=False)


def test_perfect_and_inverted_predictions_bound_the_scale():
  rng = np.random.default_rng(0)
  samples = []
  for index in range(4):
    truth = rng.integers(0, 2, rng.integers(1, 40, 2))
    samples.append(sample(truth, truth, str(index)))
  assert evaluation.evaluate(make(), dataset(samples), progress=False)["mean_iou"] == 1.0
  inverted = make(lambda images: threshold(255.0 - images))
  assert evaluation.evaluate(inverted, dataset(samples), progress=False)["mean_iou"] == 0.0


def test_protocol_reaches_the_network():
  sizes = []

  def spy(images):
    tf.py_function(lambda shape: sizes.append(tuple(shape.numpy()[1:3])), [tf.shape(images)], [])
    return threshold(images)

  evaluation.evaluate(make(spy), dataset(TWO[:1]), Protocol(scales=(8.0, 16.0), flip=True), False)
  assert sizes == [(17, 25)] * 2 + [(33, 49)] * 2


def specks(count=6):
  """Returns bright squares on dark, with specks in the image that the masks do not have."""
  samples = []
  for index in range(count):
    random = np.random.default_rng(index)
    truth = np.zeros([30 + index, 40], np.uint8)
    truth[8:20, 10 + index:30] = 1
    samples.append(sample(np.where(random.random(truth.shape) < .03, 1 - truth, truth), truth,
                          f"speck{index}"))
  return dataset(samples)


def unsure(images):
  return threshold(images) / 100.0


# Blind to colour, and weak: specks go, squares stay.
SPATIAL = Protocol(crf="bilateral_weight=0,spatial_weight=4,spatial_xy=1")


def test_a_crf_is_carried_out_and_hashed():
  model = make(unsure)
  plain = evaluation.evaluate(model, specks(), progress=False)
  refined = evaluation.evaluate(model, specks(), SPATIAL, progress=False)
  assert refined["protocol_hash"] == SPATIAL.hash() and refined["notes"] == []
  assert refined["protocol"]["crf"] == SPATIAL.crf
  assert plain["mean_iou"] < .95 < refined["mean_iou"]


def test_a_crf_on_all_cores_gives_the_masks_of_one_image_at_a_time(monkeypatch):
  model = make(unsure)
  wanted = sum(evaluation.metrics.confusion_matrix(
      each["mask"], model.mask(each["image"][None], SPATIAL)[0], 3)
               for each in specks().as_numpy_iterator())
  for cores in (1, 4):
    monkeypatch.setattr(parallel.multiprocessing, "cpu_count", lambda n=cores: n)
    result = evaluation.evaluate(model, specks(), SPATIAL, progress=False)
    assert result["confusion"] == wanted.tolist() and result["samples"] == 6


def test_with_a_crf_a_wrong_mask_is_refused_by_name_too():
  samples = [*specks().as_numpy_iterator(), sample([[1, 0]], [[1, 7]], "odd")]
  samples = [{**each, "sample_id": str(each["sample_id"])} for each in samples]
  with pytest.raises(ValueError, match="'odd' holds labels"):
    evaluation.evaluate(make(), dataset(samples), SPATIAL, progress=False)


@pytest.mark.parametrize("samples, words", [
    ([], "at least one sample"),
    ([sample([[1, 0]], [[255, 255]])], "every pixel is 255"),
    ([TWO[0], sample([[1, 0]], [[1, 7]], "odd")], "'odd' holds labels.*\nExpected: 0..2 or 255.*7"),
    ([TWO[0], sample([[1, 0]], [[1], [0]], "bent")], "'bent' has another size.*\nExpected: 1x2"),
])
def test_data_that_cannot_be_evaluated_is_refused_by_name(samples, words):
  with pytest.raises(ValueError, match=words):
    evaluation.evaluate(make(), dataset(samples), progress=False)


def test_samples_without_masks_or_in_batches_are_refused():
  with pytest.raises(ValueError, match="dicts with 'image' and 'mask'"):
    evaluation.evaluate(make(), dataset(TWO).map(lambda s: {"image": s["image"]}))
  with pytest.raises(ValueError, match="batched"):
    evaluation.evaluate(make(), dataset(TWO).batch(1))


def test_costs_little_more_than_the_network():
  """Sizes differ all the time: tracing per size would cost a hundred times the network."""
  network = keras.Sequential([keras.Input([None, None, 3]),
                              keras.layers.Conv2D(32, 3, 2, padding="same", activation="relu"),
                              keras.layers.Conv2D(32, 3, 2, padding="same", activation="relu"),
                              keras.layers.Conv2D(3, 3, 2, padding="same")])
  rng = np.random.default_rng(0)
  samples = [sample(rng.integers(0, 2, (230 + index, 310 - index)),
                    rng.integers(0, 3, (230 + index, 310 - index)), str(index))
             for index in range(24)]
  model = make(lambda images: network(images, training=False))
  data = dataset(samples).cache()
  evaluation.evaluate(model, data, progress=False)
  start = time.perf_counter()
  evaluation.evaluate(model, data, progress=False)
  assert (time.perf_counter() - start) / len(samples) < 0.25
