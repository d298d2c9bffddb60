"""SavedModel round trip: the loaded predictor answers with the same bits, at every size."""
import gc

import numpy as np
import pytest
import tensorflow as tf


class Saved(tf.Module):
  """Plain variables and one function of free batch and size: no Keras object is saved."""

  def __init__(self, predictor):
    super().__init__()
    self.parameters = list(predictor.variables)
    # `predictor` lives in this function alone, which is traced here, once.
    self.answer = tf.function(
        lambda images: predictor(images, training=False), autograph=False,
        input_signature=[tf.TensorSpec([None, None, None, predictor.input_shape[-1]])])


def test_outputs_are_bit_equal(network, built_network, tmp_path):
  predictor = built_network(keep=False)[0]  # Which nobody else holds.
  artifact = Saved(predictor)
  tf.saved_model.save(artifact, str(tmp_path / "saved"),
                      signatures={"answer": artifact.answer})
  sizes = [(1, 33, 33), (3, 49, 65)]
  inputs = [network.pixels(*size) for size in sizes]
  wanted = [artifact.answer(pixels) for pixels in inputs]
  for size, outputs in zip(sizes, wanted):
    assert [tuple(x.shape) for x in tf.nest.flatten(outputs)] == network.shapes(*size)
  wanted = tf.nest.map_structure(lambda x: x.numpy(), wanted)
  del predictor, artifact
  gc.collect()
  loaded = tf.saved_model.load(str(tmp_path / "saved"))
  for pixels, outputs in zip(inputs, wanted):
    for answer in (loaded.answer(pixels), loaded.signatures["answer"](pixels)):
      for one, other in zip(tf.nest.flatten(answer), tf.nest.flatten(outputs), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_trained_predictor_is_saved_as_it_is(method, eager_steps, tmp_path):
  """Not as it was built: steps are taken first; the moving statistics go along."""
  trained = eager_steps(method)
  artifact, pixels = Saved(trained.model.predictor), trained.pixels
  wanted = artifact.answer(pixels).numpy()
  assert np.abs(wanted - trained.first_answer).max() > 1e-3
  tf.saved_model.save(artifact, str(tmp_path / "saved"))
  loaded = tf.saved_model.load(str(tmp_path / "saved"))
  np.testing.assert_array_equal(loaded.answer(pixels), wanted)


# What is saved is the networks; how they were trained makes no difference.
test_a_trained_predictor_is_saved_as_it_is.kind = lambda method: method.networks


def key(op):
  """Returns the name of a row's function; several rows may show one op."""
  return f"row_{id(op)}"


@pytest.fixture(scope="module")
def saved_ops(goldens, tmp_path_factory):
  """Returns all ops, and what came back of them from one SavedModel."""
  saved = tf.Module()
  for op in goldens.OPS:
    if not op.host:
      # `test_execution.py` converts them; here it would take most of the time.
      setattr(saved, key(op), tf.function(op.call, autograph=False, input_signature=[
          tf.TensorSpec(x.shape, x.dtype) for x in map(tf.convert_to_tensor, op.inputs)]))
  path = str(tmp_path_factory.mktemp("saved") / "ops")
  tf.saved_model.save(saved, path)
  return saved, tf.saved_model.load(path)


def test_every_op_survives_it(op, saved_ops):
  if op.host:
    pytest.skip(op.host)
  inputs = [tf.convert_to_tensor(x) for x in op.inputs]
  wanted, found = (tf.nest.flatten(getattr(module, key(op))(*inputs)) for module in saved_ops)
  for one, other in zip(found, wanted, strict=True):
    np.testing.assert_array_equal(one, other)
