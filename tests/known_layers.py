"""What a layer gives for symbolic inputs, inferred once for all layers that are alike.

To tell the shapes of a layer's outputs, Keras traces the layer in a graph of its own: most of the
time in which a network is built, and tests build the same networks many times. Here the first
layer of a class and settings on inputs of a kind is traced as ever; one that is alike is built,
with weights and names of its own, and its outputs are described as those of the first.

Traced every time: what is no layer with settings (operations on symbolic tensors, Lambda), layers
of layers, whose parts may be built by the trace, masks, and values that shapes depend on. A
functional model on inputs like its own gives outputs like its own.
"""
import contextlib
import functools
import json
import warnings

import tensorflow as tf

from keras_weakseg.framework import keras

# pylint: disable=protected-access

_FREE = ("TFOpLambda", "SlicingOpLambda", "ClassMethod", "InstanceMethod", "InstanceProperty",
         "Lambda")


def _plain(tensors):
  """Returns whether all are symbolic tensors of nothing but a shape and a dtype."""
  return all(type(tensor).__name__ == "KerasTensor" and isinstance(tensor.type_spec, tf.TensorSpec)
             and tensor._inferred_value is None and getattr(tensor, "_keras_mask", None) is None
             for tensor in tf.nest.flatten(tensors))


def _described(tensors):
  """Returns nested pairs of shape and dtype as a text."""
  return repr(tf.nest.map_structure(
      lambda tensor: f"{tensor.shape} {tensor.dtype.name}", tensors))


def _specs(tensors):
  """Returns nested shapes and dtypes: a tensor would keep the network that it belongs to."""
  return tf.nest.map_structure(lambda tensor: tf.TensorSpec(tensor.shape, tensor.dtype), tensors)


def _key(layer, inputs, args, kwargs):
  """Returns all that the outputs depend on, or None where that cannot be said."""
  if type(layer).__name__ in _FREE or args or layer.dynamic or layer._activity_regularizer:
    return None
  try:
    with warnings.catch_warnings():
      warnings.simplefilter("ignore")  # That functions are hard to store: none is.
      settings = {**layer.get_config(), "name": ""}
    return type(layer), json.dumps([settings, kwargs]), _described(inputs)
  except (NotImplementedError, TypeError):  # It does not tell its settings, or not as text.
    return None


def _has_parts(layer):
  return next(iter(layer._flatten_layers(include_self=False)), None) is not None


def _own_outputs(model, inputs):
  """Returns the outputs of a functional model if the inputs are like its own, else None."""
  if not getattr(model, "_is_graph_network", False) or not _plain(model._nested_outputs):
    return None
  same = _described(inputs) == _described(model._nested_inputs)
  return _specs(model._nested_outputs) if same else None


def remember():
  """Makes Keras remember what layers give; what this process builds from now on is faster."""
  known, infer = {}, keras.layers.Layer._infer_output_signature

  @functools.wraps(infer)
  def remembered(layer, inputs, args, kwargs, input_masks):
    key = outputs = None
    masked = any(mask is not None for mask in tf.nest.flatten(input_masks))
    if tf.nest.flatten(inputs) and _plain(inputs) and not masked:
      if isinstance(layer, keras.Model):
        outputs = _own_outputs(layer, inputs)
      else:
        key = _key(layer, inputs, args, kwargs)
        outputs = known.get(key)
    if outputs is None:
      outputs = infer(layer, inputs, args, kwargs, input_masks)
      if key is not None and _plain(outputs) and not _has_parts(layer):
        known[key] = _specs(outputs)
      return outputs
    # A layer inside of another one does not see the scope of names around that.
    inside = tf.get_current_name_scope() or not tf.executing_eagerly()
    place = tf.__internal__.FuncGraph(layer.name).as_default() if inside else (
        contextlib.nullcontext())
    with place, keras.backend.name_scope(layer._name_scope()):
      layer._maybe_build(inputs)
    layer._set_save_spec(inputs, args, kwargs)
    symbolic = type(tf.nest.flatten(inputs)[0])
    return tf.nest.map_structure(lambda spec: symbolic(
        tf.TensorSpec(spec.shape, spec.dtype), name=f"{layer.name}/output"), outputs)

  keras.layers.Layer._infer_output_signature = remembered
