"""Tests of the registry of depth, pose and multi-task networks."""
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.networks import depth_registry, preprocessing, weights

SMALL = {
    "depth_unet": {"encoder": "resnet18", "channels": (4, 4, 4, 4, 4)},
    "light_depth": {"alpha": 0.25},
    "pose_network": {"kind": "posecnn", "alpha": 0.25},
    "light_pose": {"alpha": 0.25},
    "multitask": {"encoder": "mobilenet_v1", "alpha": 0.25, "channels": (4, 4, 4, 4, 4),
                  "context": "conv"},
    "light_multitask": {"alpha": 0.25},
}
WEIGHTS = "mobilenet_v1_1.0_224_imagenet_fp16.npz"


@pytest.mark.parametrize("name", depth_registry.network_names())
def test_built_networks_keep_what_their_record_says(name):
  options = SMALL[name]
  record = depth_registry.network_record(name, **options)
  classes = 4 if record.role == "multitask" else 0
  network = depth_registry.build_network(name, [32, 64, 3], classes, **options)
  outputs = network.output_shape
  assert record.mean_rgb == preprocessing.MEAN_RGB[record.preprocessing]
  assert [key for key in sorted(outputs) if key.startswith("disparity")] == [
      f"disparity_{level}" for level in record.levels]
  for level in record.levels:
    assert outputs[f"disparity_{level}"][1:3] == (32 >> level, 64 >> level)
  if record.role == "pose":
    assert network.input_shape == (None, 32, 64, 6)
    assert outputs["axis_angle"] == outputs["translation"] == (None, 1, 3)
  else:
    assert record.levels == (0, 1, 2, 3)


def test_records():
  record = depth_registry.network_record
  assert record("depth_unet").preprocessing == record("multitask").preprocessing == "depth"
  assert record("depth_unet", encoder="mobilenet_v1").preprocessing == "tf"
  assert record("light_depth").preprocessing == record("light_pose").preprocessing == "tf"
  assert record("pose_network").preprocessing == "depth"
  assert record("pose_network", kind="mobilenet_v1").preprocessing == "tf"
  assert record("depth_unet").multiple == 16 and record("light_pose").multiple == 1
  assert record("depth_unet", output_stride=32).multiple == 32
  assert record("depth_unet", disparity_scales=(0, 1)).levels == (0, 1)
  with pytest.raises(dataclasses.FrozenInstanceError):
    record("light_depth").multiple = 4


def test_roles():
  assert depth_registry.network_names("depth") == ["depth_unet", "light_depth"]
  assert depth_registry.network_names("multitask") == ["light_multitask", "multitask"]
  assert len(depth_registry.network_names()) == 6


def test_options_are_those_of_the_role():
  options = depth_registry.network_options("depth_unet")
  assert options["disparity_scales"] == (0, 1, 2, 3) and options["encoder"] == "resnet101"
  assert not {"score_level", "head", "head_channels"} & set(options)
  for name in depth_registry.network_names():
    assert depth_registry.synchronized(name) == {"synchronized_batch_norm": True}
  with pytest.raises(ValueError, match="(?s)no option 'score_level'"):
    depth_registry.build_network("light_depth", (32, 32, 3), score_level=1)


@pytest.mark.parametrize("height, width, problem", [
    (192, 640, None), (368, 480, None), (360, 480, "height of 352 or 368"),
    (192, 641, "width of 640 or 656"), (8, 32, "height of 16 or 32"), (0, 32, "height 0")])
def test_sizes_that_cannot_be_trained_on(height, width, problem):
  record = depth_registry.network_record("light_depth")
  if problem is None:
    record.check_size(height, width)
  else:
    with pytest.raises(ValueError, match=f"(?s)multiples of 16.*{problem}"):
      record.check_size(height, width)


def test_wrong_names_and_classes():
  with pytest.raises(ValueError, match="Did you mean 'light_depth'"):
    depth_registry.network_record("light_dept")
  with pytest.raises(ValueError, match="(?s)no option 'aplha'.*Did you mean 'alpha'"):
    depth_registry.build_network("light_pose", (32, 32, 3), aplha=1)
  with pytest.raises(ValueError, match="(?s)number of classes.*light_multitask, multitask"):
    depth_registry.build_network("light_depth", (32, 32, 3), 4)
  with pytest.raises(ValueError, match="number of classes"):
    depth_registry.build_network("light_multitask", (32, 32, 3))


@pytest.mark.parametrize("name, classes", [("light_depth", 0), ("light_multitask", 4)])
def test_imagenet_weights_load_into_the_light_networks(shared_data, name, classes):
  path = shared_data("weights") / WEIGHTS
  network = depth_registry.build_network(name, (None, None, 3), classes)
  report = weights.load_pretrained(network, name, path)
  assert report.missing == () and len(report.loaded) == 125
  with np.load(path) as archive:
    np.testing.assert_allclose(network.get_layer("conv_pw_12").kernel,
                               archive["conv_pw_12__kernel"].astype(np.float32))
  outputs = network(tf.random.stateless_uniform([1, 32, 64, 3], [1, 2], -1, 1))
  assert all(np.isfinite(value).all() for value in outputs.values())


def test_torchvision_weights_load_into_a_resnet(tmp_path):
  """As arrays of a state dict; what is not there keeps its value and is reported."""
  network = depth_registry.build_network("depth_unet", (None, None, 3), **SMALL["depth_unet"])
  kernel = np.random.default_rng(1).normal(size=(64, 3, 7, 7)).astype(np.float32)
  np.savez(tmp_path / "w.npz", **{
      "conv1.weight": kernel, "layer1.0.conv1.weight": np.ones((64, 64, 3, 3))})
  report = weights.load_pretrained(network, "depth_unet", tmp_path / "w.npz")
  assert report.loaded == ("conv1_conv/kernel", "conv2_block1_1_conv/kernel")
  np.testing.assert_array_equal(network.get_layer("conv1_conv").kernel,
                                kernel.transpose(2, 3, 1, 0))
  pose = depth_registry.build_network("pose_network", (None, None, 3))
  weights.load_pretrained(pose, "pose_network", tmp_path / "w.npz")
  np.testing.assert_allclose(pose.get_layer("conv1_conv").kernel[:, :, 3:],
                             kernel.transpose(2, 3, 1, 0) / 2)


def test_imagenet_names_what_there_is_no_source_for():
  network = depth_registry.build_network("light_pose", (None, None, 3), alpha=0.25)
  with pytest.raises(ValueError, match="no ImageNet weights for the network 'light_pose'"):
    weights.load_pretrained(network, "light_pose", "imagenet")
  network = depth_registry.build_network("depth_unet", (None, None, 3), **SMALL["depth_unet"])
  with pytest.raises(ValueError, match="layout='keras'"):
    weights.load_pretrained(network, "depth_unet", "imagenet")
