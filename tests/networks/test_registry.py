"""Tests of the registry of networks."""
import dataclasses
import inspect

import pytest

from keras_weakseg.networks import preprocessing, registry

SMALL = {
    "deeplab_v3": {"backbone": "mobilenet_v1", "width": 0.25, "head_filters": 8},
    "light_mobilenet_v1": {"alpha": 0.25},
    "light_tiny": {},
}


@pytest.mark.parametrize("name", registry.network_names())
def test_every_option_is_keyword_only_and_documented(name):
  build = registry._NETWORKS[name].build
  parameters = list(inspect.signature(build).parameters)
  assert parameters[:2] == ["input_shape", "num_classes"]
  assert set(parameters[2:]) == set(registry.network_options(name))
  if name != "light_tiny":
    for option in registry.network_options(name):
      assert f"    {option}: " in build.__doc__, option


@pytest.mark.parametrize("name", sorted(SMALL))
def test_built_networks_keep_what_their_record_says(name):
  record = registry.network_record(name, **SMALL[name])
  side = record.aligned_side(40)
  network = registry.build_network(name, [side, side, 3], 5, **SMALL[name])
  grid = (side - 1) // record.stride + 1
  assert network.output_shape == (None, grid, grid, 5)
  assert record.mean_rgb == preprocessing.MEAN_RGB[record.preprocessing]


def test_records():
  assert registry.network_record("largefov_vgg16").preprocessing == "caffe"
  assert registry.network_record("largefov_vgg16").mean_rgb == (122.675, 116.669, 104.008)
  assert registry.network_record("light_tiny").preprocessing == "tf"
  assert registry.network_record("deeplab_v2_resnet101").multiple == 8
  assert registry.network_record("deeplab_v2_resnet101", multi_scale=True).multiple == 16
  assert registry.network_record("deeplab_v3", output_stride=8).multiple == 8
  assert all(registry.network_record(name).stride == 8 for name in registry.network_names())
  with pytest.raises(dataclasses.FrozenInstanceError):
    registry.network_record("light_tiny").stride = 4


@pytest.mark.parametrize("side, aligned", [(1, 1), (2, 17), (17, 17), (18, 33), (321, 321)])
def test_aligned_side(side, aligned):
  assert registry.network_record("light_tiny").aligned_side(side) == aligned


def test_synchronized_options_can_be_given_to_the_network():
  for name in registry.network_names():
    assert set(registry.synchronized(name)) <= set(registry.network_options(name))
  assert registry.synchronized("deeplab_v3") == {"synchronized_batch_norm": True}
  assert registry.synchronized("deeplab_v2_resnet101") == {}


def test_unknown_names_get_the_nearest_one():
  with pytest.raises(ValueError, match="There is no network 'light_mobilnet'.*(?s:.)*"
                     "Did you mean 'light_mobilenet_v1'"):
    registry.build_network("light_mobilnet", (33, 33, 3), 4)
  with pytest.raises(ValueError, match="(?s)no option 'aplha'.*Did you mean 'alpha'"):
    registry.build_network("light_tiny", (33, 33, 3), 4, aplha=1)
  with pytest.raises(ValueError, match="no option 'alpha'"):
    registry.network_record("largefov_vgg16", alpha=1)
  with pytest.raises(ValueError, match="no option 'input_shape'"):
    registry.network_record("largefov_vgg16", input_shape=1)
