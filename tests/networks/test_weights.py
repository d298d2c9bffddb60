"""Tests of loading pretrained weights: what is set, what is reported, what is refused."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v3, imagenet, preprocessing, registry, weights

NPZ = "mobilenet_v1_1.0_224_imagenet_fp16.npz"


def tiny():
  return registry.build_network("light_tiny", (33, 33, 3), 4)


def values(network):
  return {weight.name: weight.numpy() for weight in network.weights}


def save_npz(path, network, change=None):
  arrays = {weight.name.split(":")[0].replace("/", "__"): weight.numpy() + 1
            for weight in network.weights}
  arrays.update(change or {})
  np.savez(path, **arrays)
  return str(path)


def test_npz_sets_the_trunk_and_leaves_the_head(tmp_path):
  network = tiny()
  before = values(network)
  path = save_npz(tmp_path / "w.npz", network, {"conv_pw_13_bn__gamma": np.ones(256)})
  report = weights.load_pretrained(network, "light_tiny", path)
  for name, value in values(network).items():
    offset = 0 if name.startswith("head_") else 1
    np.testing.assert_allclose(value, before[name] + offset, atol=1e-6, err_msg=name)
  assert len(report.loaded) == 125 and report.missing == ()
  assert "conv_pw_13_bn/gamma" in report.unused and "head_classifier/bias" in report.unused
  assert "125 variables loaded" in str(report)


def test_missing_weights_are_reported(tmp_path):
  network = tiny()
  np.savez(tmp_path / "w.npz", conv1__kernel=np.zeros((3, 3, 3, 8)))
  report = weights.load_pretrained(network, "light_tiny", tmp_path / "w.npz")
  assert report.loaded == ("conv1/kernel",) and len(report.missing) == 124


def test_another_width_is_refused_and_nothing_changes(tmp_path):
  network = tiny()
  path = save_npz(tmp_path / "w.npz", network, {"conv_pw_9__kernel": np.zeros((1, 1, 2, 2))})
  before = values(network)
  with pytest.raises(ValueError, match="(?s)do not fit.*'conv_pw_9/kernel'.*alpha"):
    weights.load_pretrained(network, "light_tiny", path)
  for name, value in values(network).items():
    np.testing.assert_array_equal(value, before[name])


def test_nothing_matches(tmp_path):
  np.savez(tmp_path / "w.npz", other__kernel=np.zeros(3))
  with pytest.raises(ValueError, match="(?s)nothing for the network.*other/kernel"):
    weights.load_pretrained(tiny(), "light_tiny", tmp_path / "w.npz")


@pytest.mark.parametrize("source", ["nowhere.npz", "nowhere/ckpt-1"])
def test_missing_files(source):
  with pytest.raises(FileNotFoundError, match=source):
    weights.load_pretrained(tiny(), "light_tiny", source)


def test_imagenet_without_a_connection_says_what_was_tried(monkeypatch):
  def refuse(**arguments):
    raise Exception("URL fetch failure on https://storage.googleapis.com/x: None -- no route")

  monkeypatch.setattr(keras.applications, "MobileNet", refuse)
  with pytest.raises(FileNotFoundError, match="(?s)MobileNet.*Expected: .*cache.*URL fetch failure"
                     ".*npz"):
    weights.load_pretrained(tiny(), "light_tiny", "imagenet")


def test_imagenet_by_name(monkeypatch):
  theirs = keras.applications.MobileNet(
      input_shape=(224, 224, 3), alpha=0.25, include_top=False, weights=None)
  asked = {}
  monkeypatch.setattr(keras.applications, "MobileNet", lambda **a: asked.update(a) or theirs)
  network = tiny()
  report = weights.load_pretrained(network, "light_tiny", "imagenet")
  assert asked["alpha"] == 0.25 and asked["weights"] == "imagenet"
  assert report.missing == () and all("_13" in name for name in report.unused)
  np.testing.assert_array_equal(network.get_layer("conv_pw_12").get_weights()[0],
                                theirs.get_layer("conv_pw_12").get_weights()[0])


def test_imagenet_for_networks_and_widths_without_any(monkeypatch):
  network = registry.build_network("light_tiny", (33, 33, 3), 4, alpha=0.375)
  with pytest.raises(ValueError, match="Expected: alpha 0.25, 0.5, 0.75 or 1. Received: 0.375"):
    weights.load_pretrained(network, "light_tiny", "imagenet")
  with pytest.raises(ValueError, match="Model Garden checkpoint"):
    imagenet.imagenet_arrays(keras.Sequential(), "deeplab_v3")


def test_vgg_networks_refuse_model_garden_checkpoints(tmp_path):
  backbone = deeplab_v3.build_backbone("mobilenet_v1", width=0.25)
  prefix = tf.train.Checkpoint(backbone=backbone).save(str(tmp_path / "ckpt"))
  with pytest.raises(ValueError, match="cannot read Model Garden checkpoints"):
    weights.load_pretrained(keras.Sequential(), "largefov_vgg16", prefix)


@pytest.mark.parametrize("same_classes", (False, True))
def test_trained_weights_are_carried_over(same_classes):
  """Everything by name and shape; the classifier only if its classes are the same."""
  trained, network = tiny(), tiny()
  for variable in trained.weights:
    variable.assign(variable + 0.5)
  before = values(network)
  report = weights.carry_over(trained, network, same_classes=same_classes)
  classifier = {name for name in before if "head_classifier" in name}
  assert len(report.loaded) == len(before) - (0 if same_classes else len(classifier))
  for name, value in values(network).items():
    kept = name in classifier and not same_classes
    np.testing.assert_array_equal(value, before[name] if kept else values(trained)[name])


def test_another_classifier_and_new_layers_keep_their_values():
  trained = registry.build_network("largefov_vgg16", (33, 33, 3), 5)
  network = registry.build_network("largefov_vgg16", (33, 33, 3), 3, multi_scale_features=True)
  report = weights.carry_over(trained, network)
  assert {name.split("/")[0].split("_")[0] for name in report.missing} == {"fc8", "msc"}
  np.testing.assert_array_equal(trained.get_layer("fc6").kernel, network.get_layer("fc6").kernel)


def test_a_network_of_another_kind_has_nothing_to_give():
  with pytest.raises(ValueError, match="nothing for the new one"):
    weights.carry_over(registry.build_network("largefov_vgg16", (33, 33, 3), 3), tiny())


def test_real_imagenet_weights_see_real_photographs(shared_data):
  """The trunk's features of photographs of one class are nearer than those of two classes."""
  folder = shared_data("voc_animals")
  network = registry.build_network("light_mobilenet_v1", (None, None, 3), 7)
  report = weights.load_pretrained(
      network, "light_mobilenet_v1", shared_data("weights") / NPZ)
  assert report.missing == () and len(report.loaded) == 125
  deep = keras.Model(network.input, network.get_layer("conv_pw_12_relu").output)
  preprocess = preprocessing.Preprocess("tf")
  features, labels = [], []
  for label, name in enumerate(("cat", "sheep")):
    count = 0
    for path in sorted((folder / "Annotations").glob("*.xml")):
      names = set(path.read_text().split("<name>")[1:])
      if {text.split("<")[0] for text in names} == {name} and count < 12:
        image = tf.io.decode_jpeg((folder / "JPEGImages" / f"{path.stem}.jpg").read_bytes())
        image = tf.image.resize(image, (193, 193))[None]
        features.append(tf.reduce_mean(deep(preprocess(image)), [0, 1, 2]).numpy())
        labels.append(label)
        count += 1
  features = np.array(features)
  features = (features - features.mean(0)) / (features.std(0) + 1e-3)
  labels = np.array(labels)
  distances = ((features[:, None] - features[None]) ** 2).sum(-1)
  np.fill_diagonal(distances, np.inf)
  assert np.mean(labels[distances.argmin(1)] == labels) > 0.85
