"""Tables 1 to 3 of Hoyer et al. 2021: what rows train, mix and choose, and that they say so."""
import re

import pytest

from keras_weakseg.configs import mean_teacher_paper
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.configs import three_ways_camvid
from keras_weakseg.configs import three_ways_paper

ROWS = [(key, count, number) for key, (_, published, _) in (
            mean_teacher_paper.TABLES | mean_teacher_paper.TABLE_S5).items()
        for count, number in published.items()]


@pytest.mark.parametrize("key, count, number", ROWS)
def test_a_row_is_what_its_name_says(key, count, number):
  experiment = overrides.validate(registry.build(key.format(count)))
  assert float(re.search(r"paper: ([\d.]+)", experiment.description).group(1)) == number
  base = (three_ways_paper.multitask if "multitask" in key else three_ways_paper.transfer
          if "transfer" in key else three_ways_paper.baseline)(count)
  every = mean_teacher_paper.ALL
  if "camvid" in key:
    every = mean_teacher_paper.CAMVID_ALL
    base = (three_ways_camvid.pretrained if "pretraining" in key else three_ways_camvid.baseline)(
        count)
    assert all(step.make.get().source == "camvid" for step in experiment.steps if step.make.type)
  assert experiment.training.as_dict() == base.training.as_dict()
  assert experiment.networks.as_dict() == base.networks.as_dict()
  assert experiment.network.as_dict() == base.network.as_dict()
  masks, *others = experiment.data.parts
  chosen = [step for step in experiment.steps if step.name.startswith("select_")]
  assert (masks.ids, masks.count) == ((f"step:select_{count}", 0) if chosen else ("", count))
  assert masks.batch_size == 2 and [part.rest for part in others] == [True] * (
      "teacher" in experiment.method.type and count < every)
  if "teacher" in experiment.method.type:
    options = experiment.method.get()
    assert options.mixing == ("depthmix" if "depthmix" in key else "classmix" if "classmix" in key
                              else "none")
    assert options.mixed == ("all" if "_l_" in key or "pretraining" in key else "unlabelled")
    assert (options.threshold, options.alpha, options.random_pairs) == (0.968, 0.99, False)


def test_selection_alternates_with_students_who_know_what_is_chosen():
  experiment = registry.build("diversity_uncertainty_100_cityscapes")
  names = [step.name for step in experiment.steps]
  assert names == ["whole", "cropped", "finetune", "disparity", "select_25", "student_25",
                   "select_50", "student_50", "select_100"]
  by_name = {step.name: step for step in experiment.steps}
  assert [by_name[f"student_{count}"].training.steps for count in (25, 50)] == [4000, 8000]
  assert by_name["student_50"].parts[0].ids == "step:select_50"
  assert by_name["student_50"].method.get().loss == "berhu"
  last = by_name["select_100"]
  assert last.reads == ("finetune", "select_50", "student_50")
  options = last.make.get()
  assert (options.round, options.after, options.student, tuple(options.counts)) == (
      3, "select_50", "student_50", (25, 50, 100))
  assert (options.weight, options.bottom) == (1000.0, 0.87)


def test_entropy_asks_students_of_classes_and_no_depth():
  steps = registry.build("entropy_372_cityscapes").steps
  students = [step for step in steps if step.make.type is None]
  assert len(students) == 4 and {step.method.type for step in students} == {"supervised"}
  assert steps[0].reads == () and steps[2].reads == ("select_25", "student_25")


def test_diversity_is_one_step_and_no_student():
  names = [step.name for step in registry.build("diversity_744_cityscapes").steps]
  assert names == ["whole", "cropped", "finetune", "select_744"]
