"""The schema: fresh defaults, choices, and schedules that mean what they say."""
import pytest

from official.modeling.optimization import optimizer_factory

from keras_weakseg.configs import schema


def rates(optimization, steps):
  schedule = optimizer_factory.OptimizerFactory(optimization).build_learning_rate()
  return [float(schedule(step)) for step in steps]


def test_the_poly_schedule_of_deeplab():
  expected = [0.01 * (1 - step / 100) ** 0.9 for step in (0, 25, 99, 100, 150)][:4] + [0.0]
  assert rates(schema.sgd(0.01, 100), (0, 25, 99, 100, 150)) == pytest.approx(expected, rel=1e-5)


def test_the_step_schedule_of_caffe():
  found = rates(schema.sgd_steps(1e-3, 2000, 6000), (0, 1999, 2001, 4001, 5999))
  assert found == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5, 1e-5], rel=1e-5)


def test_the_optimizer_is_built():
  factory = optimizer_factory.OptimizerFactory(schema.sgd(0.1, 10, momentum=0.8))
  optimizer = factory.build_optimizer(factory.build_learning_rate())
  assert optimizer.get_config()["momentum"] == pytest.approx(0.8)


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
      "type": "largefov_vgg16", "largefov_vgg16": {"field_of_view": "large"}, "pretrained": "x"}
