"""Geometry: parity, independent projections, and finite values where formulas break down."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import geometry

MODES = ["eager", "graph", "xla"]


def compiled(function, mode):
  return function if mode == "eager" else tf.function(
      function, autograph=False, jit_compile=mode == "xla")


def with_gradients(function, inputs, weights, mode="eager"):
  """Returns function(*inputs) and the gradients of the sum of its values times `weights`."""
  def run(*inputs):
    with tf.GradientTape() as tape:
      tape.watch(inputs)
      value = function(*inputs)
      total = tf.reduce_sum(value * weights)
    return value, tape.gradient(total, inputs)

  value, gradients = compiled(run, mode)(*(tf.constant(x) for x in inputs))
  return value.numpy(), [gradient.numpy() for gradient in gradients]


@pytest.fixture
def parity(golden):
  """Returns the data, and a check of a value by its name and the tolerance stored for it."""
  data = golden("depth.npz")
  limits = json.loads(golden("tolerances_depth_mixing.json").read_text())["depth"]

  def check(name, value, rows=slice(None)):
    wanted, limit = data[name][rows], limits[name]
    distance = np.abs(np.asarray(value)[rows] - wanted)
    scale = {"rel_max": np.abs(wanted).max(), "rel_each": np.abs(wanted)}[limit["metric"]]
    assert np.max(distance / scale) <= limit["tol"], name

  return data, check


def street(seed=0, batch=2, height=6, width=9):
  """Returns depth, a motion, intrinsics and a picture, float32."""
  random = np.random.RandomState(seed)
  depth = random.uniform(2, 9, [batch, height, width, 1])
  motion = random.normal(0, [0.05] * 3 + [0.3] * 3, [batch, 6])
  camera = np.array([[8, 0.5, 4.2], [0, 7, 2.4], [0, 0, 1]]) * np.ones([batch, 1, 1])
  picture = random.uniform(0, 1, [batch, height, width, 3])
  return tuple(x.astype(np.float32) for x in (depth, motion, camera, picture))


def matrix_of(motion, invert=False):
  return geometry.pose_to_matrix(motion[..., :3], motion[..., 3:], invert=invert)


# Parity.


def test_disparity_golden(parity):
  data, check = parity
  for case in ("disp_to_depth", "disp_to_depth_test"):
    check(f"{case}__depth", geometry.disparity_to_depth(
        data["disp_to_depth__disp"], float(data[f"{case}__min_depth"]),
        float(data[f"{case}__max_depth"])))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("invert", [False, True])
def test_pose_golden(parity, invert, mode):
  data, check = parity
  suffix = "_inv" if invert else ""
  value, gradients = with_gradients(
      lambda v, t: geometry.pose_to_matrix(v, t, invert=invert),
      [data["pose__axisangle"], data["pose__translation"]], data["pose__grad_out"], mode)
  check(f"pose__M{suffix}", value)
  turned = np.flatnonzero(data["pose__axisangle"].any(1))
  check(f"pose__grad_axisangle{suffix}", gradients[0], turned)
  check(f"pose__grad_translation{suffix}", gradients[1])
  assert len(turned) == 8 and np.isfinite(gradients[0]).all()


def test_projection_golden(parity):
  data, check = parity
  check("project__T", geometry.pose_to_matrix(data["project__axisangle"],
                                              data["project__translation"]))
  pixels = geometry.reproject(data["project__depth"], data["project__T"],
                              data["project__K"][:, :3, :3])
  check("project__pixels", pixels)
  check("project__grid", 2 * pixels / np.array([39.0, 23.0], np.float32) - 1)


@pytest.mark.parametrize("mode", MODES)
def test_sampling_golden(parity, mode):
  data, check = parity
  value, gradients = with_gradients(
      geometry.sample_bilinear, [data["sample__image"], data["sample__coords"]],
      data["sample__grad_out"], mode)
  check("sample__out", value)
  check("sample__grad_image", gradients[0])
  check("sample__grad_coords", gradients[1])
  check("sample_edge__out",
        geometry.sample_bilinear(data["sample__image"], data["sample_edge__coords"]))


@pytest.mark.parametrize("mode", MODES)
def test_warp_golden(parity, mode):
  data, check = parity
  names = ("source", "depth", "axisangle", "translation")
  value, gradients = with_gradients(
      lambda source, depth, v, t: geometry.warp(
          source, depth, geometry.pose_to_matrix(v, t), data["warp__K"][:, :3, :3]),
      [data[f"warp__{name}"] for name in names], data["warp__grad_out"], mode)
  check("warp__out", value)
  for name, gradient in zip(names, gradients):
    check(f"warp__grad_{name}", gradient)


# Independent computation and properties.


def test_projection_point_by_point():
  """Against 4x4 matrices and single points in float64, with a skewed pixel grid."""
  depth, motion, camera, _ = street()
  transform = matrix_of(motion).numpy()
  found = geometry.reproject(depth, transform, camera).numpy()
  for b, y, x in np.ndindex(2, 6, 9):
    point = np.linalg.solve(camera[b].astype(np.float64), [x, y, 1]) * depth[b, y, x, 0]
    seen = camera[b].astype(np.float64) @ (transform[b] @ [*point, 1])[:3]
    np.testing.assert_allclose(found[b, y, x], seen[:2] / seen[2], rtol=1e-5, atol=1e-4)


def test_no_motion_keeps_every_pixel_and_picture():
  depth, _, camera, picture = street()
  still = matrix_of(np.zeros([2, 6], np.float32))
  x, y = np.meshgrid(np.arange(9), np.arange(6))
  np.testing.assert_allclose(geometry.reproject(depth, still, camera),
                             np.broadcast_to(np.stack([x, y], -1), [2, 6, 9, 2]), atol=1e-5)
  np.testing.assert_allclose(geometry.warp(picture, depth, still, camera), picture, atol=1e-5)


def test_the_inverse_of_a_pose_undoes_it():
  _, motion, _, _ = street(3)
  both = tf.matmul(matrix_of(motion), matrix_of(motion, invert=True))
  np.testing.assert_allclose(both, np.broadcast_to(np.eye(4), [2, 4, 4]), atol=1e-6)
  rotation = matrix_of(motion * 20)[:, :3, :3].numpy()
  np.testing.assert_allclose(rotation @ rotation.transpose(0, 2, 1),
                             np.broadcast_to(np.eye(3), [2, 3, 3]), atol=1e-6)
  np.testing.assert_allclose(np.linalg.det(rotation), 1, atol=1e-6)


def test_poses_of_any_rank():
  _, motion, _, _ = street(3)
  one = geometry.pose_to_matrix(motion[0, :3], motion[0, 3:])
  many = matrix_of(np.stack([motion, motion + 1]))
  assert one.shape == (4, 4) and many.shape == (2, 2, 4, 4)
  np.testing.assert_array_equal(many[0, 0], one)


def test_several_sources_and_the_ring_of_windows():
  """Leading axes of the transform are sources; the ring holds the pixels inside the edge."""
  depth, motion, camera, _ = street(5)
  transforms = matrix_of(np.stack([motion, -motion, 2 * motion]))
  x, y = geometry.project(depth, transforms, camera, border=1)
  assert x.shape == y.shape == (3, 2, 8, 11)
  for index in range(3):
    alone = geometry.reproject(depth, transforms[index], camera).numpy()
    framed = np.pad(alone, [[0, 0], [1, 1], [1, 1], [0, 0]], mode="reflect")
    np.testing.assert_allclose(np.stack([x[index], y[index]], -1), framed, rtol=1e-5, atol=1e-4)


def test_sampling_equals_interpolation_by_hand():
  picture = street(1)[3]
  coordinates = np.random.RandomState(2).uniform(-3, 12, [2, 4, 5, 2]).astype(np.float32)
  found = geometry.sample_bilinear(picture, coordinates).numpy()
  for b, i, j in np.ndindex(2, 4, 5):
    x, y = np.clip(coordinates[b, i, j].astype(np.float64), 0, [8, 5])
    column, row = int(min(x, 7)), int(min(y, 4))
    u, v = x - column, y - row
    block = picture[b, row:row + 2, column:column + 2].astype(np.float64)
    wanted = ((block[0, 0] * (1 - u) + block[0, 1] * u) * (1 - v)
              + (block[1, 0] * (1 - u) + block[1, 1] * u) * v)
    np.testing.assert_allclose(found[b, i, j], wanted, atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 5), (5, 1)])
def test_pictures_of_one_row_or_column(size):
  picture = np.arange(5, dtype=np.float32)[:size[0] * size[1]].reshape(1, *size, 1)
  coordinates = np.array([[[[0, 0], [1.5, 1.5], [-2, 9]]]], np.float32)
  found = geometry.sample_bilinear(picture, coordinates)[0, 0, :, 0].numpy()
  last = picture.max()
  wanted = {(1, 1): [0, 0, 0], (1, 5): [0, 1.5, 0], (5, 1): [0, 1.5, last]}[size]
  np.testing.assert_array_equal(found, wanted)


def test_images_of_bytes_and_many_channels():
  picture = np.random.RandomState(0).randint(0, 255, (1, 4, 4, 7)).astype(np.uint8)
  grid = np.stack(np.meshgrid(np.arange(4), np.arange(4)), -1)[None].astype(np.float32)
  np.testing.assert_array_equal(geometry.sample_bilinear(picture, grid), picture)


# Where formulas break down.


@pytest.mark.parametrize("mode", MODES)
def test_the_gradient_at_no_rotation_is_near_the_true_one(mode):
  """dR/dv at 0 is the cross product; pose networks start there."""
  zero = np.zeros([1, 3], np.float32)
  weights = np.zeros([1, 4, 4], np.float32)
  weights[0, 2, 1] = 1  # the sine of a turn about x
  _, (by_rotation, by_translation) = with_gradients(
      geometry.pose_to_matrix, [zero, zero], weights, mode)
  np.testing.assert_allclose(by_rotation, [[0.91, 0, 0]], atol=0.01)
  assert not by_translation.any()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("shift", [-2.0, -3.0, -9.0, -1e6])
def test_points_behind_the_camera_are_finite_and_outside(mode, shift):
  """The camera moves past them: they leave on the side where they were last seen."""
  depth, _, camera, picture = street()
  depth[:] = 3
  x, y = geometry.project(depth, matrix_of(np.array([[0, 0, 0, 0, 0, shift]] * 2)), camera)
  if shift <= -3:
    for found, centre in ((x[:, :, 0], 4.2), (y[:, 0], 2.4)):
      assert (np.asarray(found) < -centre).all()
    assert (np.asarray(x[:, :, -1]) > 9).all() and (np.asarray(y[:, -1]) > 6).all()
  value, gradients = with_gradients(
      lambda depth, v, t: geometry.warp(picture, depth, geometry.pose_to_matrix(v, t), camera),
      [depth, np.zeros([2, 3], np.float32), np.array([[0, 0, shift]] * 2, np.float32)],
      np.ones([2, 6, 9, 3], np.float32), mode)
  assert np.isfinite(value).all() and all(np.isfinite(x).all() for x in gradients)


def test_missing_depth_is_finite():
  depth, motion, camera, picture = street()
  depth[:, 2:4] = 0
  value, gradients = with_gradients(
      lambda depth, motion: geometry.warp(picture, depth, matrix_of(motion), camera),
      [depth, motion], np.ones([2, 6, 9, 3], np.float32))
  assert np.isfinite(value).all() and all(np.isfinite(x).all() for x in gradients)


def test_coordinates_that_are_no_numbers_stay_visible():
  """They give NaN, which training stops at, and never read outside the picture."""
  picture = np.ones([1, 3, 3, 1], np.float32)
  found = geometry.sample_bilinear(picture, [[[[np.nan, 1], [np.inf, 1], [-np.inf, 1]]]])
  assert np.isnan(found[0, 0, 0, 0]) and found[0, 0, 1, 0] == found[0, 0, 2, 0] == 1


@pytest.mark.parametrize("low, high", [(0.0, 1.0), (2.0, 1.0), (1.0, 1.0)])
def test_an_empty_range_of_depths_is_refused(low, high):
  with pytest.raises(ValueError, match="0 < min_depth < max_depth"):
    geometry.disparity_to_depth([0.5], low, high)
