"""The schema: fresh defaults, and choices."""
from keras_weakseg.configs.sections import optimization
from keras_weakseg.configs.sections import schema


def test_defaults_are_not_shared():
  first = schema.Experiment()
  first.data.parts.append(schema.Part())
  first.training.multipliers.append(schema.Multiplier())
  first.method.em_adapt.iterations = 9
  second = schema.Experiment()
  assert (second.data.parts, second.training.multipliers) == ([], [])
  assert second.method.em_adapt.iterations == 5


def test_a_choice_gives_its_section():
  method = schema.Method(type="em_adapt", em_adapt=schema.EMAdapt(iterations=2))
  assert method.get().iterations == 2
  assert set(method.as_dict()) == {"type", "em_adapt"}
  assert schema.Network(type="largefov_vgg16", pretrained="x").as_dict() == {
      "type": "largefov_vgg16", "pretrained": "x", "continues": "", "starts": "all",
      "background_prior": 0.0,
      "largefov_vgg16": {"field_of_view": "large", "multi_scale_features": False}}


def test_the_default_training_is_that_of_a_fresh_schedule():
  assert schema.Training().optimization.as_dict() == optimization.sgd(1e-3, 6000).as_dict()
