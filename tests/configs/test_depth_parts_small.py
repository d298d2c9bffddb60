"""Parts of the scenes: equal training, the ratios of the paper, and the recipe for own data."""
import pytest

from keras_weakseg.configs import depth_parts_small as small
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.networks.surgery import pruning
from keras_weakseg.recipes import planning

NAMES = ("parts_scenes", "pruned_parts_scenes", "one_shot_parts_scenes", "depth_parts_scenes")


def model_seg_steps(experiment):
  """Returns how many steps the network of classes is trained in all."""
  return experiment.training.steps + sum(
      step.training.steps for step in experiment.steps
      if step.make.type is None and step.name != "depth")


def test_what_is_compared_is_trained_equally_long():
  found = {name: model_seg_steps(registry.build(name)) for name in NAMES}
  assert found["parts_scenes"] == found["depth_parts_scenes"]
  assert found["pruned_parts_scenes"] == found["one_shot_parts_scenes"]


def test_small_steps_end_where_one_does():
  steps = [step.make.get() for step in registry.build("pruned_parts_scenes").steps
           if step.make.type]
  assert [step.keep for step in steps] == [small.RATIO] * 4 and small.RATIO > 0.8
  kept = 1.0
  for step in steps:
    kept *= step.keep
  assert kept == pytest.approx(0.5, abs=1e-3)


def test_rounding_leaves_as_many_channels_after_four_steps_as_after_one():
  """Widths of the light networks; only what is left in the end is rounded."""
  chains = [[step.make.get() for step in registry.build(name).steps if step.make.type]
            for name in ("pruned_parts_scenes", "one_shot_parts_scenes")]
  assert [step.multiple_of for step in chains[0]] == [1, 1, 1, 8]
  for width in (16, 24, 32, 48, 64, 128, 256, 512, 1024):
    left = []
    for chain in chains:
      count = width
      for step in chain:
        count = pruning.kept_of(count, step.keep, multiple_of=step.multiple_of)
      left.append(count)
    assert left[0] == left[1] and not left[0] % 8, (width, left)


@pytest.mark.parametrize("name", NAMES)
def test_experiments_are_valid_and_survive_yaml(name):
  experiment = overrides.validate(registry.build(name))
  assert experiment.data.sources[0].parts
  assert overrides.from_yaml(overrides.to_yaml(experiment)).as_dict() == experiment.as_dict()


def test_the_recipe_takes_own_data(tiny_video):
  experiment = registry.build_recipe("depth_parts", {"prunings": 2, "keep": 0.64})
  overrides.validate(experiment)
  assert [step.make.get().keep for step in experiment.steps
          if step.make.type == "pruned"] == pytest.approx([0.8, 0.8])
  plan = planning.make_plan(experiment, {"photos": tiny_video, "depth": tiny_video})
  assert plan.last.reads == ("wide",) and plan.source is tiny_video
  assert "depth_parts" in registry.recipes()
  whole = registry.build_recipe("depth_parts", {"keep": 1.0})
  assert not [step for step in whole.steps if step.make.type == "pruned"]
