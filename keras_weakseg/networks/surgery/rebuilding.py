"""Builds a functional model again, layer by layer, with other layers in place of some.

Blocks of other libraries are layers that hold layers; a graph of channels cannot look into them.
`unfold` makes their inside part of the graph: what a block's `call` does to a symbolic tensor.
"""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras

_ROUNDS = 8  # of blocks within blocks


def is_model(layer):
  """Returns whether a layer is itself a graph of layers."""
  return isinstance(layer, keras.Model) and hasattr(layer, "_nodes_by_depth")


def nodes(model):
  """Yields the calls that a functional model is made of, each after those it depends on."""
  for depth in sorted(model._nodes_by_depth, reverse=True):
    for node in model._nodes_by_depth[depth]:
      if not node.is_input:
        yield node


def leaves(model):
  """Returns the layers of a model, those of inner models in their place; each once."""
  found = {}
  for layer in model.layers:
    for leaf in leaves(layer) if is_model(layer) else [layer]:
      found[id(leaf)] = leaf
  return list(found.values())


def holds_layers(layer):
  """Returns whether a layer is a block: made of layers of its own."""
  return bool(_inner(layer))


def rebuild(model, make_layer, channels=None):
  """Returns a model of the same graph with new layers.

  Args:
    model: functional `keras.Model`.
    make_layer: function of a layer (never a model or an input) that returns the one in its place.
    channels: of its inputs, in their order; None = as they are.

  Returns:
    `keras.Model` with the names of `model`, and a list of (layer, its replacement), each once.

  Raises:
    ValueError: the model is not functional.
  """
  made, pairs = {}, []
  return _rebuild(model, make_layer, channels, made, pairs), pairs


class _Held:
  """A tensor where Keras expects a list with one entry for every use."""

  def __init__(self, tensor):
    self.tensor = tensor

  def pop(self):
    """Returns the tensor, as often as it is asked for."""
    return self.tensor


def _rebuild(model, make_layer, channels, made, pairs):
  if not is_model(model):
    raise errors.value_error(
        "Only functional models can be rebuilt.", expected="a functional keras.Model",
        received=type(model).__name__, fix="Build the network from Keras tensors.")
  channels = channels or [tensor.shape[-1] for tensor in model.inputs]
  inputs = [keras.Input((*tensor.shape[1:-1], width) if tensor.shape.rank > 1 else (),
                        dtype=tensor.dtype, name=layer.name)
            for tensor, layer, width in zip(model.inputs, model._input_layers, channels)]
  held = {str(id(old)): _Held(new) for old, new in zip(model.inputs, inputs)}
  for node in nodes(model):
    args, kwargs = node.map_arguments(held)
    layer = node.layer
    if id(layer) not in made:
      if is_model(layer):
        widths = [tensor.shape[-1] for tensor in tf.nest.flatten(args)]
        made[id(layer)] = _rebuild(layer, make_layer, widths, made, pairs)
      else:
        made[id(layer)] = make_layer(layer)
        pairs.append((layer, made[id(layer)]))
    outputs = made[id(layer)](*args, **kwargs)
    for old, new in zip(tf.nest.flatten(node.outputs), tf.nest.flatten(outputs), strict=True):
      held[str(id(old))] = _Held(new)
  outputs = tf.nest.map_structure(lambda tensor: held[str(id(tensor))].tensor,
                                  model._nested_outputs)
  return keras.Model(inputs if len(inputs) > 1 else inputs[0], outputs, name=model.name)


def copy_layer(layer, **changes):
  """Returns a new layer of the same class, with changes of its configuration; not its weights."""
  return type(layer).from_config({**layer.get_config(), **changes})


def unfold(model, is_known):
  """Returns a copy of a model in which blocks are replaced by what they are made of.

  Args:
    model: functional `keras.Model`; it stays as it is.
    is_known: function of a layer that holds layers: whether it may stay whole.

  Returns:
    `keras.Model` with weights of its own, and a name for every inner layer that says where it is.
  """
  copy, pairs = rebuild(model, copy_layer)
  for old, new in pairs:
    new.set_weights(old.get_weights())
  for _ in range(_ROUNDS):
    blocks = [layer for layer in leaves(copy) if _inner(layer) and not is_known(layer)]
    if not blocks:
      break
    for block in blocks:
      for index, layer in enumerate(_inner(block)):
        # Names that count layers of the whole process would differ from run to run.
        if not layer.name.startswith(block.name):
          layer._name = f"{block.name}_{index}_{type(layer).__name__.lower()}"
    opened = {id(block) for block in blocks}
    # A block's `call` is asked, not the block: so its layers become layers of the graph.
    copy, _ = rebuild(copy, lambda layer: layer.call if id(layer) in opened else layer)
  return copy


def _inner(layer):
  """Returns the layers that a layer holds directly."""
  return list(layer._flatten_layers(recursive=False, include_self=False))
