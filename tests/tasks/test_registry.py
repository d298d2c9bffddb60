"""The registry of tasks: found by role, model and name, each once."""
import pytest

from keras_weakseg.configs import overrides
from keras_weakseg.networks import registry as networks
from keras_weakseg.tasks import registry

# What the numbers of published runs carry: they must never change.
HASHES = {
    "em_adapt_scenes": "3ad0c789cef4",
    "em_adapt_voc12": "f213bdd9d33c",
    "cross_joint_msc_voc12_test": "5d2ee8561d44",
    "depth_scenes": "43510f5072a2",
    "depth_kitti_clips": "43510f5072a2",
    "depth_transfer_100_camvid": "63f856ba4f00",
}


@pytest.mark.parametrize("name", [
    name for role in networks.ROLES if role not in (networks.POSE, networks.CRITIC)
    for name in networks.network_names(role)])
def test_every_network_that_is_evaluated_has_a_task_and_an_answer(name):
  record = networks.network_record(name)
  assert record.role in registry.of_record(record).roles and record.answers


def test_what_nobody_evaluates_is_refused():
  with pytest.raises(ValueError, match="no task for networks of the role 'pose'"):
    registry.of_role("pose")
  with pytest.raises(ValueError, match="no model of a task"):
    registry.of_model("runs/mine")
  with pytest.raises(ValueError, match="mean 'segmentation'"):
    registry.by_name("segmantation")


def test_names_roles_and_models_belong_to_one_task():
  depth = registry.by_name("depth")
  with pytest.raises(ValueError, match="Received: name 'depth', role 'depth', model DepthModel"):
    registry.register(depth)
  assert registry.by_name("depth") is depth


def test_records_without_an_answer_say_that_of_their_role():
  made = networks.NetworkRecord("mine", "tf", 8, (0, 0, 0), "head", 8)
  assert made.answers == "scores"
  assert networks.NetworkRecord("mine", "tf", 1, (0, 0, 0), "head", 32, "depth").answers == (
      "disparity")


@pytest.mark.parametrize("name, digits", sorted(HASHES.items()))
def test_the_protocols_of_published_numbers_have_their_hashes(name, digits):
  experiment = overrides.resolve(name)
  record = networks.network_record(
      experiment.network.type, **experiment.network.get().as_dict())
  assert registry.of_record(record).configured(experiment).hash() == digits
