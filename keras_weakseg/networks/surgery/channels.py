"""Follows channels through a functional model: who writes them, who reads them, which are the same.

A convolution reads the channels of its input and writes new ones; normalisation, pooling and
depthwise kernels hand them on; sums make two channels one; a join puts them side by side. What is
not known here keeps all its channels.
"""
import collections
import re

import numpy as np
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import dual_head, light
from keras_weakseg.networks.hourglass_inference import SplitChannels
from keras_weakseg.networks.layers import aligned_resize, dropout, unet_layers
from keras_weakseg.networks.surgery import identities, rebuilding

READ, WRITE, PASS = "read", "write", "pass"

# One axis of one weight: position among the layer's weights, axis, channels, what it does.
Axis = collections.namedtuple("Axis", ["weight", "axis", "ids", "role"])

_L = keras.layers
_SAME = (_L.BatchNormalization, _L.ReLU, _L.LeakyReLU, _L.ELU, _L.Dropout, _L.SpatialDropout2D,
         _L.ZeroPadding2D, _L.Cropping2D, _L.MaxPooling2D, _L.AveragePooling2D,
         _L.GlobalAveragePooling2D, _L.GlobalMaxPooling2D, _L.UpSampling2D, _L.Resizing,
         dropout.StatelessDropout, aligned_resize.AlignedScale, unet_layers.ReflectionPad,
         # The channels of the first input, the size of the second.
         aligned_resize.AlignedResizeLike, light.BroadcastLike, unet_layers.BilinearLike,
         unet_layers.NearestUpLike)
_ELEMENTWISE = (_L.Add, _L.Subtract, _L.Multiply, _L.Maximum, _L.Minimum, _L.Average)
_SAME_FUNCTIONS = re.compile(
    r"(^|\.)(relu6?|sigmoid|hard_sigmoid|swish|silu|hard_swish|tanh|elu|identity|cast|resize|"
    r"resize_bilinear|stop_gradient|convert_to_tensor)$")
_POOLING_FUNCTIONS = re.compile(r"(^|\.)reduce_(mean|max|min|sum)$")  # Over places, see `_pools`.
_ELEMENTWISE_FUNCTIONS = re.compile(r"(^|\.)(add|multiply|subtract|maximum|minimum|__add__|"
                                    r"__mul__|__radd__|__rmul__|__sub__)$")
_LAMBDA = "TFOpLambda"


class ChannelGraph:
  """The channels of a model.

  Args:
    model: functional `keras.Model` without blocks, see `rebuilding.unfold`.

  Attributes:
    inputs: numbers of the channels of each input.
    axes: dict of id(layer) to a list of `Axis`.
    splits: dict of id(layer) to the channels of every output of a layer that is told their number:
      that cuts them apart, or gives them another shape.
    layers: dict of id(layer) to the layer, of all that have axes.
  """

  def __init__(self, model):
    self.ids = identities.Identities()
    self.axes, self.splits, self.layers = {}, {}, {}
    self.inputs = [self.ids.new(tensor.shape[-1] or 1, fixed=True) for tensor in model.inputs]
    for ids in self._follow(model, self.inputs):
      if ids is not None:
        self.ids.fix(ids)

  def written(self, layer):
    """Returns the channels that a layer writes, or None."""
    return next((axis.ids for axis in self.axes.get(id(layer), []) if axis.role == WRITE), None)

  def _follow(self, model, inputs):
    """Returns the channels of every output of a model; None where a tensor has none."""
    known = {id(tensor): ids for tensor, ids in zip(model.inputs, inputs)}
    for node in rebuilding.nodes(model):
      sources = [known[id(tensor)] for tensor in tf.nest.flatten(node.keras_inputs)]
      targets = tf.nest.flatten(node.outputs)
      if rebuilding.is_model(node.layer):
        results = self._follow(node.layer, sources)
      else:
        results = self._apply(node, sources, targets)
      for tensor, ids in zip(targets, results, strict=True):
        known[id(tensor)] = ids
    return [known[id(tensor)] for tensor in model.outputs]

  def _apply(self, node, sources, targets):
    """Returns the channels of the outputs of one call of a layer."""
    layer, function = node.layer, _function(node)
    mixes = getattr(getattr(layer, "activation", None), "__name__", "") == "softmax"
    if isinstance(layer, _L.Activation) and not mixes or isinstance(layer, _SAME) or (
        _SAME_FUNCTIONS.search(function)) or _pools(node, function):
      return self._passed(layer, sources)
    if _measures(node):
      return [None]
    if isinstance(layer, _ELEMENTWISE) or _ELEMENTWISE_FUNCTIONS.search(function):
      return [self._joined(sources)]
    if isinstance(layer, _L.Concatenate) and layer.axis in (-1, 3) or (
        function == "concat" and {-1, 3} & {*node.call_args[1:2], node.call_kwargs.get("axis")}):
      return [_side_by_side(sources)]
    if isinstance(layer, SplitChannels):
      return self._cut(layer, sources[0])
    if isinstance(layer, _L.Reshape) and sources[0] is not None and (
        layer.target_shape[-1] == len(sources[0])):
      # Channels are the last axis before and after: only their number has to be told.
      return self._tell(layer, sources)
    roles = _weight_roles(layer)
    if roles and sources[0] is not None and not mixes:
      return [self._weighted(layer, roles, sources[0], targets[0].shape[-1])]
    return self._unknown(layer, sources, targets, roles)

  def _passed(self, layer, sources):
    for index in range(len(layer.weights)):
      self._note(layer, index, 0, sources[0], PASS)
    return [sources[0]]

  def _joined(self, sources):
    """Makes channels one; where lengths differ, one is spread over the others and must stay."""
    arrays = [ids for ids in sources if ids is not None]
    if not arrays:
      return None
    longest = max(arrays, key=len)
    for ids in arrays:
      if len(ids) == len(longest):
        self.ids.join(ids, longest)
      else:
        self.ids.fix(ids)
    return longest

  def _cut(self, layer, source):
    edges = [sum(layer.sizes[:index]) for index in range(len(layer.sizes) + 1)]
    return self._tell(layer, [source[start:end] for start, end in zip(edges, edges[1:])])

  def _tell(self, layer, parts):
    for ids, earlier in zip(parts, self.splits.setdefault(id(layer), parts), strict=True):
      self.ids.join(ids, earlier)  # What is called again has the same numbers.
    return parts

  def _weighted(self, layer, roles, source, width):
    """Notes what the weights of a layer read and write; returns the channels it gives."""
    per_channel = width // len(source) if _depthwise(layer) else 1
    spread = source.repeat(per_channel)
    written = self.written(layer)
    if written is None and any(WRITE in axes.values() for axes in roles):
      written = self.ids.new(width)
    for weight, axes in enumerate(roles):
      for axis, role in axes.items():
        ids = written if role == WRITE else source if role == READ else (
            spread if layer.weights[weight].shape[axis] == len(spread) else source)
        self._note(layer, weight, axis, ids, role)
    return spread if written is None else written

  def _unknown(self, layer, sources, targets, roles):
    """Keeps all channels around a layer that is not known."""
    if isinstance(layer, dual_head.DualHead):
      # Subnets 1 and 3 read the features; images and scores stay.
      for index, weight in enumerate(layer.weights):
        if re.search(r"(labelmap|tags)/kernel", weight.name):
          self._note(layer, index, len(weight.shape) - 2, sources[0], READ)
      sources = sources[1:]
    for ids in sources:
      if ids is not None:
        self.ids.fix(ids)
    for weight, axes in enumerate(roles or []):
      for axis, role in axes.items():
        if role == READ and sources[0] is not None:
          self._note(layer, weight, axis, sources[0], READ)
    return [None if tensor.shape.rank in (None, 0, 1) or tensor.shape[-1] is None
            or tensor.dtype.is_integer else self.ids.new(tensor.shape[-1], fixed=True)
            for tensor in targets]

  def _note(self, layer, weight, axis, ids, role):
    """Notes an axis; a layer that is called again has the same channels as before."""
    self.layers[id(layer)] = layer
    for earlier in self.axes.setdefault(id(layer), []):
      if (earlier.weight, earlier.axis) == (weight, axis):
        self.ids.join(earlier.ids, ids)
        return
    self.axes[id(layer)].append(Axis(weight, axis, ids, role))


def is_known(layer):
  """Returns whether a layer that holds layers is followed as a whole."""
  return isinstance(layer, dual_head.DualHead)


def _function(node):
  """Returns the name of the function of TensorFlow that a call is; empty for layers.

  Beside constants of more than one value, which may be one per channel, it is none that is known;
  those of resizing and of means are sizes and axes.
  """
  if type(node.layer).__name__ != _LAMBDA:
    return ""
  constants = [value for value in (*node.call_args, *node.call_kwargs.values())
               if not any(hasattr(part, "_keras_history") for part in tf.nest.flatten(value))
               and np.ndim(value)]
  name = str(node.layer.get_config()["function"])
  sizes = name.endswith("resize") or _POOLING_FUNCTIONS.search(name)
  return "" if constants and not sizes else name


def _pools(node, function):
  """Returns whether a function takes means (or the like) over places, with channels left last."""
  if not _POOLING_FUNCTIONS.search(function):
    return False
  axis = node.call_kwargs.get("axis", node.call_args[1] if len(node.call_args) > 1 else None)
  rank = tf.nest.flatten(node.keras_inputs)[0].shape.rank
  return axis is not None and rank is not None and rank - 1 not in {
      index % rank for index in np.ravel(axis)}


def _measures(node):
  """Returns whether a call asks for a shape of which the number of channels is not used."""
  name = str(node.layer.get_config()["function"]) if type(node.layer).__name__ == _LAMBDA else ""
  if not re.search(r"(^|\.)shape$", name):
    return False
  channels = tf.nest.flatten(node.keras_inputs)[0].shape.rank - 1
  uses = node.layer.outbound_nodes
  return bool(uses) and all(_ends_before(channels, use) for use in uses)


def _ends_before(end, node):
  """Returns whether a call is `x[start:stop]` with a stop of `end` at most."""
  spec = node.call_args[1] if len(node.call_args) > 1 else node.call_kwargs.get("slice_spec")
  return (type(node.layer).__name__ == "SlicingOpLambda" and isinstance(spec, dict)
          and isinstance(spec["stop"], int) and 0 < spec["stop"] <= end)


def _side_by_side(sources):
  return None if any(ids is None for ids in sources) else np.concatenate(sources)


def _depthwise(layer):
  return isinstance(layer, (_L.DepthwiseConv2D, _L.SeparableConv2D))


def _weight_roles(layer):
  """Returns, for every weight of a layer, a dict of axis to role; None for unknown layers."""
  if isinstance(layer, _L.DepthwiseConv2D):
    roles = [{2: PASS}]
    return roles + [{0: PASS}] * layer.use_bias if layer.depth_multiplier == 1 else None
  if isinstance(layer, _L.SeparableConv2D):
    roles = [{2: PASS}, {2: READ, 3: WRITE}] if layer.depth_multiplier == 1 else None
  elif isinstance(layer, _L.Conv2DTranspose):
    roles = [{3: READ, 2: WRITE}]
  elif isinstance(layer, _L.Conv2D):
    roles = [{2: READ, 3: WRITE}] if layer.groups == 1 else None
  elif isinstance(layer, _L.Dense):
    roles = [{0: READ, 1: WRITE}]
  else:
    return None
  return roles and roles + [{0: WRITE}] * layer.use_bias
