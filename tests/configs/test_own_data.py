"""The defaults for somebody's own data take any method and any source."""
import pytest

from keras_weakseg.configs import depth_methods
from keras_weakseg.configs import network_validation
from keras_weakseg.configs import overrides
from keras_weakseg.configs import own_data


@pytest.mark.parametrize("method", ["supervised", "em_fixed", "em_adapt", "bbox_rect",
                                    "bbox_seg", "bbox_em_fixed"])
def test_any_method_is_valid_without_configured_data(method):
  experiment = overrides.validate(
      overrides.resolve("own_data", overrides=[{"method.type": method}, None]))
  assert experiment.method.type == method
  assert experiment.data.sources == [] and experiment.data.parts == []


def test_an_e_step_from_boxes_begins_with_what_the_boxes_say():
  """From boxes alone the published constants end with everything background."""
  experiment = overrides.resolve("own_data", overrides={"method.type": "bbox_em_fixed"})
  assert experiment.method.get().warmup_steps == experiment.training.steps // 2
  assert experiment.method.get().foreground_bias - experiment.method.get().background_bias == 2


def test_new_layers_learn_faster_from_pretrained_weights():
  experiment = overrides.resolve("own_data")
  assert experiment.network.pretrained == "imagenet_if_available"
  assert [(rule.pattern, rule.learning_rate) for rule in experiment.training.multipliers] == [
      ("head", 10.0)]


def test_tags_alone_start_with_a_prior_of_the_background():
  """Without it EM-Adapt collapses: see `official_configs/em`."""
  experiment = overrides.resolve("own_em_adapt")
  assert (experiment.method.type, experiment.network.background_prior) == ("em_adapt", 0.8)
  plain = overrides.resolve("own_data")
  assert plain.network.background_prior == 0 and experiment.training == plain.training


# === Depth ===


@pytest.mark.parametrize("method, name", sorted(
    pair for pair in own_data.BY_METHOD.items() if pair[0] not in ("tags", "em_adapt")))
def test_methods_of_depth_have_defaults_of_their_own(method, name):
  experiment = overrides.validate(overrides.resolve(name, overrides={"method.type": method}))
  assert experiment.as_dict() == overrides.resolve(name).as_dict()
  assert experiment.data.sources == [] and experiment.data.parts == []
  assert network_validation.has_nested_grids(experiment.network)
  # Whole images, whose size is that of the data.
  augmentation = experiment.data.augmentation
  assert (tuple(augmentation.crop), tuple(augmentation.resize)) == ((), ())
  assert augmentation.color_of == "inputs" and 0 < augmentation.color_share < 1
  rate = experiment.training.optimization.learning_rate.get()
  assert rate.values[0] == own_data.DEPTH_LEARNING_RATE > rate.values[-1]
  assert experiment.training.optimization.optimizer.type == depth_methods.FUSED_ADAM
  pose = experiment.networks.get("pose")
  assert experiment.network.pretrained == pose.pretrained == "imagenet_if_available"


def test_fit_starts_from_the_defaults_of_the_method():
  from keras_weakseg import api
  for method in ("em_fixed", *own_data.BY_METHOD):
    config = api._experiment(None, method, object(), None, "training.steps=3", None, None)
    assert config.name == own_data.BY_METHOD.get(method, "own_data")
    assert (config.method.type, config.training.steps) == (method, 3)
