"""Warm-up requests: what TensorFlow Serving runs when it loads a version, before it serves it.

The records are `PredictionLog` messages (tensorflow_serving/apis/prediction_log.proto). Only four
small messages of that family are needed, so they are written here in protobuf's wire format, and
exporting does not need `tensorflow-serving-api`; a test parses them with it.
"""
import pathlib

import tensorflow as tf

FILE = "tf_serving_warmup_requests"

# Field numbers of the .proto files.
_MODEL_SPEC_NAME, _MODEL_SPEC_SIGNATURE = 1, 3        # model.proto: ModelSpec
_REQUEST_MODEL_SPEC, _REQUEST_INPUTS = 1, 2           # predict.proto: PredictRequest
_MAP_KEY, _MAP_VALUE = 1, 2                           # every map<string, message>
_PREDICT_LOG_REQUEST = 1                              # prediction_log.proto: PredictLog
_PREDICTION_LOG_PREDICT = 6                           # prediction_log.proto: PredictionLog
_LENGTH_DELIMITED = 2


def prediction_log(model_name, signature, inputs):
  """Returns one serialized `PredictionLog`.

  Args:
    model_name: name in the model spec.
    signature: name of the signature.
    inputs: dict of input name to array or tensor.

  Returns:
    bytes.

  Example:
    >>> prediction_log("m", "metadata", {}).hex()
    '32110a0f0a0d0a016d1a086d65746164617461'
  """
  spec = (_field(_MODEL_SPEC_NAME, model_name.encode())
          + _field(_MODEL_SPEC_SIGNATURE, signature.encode()))
  request = _field(_REQUEST_MODEL_SPEC, spec)
  for name, value in sorted(inputs.items()):
    tensor = tf.make_tensor_proto(value).SerializeToString(deterministic=True)
    request += _field(_REQUEST_INPUTS,
                      _field(_MAP_KEY, name.encode()) + _field(_MAP_VALUE, tensor))
  return _field(_PREDICTION_LOG_PREDICT, _field(_PREDICT_LOG_REQUEST, request))


def write_requests(folder, model_name, requests):
  """Writes the warm-up file of a version.

  Args:
    folder: the version's folder.
    model_name: name in the model specs.
    requests: list of (signature name, dict of inputs); TensorFlow Serving takes 1000 at most.

  Returns:
    `pathlib.Path` of the file `assets.extra/tf_serving_warmup_requests`.
  """
  path = pathlib.Path(folder) / "assets.extra" / FILE
  path.parent.mkdir(parents=True, exist_ok=True)
  with tf.io.TFRecordWriter(str(path)) as writer:
    for signature, inputs in requests:
      writer.write(prediction_log(model_name, signature, inputs))
  return path


def sample_image(height, width):
  """Returns a uint8 image [height, width, 3] of colour ramps, the same every time."""
  rows = tf.linspace(0.0, 255.0, height)[:, None]
  columns = tf.linspace(0.0, 255.0, width)[None, :]
  planes = [tf.broadcast_to(rows, [height, width]), tf.broadcast_to(columns, [height, width]),
            (rows + columns) / 2.0]
  return tf.cast(tf.stack(planes, -1), tf.uint8)


def _field(number, payload):
  """Returns a length-delimited field of protobuf's wire format."""
  return _varint(number << 3 | _LENGTH_DELIMITED) + _varint(len(payload)) + payload


def _varint(value):
  """Returns a non-negative integer in base 128, the least significant group first."""
  out = bytearray()
  while value > 0x7F:
    out.append(value & 0x7F | 0x80)
    value >>= 7
  out.append(value)
  return bytes(out)
