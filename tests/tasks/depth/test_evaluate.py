"""Tests of depth evaluation: known errors, scales, refusals by name, real stereo depth."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data, fields
from keras_weakseg.evaluation import depth as metrics
from keras_weakseg.tasks.depth import evaluate as evaluation
from keras_weakseg.tasks.depth.model import DepthModel
from keras_weakseg.tasks.depth.protocol import DepthProtocol


class Answers:
  """A model that gives stored depth maps in order, for tests of what is done with them."""

  def __init__(self, depths, factor=0.0):
    self.depths, self.factor = iter(depths), factor

  def depth(self, images, protocol=None):
    del protocol
    assert images.dtype == np.uint8 and images.shape[0] == 1
    return np.asarray(next(self.depths), np.float32)[None]


def dataset(truths, names=None):
  def generate():
    for number, truth in enumerate(truths):
      yield {"image": np.zeros([*np.shape(truth), 3], np.uint8),
             "depth": np.asarray(truth, np.float32),
             "sample_id": (names or [f"s{i}" for i in range(len(truths))])[number]}

  spec = {key: fields.SPECS[key] for key in ("image", "depth", "sample_id")}
  return tf.data.Dataset.from_generator(generate, output_signature=spec)


def evaluate(predictions, truths, factor=0.0, **protocol):
  return evaluation.evaluate_depth(Answers(predictions, factor), dataset(truths),
                                   DepthProtocol(**protocol), progress=False)


def scenes(seed=0):
  random = np.random.default_rng(seed)
  truths = [random.uniform(2, 60, size) for size in ((30, 50), (24, 40), (30, 51))]
  found = [truth * np.exp(random.normal(0, 0.2, truth.shape)) for truth in truths]
  for truth in truths:
    truth[random.random(truth.shape) < 0.4] = 0
  return found, truths


def test_errors_counted_by_hand():
  truths = [[[2.0, 4.0, 0.0]], [[10.0, 10.0, 40.0]]]
  found = [[[1.0, 2.0, 9.0]], [[4.0, 5.0, 25.0]]]
  result = evaluate(found, truths)
  # The first is right up to a factor of 2; so is the second with 8, 10, 50 for 10, 10, 40.
  assert result["abs_rel"] == pytest.approx((0 + (0.2 + 0 + 0.25) / 3) / 2)
  assert result["sq_rel"] == pytest.approx((0 + (0.4 + 0 + 2.5) / 3) / 2)
  assert result["rmse"] == pytest.approx(np.sqrt((4 + 0 + 100) / 3) / 2)
  assert result["rmse_log"] == pytest.approx(np.sqrt(2 * np.log(1.25) ** 2 / 3) / 2, rel=1e-6)
  assert result["a1"] == pytest.approx((1 + 1 / 3) / 2)
  assert result["a2"] == result["a3"] == 1
  assert (result["ratio"], result["ratio_spread"], result["samples"]) == (2.0, 0.0, 2)
  assert result["protocol_hash"] == DepthProtocol().hash() and result["notes"] == []
  assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_the_numbers_are_the_means_over_images():
  found, truths = scenes()
  options = {"crop": "garg", "limit_target": True, "min_depth": 1.0, "max_depth": 50.0}
  result = evaluate(found, truths, **options)
  each = [metrics.depth_metrics(*pair, **options) for pair in zip(found, truths)]
  for name in metrics.METRICS:
    assert result[name] == pytest.approx(np.mean([one[name] for one in each]), rel=1e-6)
  assert result["ratio"] == pytest.approx(np.median([one["ratio"] for one in each]), rel=1e-6)


def test_a_factor_per_image_does_not_matter_with_median_scaling():
  found, truths = scenes()
  one = evaluate(found, truths)
  other = evaluate([factor * each for factor, each in zip((0.01, 3, 200), found)], truths)
  for name in metrics.METRICS:
    assert other[name] == pytest.approx(one[name], rel=1e-5)
  assert other["ratio_spread"] > 1 > 0.1 > one["ratio_spread"]


def test_metres_need_a_known_factor():
  found, truths = scenes()
  wanted = np.mean([metrics.depth_metrics(*pair, scale=1.0)["abs_rel"]
                    for pair in zip(found, truths)])
  metric = evaluate(found, truths, factor=5.4, scale="metric")
  assert metric["abs_rel"] == pytest.approx(wanted, rel=1e-6) and metric["ratio"] == 1
  with pytest.raises(ValueError, match="(?s)only up to a factor.*scale='median'"):
    evaluate(found, truths, scale="metric")


def test_a_number_stands_in_the_place_of_the_models_factor():
  found, truths = scenes()
  wanted = evaluate(found, truths, scale="1.0")
  raw = [each / 5.4 for each in found]
  for other in (evaluate(raw, truths, scale="5.4"),
                # This one knows 5.4, and gives metres itself.
                evaluate(found, truths, factor=5.4, scale="5.4"),
                evaluate([2 * each for each in raw], truths, factor=2.0, scale="5.4")):
    assert other["abs_rel"] == pytest.approx(wanted["abs_rel"], rel=1e-5)


def test_a_constant_disparity_gives_the_errors_of_a_constant():
  model = DepthModel(lambda images: 0.3 * tf.ones_like(images[..., :1]), (32, 64))
  truth = np.random.default_rng(3).uniform(5, 40, (20, 30))
  result = evaluation.evaluate_depth(model, dataset([truth]), progress=False)
  middle = np.median(truth)
  assert result["abs_rel"] == pytest.approx(np.mean(np.abs(truth - middle) / truth), rel=1e-4)
  assert result["ratio"] == pytest.approx(middle * (0.01 + 9.99 * 0.3), rel=1e-5)


def test_samples_without_values_are_noted():
  found, truths = scenes()
  truths[1][:] = 0
  result = evaluate(found, truths)
  assert result["samples"] == 2
  assert result["notes"] == ["1 samples without a value to compare with: s1"]
  only = evaluate([found[0], found[2]], [truths[0], truths[2]])
  assert only["abs_rel"] == result["abs_rel"]


@pytest.mark.parametrize("truth, found, words", [
    ([[1.0, np.nan]], [[1.0, 1.0]], "depth of 'odd' holds values that are no depth.*not finite"),
    ([[1.0, -2.0]], [[1.0, 1.0]], "depth of 'odd' holds values that are no depth.*-2"),
    ([[1.0, 2.0]], [[1.0, np.inf]], "model's depth of 'odd' cannot be evaluated.*1 other pixels"),
    ([[1.0, 2.0]], [[1.0, 0.0]], "model's depth of 'odd' cannot be evaluated"),
    ([[1.0, 2.0]], [[1.0], [2.0]], "model's depth of 'odd' has another size"),
    ([[0.0, 0.0]], [[1.0, 2.0]], "nothing to evaluate.*grant 'depth'")])
def test_what_cannot_be_evaluated_is_named(truth, found, words):
  with pytest.raises(ValueError, match=f"(?s){words}"):
    evaluation.evaluate_depth(Answers([found]), dataset([truth], ["odd"]), progress=False)


def test_depth_of_another_size_is_named():
  sample = {"image": np.zeros([4, 6, 3], np.uint8), "depth": np.ones([2, 3], np.float32),
            "sample_id": "odd"}
  with pytest.raises(ValueError, match="(?s)depth of 'odd' has another size.*4x6.*2x3"):
    evaluation.evaluate_depth(Answers([]), tf.data.Dataset.from_tensors(sample), progress=False)


def test_empty_sets_and_sets_without_depth_are_refused():
  with pytest.raises(ValueError, match="an empty split"):
    evaluation.evaluate_depth(Answers([]), dataset([]), progress=False)
  no_depth = dataset([[[1.0]]]).map(lambda sample: {"image": sample["image"]})
  with pytest.raises(ValueError, match="a split that has true depth"):
    evaluation.evaluate_depth(Answers([]), no_depth, progress=False)


@pytest.mark.parametrize("cars", [True, False])
def test_true_depth_has_no_error_on_real_stereo_depth(shared_data, cars):
  source = data.kitti_stereo(shared_data("kitti"), cars=cars)
  samples = source.samples("test", grant=fields.Supervision.DEPTH,
                           wanted=("image", "depth")).take(6)
  truths = [sample["depth"].numpy() for sample in samples]
  assert all(0.05 < (truth > 0).mean() < 0.9 for truth in truths)
  # Known up to a factor; where there is no truth anything may be said.
  answers = [np.where(truth > 0, truth, 7.0) / 31 for truth in truths]
  result = evaluation.evaluate_depth(Answers(answers), samples,
                                     DepthProtocol(max_depth=1e4), progress=False)
  assert result["samples"] == 6 and result["abs_rel"] < 1e-6 and result["a1"] == 1
  assert result["ratio"] == pytest.approx(31, rel=1e-5) and result["ratio_spread"] < 1e-5
