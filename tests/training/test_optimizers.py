"""Tests of optimizers and schedules made from Model Garden's configuration."""
import numpy as np
import pytest
from official.modeling.optimization import OptimizationConfig
import tensorflow as tf

from keras_weakseg.configs import depth_methods
from keras_weakseg.configs.sections import schema
from keras_weakseg.framework import keras
from keras_weakseg.methods import updates
from keras_weakseg.networks import registry
from keras_weakseg.training import optimizers


def rates(optimizer, steps):
  schedule = optimizer._learning_rate  # pylint: disable=protected-access
  return [float(schedule(step)) for step in steps]


def test_poly_schedule_times_multiplier():
  make = optimizers.optimizer_maker(schema.sgd(0.1, 100))
  expected = np.array([0.1 * (1 - step / 100)**0.9 for step in (0, 50, 99)])
  np.testing.assert_allclose(rates(make(1.0), (0, 50, 99)), expected, rtol=1e-5)
  np.testing.assert_allclose(rates(make(10.0), (0, 50, 99)), 10 * expected, rtol=1e-5)
  assert make(1.0).momentum == 0.9


def test_step_schedule_of_deeplab():
  make = optimizers.optimizer_maker(schema.sgd_steps(1e-3, 2000, 6000))
  np.testing.assert_allclose(
      rates(make(2.0), (0, 1999, 2001, 5999)), [2e-3, 2e-3, 2e-4, 2e-5], rtol=1e-5)


def test_own_optimizer_is_copied_per_group():
  own = keras.optimizers.Adam(0.01, beta_1=0.5)
  make = optimizers.instance_maker(own)
  first, second = make(1.0), make(3.0)
  assert first is not own and first.beta_1 == 0.5
  np.testing.assert_allclose(float(second.learning_rate), 0.03, rtol=1e-6)


def test_own_schedule_is_multiplied():
  schedule = keras.optimizers.schedules.PolynomialDecay(0.1, 10)
  made = optimizers.instance_maker(keras.optimizers.SGD(schedule))(2.0)
  np.testing.assert_allclose(rates(made, (0, 5)), [0.2, 0.1 + 0.0001], rtol=1e-3)


def test_the_fused_adam_takes_the_steps_of_the_newer_one():
  found = []
  for kind in (depth_methods.FUSED_ADAM, "adam_experimental"):
    config = depth_methods.adam_with_poly(0.01, 20)
    config.optimizer.type = kind
    kernel = tf.Variable([1.0, -2.0, 1e-3], name="kernel")
    updater = updates.Updater([kernel], optimizers.optimizer_maker(config),
                              [updates.Rule("kernel", 0.5)])
    random = np.random.RandomState(0)
    for scale in 10.0 ** random.uniform(-6, 2, 20):
      updater.apply([tf.constant(scale * random.randn(3), tf.float32)])
    found.append(kernel.numpy())
  assert np.abs(found[0] - [1.0, -2.0, 1e-3]).min() > 1e-3
  np.testing.assert_allclose(*found, rtol=1e-5)


def test_incomplete_configuration_is_refused():
  with pytest.raises(ValueError, match="optimizer cannot be built") as error:
    optimizers.optimizer_maker(OptimizationConfig())(1.0)
  assert "Expected: " in str(error.value)


@pytest.mark.parametrize("pattern, found", [
    ("head", ["depth/head_up/bias", "depth/head_up/kernel"]),
    ("head.*bias", ["depth/head_up/bias"]), ("encoder", ["depth/conv1/kernel"]),
    ("^pose/", ["pose/conv1/kernel", "pose/head_motion/bias"]),
    ("conv1", ["depth/conv1/kernel", "pose/conv1/kernel"])])
def test_head_and_encoder_are_those_of_the_network_that_is_evaluated(pattern, found):
  variables = {name: tf.Variable(1.0) for name in (
      "depth/conv1/kernel", "depth/head_up/kernel", "depth/head_up/bias", "pose/conv1/kernel",
      "pose/head_motion/bias")}
  training = schema.Training(multipliers=[schema.Multiplier(pattern=pattern, learning_rate=3.0)])
  updater = optimizers.updater_maker(training, registry.network_record("light_depth"))(variables)
  assert updater.multipliers == [1.0, 3.0]
  reached = {variable.ref() for variable in updater.groups[1]}
  assert sorted(name for name, v in variables.items() if v.ref() in reached) == found


def test_head_stands_for_the_new_layers_of_the_network():
  record = registry.network_record("light_tiny")
  network = registry.build_network("light_tiny", (33, 33, 3), 4)
  training = schema.Training(multipliers=[
      schema.Multiplier(pattern="head.*bias", learning_rate=20.0),
      schema.Multiplier(pattern="head", learning_rate=10.0)])
  updater = optimizers.updater_maker(training, record)(network.trainable_variables)
  assert updater.multipliers == [1.0, 10.0, 20.0]
  for group, multiplier in zip(updater.groups, updater.multipliers):
    for variable in group:
      new = "head_" in variable.name
      assert multiplier == (1.0 if not new else 20.0 if "bias" in variable.name else 10.0)
