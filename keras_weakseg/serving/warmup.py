"""Warm-up requests: what TensorFlow Serving runs when it loads a version, before it serves it.

The records are `PredictionLog` messages (tensorflow_serving/apis/prediction_log.proto).
"""
import pathlib

import tensorflow as tf

from keras_weakseg.serving import messages

FILE = "tf_serving_warmup_requests"


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
  log = messages.message("PredictionLog")()
  log.predict_log.request.CopyFrom(messages.predict_request(model_name, signature, inputs))
  return log.SerializeToString(deterministic=True)


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
