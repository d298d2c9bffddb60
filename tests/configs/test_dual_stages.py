"""The four steps follow each other, and only the last one sees weak samples."""
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry


def test_stages_go_on_with_each_others_weights():
  experiment = overrides.validate(registry.build("dual_scenes"))
  every = [*experiment.steps, experiment]
  assert [step.method.dual.stage for step in every] == ["labels", "image", "joint", "semi"]
  assert [step.network.continues for step in every] == ["", "labels", "image", "joint"]
  assert [[part.supervision for part in step.parts] for step in experiment.steps] == [
      ["mask"], ["mask", "tags"], ["mask"]]  # The image of a labelmap needs no label.
  assert [part.supervision for part in experiment.data.parts] == ["mask", "tags"]
  strong = experiment.data.parts[0].as_dict()
  assert all(step.parts[0].as_dict() == strong for step in experiment.steps)


def test_the_papers_rows_see_masks_alone_before_the_last_step():
  for step in registry.build("dual_10_10_voc12_test").steps:
    assert [part.supervision for part in step.parts] == ["mask"]


def test_pretrained_weights_are_those_of_the_first_step_alone():
  experiment = registry.build("dual_voc_animals")
  assert [bool(step.network.pretrained) for step in [*experiment.steps, experiment]] == [
      True, False, False, False]


def test_steps_of_inference_are_told_apart():
  experiment = registry.build("dual_10_30_voc12_test")
  assert experiment.method.dual.inference_steps == 10
  assert experiment.evaluation.protocol.inference_steps == 30
