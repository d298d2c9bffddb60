"""Tests of Muon: orthogonal updates, Adam for the rest, and that it can be named in experiments."""
import json
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.configs.sections import optimization
from keras_weakseg.framework import keras
from keras_weakseg.methods import updates
from keras_weakseg.training import muon
from keras_weakseg.training import optimizers


def draw(*shape, seed=0):
  return np.random.RandomState(seed).randn(*shape).astype(np.float32)


def updated(kernel, gradients, **options):
  variable = tf.Variable(kernel)
  optimizer = muon.Muon(**options)
  for gradient in gradients:
    optimizer.apply_gradients([(tf.constant(gradient), variable)])
  return variable.numpy()


def polar(matrix):
  left, _, right = np.linalg.svd(matrix, full_matrices=False)
  return left @ right


@pytest.mark.parametrize("shape", [(12, 12), (72, 8), (9, 40)])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_what_is_left_are_the_singular_vectors(shape, scale):
  matrix = draw(*shape)
  found = muon.orthogonal(tf.constant(scale * matrix)).numpy()
  left, _, right = np.linalg.svd(matrix, full_matrices=False)
  values = left.T @ found @ right.T
  assert 0.6 < np.diag(values).min() and np.diag(values).max() < 1.25
  np.testing.assert_allclose(values - np.diag(np.diag(values)), 0, atol=1e-3)


def test_bfloat16_finds_the_same():
  matrix = tf.constant(draw(72, 16))
  single = muon.orthogonal(matrix)
  keras.mixed_precision.set_global_policy("mixed_bfloat16")
  try:
    half = muon.orthogonal(matrix)
  finally:
    keras.mixed_precision.set_global_policy("float32")
  assert half.dtype == tf.float32
  assert float(tf.reduce_sum(half * single) / tf.norm(half) / tf.norm(single)) > 0.99
  values = np.linalg.svd(half)[1]
  assert 0.6 < values.min() and values.max() < 1.25


def test_zeros_stay_zeros():
  kernel = draw(3, 3, 8, 8)
  found = updated(kernel, [np.zeros_like(kernel)] * 2, learning_rate=0.1)
  np.testing.assert_array_equal(found, kernel)


def test_the_size_of_gradients_does_not_count():
  kernel, gradient = draw(3, 3, 8, 16), draw(3, 3, 8, 16, seed=1)
  small, large = [updated(kernel, [scale * gradient], learning_rate=0.1) for scale in (1e-3, 1e3)]
  np.testing.assert_allclose(small, large, atol=1e-4)
  assert np.abs(small - kernel).max() > 1e-3


def test_two_steps_by_the_book():
  """Nesterov's momentum, then the polar factor by SVD; wide matrices move further."""
  kernel, first, second = (draw(1, 1, 16, 64, seed=seed) for seed in range(3))
  options = dict(learning_rate=0.1, momentum=0.9)
  averaged = 0.9 * first + second
  expected = sum(polar(update[0, 0]) for update in (1.9 * first, second + 0.9 * averaged))
  found = (kernel - updated(kernel, [first, second], **options))[0, 0] / (0.1 * np.sqrt(64 / 16))
  cosine = np.sum(found * expected) / np.linalg.norm(found) / np.linalg.norm(expected)
  assert cosine > 0.98
  assert np.linalg.norm(found) == pytest.approx(np.linalg.norm(expected), rel=0.25)


@pytest.mark.parametrize("shape", [(20,), (2, 2, 1, 20), (3, 3, 64, 1), (8, 8)])
def test_what_is_no_kernel_takes_adam(shape):
  kernel, gradients = draw(*shape), [draw(*shape, seed=seed) for seed in (1, 2, 3)]
  found = updated(kernel, gradients, learning_rate=0.1, adam_share=0.2, beta_2=0.99)
  variable = tf.Variable(kernel)
  adam = keras.optimizers.legacy.Adam(0.02, beta_2=0.99)
  for gradient in gradients:
    adam.apply_gradients([(tf.constant(gradient), variable)])
  np.testing.assert_allclose(found, variable.numpy(), rtol=1e-5, atol=1e-6)


def test_an_experiment_names_it_and_parts_have_their_own_rate():
  config = optimization.muon(0.02, 10, momentum=0.5)
  kernels = [tf.Variable(tf.zeros([3, 3, 8, 8]), name=name) for name in ("slow", "fast")]
  updater = updates.Updater(kernels, optimizers.optimizer_maker(config),
                            [updates.Rule("slow", 0.5)])
  assert float(updater.learning_rate) == pytest.approx(0.02)
  for _ in range(2):
    updater.apply([tf.constant(draw(3, 3, 8, 8))] * 2)
  assert float(updater.learning_rate) == pytest.approx(0.02 * 0.8 ** 0.9, rel=1e-4)
  slow, fast = (np.linalg.norm(kernel.numpy()) for kernel in kernels)
  assert slow == pytest.approx(0.5 * fast, rel=1e-4) and fast > 0.05


def test_the_state_is_saved(tmp_path):
  def make():
    kernel = tf.Variable(draw(3, 3, 8, 8))
    optimizer = muon.Muon(0.1)
    return kernel, optimizer, tf.train.Checkpoint(kernel=kernel, optimizer=optimizer)

  gradients = [tf.constant(draw(3, 3, 8, 8, seed=seed)) for seed in (1, 2)]
  kernel, optimizer, checkpoint = make()
  optimizer.apply_gradients([(gradients[0], kernel)])
  path = checkpoint.save(str(tmp_path / "state"))
  optimizer.apply_gradients([(gradients[1], kernel)])
  other, resumed, checkpoint = make()
  checkpoint.restore(path)
  resumed.apply_gradients([(gradients[1], other)])
  np.testing.assert_array_equal(kernel, other)


def test_its_configuration_rebuilds_it():
  first = muon.Muon(0.3, momentum=0.8, adam_share=0.2, beta_1=0.5, beta_2=0.6, epsilon=1e-3)
  assert muon.Muon.from_config(first.get_config()).get_config() == first.get_config()


REPLICAS = """
import json
import tensorflow as tf
from keras_weakseg.configs.sections import optimization
from keras_weakseg.methods import updates
from keras_weakseg.training import optimizers

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)

def train(strategy, share):
  with strategy.scope():
    variables = [tf.Variable(tf.random.stateless_normal(shape, [1, 2]))
                 for shape in ([3, 3, 8, 8], [8])]
    updater = updates.Updater({str(i): v for i, v in enumerate(variables)},
                              optimizers.optimizer_maker(optimization.muon(0.05, 10)))

  def step(seed):
    updater.apply([share * tf.random.stateless_normal(v.shape, [seed, 4])
                   for v in updater.variables_in_order])

  for seed in range(3):
    strategy.run(tf.function(step), (tf.constant(seed),))
  return [v.numpy().ravel().tolist() for v in variables]

print(json.dumps([train(tf.distribute.get_strategy(), 1.0),
                  train(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]), 0.5)]))
"""


def test_two_replicas_take_the_steps_of_one_device():
  found = subprocess.run([sys.executable, "-c", REPLICAS], capture_output=True, text=True,
                         check=True).stdout
  for one, two in zip(*json.loads(found.splitlines()[-1])):
    np.testing.assert_allclose(one, two, atol=1e-5)
