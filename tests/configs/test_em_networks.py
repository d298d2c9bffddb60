"""The network of every registered experiment can be built, and its rules find their layers."""
import functools
import json
import re

import pytest

from keras_weakseg.configs import network_validation
from keras_weakseg.configs import registry
from keras_weakseg.networks import registry as networks_lib
from keras_weakseg.training import optimizers

PARAMETERS = {"large": 20_505_429, "small": 65_140_565}
build = functools.lru_cache(maxsize=None)(registry.build)  # Nobody changes them here.


def key_of(experiment):
  return json.dumps(experiment.network.get().as_dict(), sort_keys=True), experiment.network.type


def corner_aligned(experiment):
  """Returns whether the grids of the network have their corners on those of the image."""
  return not network_validation.has_nested_grids(experiment.network)


def distinct():
  """Returns one experiment for each distinct network."""
  found = {}
  for name in registry.experiments():
    if networks_lib.role_of(build(name).network.type) == networks_lib.TAGS:
      continue  # It answers for the whole image.
    found.setdefault(key_of(build(name)), name)
  return sorted(found.values())


@pytest.fixture(scope="module")
def networks():
  """Returns a function that builds the network of an experiment, each distinct one once."""
  from keras_weakseg.networks import registry as network_registry
  built = {}

  def built_of(name):
    experiment = build(name)
    options = experiment.network.get().as_dict()
    if key_of(experiment) not in built:
      classes = {"voc12": 21, "voc_animals": 7}.get(
          experiment.data.sources[0].name if experiment.data.sources else "", 9)
      role = network_registry.network_record(experiment.network.type, **options).role
      # Large U-Nets take long to build at their size, and give every pixel a value anyway.
      size = experiment.data.augmentation.crop if corner_aligned(experiment) else (None, None)
      built[key_of(experiment)] = network_registry.build_network(
          experiment.network.type, (*size, 3), 0 if role == "depth" else classes, **options)
    record = network_registry.network_record(experiment.network.type, **options)
    return experiment, built[key_of(experiment)], record

  return built_of


def one_of_a_type(names):
  """Returns the names as parameters; of every type of network the first one is not slow."""
  types = [build(name).network.type for name in names]
  return [pytest.param(name, marks=[pytest.mark.slow] if kind in types[:index] else [])
          for index, (name, kind) in enumerate(zip(names, types))]


@pytest.mark.parametrize("name", one_of_a_type(distinct()))
def test_networks_are_built_at_the_configured_size(networks, name):
  experiment, network, record = networks(name)
  augmentation = experiment.data.augmentation
  if not corner_aligned(experiment):
    size = augmentation.crop or augmentation.resize
    if size:  # Else that of the data.
      networks_lib.network_record("light_depth").check_size(*size)
    return
  height, width = augmentation.crop
  assert network.output_shape[1:3] == ((height - 1) // 8 + 1, (width - 1) // 8 + 1)
  # Sides of multiple*k+1 keep every grid inside the network corner-aligned.
  assert height % record.multiple == 1 and width % record.multiple == 1


@pytest.mark.parametrize("view, name", [("large", "supervised_voc12"), ("small", "em_fixed_voc12")])
def test_the_papers_networks_have_their_size(networks, view, name):
  assert networks(name)[1].count_params() == PARAMETERS[view]


@pytest.mark.parametrize("name", registry.experiments())
def test_every_rule_finds_a_layer(networks, name):
  experiment, network, record = networks(name)
  names = [f"network/{variable.name}" for variable in network.trainable_variables]
  for rule in experiment.training.multipliers:
    pattern = optimizers._pattern(rule.pattern, record)  # pylint: disable=protected-access
    assert any(re.search(pattern, variable) for variable in (*names, "pose/conv1/kernel:0")
               ), rule.pattern


def test_only_the_classifier_is_new_in_the_papers_networks(networks):
  _, network, record = networks("supervised_voc12")
  new = [v.name for v in network.trainable_variables if re.search(record.head_pattern, v.name)]
  assert len(new) == 2 and any("bias" in name for name in new)
