"""What a network costs: its parameters, and the multiplications of a pass."""
import collections

import numpy as np
import tensorflow as tf

# `parameters`: of kernels, offsets and scales; `statistics`: moving ones; `flops`: of one image.
Cost = collections.namedtuple("Cost", ["parameters", "statistics", "flops"])


def cost(network, size):
  """Returns the cost of a network on one image.

  Counted are convolutions and matrix products, a multiplication and its addition as two; all else
  is small beside them. The body of a loop counts once.

  Args:
    network: `keras.Model` of images [N, H, W, C] (and of anything [N] beside them).
    size: (height, width) of the image.

  Returns:
    `Cost` of ints.

  Example:
    >>> from keras_weakseg.framework import keras
    >>> image = keras.Input((None, None, 3))
    >>> cost(keras.Model(image, keras.layers.Conv2D(8, 3, padding="same")(image)), (10, 20))
    Cost(parameters=224, statistics=0, flops=86400)
  """
  specs = [tf.TensorSpec([1, *size, tensor.shape[-1]] if tensor.shape.rank == 4 else [1],
                         tensor.dtype) for tensor in network.inputs]
  function = tf.function(lambda *inputs: network(
      list(inputs) if len(inputs) > 1 else inputs[0], training=False), autograph=False)
  graph = function.get_concrete_function(*specs).graph
  seen = [op for op in graph.get_operations()]
  for body in graph._functions.values():  # pylint: disable=protected-access
    inner = getattr(body, "graph", None)
    seen += inner.get_operations() if inner is not None else []
  statistics = [v for v in network.variables if "/moving_" in v.name]
  count = lambda variables: sum(int(np.prod(v.shape)) for v in variables)
  return Cost(count(network.variables) - count(statistics), count(statistics),
              sum(_flops(op) for op in seen))


def _flops(op):
  """Returns the multiplications and additions of an operation; 0 for kinds that do not count."""
  if op.type not in ("Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2"):
    return 0
  output, (first, second) = op.outputs[0].shape, op.inputs[:2]
  if not output.is_fully_defined():
    return 0
  outputs = int(np.prod(output))
  if op.type == "Conv2D":
    return 2 * outputs * int(np.prod(second.shape[:3]))
  if op.type == "DepthwiseConv2dNative":
    return 2 * outputs * int(np.prod(second.shape[:2]))
  turned = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
  return 2 * outputs * int(first.shape[-2 if turned else -1])
