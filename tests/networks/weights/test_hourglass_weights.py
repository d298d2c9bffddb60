"""Weights of the reference: a state dict in its order, and files that are none."""
import json

import numpy as np
import pytest

from keras_weakseg.networks import hourglass
from keras_weakseg.networks.weights import hourglass_weights

WORDS = {"kernel": "weight", "bias": "bias", "gamma": "weight", "beta": "bias",
         "moving_mean": "running_mean", "moving_variance": "running_var"}


@pytest.fixture(scope="module")
def network():
  """A narrow hourglass: the order of its tensors is that of the published one."""
  return hourglass.hourglass((16, 16, 3), width=0.05)


def state_dict(network, order):
  """Returns a state dict of random tensors for layers in an order, and what they should become."""
  random, tensors, wanted = np.random.RandomState(0), {}, {}
  for index, (layer, kind) in enumerate(order):
    value = random.rand(*getattr(network.get_layer(layer), kind).shape).astype(np.float32)
    wanted[f"{layer}/{kind}:0"] = value
    tensors[f"{index}.{WORDS[kind]}"] = value.transpose(3, 2, 0, 1) if kind == "kernel" else value
    if kind == "moving_variance":
      tensors[f"{index}.num_batches_tracked"] = np.array(7)
  return tensors, wanted


@pytest.fixture
def order(golden):
  """The order of the published tensors."""
  described = json.loads(golden("networks_weak_tensors.json").read_text())
  return [(entry["name"].replace(".", "_").lower(), entry["kind"])
          for entry in described["tensors"]["hourglass"]]


def test_every_tensor_finds_its_place_golden(network, order, tmp_path):
  tensors, wanted = state_dict(network, order)
  np.savez(tmp_path / "weights.npz", **tensors)
  assert hourglass_weights.load_state_dict(network, tmp_path / "weights.npz") == 624
  assert {v.name for v in network.variables} == set(wanted)
  for variable in network.variables:
    np.testing.assert_array_equal(variable, wanted[variable.name])


def slots_of(network):
  return [(layer, variable.name.split("/")[-1].split(":")[0])
          for layer, _, variable in hourglass_weights._slots(network)]


def test_a_file_in_another_order_is_refused_and_changes_nothing(network, tmp_path):
  tensors, _ = state_dict(network, slots_of(network))
  kept = network.get_weights()
  np.savez(tmp_path / "sorted.npz", **dict(sorted(tensors.items())))
  with pytest.raises(ValueError, match="(?s)does not fit the layer.*order of the state dict"):
    hourglass_weights.load_state_dict(network, tmp_path / "sorted.npz")
  np.savez(tmp_path / "some.npz", **dict(list(tensors.items())[:9]))
  with pytest.raises(ValueError, match="(?s)not the state dict.*624 tensors"):
    hourglass_weights.load_state_dict(network, tmp_path / "some.npz")
  with pytest.raises(FileNotFoundError, match="an .npz file"):
    hourglass_weights.load_state_dict(network, tmp_path / "none.npz")
  for one, other in zip(kept, network.get_weights()):
    np.testing.assert_array_equal(one, other)
