"""Half precision: finite steps that train, float32 variables, float32 scores."""
import numpy as np
import pytest
import tensorflow as tf

POLICIES = pytest.mark.parametrize("policy", [
    "mixed_bfloat16", pytest.param("mixed_float16", marks=pytest.mark.slow)])


@POLICIES
def test_a_method_trains_from_the_loss_of_float32(method, goldens, eager_steps, precision, policy):
  wanted = float(eager_steps(method).logs[0]["loss"])
  precision(policy)
  model = method.build(dropout_rate=0.3)
  dtypes = {layer.compute_dtype for layer in model.main.layers}
  assert policy.removeprefix("mixed_") in dtypes
  assert model.predictor(tf.zeros([1, goldens.SIDE, goldens.SIDE, 3])).dtype == tf.float32
  start = [variable.numpy() for variable in model.trainable_weights]
  batch = goldens.as_tensors(method.batch(0))
  step = tf.function(model.train_step, autograph=False)
  # float16 starts at a large loss scale: steps that overflow are left out until it fits.
  logs = [step(batch) for _ in range(6)]
  for values in logs:
    assert all(value.dtype == tf.float32 and np.isfinite(value) for value in values.values())
  for variable in model.weights:
    assert not variable.dtype.is_floating or variable.dtype == tf.float32, variable.name
    assert np.isfinite(variable.numpy()).all(), variable.name
  assert all(np.abs(a - b).max() > 0 for a, b in zip(start, model.trainable_weights))
  assert float(logs[0]["loss"]) == pytest.approx(wanted, rel=0.05)
  assert float(logs[-1]["loss"]) < float(logs[0]["loss"])


@POLICIES
def test_a_network_answers_in_float32(network, built_network, precision, policy):
  pixels = network.pixels(1, 33, 33)
  full, _ = built_network()
  for variable in full.weights:
    # Untrained blocks with stored statistics double the values each: 33 of them leave float16.
    if "gamma" in variable.name:
      variable.assign(0.5 * variable)
  precision(policy)
  half, _ = network.build()
  half.set_weights(full.get_weights())
  assert all(weight.dtype == tf.float32 for weight in half.weights)
  for found, wanted in zip(tf.nest.flatten(half(pixels)), tf.nest.flatten(full(pixels)),
                           strict=True):
    assert found.dtype == tf.float32 and np.isfinite(found).all()
    assert np.abs(found - wanted).max() > 0  # It did compute in half precision.
