"""The few messages of TensorFlow Serving that are sent and read here, without its own package.

Their fields are those of tensorflow_serving/apis/*.proto; tensors are kept as bytes, which are
TensorFlow's own messages. `tensorflow-serving-api` reads and writes the same bytes, and is not
needed.
"""
import functools

import tensorflow as tf

_PACKAGE = "keras_weakseg.serving"
_ENTRY = "Entry"  # of every map<string, TensorProto>
# Name of a message to its fields: name, number, type, whether there may be several.
_MESSAGES = {
    "Version": [("value", 1, "int64", False)],
    "ModelSpec": [("name", 1, "string", False), ("version", 2, "Version", False),
                  ("signature_name", 3, "string", False)],
    _ENTRY: [("key", 1, "string", False), ("value", 2, "bytes", False)],
    "PredictRequest": [("model_spec", 1, "ModelSpec", False), ("inputs", 2, _ENTRY, True),
                       ("output_filter", 3, "string", True)],
    "PredictResponse": [("outputs", 1, _ENTRY, True)],
    "PredictLog": [("request", 1, "PredictRequest", False)],
    "PredictionLog": [("predict_log", 6, "PredictLog", False)],
}


@functools.cache
def message(name):
  """Returns the class of a message.

  Args:
    name: `PredictRequest`, `PredictResponse`, `PredictionLog`, ...
  """
  from google.protobuf import message_factory
  return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))


@functools.cache
def _pool():
  """Returns the descriptions of all messages, in a pool of its own: the real ones may be there."""
  from google.protobuf import descriptor_pb2, descriptor_pool
  kinds = descriptor_pb2.FieldDescriptorProto
  file = descriptor_pb2.FileDescriptorProto(
      name="keras_weakseg_serving.proto", package=_PACKAGE, syntax="proto3")
  for title, fields in _MESSAGES.items():
    one = file.message_type.add(name=title)
    for field, number, kind, several in fields:
      added = one.field.add(
          name=field, number=number,
          label=kinds.LABEL_REPEATED if several else kinds.LABEL_OPTIONAL,
          type=getattr(kinds, f"TYPE_{kind.upper()}", kinds.TYPE_MESSAGE))
      if kind in _MESSAGES:
        added.type_name = f".{_PACKAGE}.{kind}"
  pool = descriptor_pool.DescriptorPool()
  pool.Add(file)
  return pool


def predict_request(model, signature, inputs, outputs=(), version=None):
  """Returns a `PredictRequest`.

  Args:
    model: name of the model.
    signature: name of the signature.
    inputs: dict of input name to array or tensor.
    outputs: names of the outputs that are answered; empty = all.
    version: integer; None = as the server chooses, the highest.
  """
  request = message("PredictRequest")(output_filter=list(outputs))
  request.model_spec.name, request.model_spec.signature_name = model, signature
  if version is not None:
    request.model_spec.version.value = version
  for name, value in sorted(inputs.items()):
    proto = tf.make_tensor_proto(value)
    request.inputs.add(key=name, value=proto.SerializeToString(deterministic=True))
  return request


def tensors(entries):
  """Returns the dict of name to numpy array of the inputs of a request or outputs of a response."""
  from tensorflow.core.framework import tensor_pb2
  return {entry.key: tf.make_ndarray(tensor_pb2.TensorProto.FromString(entry.value))
          for entry in entries}
