"""The defaults for somebody's own data take any method and any source."""
import pytest

from keras_weakseg.configs import overrides


@pytest.mark.parametrize("method", ["supervised", "em_fixed", "em_adapt"])
def test_any_method_is_valid_without_configured_data(method):
  experiment = overrides.validate(
      overrides.resolve("own_data", overrides=[{"method.type": method}, None]))
  assert experiment.method.type == method
  assert experiment.data.sources == [] and experiment.data.parts == []


def test_new_layers_learn_faster_from_pretrained_weights():
  experiment = overrides.resolve("own_data")
  assert experiment.network.pretrained == "imagenet_if_available"
  assert [(rule.pattern, rule.learning_rate) for rule in experiment.training.multipliers] == [
      ("head", 10.0)]
