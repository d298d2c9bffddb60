"""Save -> load: what is restored behaves, to the bit, as what was saved."""
import numpy as np
import tensorflow as tf


def test_a_restored_method_takes_the_identical_next_step(method, goldens, eager_steps):
  """All state is inside: networks, optimizers, the step that seeds the randomness."""
  first = eager_steps(method)
  second = method.build(seed=2, dropout_rate=0.3)
  before = [variable.numpy() for variable in second.predictor.weights]
  status = tf.train.Checkpoint(method=second).read(first.checkpoint)
  status.assert_consumed()
  found = second.train_step(goldens.as_tensors(method.batch(2)))
  assert {name: float(v) for name, v in found.items()} == {
      name: float(v) for name, v in first.logs[2].items()}
  assert int(second.step) == 3
  for one, other in zip(first.weights[3], second.weights, strict=True):
    np.testing.assert_array_equal(one, other, err_msg=other.name)
  assert any(not np.array_equal(old, new)
             for old, new in zip(before, second.predictor.weights))


def test_a_method_without_its_optimizer_state_goes_another_way(goldens, tmp_path):
  """The control: momentum, which all rows have, matters, so the test above sees if it was saved."""
  method = goldens.METHODS[0]
  models = [method.build(seed=1) for _ in range(2)]
  for index in range(2):
    models[0].train_step(goldens.as_tensors(method.batch(index)))
  path = tf.train.Checkpoint(predictor=models[0].predictor).write(str(tmp_path / "weights"))
  tf.train.Checkpoint(predictor=models[1].predictor).read(path)
  for model in models:
    model.train_step(goldens.as_tensors(method.batch(2)))
  assert any(not np.array_equal(one, other) for one, other in zip(
      models[0].predictor.trainable_weights, models[1].predictor.trainable_weights))


def test_a_restored_network_gives_the_same_outputs(network, built_network, tmp_path):
  pixels = network.pixels(1, 33, 33)
  first, _ = built_network()
  for index, variable in enumerate(first.weights):  # Also the moving statistics.
    # A shift of the kernels would grow with every layer, and overflow in deep networks.
    vector = variable.shape.rank == 1
    variable.assign(variable + 0.01 if vector else variable * (1 + 0.01 * (1 + index % 3)))
  path = tf.train.Checkpoint(model=first).write(str(tmp_path / "network"))
  second, _ = built_network()
  assert all(np.abs(one - other).max() > 0 for one, other in zip(
      tf.nest.flatten(second(pixels)), tf.nest.flatten(first(pixels))))
  tf.train.Checkpoint(model=second).read(path).assert_consumed()
  tf.nest.map_structure(np.testing.assert_array_equal, second(pixels), first(pixels))
