"""Who writes and reads which channels, on graphs small enough to know."""
import numpy as np
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks.surgery import channels

layers = keras.layers


def graph_of(build, width=3):
  """Returns the graph and the layers of what `build` makes of an image, with one output layer."""
  image = keras.Input((9, 9, width))
  model = keras.Model(image, layers.Conv2D(2, 1, name="out")(build(image)))
  return channels.ChannelGraph(model), model


def roots(graph, model, name):
  return graph.ids.roots(graph.written(model.get_layer(name))).tolist()


def fixed(graph, numbers):
  return [graph.ids.is_fixed(root) for root in numbers]


def test_sums_tie_channels_and_joins_do_not():
  def build(image):
    a = layers.Conv2D(4, 3, padding="same", name="a")(image)
    b = layers.BatchNormalization(name="norm")(layers.Conv2D(4, 1, name="b")(image))
    c = layers.Conv2D(2, 1, name="c")(image)
    return layers.Concatenate()([layers.ReLU()(layers.Add()([a, b])), c])
  graph, model = graph_of(build)
  assert roots(graph, model, "a") == roots(graph, model, "b")
  assert set(roots(graph, model, "a")).isdisjoint(roots(graph, model, "c"))
  read, = (axis for axis in graph.axes[id(model.get_layer("out"))] if axis.role == channels.READ)
  assert graph.ids.roots(read.ids).tolist() == roots(graph, model, "a") + roots(
      graph, model, "c")
  assert not any(fixed(graph, roots(graph, model, "a")))
  assert all(fixed(graph, roots(graph, model, "out")))
  assert [axis.role for axis in graph.axes[id(model.get_layer("norm"))]] == 4 * ["pass"]


def test_depthwise_kernels_hand_channels_on():
  def build(image):
    x = layers.Conv2D(4, 1, name="a")(image)
    return layers.DepthwiseConv2D(3, dilation_rate=2, name="deep")(x)
  graph, model = graph_of(build)
  kernel, bias = graph.axes[id(model.get_layer("deep"))]
  assert (kernel.axis, bias.axis) == (2, 0)
  assert graph.ids.roots(kernel.ids).tolist() == roots(graph, model, "a")


def test_functions_inside_blocks_hand_channels_on():
  """What the blocks of other libraries are made of: gates, activations, pooled branches."""
  def gate(x):
    mean = tf.reduce_mean(x, [1, 2], keepdims=True)
    return x * tf.nn.relu6(layers.Conv2D(4, 1, name="gate")(mean) + 3.0) * 0.16667

  def pooled(x):
    small = layers.Reshape((1, 1, 4))(layers.GlobalAveragePooling2D()(x))
    return tf.image.resize(small, tf.shape(x)[1:3])

  for block in (tf.convert_to_tensor, lambda x: tf.reduce_max(x, axis=[1, -2]), gate, pooled):
    def build(image, block=block):
      x = block(layers.Conv2D(4, 1, name="a")(image))
      return layers.Reshape((1, 1, 4))(x) if x.shape.rank == 2 else x
    graph, model = graph_of(build)
    read = next(axis for axis in graph.axes[id(model.get_layer("out"))])
    assert graph.ids.roots(read.ids).tolist() == roots(graph, model, "a")
    assert not any(fixed(graph, roots(graph, model, "a")))


def test_functions_that_look_at_channels_keep_them():
  shown = {
      "all means": lambda x: x * tf.reduce_mean(x, keepdims=True),
      "means of channels": lambda x: x * tf.reduce_mean(x, -1, keepdims=True),
      "their number": lambda x: x * tf.cast(tf.shape(x)[3], tf.float32),
      "a part of their number": lambda x: x * tf.cast(tf.shape(x)[1:4], tf.float32)[2],
      "other places": lambda x: layers.Reshape((9, 18, 2))(x)}
  for what, block in shown.items():
    graph, model = graph_of(lambda image, block=block: block(layers.Conv2D(4, 1, name="a")(image)))
    assert all(fixed(graph, roots(graph, model, "a"))), what


def test_what_is_not_known_keeps_its_channels():
  for unknown in (layers.Lambda(lambda x: x[..., ::-1]), layers.LayerNormalization(),
                  layers.Conv2D(4, 1, groups=2), layers.Softmax(),
                  layers.DepthwiseConv2D(3, depth_multiplier=2)):
    def build(image, unknown=unknown):
      return unknown(layers.Conv2D(4, 1, name="a")(image))
    graph, model = graph_of(build)
    assert all(fixed(graph, roots(graph, model, "a"))), unknown.name


def test_functions_of_tensorflow_by_what_they_do():
  def free(image):
    return tf.nn.relu(layers.Conv2D(4, 1, name="a")(image)) * 2.0
  def mixing(image):
    return tf.nn.softmax(layers.Conv2D(4, 1, name="a")(image))
  for build, wanted in ((free, False), (mixing, True)):
    graph, model = graph_of(build)
    assert fixed(graph, roots(graph, model, "a")) == [wanted] * 4


def test_a_channel_that_is_spread_over_others_stays():
  def build(image):
    gate = layers.Conv2D(1, 1, name="gate")(image)
    return layers.Multiply()([layers.Conv2D(4, 1, name="a")(image), gate])
  graph, model = graph_of(build)
  assert fixed(graph, roots(graph, model, "gate")) == [True]
  assert not any(fixed(graph, roots(graph, model, "a")))


def test_a_layer_that_is_called_twice_ties_what_it_reads():
  shared = layers.Conv2D(3, 1, name="shared")
  def build(image):
    a, b = layers.Conv2D(4, 1, name="a")(image), layers.Conv2D(4, 1, name="b")(image)
    return layers.Concatenate()([shared(a), shared(b)])
  graph, model = graph_of(build)
  assert roots(graph, model, "a") == roots(graph, model, "b")
  assert len(set(roots(graph, model, "shared"))) == 3


def test_the_image_stays():
  graph, _ = graph_of(lambda image: image)
  assert all(fixed(graph, graph.ids.roots(graph.inputs[0]).tolist()))
  assert np.array_equal(graph.inputs[0], [0, 1, 2])
