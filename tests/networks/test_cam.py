"""Tests of classifiers of tags: parity, and that their maps are what their scores are made of."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import cam, largefov, light, registry
from keras_weakseg.networks.layers import randomness
from keras_weakseg.networks.weights import weights
from keras_weakseg.ops import activation, tag_losses

NAMES = {"cam_conv": "head_cam_conv", "cam_fc": "head_classifier"}
SMALL = {"light_cam": {"alpha": 0.25, "output_stride": 8},
         "cam_encoder": {"encoder": "light_resnet18", "cam_filters": 6},
         "cam_vgg16": {"cam_filters": 8, "dropout_rate": 0.0}}


def test_activations(golden, fill_generated, check_hash):
  data = golden("network_activations_weak.npz")
  network = cam.cam_vgg16((None, None, 3), 20)
  fill_generated(network, "vgg16_cam", lambda name: NAMES.get(name, name))
  found = {"logits": network(data["vggcam__in"]),
           "cam": cam.activation_model(network)(data["vggcam__in"])}
  for key, value in found.items():
    reference = data[f"vggcam__{key}"]
    assert value.shape == reference.shape
    assert np.abs(value - reference).max() <= 1e-5 * np.abs(reference).max(), key


def test_parameters_and_grid(golden):
  expected = json.loads(golden("networks_weak.json").read_text())["vgg16_cam"]
  network = cam.cam_vgg16((None, None, 3), expected["classes"])
  assert network.count_params() == expected["total"]
  maps = cam.activation_model(network)
  for side, grid in expected["output_size"].items():
    shape = maps.compute_output_shape((1, int(side), int(side), 3))
    assert tuple(shape) == (1, *grid, expected["classes"])


@pytest.mark.parametrize("name", sorted(SMALL))
def test_the_mean_of_a_map_is_the_score_without_its_bias(name):
  network = registry.build_network(name, (49, 65, 3), 4, **SMALL[name])
  bias = network.get_layer("head_classifier").bias
  bias.assign([3.0, -1.0, 0.5, 7.0])
  images = tf.random.stateless_normal([2, 49, 65, 3], [1, 2])
  maps = cam.activation_model(network)(images)
  np.testing.assert_allclose(tf.reduce_mean(maps, (1, 2)) + bias, network(images), rtol=1e-4,
                             atol=1e-5)
  assert np.ptp(maps, axis=(1, 2)).max() > 0
  assert cam.has_cells(network) == (name == "cam_vgg16")


def test_maps_follow_the_weights_of_their_network():
  """They share the variables: no copy that would stay behind when training goes on."""
  network = cam.light_cam((33, 33, 3), 3, alpha=0.25)
  maps = cam.activation_model(network)
  assert {id(w) for w in maps.weights} <= {id(w) for w in network.weights}
  images = tf.random.stateless_normal([1, 33, 33, 3], [3, 4])
  before = maps(images)
  kernel = network.get_layer("head_classifier").kernel
  kernel.assign(2 * kernel)
  np.testing.assert_allclose(maps(images), 2 * before, rtol=1e-5)


def test_the_trunk_of_vgg_is_that_of_the_segmenter():
  """So that weights of the one start the other by name."""
  ours = {w.name: w.shape for w in cam.cam_vgg16((32, 32, 3), 3).weights if "conv" in w.name
          and "head" not in w.name}
  theirs = {w.name: w.shape for w in largefov.largefov_vgg16((33, 33, 3), 3).weights}
  assert len(ours) == 26 and all(theirs[name] == shape for name, shape in ours.items())


def test_a_segmenter_starts_from_the_classifier():
  trained, network = cam.light_cam((33, 33, 3), 3, alpha=0.25), light.light_tiny((33, 33, 3), 5)
  report = weights.carry_over(trained, network)
  trunk = [w.name for w in trained.weights if not w.name.startswith("head_")]
  assert len(report.loaded) == len(trunk) > 50
  assert all(name.startswith("head_") for name in report.missing)
  np.testing.assert_array_equal(network.get_layer("conv_pw_12").kernel,
                                trained.get_layer("conv_pw_12").kernel)


def test_imagenet_weights_start_the_trunk(monkeypatch):
  theirs = []

  def application(model, **options):
    theirs.append(getattr(keras.applications, model)(weights=None, **options))
    return theirs[0]

  monkeypatch.setattr(weights.imagenet, "application", application)
  network = cam.cam_vgg16((32, 32, 3), 3, cam_filters=8)
  report = weights.load_pretrained(network, "cam_vgg16", "imagenet")
  assert len(report.loaded) == 26 and not report.missing and not report.unused
  np.testing.assert_array_equal(network.get_layer("conv5_3").kernel,
                                theirs[0].get_layer("block5_conv3").kernel)


def test_dropout_lies_behind_the_mean():
  network = cam.light_cam((33, 33, 3), 3, alpha=0.25, dropout_rate=0.5, batch_norm="frozen")
  images = tf.random.stateless_normal([1, 33, 33, 3], [3, 4])
  with randomness.random_scope(tf.constant([4, 2])):
    assert np.abs(network(images, training=True) - network(images)).max() > 0


def test_it_learns_where_things_are_from_tags_alone():
  """Patches of two textures on noise: maps of the tagged class are larger inside than outside."""
  rng = np.random.default_rng(1)
  images = rng.normal(0, 0.3, [24, 33, 33, 3]).astype(np.float32)
  tags, inside = np.zeros([24, 3], np.float32), np.zeros([24, 5, 5], bool)
  tags[:, 0] = 1
  for index in range(24):
    y, x = rng.integers(0, 3, 2)
    kind = index % 3  # A third has nothing in it.
    if kind:
      images[index, 8 * y:8 * y + 16, 8 * x:8 * x + 16, kind] += 1.5
      tags[index, kind] = 1
      inside[index, y:y + 2, x:x + 2] = True
  keras.utils.set_random_seed(1)
  # Shallow: in an image this small, positions of a deep network see all of it.
  x = pixels = keras.Input((33, 33, 3))
  for _ in range(3):
    x = keras.layers.Conv2D(16, 3, 2, padding="same", activation="relu")(x)
  network = keras.Model(pixels, cam._head(x, 3, 0, 0.0))
  optimizer = keras.optimizers.Adam(1e-2)

  @tf.function(autograph=False)
  def step():
    with tf.GradientTape() as tape:
      loss = tf.reduce_mean(tag_losses.tag_sigmoid_loss(tags, network(images, training=True)))
    optimizer.minimize(loss, network.trainable_variables, tape=tape)
    return loss

  start = network.get_layer("head_classifier").kernel.numpy()
  losses = [float(step()) for _ in range(100)]
  assert losses[-1] < 0.3 * losses[0]
  # The background is in every image: its score is not trained.
  moved = np.abs(network.get_layer("head_classifier").kernel - start).max(0)
  assert moved[0] == 0 and moved[1:].min() > 0
  maps = activation.normalize_activation(cam.activation_model(network)(images), tags).numpy()
  shown = [index for index in range(24) if index % 3]
  # By chance four of 25 positions would be hit.
  hits = [inside[index].ravel()[maps[index, ..., index % 3].argmax()] for index in shown]
  assert np.mean(hits) > 0.45


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_spot_lights_up_where_it_is(name):
  """With kernels that see all their neighbours alike, the blur of a spot is centred on it."""
  network = registry.build_network(name, (None, None, 3), 2, **SMALL[name])
  for weight in network.weights:
    if "kernel" in weight.name:
      depth = 1 if "depthwise" in weight.name else weight.shape[-2]
      weight.assign(np.full(weight.shape, 1 / (np.prod(weight.shape[:-2]) * depth)))
  maps = cam.activation_model(network)
  stride = SMALL[name].get("output_stride", 16)
  cells = cam.has_cells(network)
  # So large that a blur hardly reaches a border, where it would be cut: at stride 8 it spreads over
  # 16 cells to each side.
  count = 384 // stride
  at = count // 2 - 1
  spot = np.zeros([1, *[count * stride + int(not cells)] * 2, 3], np.float32)
  middle = at * stride + (stride // 2 - 1 if cells else 0)
  spot[:, middle - 3:middle + 4 + cells, middle - 3:middle + 4 + cells] = 1
  moved = np.abs(maps(spot) - maps(0 * spot)).sum(-1)[0]
  assert moved.shape == (count + int(not cells),) * 2
  rows, columns = np.mgrid[:len(moved), :len(moved)]
  for axis in (rows, columns):
    # Half a cell, 0.5, would be the fault.
    assert abs((axis * moved).sum() / moved.sum() - at) < 1e-3
