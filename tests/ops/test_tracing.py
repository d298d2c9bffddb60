"""Tests of `ops.tracing`: one trace for all graphs, whatever happens to the first of them."""
import gc

import tensorflow as tf

from keras_weakseg.ops import tracing


def test_graphs_and_eager_calls_share_one_trace():
  traces = []

  def length(contents):
    traces.append(contents)
    return tf.strings.length(contents)

  shared = tracing.once(length)
  first = tf.function(lambda contents: shared(contents) + shared(contents))
  assert int(first(tf.constant(b"abc"))) == 6
  del first
  gc.collect()
  data = tf.data.Dataset.from_tensors(b"four").map(shared)
  assert [int(value) for value in data] == [4] and int(shared(b"12345")) == 5
  with tf.Graph().as_default(), tf.compat.v1.Session() as session:
    assert session.run(shared(tf.constant(b"ab"))) == 2
  assert len(traces) == 1
