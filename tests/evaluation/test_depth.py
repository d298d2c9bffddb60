"""Depth metrics: parity with the published protocols, and what each of their choices does."""
import json

import numpy as np
import pytest

from keras_weakseg import evaluation
from keras_weakseg.evaluation import depth

PROTOCOLS = {
    "eigen_mono": {"limit_target": True, "crop": "garg"}, "benchmark_mono": {},
    "eigen_stereo": {"limit_target": True, "crop": "garg", "scale": 5.4}}


@pytest.fixture
def parity(golden):
  """Returns the data, and a check of a value by its name and the tolerance stored for it."""
  data = golden("depth.npz")
  limits = json.loads(golden("tolerances_depth_mixing.json").read_text())["depth"]

  def check(name, value):
    wanted, limit = data[name], limits[name]
    scale = {"rel_max": np.abs(wanted).max(), "exact": 1,
             "rel_each": np.where(wanted == 0, 1, np.abs(wanted))}[limit["metric"]]
    assert np.max(np.abs(np.asarray(value) - wanted) / scale) <= limit["tol"], name

  return data, check


def columns(values, names=depth.METRICS):
  return np.array([[value[name] for name in names] for value in values])


def resized(data):
  return [depth.resize_disparity(x, data["depth_eval__gt"].shape[1:])
          for x in data["depth_eval__pred_disp"]]


# Parity.


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_protocols_golden(parity, protocol):
  data, check = parity
  found = [evaluation.depth_metrics(1 / disparity, target, **PROTOCOLS[protocol])
           for disparity, target in zip(resized(data), data["depth_eval__gt"])]
  check(f"depth_eval__errors_{protocol}", columns(found))
  check(f"depth_eval__n_valid_{protocol}", columns(found, ["pixels"])[:, 0])
  if protocol != "eigen_stereo":
    check(f"depth_eval__ratio_{protocol}", columns(found, ["ratio"])[:, 0])


def test_bare_metrics_golden(parity):
  data, check = parity
  found = depth.depth_errors(data["depth_metrics__pred"], data["depth_metrics__gt"])
  check("depth_metrics__errors", [found[name] for name in depth.METRICS])


def test_resizing_golden(parity):
  data, check = parity
  check("depth_eval__pred_disp_resized", np.stack(resized(data)))


# What each choice does.


def street(seed=0):
  """Returns true depth with holes, and a prediction that is off by a few percent."""
  random = np.random.RandomState(seed)
  target = random.uniform(3, 70, [40, 120])
  prediction = target * np.exp(random.normal(0, 0.1, target.shape))
  target[random.rand(40, 120) < 0.3] = 0
  return prediction, target


def test_a_perfect_prediction():
  _, target = street()
  found = evaluation.depth_metrics(np.where(target > 0, target, 1.0), target)
  assert found["pixels"] == (target > 0).sum() and found["ratio"] == 1
  assert [found[name] for name in depth.METRICS] == [0, 0, 0, 0, 1, 1, 1]


def test_a_factor_does_not_matter_with_median_scaling():
  prediction, target = street()
  one = evaluation.depth_metrics(prediction, target)
  other = evaluation.depth_metrics(0.037 * prediction, target)
  assert one["ratio"] / other["ratio"] == pytest.approx(0.037)
  for name in depth.METRICS:
    assert one[name] == pytest.approx(other[name], rel=1e-9)
  unscaled = evaluation.depth_metrics(0.037 * prediction, target, scale=1.0)
  assert unscaled["abs_rel"] > 0.9 and unscaled["ratio"] == 1


def test_predictions_are_cut_off_and_targets_only_on_request():
  target = np.array([[10.0, 10.0, 200.0]])
  found = evaluation.depth_metrics([[10.0, 500.0, 500.0]], target, scale=1.0)
  assert found["abs_rel"] == pytest.approx((0 + 7 + 0.6) / 3) and found["pixels"] == 3
  limited = evaluation.depth_metrics([[10.0, 500.0, 500.0]], target, scale=1.0,
                                        limit_target=True)
  assert limited["abs_rel"] == pytest.approx(3.5) and limited["pixels"] == 2


def test_crops_are_those_of_kitti():
  """Of an image of 375x1242; Garg's rows 153..371 and columns 44..1197 are well known."""
  rows, columns_ = np.nonzero(depth.crop_mask((375, 1242), "garg"))
  assert (rows.min(), rows.max() + 1, columns_.min(), columns_.max() + 1) == (153, 371, 44, 1197)
  rows, _ = np.nonzero(depth.crop_mask((375, 1242), "eigen"))
  assert (rows.min(), rows.max() + 1) == (124, 342)
  assert depth.crop_mask((3, 4), "none").all()


def test_what_lies_outside_the_crop_or_is_excluded_does_not_count():
  prediction, target = street()
  inside = depth.crop_mask(target.shape, "garg")
  cars = np.zeros_like(inside)
  cars[20:30, 30:60] = True
  wanted = evaluation.depth_metrics(prediction, target, crop="garg", exclude=cars)
  spoilt = np.where(inside & ~cars, prediction, -1.0)
  assert evaluation.depth_metrics(spoilt, target, crop="garg", exclude=cars) == wanted
  assert wanted["pixels"] == (inside & ~cars & (target > 0)).sum()


def test_the_mean_over_images_skips_empty_ones():
  prediction, target = street()
  images = [evaluation.depth_metrics(prediction, target),
            evaluation.depth_metrics(prediction, 0 * target),
            evaluation.depth_metrics(prediction ** 1.2, 2 * target)]
  assert images[1]["pixels"] == 0 and np.isnan(images[1]["abs_rel"])
  found = depth.mean_metrics(images)
  assert found["images"] == 2
  assert found["rmse"] == pytest.approx((images[0]["rmse"] + images[2]["rmse"]) / 2)
  ratios = np.array([images[0]["ratio"], images[2]["ratio"]])
  assert found["ratio"] == pytest.approx(ratios.mean())
  assert found["ratio_spread"] == pytest.approx(np.std(ratios / ratios.mean()))
  assert np.isnan(depth.mean_metrics(images[1:2])["abs_rel"])


def test_wrong_inputs_are_explained():
  with pytest.raises(ValueError, match="resize_disparity"):
    evaluation.depth_metrics(np.ones([2, 3]), np.ones([4, 6]))
  with pytest.raises(ValueError, match="not disparity or its log"):
    evaluation.depth_metrics([[1.0, -2.0]], [[1.0, 1.0]])
  with pytest.raises(ValueError, match="Did you mean 'garg'"):
    depth.crop_mask((4, 4), "grag")
