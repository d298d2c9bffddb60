"""What every method with a teacher has: the lesson's options, its network, its fields."""
import pytest

from keras_weakseg import options
from keras_weakseg.methods import joint_mean_teacher
from keras_weakseg.methods import mean_teacher
from keras_weakseg.methods import mixed_lesson


@pytest.mark.parametrize("method, main", [
    (mean_teacher.MeanTeacher, "segmenter"), (joint_mean_teacher.JointMeanTeacher, "multitask")])
def test_options_networks_and_fields_are_those_of_the_method_and_of_the_lesson(method, main):
  lesson, own = options.options_of(mixed_lesson.MixedLesson), method.__mro__[2]
  assert set(options.options_of(method)) == set(lesson) | set(options.options_of(own))
  assert all(option.text for option in options.options_of(method).values())
  needs = method.networks_of({})
  assert list(needs) == [*own.networks_of({}), "teacher"]
  assert needs["teacher"].like == main and not needs["teacher"].trained
  assert set(method.inputs({"mixing": "depthmix"})) == {*own.inputs({}), "disparity"}
  assert method.unlabelled and "no masks teach" in method.notes({}, masks=False)[-1]
