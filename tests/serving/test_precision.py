"""Tests of `serving.precision`: a model in half precision answers as its twin in float32."""
import contextlib

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import dual
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.serving import precision


def policies_of(model):
  layers = model._flatten_layers()  # pylint: disable=protected-access
  return [layer.dtype_policy.name for layer in layers]


@pytest.mark.quick("mixed_float16")
@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_nested_and_custom_layers_compute_in_float32(policy):
  build = lambda: registry.build_network("light_tiny", (33, 33, 3), 4)
  keras.utils.set_random_seed(2)
  single = build()
  keras.mixed_precision.set_global_policy(policy)
  try:
    inner = build()
    image = keras.Input((33, 33, 3))
    half = keras.Model(image, keras.Sequential([inner])(image))
  finally:
    keras.mixed_precision.set_global_policy("float32")
  inner.set_weights(single.get_weights())
  image = tf.random.stateless_normal([1, 33, 33, 3], [1, 2])
  policies = policies_of(half)
  before = half(image)
  with precision.single(half):
    inside = half(image)
  expected = single(image)
  np.testing.assert_array_equal(inside, expected)
  assert np.abs(np.float32(before) - expected).max() > 0
  np.testing.assert_array_equal(half(image), before)
  assert policies == policies_of(half) and policy in policies


def test_what_a_dual_network_infers_is_in_float32_too():
  keras.mixed_precision.set_global_policy("mixed_bfloat16")
  try:
    network = registry.build_network("light_dual", (None, None, 3), 3, alpha=0.25, head_filters=8)
    record = registry.network_record("light_dual")
    predictor = preprocessing.predictor(network, record)
    explain = dual.explainer(network, record)
  finally:
    keras.mixed_precision.set_global_policy("float32")

  def types(inside):
    with inside:
      graph = tf.function(explain).get_concrete_function(
          tf.TensorSpec([1, 33, 33, 3]), tf.TensorSpec([1], tf.int32)).graph
    return {tensor.dtype for node in graph.get_operations() for tensor in node.outputs}

  assert tf.bfloat16 in types(contextlib.nullcontext())
  assert tf.bfloat16 not in types(precision.single(predictor))


def test_an_error_inside_leaves_the_model_as_it_was():
  image = keras.Input((2,))
  model = keras.Model(image, keras.layers.Dense(1, dtype="mixed_bfloat16")(image))
  with pytest.raises(RuntimeError), precision.single(model):
    raise RuntimeError
  assert model.layers[-1].dtype_policy.name == "mixed_bfloat16"
