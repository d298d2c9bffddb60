"""The rows of Table S5 of Hoyer et al. 2021: sizes, rates, and what they share with Cityscapes."""
import pytest

from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry

# Mean IoU in per cent on `test` by the number of labels.
TABLE = {
    "baseline_50_camvid": "59.16", "baseline_100_camvid": "63.05", "baseline_367_camvid": "68.18",
    "depth_pretraining_50_camvid": "62.75", "depth_pretraining_100_camvid": "66.19",
    "depth_pretraining_367_camvid": "70.45"}


@pytest.mark.parametrize("name", TABLE)
def test_a_row_has_the_sizes_of_the_paper(name):
  experiment = overrides.validate(registry.build(name))
  assert f"paper: {TABLE[name]} on test" in experiment.description
  augmentation, training = experiment.data.augmentation, experiment.training
  assert tuple(augmentation.resize) == (512, 672) and tuple(augmentation.crop) == (512, 512)
  assert training.steps == 20000
  assert training.optimization.learning_rate.get().boundaries == [15000]
  part, = experiment.data.parts
  assert (part.count, part.batch_size) == (int(name.split("_")[-2]), 2)
  assert experiment.data.sources[0].kind == "camvid"
  assert (experiment.evaluation.split, tuple(experiment.evaluation.protocol.size)) == (
      "test", (512, 672))


@pytest.mark.parametrize("name, like", [
    ("baseline_100_camvid", "baseline_372_cityscapes"),
    ("depth_pretraining_100_camvid", "transfer_f_372_cityscapes")])
def test_networks_and_steps_are_those_of_cityscapes(name, like):
  experiment, other = registry.build(name), registry.build(like)
  assert experiment.network.as_dict() == other.network.as_dict()
  assert [stage.as_dict() for stage in experiment.steps] == [
      stage.as_dict() for stage in other.steps]
