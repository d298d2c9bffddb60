"""Rows of selection on CamVid differ in who has the masks alone."""
import pytest

from keras_weakseg.configs import depth_camvid
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry

STEPS = {
    "diversity": ["kitti", "select_50"],
    "diversity_uncertainty": ["kitti", "disparity", "select_25", "student_25", "select_50"],
    "entropy": ["select_25", "student_25", "select_50"], "published": ["published"]}


@pytest.mark.parametrize("row", STEPS)
def test_rows_train_as_chance_does(row):
  base = registry.build("depth_transfer_50_camvid").as_dict()
  experiment = overrides.validate(registry.build(f"{row}_50_camvid"))
  assert [step.name for step in experiment.steps] == STEPS[row]
  masks = experiment.data.parts[0]
  assert (masks.ids, masks.count) == (f"step:{STEPS[row][-1]}", 0)
  found = experiment.as_dict()
  for key in ("network", "method", "training", "evaluation", "runtime"):
    assert found[key] == base[key]
  for key in ("augmentation",):
    assert found["data"][key] == base["data"][key]


def test_rounds_end_at_the_count_and_students_of_classes_alone_read_masks():
  steps = {step.name: step for step in registry.build("entropy_100_camvid").steps}
  assert list(steps)[-1] == "select_100" and steps["select_100"].reads == (
      "select_50", "student_50")
  assert steps["student_50"].parts[0].supervision == "mask"
  steps = {step.name: step for step in registry.build("diversity_uncertainty_100_camvid").steps}
  assert steps["student_50"].parts[0].supervision == "none"
  assert steps["kitti"].make.get().path == depth_camvid.DEPTH_RUN
  mixed = registry.build("depthmix_selected_50_camvid")
  assert mixed.data.sources[0].derived == ("disparity",) and not mixed.data.sources[0].disparity
  assert mixed.method.get().mixing == "depthmix" and mixed.data.parts[1].rest
