"""Tests of the baselines: the best constant, the mean map and its holes, real LiDAR."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data, fields
from keras_weakseg.evaluation import depth_baselines as baselines
from keras_weakseg.tasks.depth import evaluate as evaluate_depth
from keras_weakseg.tasks.depth.protocol import DepthProtocol


def dataset(truths):
  spec = {key: fields.SPECS[key] for key in ("image", "depth")}
  return tf.data.Dataset.from_generator(
      lambda: ({"image": np.zeros([*np.shape(truth), 3], np.uint8),
                "depth": np.asarray(truth, np.float32)} for truth in truths),
      output_signature=spec)


def photos(count, height, width):
  return np.zeros([count, height, width, 3], np.uint8)


def test_no_other_constant_has_a_smaller_error():
  random = np.random.default_rng(0)
  truths = [random.gamma(2, 8, (20, 30)) + 1, random.gamma(2, 3, (10, 20)) + 1]
  truths[0][random.random((20, 30)) < 0.5] = 0
  found = baselines.constant_depth(dataset(truths))
  value = float(found.values[0, 0])
  error = lambda p: np.mean([np.mean(np.abs(t[t > 0] - p) / t[t > 0]) for t in truths])
  others = np.geomspace(0.5, 60, 4000)
  best = others[np.argmin([error(other) for other in others])]
  assert value == pytest.approx(best, rel=5e-3)
  assert error(value) <= min(error(other) for other in others) * (1 + 1e-5)


def test_a_constant_answers_at_any_size():
  found = baselines.constant_depth(dataset([[[8.0, 8.0, 0.0]]]))
  answer = found.depth(photos(2, 4, 5), DepthProtocol())
  assert answer.shape == (2, 4, 5) and answer.dtype == np.float32
  np.testing.assert_allclose(answer, 8.0, rtol=5e-4)
  np.testing.assert_allclose(found.disparity(photos(1, 2, 2)), 1 / 8.0, rtol=5e-4)


def test_the_mean_counts_values_only_and_holes_take_their_row():
  truths = [[[2.0, 0, 0, 4], [0, 0, 0, 0], [0, 0, 0, 0], [0, 9, 0, 0]],
            [[6.0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 11, 30, 0]],
            np.zeros([4, 4])]
  found = baselines.mean_depth_map(dataset(truths))
  first, last = [4, 4, 4, 4], [50 / 3, 10, 30, 50 / 3]
  # Rows without any value: the upper of two that are equally near, then the nearest.
  np.testing.assert_allclose(found.values, [first, [4] * 4, [50 / 3] * 4, last])


def test_an_empty_row_between_two_takes_the_upper():
  found = baselines.mean_depth_map(dataset([[[3.0, 3], [0, 0], [5, 5]]]))
  np.testing.assert_allclose(found.values, [[3, 3], [3, 3], [5, 5]])


def test_the_map_is_resized_as_a_models_disparity():
  found = baselines.mean_depth_map(dataset([[[1.0, 10.0]]]))
  answer = found.depth(photos(1, 1, 3))
  np.testing.assert_allclose(answer[0, 0], [1, 1 / 0.55, 10], rtol=1e-5)
  np.testing.assert_allclose(found.depth(photos(1, 1, 2))[0, 0], [1, 10], rtol=1e-6)


def test_on_its_own_training_image_the_map_is_right_and_counts_as_metres():
  truth = np.random.default_rng(1).uniform(2, 60, (12, 20))
  samples = dataset([truth])
  for scale in ("median", "metric"):
    result = evaluate_depth.evaluate_depth(baselines.mean_depth_map(samples), samples,
                                           DepthProtocol(scale=scale), progress=False)
    assert result["abs_rel"] < 1e-6
    assert result["ratio"] == pytest.approx(1, rel=1e-5)


def test_training_depth_must_be_there_and_of_one_size():
  for make in (baselines.constant_depth, baselines.mean_depth_map):
    with pytest.raises(ValueError, match="(?s)training samples with true depth.*grant 'depth'"):
      make(dataset([np.zeros([3, 4])]))
  with pytest.raises(ValueError, match="(?s)depth of one size.*size="):
    baselines.mean_depth_map(dataset([np.ones([3, 4]), np.ones([4, 4])]))


@pytest.mark.slow
def test_the_mean_lidar_map_is_better_than_a_constant_on_real_stereo_depth(shared_data):
  """The numbers that a trained network is compared with, one protocol for all.

  The LiDAR is of one narrow street behind a car, so its mean map is a weak prior of other streets.
  """
  root = shared_data("kitti")
  grant, wanted = fields.Supervision.DEPTH, ("image", "depth")
  clips = data.kitti_clips(root, clips=("raw_lidar_78f",), offsets=(), held_out=0)
  training = clips.samples(clips.splits()[0], grant=grant, wanted=wanted)
  rows = {}
  for name, model in (("constant", baselines.constant_depth(training)),
                      ("mean map", baselines.mean_depth_map(training))):
    for cars in (True, False):
      samples = data.kitti_stereo(root, cars=cars).samples("test", grant=grant, wanted=wanted)
      rows[name, cars] = evaluate_depth.evaluate_depth(model, samples, progress=False)
  for cars in (True, False):
    constant, mean = rows["constant", cars], rows["mean map", cars]
    assert constant["samples"] == mean["samples"] == 90
    assert mean["rmse_log"] < 0.95 * constant["rmse_log"]
    assert mean["a1"] > constant["a1"] + 0.02 and mean["a3"] > constant["a3"] + 0.04
