"""Tests of loading pretrained weights: what is set, what is reported, what is refused."""
import functools

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v3, multitask_decoder
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.weights import imagenet
from keras_weakseg.networks.weights import weights

NPZ = "mobilenet_v1_1.0_224_imagenet_fp16.npz"


@functools.lru_cache(None)
def built(name, classes, options, number):
  """Returns a network, and the weights that it starts with."""
  network = registry.build_network(name, (None, None, 3), classes, **dict(options))
  return network, network.get_weights()


def fresh(name, classes=0, number=0, **options):
  """Returns a network with its first weights, built once; numbers tell several alike apart."""
  network, start = built(name, classes, tuple(sorted(options.items())), number)
  network.set_weights(start)
  return network


def tiny(number=0):
  return fresh("light_tiny", 4, number)


def values(network):
  return {weight.name: weight.numpy() for weight in network.weights}


def save_npz(path, network, change=None):
  arrays = {weight.name.split(":")[0].replace("/", "__"): weight.numpy() + 1
            for weight in network.weights}
  arrays.update(change or {})
  np.savez(path, **arrays)
  return str(path)


def test_npz_sets_everything_but_the_classifier(tmp_path):
  network = tiny()
  before = values(network)
  path = save_npz(tmp_path / "w.npz", network, {"conv_pw_13_bn__gamma": np.ones(256)})
  report = weights.load_pretrained(network, "light_tiny", path)
  for name, value in values(network).items():
    offset = 0 if name.startswith("head_classifier") else 1
    np.testing.assert_allclose(value, before[name] + offset, atol=1e-6, err_msg=name)
  assert report.missing == ("head_classifier/bias", "head_classifier/kernel")
  assert len(report.loaded) == len(before) - 2
  assert set(report.unused) == {"conv_pw_13_bn/gamma", *report.missing}
  assert f"{len(before) - 2} variables loaded, 2 missing in the source (head_classifier)" in str(
      report)


def test_npz_of_a_trunk_sets_the_trunk_and_leaves_the_head(tmp_path):
  """What pretrained files are: nothing is said of the head then."""
  network = tiny()
  before = values(network)
  with np.load(save_npz(tmp_path / "all.npz", network)) as archive:
    np.savez(tmp_path / "w.npz", **{key: archive[key] for key in archive.files
                                    if not key.startswith("head_")})
  report = weights.load_pretrained(network, "light_tiny", tmp_path / "w.npz")
  for name, value in values(network).items():
    offset = 0 if name.startswith("head_") else 1
    np.testing.assert_allclose(value, before[name] + offset, atol=1e-6, err_msg=name)
  assert len(report.loaded) == 125 and report.missing == report.unused == ()


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


@pytest.mark.parametrize("same_classes", (
    False, pytest.param(True, marks=pytest.mark.slow)))
def test_trained_weights_are_carried_over(same_classes):
  """Everything by name and shape; the classifier only if its classes are the same."""
  trained, network = tiny(0), tiny(1)
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
  network = fresh("light_mobilenet_v1", 7)
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


def small_depth_unet():
  return fresh("depth_unet", encoder="resnet18", channels=(4, 4, 4, 4, 4))


@pytest.mark.parametrize("name, classes", [
    pytest.param("light_depth", 0, marks=pytest.mark.slow), ("light_multitask", 4)])
def test_imagenet_weights_load_into_the_light_networks(shared_data, name, classes):
  path = shared_data("weights") / NPZ
  network = fresh(name, classes)
  report = weights.load_pretrained(network, name, path)
  assert report.missing == () and len(report.loaded) == 125
  with np.load(path) as archive:
    np.testing.assert_allclose(network.get_layer("conv_pw_12").kernel,
                               archive["conv_pw_12__kernel"].astype(np.float32))
  outputs = network(tf.random.stateless_uniform([1, 32, 64, 3], [1, 2], -1, 1))
  assert all(np.isfinite(value).all() for value in outputs.values())


def test_torchvision_weights_load_into_a_resnet(tmp_path):
  """As arrays of a state dict; what is not there keeps its value and is reported."""
  network = small_depth_unet()
  kernel = np.random.default_rng(1).normal(size=(64, 3, 7, 7)).astype(np.float32)
  np.savez(tmp_path / "w.npz", **{
      "conv1.weight": kernel, "layer1.0.conv1.weight": np.ones((64, 64, 3, 3))})
  report = weights.load_pretrained(network, "depth_unet", tmp_path / "w.npz")
  assert report.loaded == ("conv1_conv/kernel", "conv2_block1_1_conv/kernel")
  np.testing.assert_array_equal(network.get_layer("conv1_conv").kernel,
                                kernel.transpose(2, 3, 1, 0))
  pose = fresh("pose_network")
  weights.load_pretrained(pose, "pose_network", tmp_path / "w.npz")
  np.testing.assert_allclose(pose.get_layer("conv1_conv").kernel[:, :, 3:],
                             kernel.transpose(2, 3, 1, 0) / 2)


def test_imagenet_names_what_there_is_no_source_for():
  network = fresh("light_pose", alpha=0.25)
  with pytest.raises(ValueError, match="no ImageNet weights for the network 'light_pose'"):
    weights.load_pretrained(network, "light_pose", "imagenet")
  network = small_depth_unet()
  with pytest.raises(ValueError, match="no ImageNet weights of a ResNet-18"):
    weights.load_pretrained(network, "depth_unet", "imagenet")


LIGHT = {"alpha": 0.25, "channels": (4, 5, 6, 7, 8), "skip_channels": (2, 2, 3, 3)}


def shifted(name, classes=0, **options):
  """Returns a network whose weights are none that a network starts with."""
  network = fresh(name, classes, **{**LIGHT, **options})
  random = np.random.RandomState(3)
  for variable in network.weights:
    variable.assign(random.normal(size=variable.shape))
  return network


@pytest.mark.parametrize("name, classes", [
    *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        ("light_unet", 3), ("light_depth", 0))), ("light_multitask", 3)])
def test_a_depth_network_is_carried_over_from_a_file_as_from_a_model(tmp_path, name, classes):
  trained = shifted("light_depth")
  weights.save_npz(trained, tmp_path / "depth.npz")
  from_model, from_file = (fresh(name, classes, number, **LIGHT) for number in (1, 2))
  start = values(from_file)
  from_model.set_weights(from_file.get_weights())
  wanted = weights.carry_over(trained, from_model)
  report = weights.load_pretrained(from_file, name, tmp_path / "depth.npz")
  started = set()
  if name == "light_multitask":
    started = set(multitask_decoder.start_from_depth(from_model))
  assert set(report.loaded) == set(wanted.loaded) | started
  assert set(report.missing) == set(wanted.missing) - started
  assert report.unused == wanted.unused
  moved, expected = 0, values(from_model)
  for name, value in values(from_file).items():
    np.testing.assert_array_equal(value, expected[name], err_msg=name)
    moved += not np.array_equal(value, start[name])
  assert moved == len(report.loaded)


def test_what_is_behind_the_trunk_is_taken_where_it_fits(tmp_path):
  """Another width of one level: its neighbours have other shapes, the rest is the same."""
  trained = shifted("light_depth")
  weights.save_npz(trained, tmp_path / "depth.npz")
  network = registry.build_network(
      "light_unet", (None, None, 3), 3, **{**LIGHT, "channels": (4, 9, 6, 7, 8)})
  report = weights.load_pretrained(network, "light_unet", tmp_path / "depth.npz")
  assert {"head_level2_conv1/kernel", "head_level3_conv0/kernel"} <= set(report.loaded)
  assert {"head_level1_conv0/kernel", "head_level1_conv1/kernel"} <= set(
      report.missing) & set(report.unused)
  np.testing.assert_array_equal(network.get_layer("head_level2_conv1").get_weights()[0],
                                trained.get_layer("head_level2_conv1").get_weights()[0])


def test_a_segmentation_branch_in_the_file_is_kept(tmp_path):
  trained = shifted("light_multitask", 3)
  weights.save_npz(trained, tmp_path / "both.npz")
  network = fresh("light_multitask", 3, 1, **LIGHT)
  report = weights.load_pretrained(network, "light_multitask", tmp_path / "both.npz")
  assert {name.split("/")[0] for name in report.missing} == {
      "head_classifier", "head_classifier_side"}
  one, other = values(network), values(trained)
  for name in one:
    assert np.array_equal(one[name], other[name]) == ("head_classifier" not in name), name


@pytest.mark.parametrize("name, classes, options", [
    ("light_multitask", 3, LIGHT), ("light_pose", 0, {"alpha": 0.25}),
    ("unet", 3, {"encoder": "resnet18", "channels": (4, 4, 4, 4, 4)}),
    *(pytest.param(*case, marks=pytest.mark.slow) for case in (
        ("light_unet", 3, LIGHT), ("light_depth", 0, LIGHT), ("light_tiny", 3, {}),
        ("pose_network", 0, {"filters": 8})))])
def test_what_is_saved_is_read_back(tmp_path, name, classes, options):
  trained, network = (fresh(name, classes, number, **options) for number in (0, 1))
  for index, variable in enumerate(trained.weights):
    variable.assign(variable + 0.01 * (index + 1))
  weights.save_npz(trained, tmp_path / "new" / "w.npz")
  assert [path.name for path in (tmp_path / "new").iterdir()] == ["w.npz"]
  arrays = weights.read_npz(tmp_path / "new" / "w.npz")
  assert set(arrays) == {w.name.split(":")[0] for w in trained.weights}
  assert all(array.dtype == np.float32 for array in arrays.values())
  report = weights.load_pretrained(network, name, tmp_path / "new" / "w.npz")
  assert all("classifier" in key for key in report.missing + report.unused)
  assert bool(report.missing) == bool(classes)
  kept = values(trained)
  for key, value in values(network).items():
    assert np.array_equal(value, kept[key]) == ("classifier" not in key), key
    np.testing.assert_array_equal(arrays[key.split(":")[0]], kept[key])


def test_a_head_without_its_trunk_is_refused(tmp_path):
  """A decoder on the features of another encoder would be noise."""
  network = fresh("light_depth", **LIGHT)
  np.savez(tmp_path / "w.npz", head_level2_conv1__bias=np.ones(6))
  with pytest.raises(ValueError, match="nothing for the network 'light_depth'"):
    weights.load_pretrained(network, "light_depth", tmp_path / "w.npz")
  np.testing.assert_array_equal(network.get_layer("head_level2_conv1").bias, np.zeros(6))


def test_a_failed_save_leaves_the_old_file(tmp_path, monkeypatch):
  network, path = tiny(), tmp_path / "w.npz"
  weights.save_npz(network, path)
  before = path.read_bytes()

  def full(file, **arrays):
    file.write(b"half")
    raise OSError("no space left on device")

  monkeypatch.setattr(np, "savez", full)
  with pytest.raises(OSError, match="no space left"):
    weights.save_npz(network, path)
  assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def test_weights_that_cannot_be_saved_by_name(tmp_path):
  with pytest.raises(ValueError, match="(?s)npz files.*w.h5.npz"):
    weights.save_npz(tiny(), tmp_path / "w.h5")
  twice = keras.Sequential([keras.Sequential([keras.layers.Dense(2, name="same")], name=str(i))
                            for i in range(2)])
  twice.build((None, 2))
  with pytest.raises(ValueError, match="cannot be told apart by name"):
    weights.save_npz(twice, tmp_path / "w.npz")


def test_weights_that_are_no_numbers_are_refused(tmp_path):
  np.savez(tmp_path / "w.npz", conv1__kernel=np.array([1.0, np.nan]))
  with pytest.raises(ValueError, match="(?s)w.npz' cannot be read.*no numbers"):
    weights.read_npz(tmp_path / "w.npz")
  with pytest.raises(ValueError, match="a folder"):
    weights.read_npz(tmp_path)


# === What does not fit ===


def test_a_layer_of_another_shape_is_never_left_out_in_silence():
  """Copied by name, the rest would have trained beside a layer that starts anew."""
  before = registry.build_network("light_tiny", (33, 33, 3), 3, alpha=0.25, head_filters=16)
  after = registry.build_network("light_tiny", (33, 33, 3), 3, alpha=0.25, head_filters=24)
  values = [variable.numpy() for variable in after.weights]
  with pytest.raises(ValueError, match="(?s)does not fit the new one at 'head_.*Expected: shape"):
    weights.carry_over(before, after)
  for variable, value in zip(after.weights, values):
    np.testing.assert_array_equal(variable, value)
  assert weights.carry_over(before, after, leave=registry.HEAD_PATTERN).loaded
