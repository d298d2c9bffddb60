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
    self._score = lambda images: predictor(images, training=False)

  @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
  def scores(self, images):
    return self._score(images)


def photos(count, height, width):
  return tf.constant(np.random.RandomState(height).randint(0, 255, (count, height, width, 3)),
                     tf.float32)


def test_scores_are_bit_equal(network, tmp_path):
  predictor, _ = network.build()
  artifact = Saved(predictor)
  tf.saved_model.save(artifact, str(tmp_path / "saved"),
                      signatures={"scores": artifact.scores})
  sizes = [photos(1, 33, 33), photos(3, 49, 65)]
  wanted = [artifact.scores(pixels).numpy() for pixels in sizes]
  for index in range(len(sizes)):
    assert wanted[index].shape[:3] == (len(sizes[index]), *[
        -(-side // 8) for side in sizes[index].shape[1:3]])
  del predictor, artifact
  gc.collect()
  loaded = tf.saved_model.load(str(tmp_path / "saved"))
  for pixels, scores in zip(sizes, wanted):
    np.testing.assert_array_equal(loaded.scores(pixels), scores)
    np.testing.assert_array_equal(
        next(iter(loaded.signatures["scores"](pixels).values())), scores)


def test_a_trained_predictor_is_saved_as_it_is(method, goldens, tmp_path):
  """Not as it was built: one step is taken first; the moving statistics go along."""
  model = method.build()
  pixels = photos(2, goldens.SIDE, goldens.SIDE)
  untrained = model.predictor(pixels).numpy()
  model.train_step(goldens.as_tensors(method.batch(0)))
  artifact = Saved(model.predictor)
  wanted = artifact.scores(pixels).numpy()
  assert np.abs(wanted - untrained).max() > 1e-3
  tf.saved_model.save(artifact, str(tmp_path / "saved"))
  loaded = tf.saved_model.load(str(tmp_path / "saved"))
  np.testing.assert_array_equal(loaded.scores(pixels), wanted)


def test_every_op_survives_it(op, tmp_path):
  if op.host:
    pytest.skip(op.host)
  inputs = [tf.convert_to_tensor(x) for x in op.inputs]
  saved = tf.Module()
  saved.call = tf.function(op.call, input_signature=[
      tf.TensorSpec(x.shape, x.dtype) for x in inputs])
  wanted = tf.nest.flatten(saved.call(*inputs))
  tf.saved_model.save(saved, str(tmp_path / "op"))
  loaded = tf.saved_model.load(str(tmp_path / "op"))
  found = tf.nest.flatten(loaded.call(*inputs))
  for one, other in zip(found, wanted, strict=True):
    np.testing.assert_array_equal(one, other)
