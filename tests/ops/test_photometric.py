"""The photometric loss: parity, independent maps, properties, and whether truth is its minimum."""
import functools
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.datasets.scenes import render
from keras_weakseg.ops import geometry, photometric

MODES = ["eager", "graph", "xla"]
POSES = ("axisangle_m1", "translation_m1", "axisangle_p1", "translation_p1")
VARIANTS = {
    "no_automask": {"auto_mask": False}, "avg_reprojection": {"average": True},
    "no_ssim": {"ssim_weight": 0.0}, "smoothness_0p1": {"smoothness": 0.1},
    "avg_no_automask": {"average": True, "auto_mask": False}}


def compiled(function, mode):
  return function if mode == "eager" else tf.function(
      function, autograph=False, jit_compile=mode == "xla")


@pytest.fixture
def parity(golden):
  """Returns the data, and a check of a value by its name and the tolerance stored for it."""
  data = golden("depth.npz")
  limits = json.loads(golden("tolerances_depth_mixing.json").read_text())["depth"]

  def check(name, value):
    wanted, limit, value = data[name], limits[name], np.asarray(value)
    distance = {
        "rel_max": lambda: np.abs(value - wanted).max() / np.abs(wanted).max(),
        "rel_l2": lambda: np.linalg.norm(value - wanted) / np.linalg.norm(wanted),
        "mismatch": lambda: (value != wanted).mean(), "exact": lambda: (value != wanted).mean()}
    assert value.shape == wanted.shape and distance[limit["metric"]]() <= limit["tol"], name

  return data, check


def transforms_of(poses):
  return [geometry.pose_to_matrix(poses[0], poses[1], invert=True),
          geometry.pose_to_matrix(poses[2], poses[3])]


def golden_case(data, case):
  """Returns target, sources, disparities, poses and intrinsics of a case."""
  def frame(name):
    stored = f"{case}__frame_{name}"
    return data[stored] if stored in data else data[f"{stored}_u8"] / np.float32(255)

  pyramid = [frame("0"), *(frame(f"0_s{scale}") for scale in (1, 2, 3))]
  disparities = [data[f"{case}__disp_s{scale}"] for scale in range(4)]
  return (pyramid, [frame("m1"), frame("p1")], [tf.constant(x) for x in disparities],
          [tf.constant(data[f"{case}__{name}"]) for name in POSES], data[f"{case}__K"][:, :3, :3])


def losses_of(data, case, mode="graph", **options):
  """Returns the result of `reprojection_loss` and its gradients by disparities and poses."""
  pyramid, sources, disparities, poses, camera = golden_case(data, case)

  def run(disparities, poses):
    with tf.GradientTape() as tape:
      tape.watch([disparities, poses])
      result = photometric.reprojection_loss(pyramid[0], sources, disparities,
                                             transforms_of(poses), camera, **options)
    return result, tape.gradient(result["total"], [disparities, poses])

  return compiled(run, mode)(disparities, poses)


# Parity.


@pytest.mark.parametrize("mode", MODES)
def test_ssim_golden(parity, mode):
  data, check = parity

  def run(x):
    with tf.GradientTape() as tape:
      tape.watch(x)
      loss = photometric.ssim_loss(x, data["ssim__y"])
      total = tf.reduce_sum(loss * data["ssim__grad_out"])
    return loss, tape.gradient(total, x)

  loss, gradient = compiled(run, mode)(tf.constant(data["ssim__x"]))
  check("ssim__out", loss)
  check("ssim__grad_x", gradient)
  pair = [data[f"ssim_real__{name}_u8"] / np.float32(255) for name in "xy"]
  check("ssim_real__out", photometric.ssim_loss(*pair))
  check("photometric_real__out", photometric.photometric_error(*pair))
  pair = data["ssim__x"], data["ssim__y"]
  check("photometric__out", photometric.photometric_error(*pair))
  check("photometric__out_no_ssim", photometric.photometric_error(*pair, ssim_weight=0.0))


def test_smoothness_golden(parity):
  data, check = parity
  disparity = tf.constant(data["smooth__disp"])
  with tf.GradientTape(persistent=True) as tape:
    tape.watch(disparity)
    plain = photometric.smoothness_loss(disparity, data["smooth__image"])
    mean = tf.reduce_mean(disparity, [1, 2], keepdims=True)
    divided = photometric.smoothness_loss(disparity / (mean + 1e-7), data["smooth__image"])
  for name, loss in (("smooth", plain), ("smooth_normalised", divided)):
    check(f"{name}__loss", loss)
    check(f"{name}__grad_disp", tape.gradient(loss, disparity))


@pytest.mark.parametrize("case, mode", [
    *(("mono", mode) for mode in MODES), ("mono_real", "eager"),
    *(pytest.param("mono_real", mode, marks=pytest.mark.slow) for mode in ("graph", "xla"))])
def test_reprojection_golden(parity, case, mode):
  data, check = parity
  options = {"target_pyramid": golden_case(data, case)[0]} if case == "mono_real" else {}
  result, (by_disparity, by_pose) = losses_of(data, case, mode, **options)
  check(f"{case}__loss", result["total"])
  check(f"{case}__loss_scales", result["per_scale"])
  for scale in range(4):
    check(f"{case}__grad_disp_s{scale}", by_disparity[scale])
    check(f"{case}__selection_s{scale}", result["selection"][scale])
  for name, gradient in zip(POSES, by_pose):
    check(f"{case}__grad_{name}", gradient)


@pytest.mark.parametrize("variant", VARIANTS)
def test_variants_golden(parity, variant):
  data, check = parity
  result, (by_disparity, _) = losses_of(data, "mono", "eager", **VARIANTS[variant])
  check(f"mono__loss_{variant}", np.append(result["total"], result["per_scale"]))
  check(f"mono__grad_disp_s0_{variant}", by_disparity[0])


@pytest.mark.parametrize("case", ["mono", "mono_real"])
def test_parts_of_the_loss_golden(parity, case):
  data, check = parity
  pyramid, sources, disparities, poses, camera = golden_case(data, case)
  check(f"{case}__identity", tf.concat(
      [photometric.photometric_error(source, pyramid[0]) for source in sources], -1))
  for scale in (0, 3):
    depth = geometry.disparity_to_depth(tf.image.resize(disparities[scale], pyramid[0].shape[1:3]))
    warped = [geometry.warp(source, depth, transform, camera)
              for source, transform in zip(sources, transforms_of(poses))]
    check(f"{case}__reprojection_s{scale}", tf.concat(
        [photometric.photometric_error(picture, pyramid[0]) for picture in warped], -1))
    if scale == 0:
      check(f"{case}__warped_m1_s0", warped[0])
      check(f"{case}__warped_p1_s0", warped[1])


# Independent computation and properties.


def windows(x):
  """Returns all 3x3 windows float64 [N,H,W,9,C] of reflected pictures."""
  x = np.pad(np.asarray(x, np.float64), [[0, 0], [1, 1], [1, 1], [0, 0]], mode="reflect")
  height, width = x.shape[1] - 2, x.shape[2] - 2
  return np.stack([x[:, i:i + height, j:j + width] for i in range(3) for j in range(3)], 3)


def test_ssim_by_windows_in_float64():
  """Bright flat pictures: the plain form of the variances would be wrong by a tenth there."""
  random = np.random.RandomState(0)
  a = (0.95 + 0.003 * random.rand(1, 9, 11, 3)).astype(np.float32)
  b = (0.95 + 0.003 * random.rand(1, 9, 11, 3)).astype(np.float32)
  x, y = windows(a), windows(b)
  means = x.mean(3), y.mean(3)
  covariance = (x * y).mean(3) - means[0] * means[1]
  ssim = ((2 * means[0] * means[1] + 1e-4) * (2 * covariance + 9e-4) / (
      (means[0] ** 2 + means[1] ** 2 + 1e-4) * (x.var(3) + y.var(3) + 9e-4)))
  wanted = np.clip((1 - ssim) / 2, 0, 1)
  assert wanted.max() < 0.01
  np.testing.assert_allclose(photometric.ssim_loss(a, b), wanted, atol=0.002 * wanted.max())


def test_ssim_gradients_by_differences():
  """In both pictures, along random directions, of the error of unlike pictures."""
  random = np.random.RandomState(1)
  a, b, along_a, along_b = random.rand(4, 1, 6, 7, 3).astype(np.float32)
  with tf.GradientTape() as tape:
    inputs = [tf.constant(a), tf.constant(b)]
    tape.watch(inputs)
    total = tf.reduce_sum(photometric.ssim_loss(*inputs) ** 2)
  gradients = tape.gradient(total, inputs)
  step = 1e-2

  def at(shift_a, shift_b):
    return float(tf.reduce_sum(
        photometric.ssim_loss(a + shift_a * along_a, b + shift_b * along_b) ** 2))

  for gradient, along, difference in ((gradients[0], along_a, at(step, 0) - at(-step, 0)),
                                      (gradients[1], along_b, at(0, step) - at(0, -step))):
    np.testing.assert_allclose(np.sum(gradient * along), difference / (2 * step), rtol=2e-3)


def test_equal_pictures_have_no_error_and_no_gradient():
  picture = tf.constant(np.random.RandomState(2).rand(2, 5, 6, 3).astype(np.float32))
  with tf.GradientTape() as tape:
    tape.watch(picture)
    error = photometric.photometric_error(picture, tf.identity(picture.numpy()))
  assert not np.any(error)
  np.testing.assert_allclose(tape.gradient(error, picture), 0, atol=1e-6)
  np.testing.assert_allclose(photometric.ssim_loss(picture, 1 - picture),
                             photometric.ssim_loss(1 - picture, picture), atol=1e-6)


def video(seed=0, batch=2, size=(16, 24), scales=3):
  """Returns random arguments of `reprojection_loss`, float32."""
  random = np.random.RandomState(seed)
  pictures = random.rand(batch, 3, *size, 3).astype(np.float32)
  disparities = [random.uniform(0.02, 0.3, [batch, size[0] >> s, size[1] >> s, 1]).astype(
      np.float32) for s in range(scales)]
  motion = random.normal(0, [0.02] * 3 + [0.2] * 3, [batch, 2, 6]).astype(np.float32)
  camera = np.array([[20, 0, 11.5], [0, 20, 7.5], [0, 0, 1]], np.float32) * np.ones(
      [batch, 1, 1], np.float32)
  transforms = geometry.pose_to_matrix(motion[..., :3], motion[..., 3:]).numpy()
  return pictures[:, 0], pictures[:, 1:], disparities, transforms, camera


def test_stacked_sources_are_those_of_a_list():
  target, sources, disparities, transforms, camera = video()
  one = photometric.reprojection_loss(target, sources, disparities, transforms, camera)
  other = photometric.reprojection_loss(
      target, [sources[:, 0], sources[:, 1]], disparities, [transforms[:, 0], transforms[:, 1]],
      camera)
  np.testing.assert_array_equal(one["per_scale"], other["per_scale"])
  assert one["selection"].shape == (3, 2, 16, 24)


@pytest.mark.parametrize("average", [False, True])
def test_noise_is_added_to_the_sources_as_they_are(average):
  arguments = video()
  shape = [3, 2, 16, 24, 1 if average else 2]
  results = [photometric.reprojection_loss(*arguments, average=average, noise=noise)
             for noise in (None, np.zeros(shape, np.float32), np.full(shape, 9.0, np.float32))]
  np.testing.assert_array_equal(results[0]["per_scale"], results[1]["per_scale"])
  assert not np.all(results[0]["selection"]) and np.all(results[2]["selection"])
  unmasked = photometric.reprojection_loss(*arguments, average=average, auto_mask=False)
  np.testing.assert_allclose(results[2]["total"], unmasked["total"], rtol=1e-6)


def test_learned_masks():
  """Ones change nothing; others weigh the errors and cost 0.2 of their cross entropy."""
  arguments = video()
  plain = photometric.reprojection_loss(*arguments, auto_mask=False, average=True, smoothness=0.0)
  for value in (1.0, 0.25):
    masks = [np.full([*x.shape[:3], 2], value, np.float32) for x in arguments[2]]
    masked = photometric.reprojection_loss(*arguments, auto_mask=False, average=True,
                                           smoothness=0.0, masks=masks)
    np.testing.assert_allclose(masked["total"], value * plain["total"] - 0.2 * np.log(value),
                               rtol=1e-5)


def test_the_other_pixels_do_not_matter():
  """Pixels that are not valid, and whole samples, may hold anything."""
  target, sources, disparities, transforms, camera = video()
  valid = np.ones([2, 16, 24], bool)
  valid[0, 9:] = valid[1] = False
  noise = np.zeros([3, 2, 16, 24, 2], np.float32)
  changed = noise.copy()
  changed[:, ~valid] = -5  # would win every minimum
  first = photometric.reprojection_loss(target, sources, disparities, transforms, camera,
                                        valid=valid, noise=noise)
  disparities = [np.concatenate([x[:1], x[1:] * 0.5]) for x in disparities]
  second = photometric.reprojection_loss(target, sources, disparities, transforms, camera,
                                         valid=valid.astype(np.float32), noise=changed)
  np.testing.assert_array_equal(first["per_scale"], second["per_scale"])
  assert (float(first["pixels"]), float(first["samples"])) == (9 * 24, 1)
  nothing = photometric.reprojection_loss(target, sources, disparities, transforms, camera,
                                          valid=np.zeros_like(valid))
  assert float(nothing["total"]) == 0


def test_a_sample_of_weight_two_counts_as_two_samples():
  """In the photometric term and in the smoothness; one of weight 0 counts as none."""
  batch = video(batch=3)
  valid = np.random.RandomState(0).rand(3, 16, 24) < [[[0.3]], [[0.9]], [[0.6]]]
  weighted = photometric.reprojection_loss(*batch, valid=valid, smoothness=0.1,
                                           weights=np.array([2, 0, 1]))
  rows = [0, 0, 2]
  wanted = photometric.reprojection_loss(*tf.nest.map_structure(lambda x: x[rows], batch),
                                         valid=valid[rows], smoothness=0.1)
  assert float(weighted["samples"]) == 3
  for name in ("pixels", "photometric", "smoothness", "per_scale", "total"):
    np.testing.assert_allclose(weighted[name], wanted[name], rtol=1e-5, err_msg=name)
  plain = photometric.reprojection_loss(*batch, valid=valid, smoothness=0.1)
  ones = photometric.reprojection_loss(*batch, valid=valid, smoothness=0.1, weights=np.ones(3))
  for name in plain:
    np.testing.assert_array_equal(plain[name], ones[name], err_msg=name)


def test_parts_of_a_batch_sum_to_the_whole():
  """Sums over unequal replicas, divided once by the sums of the counts."""
  target, sources, disparities, transforms, camera = video(batch=3)
  valid = np.random.RandomState(0).rand(3, 16, 24) < [[[0.3]], [[0.9]], [[0.6]]]
  whole = photometric.reprojection_loss(target, sources, disparities, transforms, camera,
                                        valid=valid, smoothness=0.1)
  sums = {}
  for rows in (slice(0, 1), slice(1, 3)):
    part = photometric.reprojection_loss(
        target[rows], sources[rows], [x[rows] for x in disparities], transforms[rows],
        camera[rows], valid=valid[rows], smoothness=0.1)
    sums = {name: sums.get(name, 0) + part[name]
            for name in ("photometric", "smoothness", "pixels", "samples")}
  np.testing.assert_allclose(sums["photometric"] / sums["pixels"]
                             + sums["smoothness"] / sums["samples"], whole["total"], rtol=1e-6)


def test_no_gradient_flows_to_pictures():
  arguments = [tf.nest.map_structure(tf.constant, x) for x in video()]
  with tf.GradientTape() as tape:
    tape.watch(arguments)
    total = photometric.reprojection_loss(*arguments)["total"]
  gradients = tape.gradient(total, arguments)
  assert gradients[0] is None and gradients[1] is None
  assert all(np.abs(x).max() > 0 for x in (*gradients[2], gradients[3]))


@functools.lru_cache(None)
def gradients_in(mode):
  """Returns the function of a mode, which all cases share, since it takes seconds to compile."""
  def run(target, sources, disparities, motion, camera):
    with tf.GradientTape() as tape:
      tape.watch([disparities, motion])
      result = photometric.reprojection_loss(
          target, sources, disparities, geometry.pose_to_matrix(motion[..., :3], motion[..., 3:]),
          camera)
    return result, tape.gradient(result["total"], [disparities, motion])

  return compiled(run, mode)


@pytest.mark.parametrize("mode", ["eager", pytest.param("graph", marks=pytest.mark.slow), "xla"])
@pytest.mark.parametrize("case", ["still", "constant", "behind", "black"])
def test_values_and_gradients_are_finite(case, mode):
  target, sources, disparities, _, camera = video(scales=1)
  motion = np.zeros([2, 2, 6], np.float32)
  if case in ("constant", "black"):
    level = 0.7 if case == "constant" else 0.0
    target, sources = np.full_like(target, level), np.full_like(sources, level)
    disparities = [np.full_like(x, 0.1) for x in disparities]
  elif case == "behind":
    motion[..., 5] = -50
  else:
    sources = np.stack([target, target], 1)

  result, gradients = gradients_in(mode)(*tf.nest.map_structure(
      tf.constant, (target, sources, disparities, motion, camera)))
  assert np.isfinite(result["total"])
  assert all(np.isfinite(x).all() for x in tf.nest.flatten(gradients))
  if case != "behind":
    assert float(result["photometric"]) < 1e-3


def test_wrong_numbers_are_explained():
  target, sources, disparities, transforms, camera = video()
  with pytest.raises(ValueError, match="Expected: 2 transforms"):
    photometric.reprojection_loss(target, sources, disparities, [transforms[:, 0]], camera)
  with pytest.raises(ValueError, match="Expected: 3 scales. Received: 2"):
    photometric.reprojection_loss(target, sources, disparities, transforms, camera,
                                  target_pyramid=[target, target])
  with pytest.raises(ValueError, match="auto_mask=False"):
    photometric.reprojection_loss(target, sources, disparities, transforms, camera,
                                  masks=[target[..., :2]] * 3)


# What it is for.


def true_loss(scene, disparity, transforms):
  """Returns the photometric part of the loss of a rendered scene."""
  as_float = lambda name: tf.constant(scene[name][None] / np.float32(255))
  return float(photometric.reprojection_loss(
      as_float(fields.IMAGE), as_float(fields.FRAMES), [disparity], transforms,
      scene[fields.INTRINSICS][None], smoothness=0.0, auto_mask=False)["total"])


@pytest.mark.parametrize("seed", [
    3, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (11, 27))])
def test_true_depth_and_motion_explain_a_scene_best(seed):
  """Lower than at 50 random perturbations of both, each by itself and together."""
  scene = render.render_scene(seed)
  depth = np.where(scene[fields.DEPTH] > 0, scene[fields.DEPTH], 100.0)
  # The inverse of `disparity_to_depth`.
  disparity = ((1 / np.minimum(depth, 100) - 0.01) / 9.99).astype(np.float32)[None, ..., None]
  poses = scene[fields.POSES][None]
  best = true_loss(scene, disparity, poses)
  random = np.random.RandomState(seed)
  found = []
  for index in range(50):
    factor, motion = np.ones([1, 3, 4, 1]), np.zeros(6)
    if index % 3 != 1:
      factor = np.exp(random.normal(0, 0.3, [1, 3, 4, 1]))
    if index % 3 != 0:
      motion = random.normal(0, [0.02] * 3 + [0.1] * 3)
    change = geometry.pose_to_matrix(motion[:3], motion[3:]).numpy()
    found.append(true_loss(scene, disparity * tf.image.resize(factor, [96, 192]), change @ poses))
  assert best < min(found), (best, min(found))
  assert best < 0.7 * np.median(found)


# Every scale at its own size.


def test_scales_at_their_own_size_are_losses_of_averaged_pictures():
  """The loss of scale s alone is that of a video whose pictures and camera are of that size."""
  target, sources, disparities, transforms, camera = video()
  found = photometric.reprojection_loss(target, sources, disparities, transforms, camera,
                                        smoothness=0.0, own_size=True)
  for scale, disparity in enumerate(disparities):
    block = 2 ** scale
    mean = lambda x: tf.nn.avg_pool2d(x, block, block, "VALID")
    small = np.array(camera, np.float32)
    small[:, :2, 2] = (small[:, :2, 2] + 0.5) / block - 0.5
    small[:, :2, :2] /= block
    wanted = photometric.reprojection_loss(
        mean(target), [mean(sources[:, 0]), mean(sources[:, 1])], [disparity],
        list(np.moveaxis(transforms, 1, 0)), small, smoothness=0.0)
    np.testing.assert_allclose(found["per_scale"][scale], wanted["total"], rtol=1e-4)
    np.testing.assert_array_equal(
        found["selection"][scale],
        np.repeat(np.repeat(wanted["selection"][0], block, 1), block, 2))


def test_own_size_changes_coarse_scales_alone_and_keeps_the_smoothness():
  arguments = video()
  whole = photometric.reprojection_loss(*arguments)
  own = photometric.reprojection_loss(*arguments, own_size=True)
  np.testing.assert_allclose(own["per_scale"][0], whole["per_scale"][0], rtol=1e-5)
  assert abs(float(own["per_scale"][-1] - whole["per_scale"][-1])) > 1e-4
  np.testing.assert_allclose(own["smoothness"], whole["smoothness"], rtol=1e-6)
  np.testing.assert_array_equal(own["pixels"], whole["pixels"])


@pytest.mark.parametrize("options", [{"auto_mask": False}, {"average": True}, {}])
def test_blocks_count_as_their_valid_pixels(options):
  """What is left out is left out at every size: a sample without valid pixels changes nothing."""
  target, sources, disparities, transforms, camera = video()
  valid = np.ones(target.shape[:3], np.float32)
  valid[1] = 0
  both = photometric.reprojection_loss(target, sources, disparities, transforms, camera,
                                       valid=valid, own_size=True, **options)
  first = photometric.reprojection_loss(
      target[:1], sources[:1], [x[:1] for x in disparities], transforms[:1], camera[:1],
      own_size=True, **options)
  np.testing.assert_allclose(both["per_scale"], first["per_scale"], rtol=1e-5)


def test_noise_of_the_whole_size_serves_every_size():
  arguments = video()
  shape = (len(arguments[2]), *arguments[0].shape[:3], 2)
  noise = np.full(shape, -10.0, np.float32)
  found = photometric.reprojection_loss(*arguments, own_size=True, noise=noise)
  assert not found["selection"].numpy().any()
