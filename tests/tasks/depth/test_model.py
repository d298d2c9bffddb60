"""Tests of the depth model that evaluate, predict and export share."""
import functools

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import depth_inference
from keras_weakseg.tasks.depth.model import DepthModel
from keras_weakseg.tasks.depth.protocol import DepthProtocol


def photos(*shape, seed=0):
  return np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)


def lopsided(images):
  """Another answer for a mirrored image."""
  return images[..., :1] / 255 * tf.linspace(0.5, 1.0, tf.shape(images)[2])[:, None]


@pytest.mark.parametrize("protocol, size, flip", [
    (None, (32, 64), False), (DepthProtocol(flip=True), (32, 64), True),
    ({"size": [64, 32], "flip": True}, (64, 32), True)])
def test_answers_are_those_of_the_one_inference_road(protocol, size, flip):
  model, image = DepthModel(lopsided, (32, 64), 0.5, 20.0), photos(2, 41, 73)
  wanted = depth_inference.depth_disparity(lopsided, image, size, flip, 0.5, 20.0).numpy()
  found = model.disparity(image, protocol)
  assert found.dtype == np.float32 and found.shape == (2, 41, 73)
  np.testing.assert_allclose(found, wanted, rtol=1e-5)
  np.testing.assert_allclose(model.depth(image, protocol), 1 / wanted, rtol=1e-5)
  assert 0.5 <= model.depth(image, protocol).min() < model.depth(image, protocol).max() <= 20.0001


def test_a_known_factor_gives_metres_and_leaves_disparity_alone():
  plain, metric = DepthModel(lopsided, (32, 32)), DepthModel(lopsided, (32, 32), factor=5.4)
  image = photos(1, 9, 9)
  np.testing.assert_array_equal(plain.disparity(image), metric.disparity(image))
  np.testing.assert_allclose(metric.depth(image), 5.4 * plain.depth(image), rtol=1e-6)
  assert plain.depth(image).dtype == metric.depth(image).dtype == np.float32
  assert "up to one factor" in plain.scale_note and "metres, factor 5.4" in metric.scale_note


def test_metres_are_refused_of_a_model_that_does_not_know_them():
  plain, metric = DepthModel(lopsided, (32, 32)), DepthModel(lopsided, (32, 32), factor=5.4)
  with pytest.raises(ValueError, match="(?s)only up to a factor.*scale='median'"):
    plain.in_metres({"scale": "metric"})
  assert metric.in_metres({"scale": "metric"}) is metric
  assert plain.in_metres({"scale": "median"}) is plain
  with pytest.raises(ValueError, match="factor cannot be used"):
    plain.in_metres({"scale": "1e300"})


def test_network_is_traced_once_per_size_and_flip():
  traces = []

  def counted(images):
    traces.append(images.shape)
    return lopsided(images)

  model = DepthModel(counted, (32, 64))
  for shape in ((1, 20, 31), (2, 9, 9), (1, 40, 17)):
    for protocol in ({}, {"crop": "garg"}, {"size": (32, 64), "max_depth": 50}):
      assert model.disparity(photos(*shape), protocol).shape == shape
  assert len(traces) == 1
  model.disparity(photos(1, 5, 5), {"flip": True})
  assert len(traces) == 2 and traces[1][1:] == (32, 64, 3)


def weighted(size=(32, 32), error=0.0, **weights):
  """Returns a model whose answers are the sum of some variables, and an error of its device."""
  variables = [tf.Variable(value, name=name) for name, value in weights.items()]
  return DepthModel(lambda images: tf.sigmoid(images[..., :1] / 255 + error + tf.add_n(
      [tf.reduce_sum(variable) for variable in variables])), size)


def test_fingerprint_is_that_of_the_weights():
  wanted = weighted(a=[1.0, 2.0], b=[[3.0]]).fingerprint()
  assert len(wanted) == 16 and int(wanted, 16) >= 0
  assert weighted(a=[1.0, 2.0], b=[[3.0]], error=1e-3).fingerprint() == wanted
  assert weighted(b=[[3.0]], a=[1.0, 2.0]).fingerprint() == wanted
  others = [weighted(a=[1.0, 2.0 + 1e-6], b=[[3.0]]), weighted(a=[1.0, 2.0], c=[[3.0]]),
            weighted(a=[[1.0, 2.0]], b=[[3.0]]), weighted((32, 64), a=[1.0, 2.0], b=[[3.0]]),
            weighted(a=[1.0, 3.0], b=[[2.0]])]
  assert len({wanted} | {other.fingerprint() for other in others}) == 1 + len(others)


def test_fingerprint_leaves_out_the_copies_of_other_replicas():
  class Replicated:
    """Knows its weights, as a Keras model does."""
    weights = [tf.Variable([1.0], name="a")]
    copy = tf.Variable([5.0], name="a/replica_1")

    def __call__(self, images):
      return images[..., :1] * self.weights[0] * self.copy

  model = DepthModel(functools.partial(Replicated()), (32, 32))
  assert model.fingerprint() == weighted(a=[1.0]).fingerprint()


def test_without_weights_there_is_no_fingerprint():
  with pytest.raises(ValueError, match="(?s)no weights.*Expected: a network with variables"):
    DepthModel(lopsided, (32, 32)).fingerprint()


def test_new_weights_are_seen_without_tracing_again():
  weight = tf.Variable(0.0)
  model = DepthModel(lambda images: tf.zeros_like(images[..., :1]) + weight, (32, 32), 0.5, 4.0)
  assert model.depth(photos(1, 3, 3))[0, 1, 1] == pytest.approx(4.0)
  weight.assign(1.0)
  assert model.depth(photos(1, 3, 3))[0, 1, 1] == pytest.approx(0.5)


@pytest.mark.parametrize("size, fix", [((190, 640), r"\(192, 640\)"), ((5, 64), r"\(32, 64\)"),
                                       ((640,), "size=")])
def test_sizes_that_the_network_cannot_take_are_refused(size, fix):
  with pytest.raises(ValueError, match=f"(?s)multiples of 32.*{fix}"):
    DepthModel(lopsided, size)


def test_so_is_such_a_size_of_the_protocol():
  model = DepthModel(lopsided, (32, 64))
  with pytest.raises(ValueError, match=r"(?s)multiples of 32.*48x64.*protocol's size="):
    model.disparity(photos(1, 9, 9), DepthProtocol(size=(48, 64)))
  free = DepthModel(lopsided, (30, 44), multiple=2)
  assert free.disparity(photos(1, 9, 9)).shape == (1, 9, 9)


@pytest.mark.parametrize("options, words", [
    ({"min_depth": 0.0}, "range of depths"), ({"min_depth": 5, "max_depth": 4}, "range of depths"),
    ({"factor": -1.0}, "factor=0"), ({"factor": float("nan")}, "factor=0"),
    ({"factor": float("inf")}, "factor=0"), ({"factor": 1e37}, "Received: 1e.37"),
    # What NaN hides behind.
    ({"max_depth": float("nan")}, "range of depths")])
def test_ranges_and_factors_that_cannot_be_are_refused(options, words):
  with pytest.raises(ValueError, match=words):
    DepthModel(lopsided, (32, 32), **options)


def test_an_output_with_classes_is_refused():
  with pytest.raises(ValueError, match="one channel"):
    DepthModel(lambda images: images, (32, 32)).disparity(photos(1, 9, 9))
