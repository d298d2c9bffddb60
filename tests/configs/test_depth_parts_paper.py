"""The rows of the paper: lengths, channels, solver, and what each adds to the one before."""
import pytest

from keras_weakseg.configs import depth_parts_paper as paper
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry

ROWS = ("parts_{}", "pruned_parts_{}", "one_shot_parts_{}", "depth_parts_{}")


def channels(experiment):
  return [step.make.get().channels for step in experiment.steps if step.make.type == "pruned"]


@pytest.mark.parametrize("data, updates", [("person_part", 40000), ("lip", 400000)])
def test_rows_have_the_sizes_of_the_paper(data, updates):
  plain, pruned, one_shot, whole = (registry.build(row.format(data)) for row in ROWS)
  for experiment in (plain, pruned, one_shot, whole):
    overrides.validate(experiment)
    assert experiment.data.parts[0].batch_size == 6
    assert experiment.training.optimization.learning_rate.polynomial.initial_learning_rate == 2.5e-4
    assert experiment.network.deeplab_v2_resnet101.multi_scale
  assert plain.training.steps == whole.training.steps == updates
  four = [round(2048 * 0.5 ** (step / 4)) for step in (1, 2, 3, 4)]
  assert channels(pruned) == channels(whole) == four and channels(one_shot) == [1024]
  assert all(step.make.get().schedule == "parallel" for step in whole.steps
             if step.make.type == "pruned")
  tuned = lambda experiment: experiment.training.steps + sum(
      step.training.steps for step in experiment.steps if step.name.startswith("tune"))
  assert tuned(pruned) == tuned(one_shot)
  assert [step.name for step in whole.steps] == [
      "colours", *(f"{what}_{number}" for number in (1, 2, 3, 4)
                   for what in ("prune", "tune")), "depth", "wide"]
  assert whole.steps[-1].reads == ("tune_4", "depth") and whole.network.continues == "wide"
  for experiment in (pruned, one_shot, whole):
    colours = next(step for step in experiment.steps if step.name == "colours")
    assert colours.training.as_dict() == plain.training.as_dict()
    assert colours.network.as_dict() == plain.network.as_dict()


def test_model_depth_is_trained_as_its_authors_did():
  step, = (step for step in registry.build("depth_parts_lip").steps if step.name == "depth")
  assert step.network.type == "hourglass" and step.network.hourglass.width == 1
  assert (step.method.get().lam, step.method.get().gradient_weight) == (1, 0.5)
  assert step.method.get().ordinal_weight == paper.ORDINAL_WEIGHT > 0
  rate = step.training.optimization.learning_rate.polynomial
  assert (rate.initial_learning_rate, rate.end_learning_rate, rate.power) == (5e-4, 4e-4, 1)
  assert step.training.steps * step.parts[0].batch_size == 20 * 100000
  assert step.parts[0].source == paper.MEGADEPTH and step.parts[0].supervision == "depth"
