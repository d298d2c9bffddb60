"""Weights that are a function of (tensor number, element), and their way into our variables."""
import json

import numpy as np
import pytest


def uniform(count, number):
  """Returns u_k, k = 0..count-1, of tensor `number`: float64 in 0..1 (golden README)."""
  with np.errstate(over="ignore"):
    x = np.arange(count, dtype=np.uint32)
    x = x + np.uint32((0x9E3779B9 * (number + 1)) & 0xFFFFFFFF)
    x ^= x >> np.uint32(16)
    x *= np.uint32(0x85EBCA6B)
    x ^= x >> np.uint32(13)
    x *= np.uint32(0xC2B2AE35)
    x ^= x >> np.uint32(16)
  return x / 2.0 ** 32


def tensor(kind, shape, number):
  """Returns the generated weights of one tensor, float32."""
  s = (2 * uniform(int(np.prod(shape)), number) - 1).reshape(shape)
  if kind == "kernel":
    s = s * np.sqrt(6 / np.prod(shape[:-1]))
  elif kind == "gamma":
    s = 0.7 + 0.2 * s
  elif kind == "moving_variance":
    s = 1 + 0.3 * s
  else:
    s = 0.1 * s
  return s.astype(np.float32)


@pytest.fixture
def fill_generated(golden):
  """Returns a function that fills a model with the generated weights of a parity network."""

  def fill(model, network, rename):
    path = golden("networks_weak_tensors.json")
    described = json.loads(path.read_text())
    variables = {variable.name.split(":")[0]: variable for variable in model.weights}
    for entry in described["tensors"][network]:
      variable = variables.pop(f"{rename(entry['name'])}/{entry['kind']}")
      assert variable.shape.as_list() == entry["shape"], entry
      variable.assign(tensor(entry["kind"], entry["shape"], described["salt"] + entry["index"]))
    assert not variables, "variables without generated weights: " + ", ".join(variables)

  return fill


@pytest.fixture
def uniform_tensor(golden):
  """Returns a function that gives an input of the parity networks that is not stored, [1, ...]."""
  described = json.loads(golden("networks_weak_tensors.json").read_text())

  def values(name, shape):
    number = (described["input_tensor_index"] + described["salt"]
              + described["input_offsets"][name])
    return uniform(int(np.prod(shape)), number).reshape(1, *shape).astype(np.float32)

  return values


@pytest.fixture
def check_hash(golden):
  """Checks the generator against the numbers stored beside the tensor lists."""
  described = json.loads(golden("networks_weak_tensors.json").read_text())["hash_check"]
  np.testing.assert_allclose(uniform(1, 0)[0], described["u_of_index0_tensor0"], rtol=1e-12)
  np.testing.assert_allclose(uniform(4, 7), described["first_four_of_tensor_7"], rtol=1e-12)


@pytest.fixture
def check_size(golden):
  """Returns a function that compares variables with the sizes of a network in `networks.json`."""

  def check(variables, name):
    stored = json.loads(golden("networks.json").read_text())["networks"]
    wanted = next(entry for entry in stored if entry["name"] == name)
    trained = [v for v in variables if "/moving_" not in v.name]
    count = lambda chosen: sum(int(np.prod(variable.shape)) for variable in chosen)
    assert count(trained) == wanted["trainable"]
    assert count(variables) == wanted["total_with_bn_moving_statistics"]
    layers = {v.name.rsplit("/", 1)[0]: v.shape for v in variables if "/kernel" in v.name}
    biased = {v.name.rsplit("/", 1)[0] for v in variables if "/bias" in v.name}
    kernels = sorted([*shape, int(layer in biased)] for layer, shape in layers.items())
    assert kernels == sorted(wanted["conv_kernels_hwio_bias"])
    return wanted

  return check
