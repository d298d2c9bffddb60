"""Tests of the sources of ResNet weights: names, folded colours, refusals."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v3
from keras_weakseg.networks.backbones import resnet
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.weights import imagenet, resnet_weights

PIXELS = np.random.RandomState(1).randint(0, 256, (1, 33, 33, 3)).astype(np.float32)


def trunk(depth=50, **options):
  images = keras.Input((None, None, 3))
  return keras.Model(images, resnet.resnet_trunk(images, depth, **options))


def varied(variables):
  """Statistics and scales that a wrong order would show."""
  for index, variable in enumerate(variables):
    shape = variable.shape
    drawn = tf.random.stateless_uniform(shape, [index, 5])
    if "moving_mean" in variable.name or "beta" in variable.name:
      variable.assign(0.2 * drawn - 0.1)
    elif "moving_variance" in variable.name:
      variable.assign(0.9 + 0.4 * drawn)
    elif "gamma" in variable.name:
      variable.assign(0.5 + 0.2 * drawn)


def load(network, arrays):
  variables = {variable.name.split(":")[0]: variable for variable in network.weights}
  assert set(variables) == set(arrays)
  for key, variable in variables.items():
    variable.assign(arrays[key])


def away_from_the_border(feature):
  """The first convolution's padding has another colour when colours are normalised elsewhere."""
  return feature[:, 3:-3, 3:-3]


@pytest.mark.slow
def test_a_garden_checkpoint_gives_the_gardens_features(tmp_path):
  """On odd sides the graphs are the same, up to the dilated last stage."""
  garden = deeplab_v3.build_backbone("resnet50")
  varied(garden.weights)
  prefix = tf.train.Checkpoint(backbone=garden).save(str(tmp_path / "ckpt"))
  network = trunk(layout="garden")
  load(network, resnet_weights.garden_arrays(network, prefix))
  image = preprocessing.Preprocess("imagenet")(PIXELS)
  stem = keras.Model(network.input, network.get_layer("conv1_relu").output)
  folded = away_from_the_border(stem(preprocessing.Preprocess("depth")(PIXELS)))
  load(network, resnet_weights.garden_names(garden))
  theirs, ours = garden(image), network(image)
  for level, key in ((1, "2"), (2, "3")):
    np.testing.assert_allclose(ours[level], theirs[key], rtol=1e-4, atol=1e-4)
  np.testing.assert_allclose(folded, away_from_the_border(ours[0]), rtol=1e-4, atol=1e-4)


def test_folded_colours_are_exact_inside():
  network = trunk(18)
  stem = keras.Model(network.input, network.get_layer("conv1_relu").output)
  varied(stem.weights)
  arrays = {weight.name.split(":")[0]: weight.numpy() for weight in network.weights}
  means, deviations = (120.0, 110.0, 100.0), (60.0, 50.0, 70.0)
  wanted = stem((PIXELS - means) / np.array(deviations, np.float32))
  load(network, resnet_weights.fold_colors(arrays, means, deviations))
  found = stem(preprocessing.Preprocess("depth")(PIXELS))
  np.testing.assert_allclose(away_from_the_border(found), away_from_the_border(wanted),
                             rtol=1e-4, atol=1e-4)
  assert np.abs(found - wanted).max() > 1e-3    # At the border the padding has another colour.
  turned = {**arrays, "conv1_conv/kernel": arrays["conv1_conv/kernel"][:, :, ::-1]}
  load(network, resnet_weights.fold_colors(turned, means, deviations, reverse=True))
  np.testing.assert_array_equal(stem(preprocessing.Preprocess("depth")(PIXELS)), found)


@pytest.mark.slow
def test_imagenet_weights_of_keras(monkeypatch):
  made = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(64, 64, 3))
  asked = []

  def application(model, **arguments):
    asked.append((model, arguments))
    return made

  monkeypatch.setattr(imagenet, "application", application)
  network = trunk(layout="keras", output_stride=32)
  load(network, resnet_weights.imagenet_arrays(network))
  assert asked == [("ResNet50", {"include_top": False})]
  pixels = tf.random.stateless_uniform([1, 64, 64, 3], [1, 2], 0, 255)
  theirs = keras.Model(made.input, made.get_layer("conv1_relu").output)
  ours = keras.Model(network.input, network.get_layer("conv1_relu").output)
  wanted = theirs(preprocessing.Preprocess("caffe")(pixels))
  found = ours(preprocessing.Preprocess("depth")(pixels))
  scale = np.abs(wanted).max()
  np.testing.assert_allclose(away_from_the_border(found), away_from_the_border(wanted),
                             atol=1e-5 * scale)


def state_dict(depth=18):
  """Returns a torchvision state dict for the trunk, with the values it should end up with."""
  network = trunk(depth)
  varied(network.weights)
  arrays, wanted = {"fc.weight": np.zeros([3, 512]), "bn1.num_batches_tracked": np.array(3)}, {}
  for weight in network.weights:
    layer, kind = weight.name.split(":")[0].split("/")
    wanted[f"{layer}/{kind}"] = weight.numpy()
    block, _, part = layer.rpartition("_")
    number = 1
    name = ""
    if block != "conv1":
      stage, which, number = block.replace("conv", "").replace("block", "").split("_")
      name = f"layer{int(stage) - 1}.{int(which) - 1}."
    if int(number) == 0:
      name += f"downsample.{0 if part == 'conv' else 1}."
    else:
      name += f"{part}{number}."
    name += {"kernel": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
             "moving_variance": "running_var"}[kind]
    value = weight.numpy()
    arrays[name] = value.transpose(3, 2, 0, 1) if kind == "kernel" else value
  return arrays, wanted


def test_torchvision_names():
  arrays, wanted = state_dict()
  assert {"conv1.weight", "layer2.0.downsample.1.running_var", "layer4.1.conv2.weight"} <= set(
      arrays) and resnet_weights.is_torchvision(arrays)
  found = resnet_weights.torchvision_arrays(arrays)
  assert set(found) == set(wanted)
  for key, value in wanted.items():
    np.testing.assert_array_equal(found[key], value, err_msg=key)


@pytest.mark.parametrize("depth, layout", [
    (18, "torchvision"), (50, "garden"), pytest.param(50, "keras", marks=pytest.mark.slow)])
def test_a_model_tells_its_layout(depth, layout):
  assert resnet_weights.describe(trunk(depth, layout=layout)) == (depth, layout)


def test_weights_of_another_graph_are_refused():
  with pytest.raises(ValueError, match="(?s)layout='keras'.*torchvision for imagenet"):
    resnet_weights.imagenet_arrays(trunk(50))
  with pytest.raises(ValueError, match="(?s)no ImageNet weights of a ResNet-18.*torchvision"):
    resnet_weights.imagenet_arrays(trunk(18))
  with pytest.raises(ValueError, match="(?s)layout='torchvision'.*garden for there.npz"):
    resnet_weights.check_torchvision(trunk(50, layout="garden"), "there.npz")
  with pytest.raises(ValueError, match="layout='garden'"):
    resnet_weights.garden_arrays(trunk(18), "somewhere")
  assert resnet_weights.describe(keras.Sequential([keras.layers.Dense(1)])) == (None, None)
