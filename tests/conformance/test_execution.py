"""Eager = graph = XLA, for every op, network and method, with sizes that are known or not."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.networks.layers import randomness

MODES = ("graph", "dynamic", "xla")
# XLA builds the graph of known sizes, and `dynamic` runs one that is not compiled.
QUICK = MODES[1:]


def compiled(function, mode, inputs):
  """Returns the function in a mode; `dynamic`: all axes but the last are unknown."""
  if mode != "dynamic":
    return tf.function(function, autograph=mode != "xla", jit_compile=mode == "xla")
  free = [tf.TensorSpec([None] * max(x.shape.rank - 1, 0) + x.shape[-1:], x.dtype)
          if x.shape.rank else tf.TensorSpec([], x.dtype) for x in inputs]
  return tf.function(function, input_signature=free)


def assert_close(found, wanted, tolerance, rounding=0.0):
  """Compares two structures of tensors; the tolerance is relative to the largest value.

  Args:
    found, wanted: tensors, nested alike.
    tolerance: relative to the largest value; 0 = equal to the bit.
    rounding: what rounding alone may change, absolute.
  """
  found, wanted = tf.nest.flatten(found), tf.nest.flatten(wanted)
  assert len(found) == len(wanted)
  for one, other in zip(found, wanted):
    one, other = np.asarray(one), np.asarray(other)
    if tolerance and one.dtype.kind == "f":
      np.testing.assert_allclose(
          one, other, rtol=0, atol=tolerance * np.abs(other).max() + rounding)
    else:
      np.testing.assert_array_equal(one, other)


def unevenly_summed(x):
  """Returns a weighted sum: the gradient of a plain one is often constant or zero."""
  weights = tf.cast(1 + tf.range(tf.size(x)) % 7, x.dtype)
  return tf.reduce_sum(tf.reshape(x, [-1]) * weights)


@pytest.fixture(scope="module")
def eager():
  """Returns a dict that keeps what ops give where nothing is compiled."""
  return {}


@pytest.mark.parametrize("mode", [pytest.param("graph", marks=pytest.mark.slow), *QUICK])
def test_op(op, mode, eager):
  if op.host or (mode == "xla" and op.no_xla):
    pytest.skip(op.host or op.no_xla)

  def run(*inputs):
    sources = [inputs[index] for index in op.gradient]
    with tf.GradientTape() as tape:
      tape.watch(sources)
      result = op.call(*inputs)
      total = [unevenly_summed(part) for part in tf.nest.flatten(result) if sources]
    return result, tape.gradient(total, sources) if sources else []

  inputs = [tf.convert_to_tensor(x) for x in op.inputs]
  if id(op) not in eager:
    eager[id(op)] = run(*inputs)
  result, gradients = eager[id(op)]
  assert all(np.abs(gradient).max() > 0 for gradient in gradients)
  assert_close(compiled(run, mode, inputs)(*inputs), (result, gradients), op.tolerance)


def test_op_in_half_precision_is_the_op_of_the_rounded_input(op):
  """Ops compute in float32 whatever comes in, so mixed precision costs no accuracy in a loss."""
  if op.host:
    pytest.skip(op.host)  # It takes arrays, which come from no layer.
  half = [tf.cast(x, tf.bfloat16) if isinstance(x, np.ndarray) and x.dtype == np.float32 else x
          for x in op.inputs]
  if all(x is y for x, y in zip(half, op.inputs)):
    pytest.skip("it takes no floats")
  full = [tf.cast(x, tf.float32) if tf.is_tensor(x) else x for x in half]
  assert_close(op.call(*half), op.call(*full), 0)


@pytest.mark.parametrize("modes", [QUICK, pytest.param(MODES, marks=pytest.mark.slow)],
                         ids=["quick", "all"])
def test_network(network, built_network, modes):
  """Inference, and training with its randomness, which must be the same numbers everywhere.

  Batch statistics divide by small deviations in every layer and so multiply rounding with depth:
  eager scores move by up to 5e-3 of the largest in a hundred layers when the image changes in its
  last bits. Another order of sums may change training scores as much as that, and no more.
  """
  predictor, _ = built_network()
  pixels = network.pixels(2, 33, 49)
  kept = [variable.numpy() for variable in predictor.variables]

  last_bits = 1 + 1e-6 * np.random.RandomState(2).choice([-1, 1], pixels.shape)

  def run(pixels):
    outputs = tf.nest.flatten(predictor(pixels, training=False))
    with randomness.random_scope(tf.constant([4, 2])):
      return outputs, tf.nest.flatten(predictor(pixels, training=True))

  def restore():
    for variable, value in zip(predictor.variables, kept):
      variable.assign(value)

  wanted = run(pixels)
  restore()
  nearby = run(pixels * tf.cast(last_bits, tf.float32))
  assert [tuple(x.shape) for x in wanted[0]] == network.shapes(2, 33, 49)
  rounding = [float(np.abs(one - other).max()) for one, other in zip(nearby[1], wanted[1])]
  assert not predictor.non_trainable_variables or all(
      np.abs(one - other).max() > 0 for one, other in zip(*wanted))
  assert all(moved < 0.02 * np.abs(x).max() for moved, x in zip(rounding, wanted[1]))
  for mode in modes:
    restore()
    outputs, training = compiled(run, mode, [pixels])(pixels)
    assert_close(outputs, wanted[0], network.tolerance)
    for one, other, moved in zip(training, wanted[1], rounding, strict=True):
      assert_close(one, other, network.tolerance, 4 * moved)


@pytest.mark.parametrize("modes, accumulation", [
    (["xla"], 1), pytest.param(["graph"], 1, marks=pytest.mark.slow),
    pytest.param(["graph", "xla"], 2, marks=pytest.mark.slow)])
def test_method(method, goldens, eager_steps, modes, accumulation):
  eager = eager_steps(method, accumulation)
  start, *_, end = eager.weights
  # XLA builds the graph, too, so a graph that is not compiled is quick only where it has none.
  for mode in ["graph"] if method.no_xla else modes:
    model = method.build(dropout_rate=0.3, accumulation=accumulation)
    # As in `fit`: Keras leaves its own loop, and so what that calls, unconverted.
    step = tf.function(model.train_step, autograph=False, jit_compile=mode == "xla")
    logs = [step(goldens.as_tensors(method.batch(index))) for index in range(3)]
    weights = [variable.numpy() for variable in model.weights]
    for values in (end, weights):
      assert max(np.abs(a - b).max() for a, b in zip(start, values, strict=True)) > 1e-3
    for one, other in zip(tf.nest.flatten((logs, weights)), tf.nest.flatten((eager.logs, end)),
                          strict=True):
      np.testing.assert_allclose(one, other, rtol=method.tolerance, atol=method.tolerance)
