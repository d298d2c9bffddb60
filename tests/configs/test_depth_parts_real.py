"""NYUv2 and CCP: rows differ in what they are compared for, and in nothing else."""
import pathlib

import pytest

from keras_weakseg.configs import depth_parts_real as real
from keras_weakseg.configs import registry
from keras_weakseg.datasets import groups
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.surgery import schedules

PAIRS = [("colours_nyuv2", "depth_channel_nyuv2"), ("parts_ccp", "depth_parts_ccp"),
         ("parts_ccp", "pruned_parts_ccp"), ("parts_ccp", "one_shot_parts_ccp")]


@pytest.mark.parametrize("plain, other", PAIRS)
def test_rows_share_the_first_training_and_are_equally_long(plain, other):
  one, two = registry.build(plain), registry.build(other)
  first = next(step for step in two.steps if step.name == "colours")
  assert first.as_dict() == one.steps[0].as_dict() and len(one.steps) == 1
  length = lambda experiment: experiment.training.steps + sum(
      step.training.steps for step in experiment.steps
      if step.make.type is None and step.name != "depth")
  assert length(one) == length(two)
  assert one.data.parts[0].as_dict() == two.data.parts[0].as_dict()
  assert one.evaluation.as_dict() == two.evaluation.as_dict() and one.evaluation.split == "test"
  assert one.training.multipliers == two.training.multipliers


def test_the_upper_bound_differs_in_what_is_seen_alone():
  plain, true = registry.build("colours_nyuv2"), registry.build("true_depth_nyuv2")
  assert [step.as_dict() for step in plain.steps] == [step.as_dict() for step in true.steps]
  assert true.network.sees_depth and true.data.parts[0].supervision == "mask+depth"
  true.network.sees_depth, true.data.parts[0].supervision = False, "mask"
  true.name, true.description = plain.name, plain.description
  assert true.as_dict() == plain.as_dict()


def test_depth_is_learned_from_training_images_alone():
  part = registry.build("depth_nyuv2").data.parts[0]
  assert (part.source, part.split, part.supervision) == ("rooms", "train", "depth")
  for name in ("depth_channel_nyuv2", "depth_parts_ccp"):
    step = registry.build(name).steps[1]
    assert (step.name, step.make.run.path) == ("depth", "depth_nyuv2")


def test_the_head_of_the_light_network_loses_below_a_fifth_at_a_time():
  assert list(real.CHANNELS) == [round(1024 * 0.5 ** (step / 4)) for step in (1, 2, 3, 4)]
  network = networks.build_network("light_mobilenet_v1", (33, 33, 3), 8)
  for count in real.CHANNELS:
    network = schedules.prune(network, count, real.PRUNING["schedule"],
                              layers=real.PRUNING["layers"])
    assert network.get_layer("head_reduce").input_shape[-1] == count


def test_garments_are_joined_as_in_the_file():
  root = pathlib.Path(__file__).resolve().parents[2]
  file = root / "official_configs" / "depth_parts" / "groups" / "ccp_parts.yaml"
  assert groups.parse_groups(real.CCP_PARTS) == groups.parse_groups((str(file),))
  assert list(groups.parse_groups(real.CCP_PARTS)) == list(groups.parse_groups((str(file),)))
