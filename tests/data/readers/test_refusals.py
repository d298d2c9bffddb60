"""Errors of the house inside of graphs."""
import pytest
import tensorflow as tf

from keras_weakseg.data.readers import refusals


def _raise(name, value):
  raise ValueError(f"{name} holds {value}.")


@pytest.mark.parametrize("compiled", [False, True])
def test_values_pass_and_what_is_bad_is_told(compiled):
  call = lambda value: refusals.where(value > 3, value, _raise, "a1", value)
  if compiled:
    call = tf.function(call, input_signature=[tf.TensorSpec([], tf.int32)])
  assert int(call(tf.constant(3))) == 3
  with pytest.raises((ValueError, tf.errors.OpError), match="a1.* holds 4"):
    call(tf.constant(4))
