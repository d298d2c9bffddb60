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


def test_arguments_of_one_kind_share_a_trace_whatever_their_sizes_and_defaults():
  traces = []

  def shifted(values, by=1):
    traces.append(values.shape)
    return values + by

  shared = tracing.by_kinds(shifted)
  assert shared(tf.constant([1, 2])).numpy().tolist() == [2, 3] and traces == [(2,)]  # As it is.
  made = lambda values, **by: next(tf.data.Dataset.from_tensors(values).map(
      lambda values: shared(values, **by)).as_numpy_iterator()).tolist()
  assert made([1, 2]) == [2, 3] and made([3], by=2) == [5] and made([1, 2, 3], by=0) == [1, 2, 3]
  assert [shape.as_list() for shape in traces[1:]] == [[None]]
  assert made([[1]]) == [[2]] and made([1.0], by=0.5) == [1.5] and len(traces) == 4


def test_inside_of_one_another_they_are_written_out():
  inner = tracing.once(tf.strings.length)
  outer = tracing.by_kinds(lambda contents, more: inner(contents) + (0 if more is None else more))
  for more, total in ((None, 3), (2, 5)):
    graph = tf.function(lambda contents, more=more: outer(contents, more)).get_concrete_function(
        tf.TensorSpec([], tf.string)).graph
    call, = [operation for operation in graph.get_operations() if "Call" in operation.type]
    held = graph.as_graph_def().library.function
    body, = [each for each in held if each.signature.name == call.get_attr("f").name]
    assert len(held) == 1 and not any("Call" in node.op for node in body.node_def)
    assert int(tf.function(lambda: outer(b"abc", more))()) == total


def test_the_host_is_asked_when_the_graph_that_called_first_is_gone():
  """All graphs share what asks the host, and the first of them may be one of an export."""
  doubled = tracing.by_kinds(
      lambda value: tf.numpy_function(lambda number: number + number, [value], tf.int32))
  with tf.Graph().as_default():
    doubled(tf.compat.v1.placeholder(tf.int32, []))
  gc.collect()
  assert [int(tf.function(doubled)(tf.constant(value))) for value in (2, 3)] == [4, 6]
