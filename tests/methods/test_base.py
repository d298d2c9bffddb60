"""Tests of the frame of all methods: one step, accumulation, randomness."""
import numpy as np
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import base
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import ratio
from keras_weakseg.methods import updates


class Quadratic(base.Method):
  """Half the squared distance of one weight from the batch's values."""

  def __init__(self, **options):
    inputs = keras.Input([1])
    network = keras.Model(inputs, keras.layers.Dense(
        1, use_bias=False, kernel_initializer="ones", name="dense")(inputs))
    super().__init__(contexts.Context({"net": contexts.Built(network, None, None, network)},
                                      **options))

  def loss_terms(self, batch):
    error = 0.5 * (self.predictor(tf.ones_like(batch["x"])[:, None])[:, 0] - batch["x"])**2
    mean = ratio.masked_mean(error, tf.ones_like(error))
    return {"loss_a": base.Term(mean, 1.0), "loss_b": base.Term(mean, 0.5)}, {
        "health": ratio.masked_mean(batch["x"] > 0, tf.ones_like(error))}


def prepared(**options):
  method = Quadratic(**options)
  method.prepare(lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.SGD(0.1 * m)))
  return method


def test_step_takes_the_weighted_gradient_and_reports_every_term():
  method = prepared()
  logs = method.train_step({"x": tf.constant([3.0, 5.0])})
  np.testing.assert_allclose(method.predictor.weights[0], [[1.0 + 0.1 * 1.5 * 3.0]], rtol=1e-6)
  np.testing.assert_allclose(logs["loss_a"], 5.0)
  np.testing.assert_allclose(logs["loss"], 7.5)
  np.testing.assert_allclose(logs["health"], 1.0)
  np.testing.assert_allclose(logs["learning_rate"], 0.1, rtol=1e-6)
  assert int(method.step) == 1


def test_accumulation_equals_the_large_batch_when_counts_are_equal():
  whole, parts = prepared(), prepared(accumulation=2)
  batch = {"x": tf.constant([3.0, 5.0, -1.0, 2.0])}
  first, second = whole.train_step(batch), parts.train_step(batch)
  np.testing.assert_allclose(whole.predictor.weights[0], parts.predictor.weights[0], rtol=1e-6)
  np.testing.assert_allclose(first["loss"], second["loss"], rtol=1e-6)


def test_step_seed_depends_on_seed_step_and_micro_batch_only():
  method, other = prepared(seed=1), prepared(seed=2)
  seeds = {tuple(method.step_seed(0).numpy()), tuple(method.step_seed(1).numpy()),
           tuple(other.step_seed(0).numpy())}
  method.step.assign(7)
  seeds.add(tuple(method.step_seed(0).numpy()))
  assert len(seeds) == 4
  method.step.assign(0)
  assert tuple(method.step_seed(0).numpy()) in seeds


def test_step_seed_is_the_same_under_xla():
  method = prepared(seed=5)
  for step in range(4):
    method.step.assign(step)
    compiled = tf.function(method.step_seed, jit_compile=True)
    np.testing.assert_array_equal(compiled(1), method.step_seed(1))


def test_may_reads_single_flags():
  batch = {"supervision": tf.constant([7, 1, 0, 8])}
  assert base.may(batch, 4).numpy().tolist() == [True, False, False, False]
  assert base.may(batch, 1).numpy().tolist() == [True, True, False, False]


def test_call_is_the_predictor():
  method = prepared()
  np.testing.assert_allclose(method(tf.constant([[2.0]])), [[2.0]])


def dense_network(layer=None, name="conv"):
  inputs = keras.Input([1])
  outputs = (layer or keras.layers.Dense(1, name="shared"))(inputs)
  return keras.Model(inputs, keras.layers.Dense(1, name=name)(outputs))


def method_of(**networks):
  return base.Method(contexts.Context(
      {name: contexts.Built(network, None, None, network) for name, network in networks.items()}))


def test_names_of_variables_start_with_their_network():
  """Two networks may share layers, which are trained once, as part of the first."""
  shared = keras.layers.Dense(1, name="shared")
  first, second = dense_network(shared), dense_network(shared)
  method = method_of(depth=first, pose=second)
  seen = {}
  method.prepare(seen.update)
  assert list(seen) == [
      "depth/shared/kernel:0", "depth/shared/bias:0", "depth/conv/kernel:0", "depth/conv/bias:0",
      "pose/conv/kernel:0", "pose/conv/bias:0"]
  assert seen["pose/conv/kernel:0"] is second.get_layer("conv").kernel
  assert seen["depth/shared/kernel:0"] is shared.kernel


def test_frozen_variables_are_not_offered():
  network = dense_network()
  network.get_layer("shared").trainable = False
  method = method_of(net=network)
  seen = {}
  method.prepare(seen.update)
  assert list(seen) == ["net/conv/kernel:0", "net/conv/bias:0"]


def test_the_first_network_is_the_main_one():
  first, second = dense_network(), dense_network()
  assert method_of(depth=first, pose=second).main is first


def test_methods_need_no_labels_and_no_further_fields_unless_they_say_so():
  assert base.Method.inputs({}) == () and base.Method.needed({"any": 1}) == 0
  assert Quadratic.role == "segmentation" and Quadratic.notes({}, True) == []
