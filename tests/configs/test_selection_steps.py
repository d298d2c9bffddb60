"""Rounds as steps: who reads what, and where no student is asked."""
import functools

from keras_weakseg.configs import selection_steps
from keras_weakseg.configs.sections import schema

CHOOSE = functools.partial(schema.make, "selection", counts=(2, 4, 8))


def student(name, ids, number):
  return schema.Step(name=name, parts=[schema.Part(ids=f"step:{ids}", count=number)])


def test_a_student_stands_between_two_rounds():
  steps = selection_steps.in_rounds((2, 4, 8), "uncertainty", CHOOSE, student, ("depth",))
  assert [step.name for step in steps] == [
      "select_2", "student_2", "select_4", "student_4", "select_8"]
  assert [step.reads for step in steps[::2]] == [
      ("depth",), ("depth", "select_2", "student_2"), ("depth", "select_4", "student_4")]
  assert [(step.parts[0].ids, step.parts[0].count) for step in steps[1::2]] == [
      ("step:select_2", 0), ("step:select_4", 1)]
  assert [step.make.get().round for step in steps[::2]] == [1, 2, 3]
  assert steps[4].make.get().after == "select_4" and steps[4].make.get().student == "student_4"


def test_what_asks_no_student_is_one_step():
  for criterion in ("diversity", "random"):
    step, = selection_steps.in_rounds((2, 8), criterion, CHOOSE, student, ("depth",))
    assert step.name == "select_8" and step.reads == ("depth",)
