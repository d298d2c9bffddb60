"""Losses of supervised depth: parity, invariances, and what masked pixels may not do."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import depth_losses, losses

MODES = ["eager", "graph", "xla"]


def with_gradient(function, x, mode="eager"):
  """Returns function(x) and the gradient of its mean."""
  def run(x):
    with tf.GradientTape() as tape:
      tape.watch(x)
      value = function(x)
      mean = tf.reduce_mean(value)
    return value, tape.gradient(mean, x)

  run = run if mode == "eager" else tf.function(run, autograph=False, jit_compile=mode == "xla")
  return [result.numpy() for result in run(tf.constant(x))]


def maps(seed=0, shape=(3, 9, 12)):
  """Returns random log depths and a mask."""
  random = np.random.RandomState(seed)
  prediction, target = random.normal(size=(2, *shape)).astype(np.float32)
  return prediction, target, random.rand(*shape) < 0.7


# Parity.


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stored", ["gt", "gt_zeroed"])
def test_log_depth_golden(golden, stored, mode):
  """Depths that are 0 where they are not valid have the logarithm minus infinity there."""
  data = golden("losses.npz")
  prediction, mask = data["depth__log_pred"], data["depth__mask"]
  with np.errstate(divide="ignore"):
    target = np.log(data[f"depth__{stored}"])
  np.testing.assert_allclose(
      losses.scale_invariant_loss(prediction, target, mask, lam=1.0), data["depth__si_lam1"],
      rtol=1e-4)
  half, gradient = with_gradient(
      lambda x: losses.scale_invariant_loss(x, target, mask), prediction, mode)
  np.testing.assert_allclose(half, data["depth__si_lam05"], rtol=1e-5)
  np.testing.assert_allclose(gradient, data["depth__grad_si_lam05_mean"], rtol=0, atol=1e-7)
  sums = [losses.gradient_matching_loss(prediction, target, mask, scales=scales)
          for scales in range(5)]
  np.testing.assert_allclose(np.diff(np.array(np.broadcast_arrays(*sums)), axis=0).T,
                             data["depth__gradient_scales"], rtol=1e-5)
  weights = data["depth__joint_weights"]
  joint, gradient = with_gradient(
      lambda x: weights[0] * losses.scale_invariant_loss(x, target, mask, lam=1.0)
      + weights[1] * losses.gradient_matching_loss(x, target, mask), prediction, mode)
  np.testing.assert_allclose(joint, data["depth__joint"], rtol=1e-5)
  np.testing.assert_allclose(gradient, data["depth__grad_joint_mean"], rtol=0, atol=1e-7)


def test_log_depth_without_a_mask_golden(golden):
  data = golden("losses.npz")
  target, everything = np.log(data["depth__gt"]), np.ones_like(data["depth__mask"])
  for lam, name in ((1.0, "lam1"), (0.5, "lam05")):
    np.testing.assert_allclose(
        losses.scale_invariant_loss(data["depth__log_pred"], target, everything, lam),
        data[f"depth__si_{name}_unmasked"], rtol=1e-4)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("suffix", ["", "_log"])
def test_berhu_golden(golden, suffix, mode):
  data = golden("depth.npz")
  mask = data["berhu__mask"]
  change = tf.math.log1p if suffix else tf.identity
  loss, gradient = with_gradient(
      lambda x: losses.berhu_loss(change(x), change(data["berhu__target"]), mask),
      data["berhu__pred"], mode)
  limit, wanted = (5e-6 if suffix else 1e-6), data[f"berhu__grad_pred{suffix}"]
  np.testing.assert_allclose(loss, data[f"berhu__loss{suffix}"], rtol=2e-6 if suffix else 1e-6)
  assert np.abs(gradient - wanted).max() <= limit * np.abs(wanted).max()
  np.testing.assert_allclose(depth_losses.berhu_threshold(
      data["berhu__pred"], data["berhu__target"], mask), data["berhu__C"], rtol=1e-6)


# Properties.


def test_a_common_factor_of_depth():
  """It does not matter for lam = 1, and by its square for less; steps never see it."""
  prediction, target, mask = maps()
  for lam in (0.0, 0.5, 1.0):
    at = lambda shift: losses.scale_invariant_loss(target + shift, target, mask, lam)
    np.testing.assert_allclose(at(3.0), [9 * (1 - lam)] * 3, rtol=1e-5, atol=1e-6)
  np.testing.assert_allclose(
      losses.scale_invariant_loss(prediction + 40, target, mask, 1.0),
      losses.scale_invariant_loss(prediction, target, mask, 1.0), rtol=1e-4)
  np.testing.assert_allclose(
      losses.gradient_matching_loss(prediction + 2, target, mask),
      losses.gradient_matching_loss(prediction, target, mask), rtol=1e-5)


def test_scale_invariant_is_the_formula_of_the_paper():
  prediction, target, mask = maps(1)
  for image in range(3):
    d = (prediction[image] - target[image])[mask[image]].astype(np.float64)
    wanted = (d ** 2).mean() - 0.5 * d.mean() ** 2
    found = losses.scale_invariant_loss(prediction, target, mask)[image]
    np.testing.assert_allclose(found, wanted, rtol=1e-5)


def test_steps_by_hand():
  prediction, target, mask = maps(2, (1, 5, 7))
  d = (prediction - target)[0].astype(np.float64)
  wanted = 0.0
  for stride in (1, 2):
    part, valid = d[::stride, ::stride], mask[0, ::stride, ::stride]
    steps = [abs(part[y, x] - part[y - 2, x]) for y, x in np.ndindex(part.shape)
             if y > 1 and valid[y, x] and valid[y - 2, x]]
    steps += [abs(part[y, x] - part[y, x - 2]) for y, x in np.ndindex(part.shape)
              if x > 1 and valid[y, x] and valid[y, x - 2]]
    wanted += sum(steps) / valid.sum()
  found = losses.gradient_matching_loss(prediction, target, mask, scales=2)
  np.testing.assert_allclose(found, [wanted], rtol=1e-5)


@pytest.mark.parametrize("name", ["scale_invariant_loss", "gradient_matching_loss", "berhu_loss"])
def test_masked_pixels_may_hold_anything(name):
  prediction, target, mask = maps()
  mask[2] = False
  loss = getattr(losses, name)
  clean = with_gradient(lambda x: loss(x, np.where(mask, target, 0), mask), prediction)
  for garbage in (np.inf, -np.inf, np.nan, 1e30):
    dirty = with_gradient(lambda x: loss(x, np.where(mask, target, garbage), mask),
                          np.where(mask, prediction, np.float32(7)))
    for one, other in zip(clean, dirty):
      np.testing.assert_array_equal(one, other)
  assert not clean[1][~mask].any() and np.isfinite(clean[1]).all() and clean[1].any()
  assert name == "berhu_loss" or clean[0][2] == 0


@pytest.mark.parametrize("name", ["scale_invariant_loss", "gradient_matching_loss"])
def test_maps_with_a_channel_axis(name):
  prediction, target, mask = maps()
  np.testing.assert_array_equal(
      getattr(losses, name)(prediction, target, mask),
      getattr(losses, name)(*(x[..., None] for x in (prediction, target, mask))))


def test_berhu_is_smooth_where_it_turns():
  errors = np.linspace(0, 2, 2001).astype(np.float32)
  gradient = with_gradient(lambda x: losses.berhu_loss(x, 0 * x, np.ones(2001)), errors)[1] * 2001
  np.testing.assert_allclose(gradient[1:401], 1, rtol=1e-3)
  np.testing.assert_allclose(gradient[401:], errors[401:] / 0.4, rtol=1e-3)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("mask", [0.0, 1.0])
def test_nothing_to_learn_from_is_no_loss(mask, mode):
  prediction, _, _ = maps()
  loss, gradient = with_gradient(lambda x: losses.berhu_loss(
      x, prediction, np.full_like(prediction, mask)), prediction, mode)
  assert loss == 0 and not gradient.any()


def test_parts_of_a_batch_sum_to_the_whole():
  """With the threshold and the count of the global batch, replicas add up to one device."""
  prediction, target, mask = maps(4)
  whole, gradient = with_gradient(lambda x: losses.berhu_loss(x, target, mask), prediction)
  parts = [slice(0, 1), slice(1, 3)]
  threshold = max(float(depth_losses.berhu_threshold(prediction[rows], target[rows], mask[rows]))
                  for rows in parts)
  found = [with_gradient(lambda x: losses.berhu_loss(
      x, target[rows], mask[rows], threshold, prediction.size), prediction[rows])
           for rows in parts]
  np.testing.assert_allclose(sum(loss for loss, _ in found), whole, rtol=1e-6)
  np.testing.assert_allclose(np.concatenate([x for _, x in found]), gradient, rtol=1e-5, atol=1e-9)
