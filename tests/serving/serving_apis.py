"""Messages of TensorFlow Serving: those of `tensorflow-serving-api`, or the same written down here.

Nothing of this library is used, so that its own messages meet other ones. Maps and tensors are real
maps and `TensorProto`s, as in the package.
"""
import functools

from google.protobuf import descriptor_pb2
from google.protobuf import descriptor_pool
from google.protobuf import message_factory
from tensorflow.core.framework import tensor_pb2

_PACKAGE = "tensorflow.serving"
_TENSORS = "map<string, TensorProto>"
# tensorflow_serving/apis/{model,predict,prediction_log}.proto: name of a field, number, type,
# whether there may be several.
_MESSAGES = {
    "Version": [("value", 1, "int64", False)],  # google.protobuf.Int64Value
    "ModelSpec": [("name", 1, "string", False), ("version", 2, "Version", False),
                  ("signature_name", 3, "string", False), ("version_label", 4, "string", False)],
    "PredictRequest": [("model_spec", 1, "ModelSpec", False), ("inputs", 2, _TENSORS, True),
                       ("output_filter", 3, "string", True)],
    "PredictResponse": [("outputs", 1, _TENSORS, True), ("model_spec", 2, "ModelSpec", False)],
    "PredictLog": [("request", 1, "PredictRequest", False),
                   ("response", 2, "PredictResponse", False)],
    "PredictionLog": [("predict_log", 6, "PredictLog", False)],
}


@functools.cache
def message(name):
  """Returns the class of a message: `PredictRequest`, `PredictResponse` or `PredictionLog`."""
  try:
    from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
  except ImportError:
    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))
  return getattr(prediction_log_pb2 if name == "PredictionLog" else predict_pb2, name)


@functools.cache
def _pool():
  """Returns the written messages in a pool of their own, beside the file of `TensorProto`."""
  kinds = descriptor_pb2.FieldDescriptorProto
  pool = descriptor_pool.DescriptorPool()
  _add_with_imports(pool, tensor_pb2.DESCRIPTOR)
  file = descriptor_pb2.FileDescriptorProto(
      name="serving_double.proto", package=_PACKAGE, syntax="proto3",
      dependency=[tensor_pb2.DESCRIPTOR.name])
  for title, fields in _MESSAGES.items():
    one = file.message_type.add(name=title)
    for name, number, kind, several in fields:
      added = one.field.add(
          name=name, number=number,
          label=kinds.LABEL_REPEATED if several else kinds.LABEL_OPTIONAL,
          type=getattr(kinds, f"TYPE_{kind.upper()}", kinds.TYPE_MESSAGE))
      if kind == _TENSORS:
        entry = one.nested_type.add(name=f"{name.capitalize()}Entry")
        entry.options.map_entry = True
        entry.field.add(name="key", number=1, label=kinds.LABEL_OPTIONAL, type=kinds.TYPE_STRING)
        entry.field.add(name="value", number=2, label=kinds.LABEL_OPTIONAL,
                        type=kinds.TYPE_MESSAGE, type_name=".tensorflow.TensorProto")
        added.type_name = f".{_PACKAGE}.{title}.{entry.name}"
      elif kind in _MESSAGES:
        added.type_name = f".{_PACKAGE}.{kind}"
  pool.Add(file)
  return pool


def _add_with_imports(pool, file):
  for each in file.dependencies:
    _add_with_imports(pool, each)
  copy = descriptor_pb2.FileDescriptorProto()
  file.CopyToProto(copy)
  pool.Add(copy)
