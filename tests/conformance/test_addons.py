"""Ours against tensorflow-addons where it can be installed: `scripts/test --stack addons`."""
import shutil

import numpy as np
import pytest
import scipy.sparse.csgraph
import tensorflow as tf

from keras_weakseg import api
from keras_weakseg.framework import keras
from keras_weakseg.methods import averages
from keras_weakseg.ops import blur, ema, geometry, superpixels
from keras_weakseg import targets
from keras_weakseg.training import optimizers

tfa = pytest.importorskip(
    "tensorflow_addons", reason="tensorflow-addons is not here: scripts/test --stack addons")


@pytest.fixture(scope="module")
def picture():
  """Returns noise, float32 [2,14,20,3]."""
  return np.random.RandomState(0).uniform(0, 1, [2, 14, 20, 3]).astype(np.float32)


def assert_equal_with_gradients(ours, theirs, *inputs):
  """Compares two functions of the same inputs, and their gradients by all of them."""
  found = []
  for function in (ours, theirs):
    variables = [tf.Variable(each, dtype=tf.float32) for each in inputs]
    with tf.GradientTape() as tape:
      value = function(*variables)
      loss = tf.reduce_sum(value * np.random.RandomState(1).normal(size=value.shape))
    found.append([value, *map(tf.convert_to_tensor, tape.gradient(loss, variables))])
  for one, other in zip(*found):
    np.testing.assert_allclose(one, other, atol=1e-4)


# === Operations ===


def test_sampling_inside_is_theirs_with_both_gradients(picture):
  places = np.random.RandomState(2).uniform(0.01, 0.99, [2, 5, 6, 2]) * [19, 13]
  assert_equal_with_gradients(geometry.sample_bilinear, tfa.image.resampler, picture, places)


def test_sampling_outside_reads_the_border_as_theirs(picture):
  places = np.random.RandomState(2).uniform(-0.5, 1.5, [2, 5, 6, 2]) * [19, 13]

  def theirs(image, coordinates):
    found = tfa.image.interpolate_bilinear(
        image, tf.reshape(coordinates, [2, 30, 2]), indexing="xy")
    return tf.reshape(found, [2, 5, 6, 3])

  assert_equal_with_gradients(geometry.sample_bilinear, theirs, picture, places)


def test_a_camera_that_moves_sideways_warps_as_their_flow(picture):
  """A point at depth z moves by focal length times way over z, whatever side it leaves."""
  depth = np.random.RandomState(3).uniform(1, 6, [2, 14, 20, 1]).astype(np.float32)
  way = np.array([[0.7, -0.4, 0], [-1.5, 0.9, 0]], np.float32)
  camera = np.array([[8, 0, 9.5], [0, 6, 6.5], [0, 0, 1]], np.float32) * np.ones([2, 1, 1], "f")
  flow = -np.stack([6 * way[:, 1, None, None] / depth[..., 0],
                    8 * way[:, 0, None, None] / depth[..., 0]], -1)
  ours = geometry.warp(picture, depth, geometry.pose_to_matrix(np.zeros_like(way), way), camera)
  np.testing.assert_allclose(ours, tfa.image.dense_image_warp(picture, flow), atol=1e-4)


@pytest.mark.parametrize("sigma", [0.4, 1.15])
def test_blur_is_theirs_with_a_window_wide_enough(picture, sigma):
  assert_equal_with_gradients(
      lambda images: blur.gaussian_blur(images, [sigma] * 2),
      lambda images: tfa.image.gaussian_filter2d(images, (15, 15), sigma, padding="REFLECT"),
      picture)


def test_moving_averages_are_theirs():
  random = np.random.RandomState(4)
  start, gradients = random.normal(size=[3, 4]), random.normal(size=[6, 3, 4])
  student, teacher = tf.Variable(start), tf.Variable(start)
  theirs = tfa.optimizers.MovingAverage(keras.optimizers.legacy.SGD(0.1), average_decay=0.8)
  values = tf.constant(start, tf.float32)
  for step, gradient in enumerate(gradients):
    theirs.apply_gradients([(tf.constant(gradient), student)])
    averages.move([teacher], [student], ema.ema_alpha(step, 0.8, ramp=False))
    values = ema.ema_update(values, student, ema.ema_alpha(step, 0.8, ramp=False))
  wanted = theirs.get_slot(student, "average").numpy()
  assert np.abs(wanted - student.numpy()).max() > 0.05
  np.testing.assert_allclose(teacher, wanted, atol=1e-6)
  np.testing.assert_allclose(values, wanted, atol=1e-6)


def test_superpixels_and_their_graph_are_connected_as_theirs():
  random = np.random.RandomState(5)
  pieces = superpixels.superpixels(random.randint(0, 255, [40, 60, 3]).astype(np.uint8), 40)
  count = pieces.max() + 1
  assert count > 20 and int(tf.reduce_max(tfa.image.connected_components(pieces + 1))) == count
  _, edges = superpixels.superpixel_graph(pieces, np.ones([40, 60, 3]), np.ones([40, 60]))
  classes = random.randint(0, 3, count)
  same = edges[classes[edges[:, 0]] == classes[edges[:, 1]]]
  graph = scipy.sparse.coo_array((np.ones(len(same)), tuple(same.T)), [count, count])
  number, ours = scipy.sparse.csgraph.connected_components(graph, directed=False)
  theirs = tfa.image.connected_components((classes[pieces] + 1).astype(np.int32)).numpy()
  assert 3 < number < count and len(np.unique(theirs)) == number
  pairs = np.unique(np.stack([ours[pieces].ravel(), theirs.ravel()]), axis=1)
  assert pairs.shape[1] == number


# === Optimizers ===


OPTIMIZERS = {
    "lamb": lambda: tfa.optimizers.LAMB(1e-3),
    "adamw": lambda: tfa.optimizers.AdamW(1e-9, keras.optimizers.schedules.ExponentialDecay(
        1e-3, 10, 0.5)),
    "lookahead": lambda: tfa.optimizers.Lookahead(tfa.optimizers.RectifiedAdam(1e-3), 2)}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_multiplier_gets_its_own_rate(name):
  given = OPTIMIZERS[name]()
  make = optimizers.instance_maker(given)
  one, ten = make(1.0), make(10.0)
  assert type(one) is type(ten) is type(given) and one is not given
  moved = []
  for optimizer in (one, ten):
    variable = tf.Variable([1.0, 2.0])
    optimizer.apply_gradients([(tf.constant([1.0, -1.0]), variable)])
    moved.append(variable.numpy() - [1.0, 2.0])
  np.testing.assert_allclose(moved[1], 10 * moved[0], rtol=0.02)
  assert np.abs(moved[0]).min() > 0


@pytest.mark.parametrize("name", ["MovingAverage", "SWA"])
def test_averages_that_nothing_would_use_are_refused(name):
  given = getattr(tfa.optimizers, name)(keras.optimizers.legacy.Adam(1e-3))
  with pytest.raises(ValueError, match=f"(?s)averages.*Received: {name}"):
    targets.check_types(None, given)


@pytest.mark.parametrize("name", ["lamb", "lookahead"])
def test_fit_trains_saves_and_resumes_with_an_optimizer_of_theirs(
    name, tiny_data, tiny_overrides, tmp_path):
  options = dict(method="supervised", data=tiny_data, progress=False, params_override={
      **tiny_overrides, "training.steps": 4, "training.checkpoint_every": 2})
  whole = api.fit(optimizer=OPTIMIZERS[name](), model_dir=tmp_path / "whole", **options)
  shutil.copytree(tmp_path / "whole", tmp_path / "parts")
  last = tmp_path / "parts" / "train" / "checkpoints" / "last"
  for path in [*last.glob("ckpt-4*"), last.parents[1] / "done.json",
               tmp_path / "parts" / "metrics.json"]:
    path.unlink()
  (last / "checkpoint").write_text(
      'model_checkpoint_path: "ckpt-2"\nall_model_checkpoint_paths: "ckpt-2"\n')
  parts = api.fit(optimizer=OPTIMIZERS[name](), model_dir=tmp_path / "parts", **options)
  assert (last / "ckpt-4.index").exists() and parts.metrics == whole.metrics
  for first, second in zip(whole.predictor.weights, parts.predictor.weights):
    np.testing.assert_array_equal(first.numpy(), second.numpy())
