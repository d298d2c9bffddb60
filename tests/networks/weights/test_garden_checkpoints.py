"""Tests of the Model Garden's backbone checkpoints, written here by the Model Garden's layers."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v3, registry
from keras_weakseg.networks.weights import garden_checkpoints, weights

BACKBONE = dict(backbone="mobilenet_v2", width=0.35)


def shaken(name, **options):
  """Returns a backbone whose weights and statistics are not the initial ones."""
  backbone = deeplab_v3.build_backbone(name, **options)
  rng = np.random.default_rng(1)
  for weight in backbone.weights:
    if "variance" in weight.name:
      weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    else:
      weight.assign_add(rng.normal(0, 0.1, weight.shape))
  return backbone


def write(tmp_path, backbone, root):
  if root == "backbone":
    checkpoint = tf.train.Checkpoint(backbone=backbone, step=tf.Variable(3))
  else:
    checkpoint = tf.train.Checkpoint(model=tf.train.Checkpoint(backbone=backbone))
  return checkpoint.save(str(tmp_path / "ckpt"))


@pytest.mark.quick("backbone")
@pytest.mark.parametrize("root", ["backbone", "model"])
def test_deeplab_v3_restores_its_backbone(tmp_path, root):
  theirs = shaken("mobilenet_v2", width=0.35)
  prefix = write(tmp_path, theirs, root)
  network = registry.build_network("deeplab_v3", (33, 33, 3), 4, head_filters=8, **BACKBONE)
  head = network.get_layer("head_classifier").get_weights()[0]
  report = weights.load_pretrained(network, "deeplab_v3", prefix)
  images = tf.random.stateless_normal([1, 33, 33, 3], [1, 2])
  ours = network.get_layer("backbone")(images)
  for level, features in ours.items():
    np.testing.assert_array_equal(features, theirs(images)[level])
  assert len(report.loaded) == len(network.get_layer("backbone").weights)
  assert report.unused == (("step/.ATTRIBUTES/VARIABLE_VALUE",) if root == "backbone" else ())
  np.testing.assert_array_equal(network.get_layer("head_classifier").get_weights()[0], head)


@pytest.mark.quick("other0")
@pytest.mark.parametrize("other", [dict(name="mobilenet_v1", width=0.25),
                                   dict(name="mobilenet_v2", width=0.5)])
def test_checkpoint_of_another_backbone_is_refused_and_changes_nothing(tmp_path, other):
  prefix = write(tmp_path, shaken(**other), "backbone")
  network = registry.build_network("deeplab_v3", (33, 33, 3), 4, head_filters=8, **BACKBONE)
  before = network.get_weights()
  with pytest.raises(ValueError, match="not one of this backbone"):
    weights.load_pretrained(network, "deeplab_v3", prefix)
  for value, wanted in zip(network.get_weights(), before):
    np.testing.assert_array_equal(value, wanted)


def test_light_network_reads_a_mobilenet_v1(tmp_path):
  theirs = shaken("mobilenet_v1", width=0.25)
  prefix = write(tmp_path, theirs, "backbone")
  network = registry.build_network("light_tiny", (None, None, 3), 4)
  report = weights.load_pretrained(network, "light_tiny", prefix)
  assert report.missing == () and len(report.loaded) == 125
  rgb = tf.random.stateless_uniform([1, 65, 65, 3], [1, 2], 0, 255)
  means = np.array([123.675, 116.28, 103.53])
  deviations = np.array([58.395, 57.12, 57.375])
  wanted = keras.Model(theirs.input, theirs.output["3"])((rgb - means) / deviations)
  inner = keras.Model(network.input, network.get_layer("conv_pw_5_relu").output)
  out = inner(rgb / 127.5 - 1)
  # The border sees padding of another colour; it is the only difference.
  np.testing.assert_allclose(out[:, 2:-2, 2:-2], wanted[:, 2:-2, 2:-2], rtol=1e-3, atol=1e-3)
  assert np.std(wanted) > 0.05


def test_names_are_those_of_keras_and_shapes_fit():
  garden = deeplab_v3.build_backbone("mobilenet_v1", width=0.25)
  arrays = garden_checkpoints.mobilenet_v1_names(garden)
  theirs = keras.applications.MobileNet((64, 64, 3), alpha=0.25, include_top=False, weights=None)
  shapes = {w.name.split(":")[0]: tuple(w.shape) for w in theirs.weights}
  assert {key: value.shape for key, value in arrays.items()} == shapes


def test_fold_normalization_on_one_convolution():
  rng = np.random.default_rng(1)
  arrays = {"conv1/kernel": rng.normal(size=(3, 3, 3, 4)),
            "conv1_bn/moving_mean": rng.normal(size=4)}
  folded = garden_checkpoints.fold_normalization(arrays)
  patch = rng.uniform(0, 255, (3, 3, 3))
  normal = (patch / 255 - [.485, .456, .406]) / [.229, .224, .225]
  before = np.einsum("hwi,hwio->o", normal, arrays["conv1/kernel"]) - arrays[
      "conv1_bn/moving_mean"]
  after = np.einsum("hwi,hwio->o", patch / 127.5 - 1, folded["conv1/kernel"]) - folded[
      "conv1_bn/moving_mean"]
  np.testing.assert_allclose(after, before, atol=1e-4)
