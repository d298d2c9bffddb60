"""Tests of means over the global batch."""
import numpy as np
import tensorflow as tf

from keras_weakseg.methods import ratio


def test_masked_mean_counts_only_what_is_valid():
  result = ratio.masked_mean([1.0, 5.0, 100.0], [1.0, 1.0, 0.0])
  np.testing.assert_allclose(result.numerator / result.denominator, 3.0)


def test_evaluate_of_nothing_is_zero_not_nan():
  figures = ratio.evaluate({"empty": ratio.masked_mean([1.0], [0.0])})
  assert float(figures["empty"]) == 0.0


def test_evaluate_keeps_names_apart():
  figures = ratio.evaluate({"a": ratio.masked_mean([2.0], [1.0]),
                            "b": ratio.masked_mean([True, False], [1, 1])})
  assert {name: float(value) for name, value in figures.items()} == {"a": 2.0, "b": 0.5}


def test_global_sums_are_constants_for_the_gradient():
  x = tf.Variable(3.0)
  with tf.GradientTape() as tape:
    count, = ratio.global_sums([x * 2.0])
    loss = x / count
  np.testing.assert_allclose(tape.gradient(loss, x), 1.0 / 6.0, rtol=1e-6)


def test_global_max_of_one_replica_is_its_value_without_gradient():
  x = tf.Variable(3.0)
  with tf.GradientTape() as tape:
    loss = x * ratio.global_max(2.0 * x)
  np.testing.assert_allclose(tape.gradient(loss, x), 6.0)
  assert float(tf.function(ratio.global_max, jit_compile=True)(tf.constant(-1.0))) == -1.0


def test_sums_and_maxima_are_those_of_both_replicas(two_replicas):
  values = two_replicas["inputs"]["values"]
  assert max(values[:2]) < max(values[2:])
  assert two_replicas["max"] == [max(values)] * 2
  assert two_replicas["sum"] == [sum(values)] * 2
