"""Schedules that mean what they say, and the optimizer that is built from them."""
import pytest

from official.modeling.optimization import optimizer_factory

from keras_weakseg.configs.sections import optimization


def rates(config, steps):
  schedule = optimizer_factory.OptimizerFactory(config).build_learning_rate()
  return [float(schedule(step)) for step in steps]


def test_the_poly_schedule_of_deeplab():
  found = rates(optimization.sgd(0.01, 100), (0, 25, 99, 100, 150))
  expected = [0.01 * (1 - step / 100) ** 0.9 for step in (0, 25, 99)] + [0.0, 0.0]
  assert found == pytest.approx(expected, rel=1e-5)


def test_the_step_schedule_of_caffe():
  found = rates(optimization.sgd_steps(1e-3, 2000, 6000), (0, 1999, 2001, 4001, 5999))
  assert found == pytest.approx([1e-3, 1e-3, 1e-4, 1e-5, 1e-5], rel=1e-5)


def test_the_optimizer_is_built():
  factory = optimizer_factory.OptimizerFactory(optimization.sgd(0.1, 10, momentum=0.8))
  optimizer = factory.build_optimizer(factory.build_learning_rate())
  assert optimizer.get_config()["momentum"] == pytest.approx(0.8)


def test_a_training_shorter_than_the_first_drop_keeps_its_rate():
  config = optimization.sgd_steps(1e-3, 2000, 2000)
  assert config.learning_rate.type == "constant"
  assert config.learning_rate.constant.learning_rate == 1e-3
