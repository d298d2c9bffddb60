"""Plans are records: what the loop reads, and nothing can change it on the way."""
import dataclasses

import pytest

from keras_weakseg.configs.sections import schema
from keras_weakseg.recipes import plan as plans


def step(name, **more):
  return plans.TrainStep(name, schema.Experiment(), lambda finished: None, f"source {name}",
                         f"record {name}", f"head {name}", **more)


def test_the_last_step_gives_the_result():
  plan = plans.Plan((step("first"), plans.MakeStep("maps", None), step("second", phase="phase")))
  assert plan.last.name == "second" and plan.source == "source second"
  assert plan.record == "record second" and plan.head == "head second"
  assert plan.phases == ["phase"]


def test_the_plan_says_what_each_step_reads_and_leaves():
  plan = plans.Plan((plans.MakeStep("maps", None, lines=("12 maps",)),
                     step("train", reads=("maps",), lines=("4 steps",))))
  assert plan.text("runs/a") == [
      "step 'maps' makes in runs/a", "  12 maps", "step 'train' trains in runs/a, reads maps",
      "  4 steps"]


def test_nothing_changes_on_the_way():
  with pytest.raises(dataclasses.FrozenInstanceError):
    step("train").name = "other"
  assert step("train").training.steps == schema.Training().steps
  assert step("train").validation == ""
