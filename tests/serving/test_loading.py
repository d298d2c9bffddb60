"""Tests of `serving.loading`: a loaded artifact's function, and records with other values."""
import tensorflow as tf

from keras_weakseg.networks import registry
from keras_weakseg.serving import loading


def test_a_loaded_function_is_asked_by_name_and_holds_the_variables():
  inner = tf.Module()
  inner.factor = tf.Variable(3.0)
  inner.scores = lambda images: images * inner.factor
  function = loading.LoadedFunction(inner, "scores")
  assert float(function(tf.constant(2.0))) == 6.0
  assert [variable.numpy() for variable in function.variables] == [3.0]


def test_records_get_other_values_and_stay_as_they_are():
  record = registry.network_record("light_multitask")
  changed = loading.with_values(record, multiple=1)
  assert changed["multiple"] == 1 and changed["name"] == "light_multitask"
  assert record.multiple == 16 or record.multiple == 32
