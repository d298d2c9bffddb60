"""What `select` runs for somebody's own images."""
from keras_weakseg.configs import overrides
from keras_weakseg.configs import own_selection


def test_every_round_but_the_first_has_a_student_of_depth():
  experiment = own_selection.own_selection(
      "runs/depth", (64, 96), "train", (2, 4), "uncertainty", 7, 5, pool="max")
  experiment.data.sources[0].path = "given"  # The source itself is passed to `fit`.
  overrides.validate(experiment)
  names = [step.name for step in experiment.steps]
  assert names == ["depth", "disparity", "select_2", "student_2", "select_4"]
  student, last = experiment.steps[3:]
  assert student.training.steps == 7 and student.parts[0].supervision == "none"
  assert student.method.get().loss == "berhu" and experiment.seed == 5
  assert last.reads == ("depth", "select_2", "student_2")
  options = last.make.get()
  assert (options.criterion, options.pool, tuple(options.size)) == ("uncertainty", "max", (64, 96))
  assert experiment.data.sources[0].derived == ("disparity",)
