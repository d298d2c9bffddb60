"""The schedule follows the number of steps, unless somebody set it."""
import pytest

from keras_weakseg.configs import overrides
from keras_weakseg.configs.sections import schema

RATE = "training.optimization.learning_rate"


def rate_of(name_or_experiment, changes):
  experiment = overrides.resolve(name_or_experiment, overrides=changes)
  return experiment.training.optimization.learning_rate


def test_a_polynomial_decay_still_ends_at_the_end():
  assert rate_of("em_adapt_scenes", "training.steps=37").get().decay_steps == 37


@pytest.mark.parametrize("steps, boundaries", [(6000, [2000, 4000]), (60, [20, 40]),
                                               (12000, [4000, 8000]), (1, [0, 1])])
def test_boundaries_keep_their_share(steps, boundaries):
  found = rate_of("em_fixed_voc12", f"training.steps={steps}").get()
  assert found.boundaries == boundaries
  assert len(found.values) == len(boundaries) + 1


def test_a_schedule_that_is_set_stays():
  found = rate_of("em_adapt_scenes", f"training.steps=37,{RATE}.polynomial.decay_steps=20")
  assert found.get().decay_steps == 20
  found = rate_of("em_fixed_voc12", f"training.steps=60,{RATE}.stepwise.boundaries=[7, 9]")
  assert found.get().boundaries == [7, 9]


def test_a_warm_up_keeps_its_share():
  def warmup(changes):
    start = [{"method.type": "bbox_em_fixed"}, changes]
    return overrides.resolve("own_data", overrides=start).method.get().warmup_steps

  assert (warmup(None), warmup("training.steps=101"), warmup("training.steps=1")) == (1000, 50, 0)
  key = "method.bbox_em_fixed.warmup_steps"
  assert warmup(f"training.steps=50,{key}=7") == 7 and warmup(f"{key}=0") == 0
  assert warmup("training.steps=50,method.bbox_em_fixed.foreground_bias=9.0") == 25


def test_a_decay_of_another_length_stays():
  experiment = schema.Experiment(training=schema.Training(
      steps=100, optimization=schema.sgd(0.1, 70)))
  assert rate_of(experiment, "training.steps=50").get().decay_steps == 70


def test_constant_rates_and_unset_schedules_pass():
  constant = overrides.resolve(overrides=f"{RATE}.type=constant,{RATE}.constant.learning_rate=0.1")
  assert rate_of(constant, "training.steps=50").get().learning_rate == 0.1
  unset = overrides.resolve(overrides={f"{RATE}.type": None})
  assert rate_of(unset, "training.steps=50").type is None


def test_files_stretch_too(tmp_path):
  path = tmp_path / "mine.yaml"
  path.write_text("experiment: em_adapt_scenes\ntraining: {steps: 50}\n")
  resolved = overrides.resolve(str(path), overrides="training.steps=25")
  assert resolved.training.optimization.learning_rate.get().decay_steps == 25
  content = "experiment: em_adapt_scenes\ntraining: {steps: 50}\n"
  assert overrides.from_yaml(content).training.optimization.learning_rate.get().decay_steps == 50


def test_nonsense_is_left_to_validation():
  assert rate_of("em_adapt_scenes", "training.steps=0").get().decay_steps > 0
