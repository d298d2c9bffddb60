"""The small experiments on the embedded scenes."""
import pytest

from official.modeling.optimization import optimizer_factory

from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import registry

NAMES = ["em_fixed_scenes", "em_adapt_scenes", "em_semi_scenes", "supervised_scenes",
         "supervised_all_scenes"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_downloaded(name):
  experiment = registry.build(name)
  assert experiment.network.pretrained == ""
  assert experiment.data.sources[0].dataset.startswith("weakseg_scenes")


@pytest.mark.parametrize("name", NAMES)
def test_whole_images_fit_the_crop(name):
  height, width = registry.build(name).data.augmentation.crop
  assert height >= 96 and width >= 192


def test_the_comparison_of_the_quickstart_is_fair():
  """The masks alone are the masks of the semi-supervised run, with the same network and steps."""
  semi, alone = registry.build("em_semi_scenes"), registry.build("supervised_scenes")
  assert semi.data.parts[0].count == alone.data.parts[0].count == em_scenes.FEW_MASKS
  assert semi.data.parts[0].subset_seed == alone.data.parts[0].subset_seed
  for section in ("network", "training", "evaluation"):
    assert getattr(semi, section).as_dict() == getattr(alone, section).as_dict()


@pytest.mark.parametrize("name, method, kinds", [
    ("em_fixed_scenes", "em_fixed", ["tags"]), ("em_adapt_scenes", "em_adapt", ["tags"]),
    ("em_semi_scenes", "em_fixed", ["mask", "tags"]), ("supervised_scenes", "supervised", ["mask"]),
    ("supervised_all_scenes", "supervised", ["mask"])])
def test_what_each_learns_from(name, method, kinds):
  experiment = registry.build(name)
  assert experiment.method.type == method
  assert [part.supervision for part in experiment.data.parts] == kinds
  assert [part.batch_size for part in experiment.data.parts] == [em_scenes.BATCH] * len(kinds)


@pytest.mark.parametrize("name", NAMES)
def test_scenes_of_the_numbers_were_neither_trained_nor_tuned_on(name):
  experiment = registry.build(name)
  assert experiment.evaluation.split == "test"
  assert {part.split for part in experiment.data.parts} == {"train"}
  # The last checkpoint: no split picks one, so `validation` is left for tuning.
  assert experiment.evaluation.checkpoint == "last"
  assert experiment.evaluation.validation_split == ""


def test_tags_alone_differ_in_the_method_only():
  fixed, adapt = (registry.build(f"{name}_scenes").as_dict() for name in ("em_fixed", "em_adapt"))
  for key in ("name", "description", "method"):
    assert fixed.pop(key) != adapt.pop(key)
  assert fixed == adapt
  assert fixed["network"]["background_prior"] == em_scenes.BACKGROUND_PRIOR


@pytest.mark.parametrize("name", NAMES)
def test_shares_of_the_e_step_suit_small_objects(name):
  """Portions of one class fit into a scene; biases favour the foreground, as Algorithm 1 asks."""
  method = registry.build(name).method
  if method.type == "em_adapt":
    chosen = method.em_adapt
    assert 0 < chosen.foreground_portion <= 0.2
    assert chosen.background_portion + 3 * chosen.foreground_portion <= 1.0
  elif method.type == "em_fixed":
    assert method.em_fixed.foreground_bias > method.em_fixed.background_bias


def test_adam_follows_the_poly_schedule():
  config = em_scenes.adam(0.01, 100)
  factory = optimizer_factory.OptimizerFactory(config)
  rate = factory.build_learning_rate()
  assert [float(rate(step)) for step in (0, 50, 100)] == pytest.approx([0.01, 0.01 * 0.5**0.9, 0.0])
  assert type(factory.build_optimizer(rate, use_legacy_optimizer=False)).__name__ == "Adam"


@pytest.mark.parametrize("name", NAMES)
def test_the_schedule_ends_with_the_training(name):
  training = registry.build(name).training
  assert training.optimization.optimizer.type == "adam_experimental"
  assert training.optimization.learning_rate.get().decay_steps == training.steps
