"""Requests to, and answers from, TensorFlow Serving's REST interface as plain dicts."""
import base64

import tensorflow as tf

from keras_weakseg.ops import depth_images
from keras_weakseg.serving import depth_module
from keras_weakseg.serving import module as modules


def rest_request(*images):
  """Returns the JSON body of `POST /v1/models/<name>:predict` for encoded images.

  Args:
    *images: bytes of JPEG, PNG, BMP or GIF files; their sizes may differ.

  Returns:
    dict for `json.dumps`.

  Example:
    >>> rest_request(b"abc")
    {'instances': [{'b64': 'YWJj'}]}
  """
  return {"instances": [{"b64": base64.b64encode(image).decode("ascii")} for image in images]}


def rest_masks(answer):
  """Returns the masks and class ids of a decoded JSON answer.

  Args:
    answer: dict, the JSON of the response to `rest_request`.

  Returns:
    list of (mask uint8 [H, W] as a numpy array, list of the ids in it, ascending).
  """
  found = []
  for row in answer["predictions"]:
    png = base64.b64decode(row[modules.MASK_PNG_BYTES]["b64"])
    mask = tf.io.decode_png(png, channels=1)[..., 0].numpy()
    found.append((mask, [int(class_id) for class_id in row[modules.CLASS_IDS] if class_id >= 0]))
  return found


def rest_depths(answer):
  """Returns the depth maps of a decoded JSON answer of a depth model.

  Args:
    answer: dict, the JSON of the response to `rest_request`.

  Returns:
    list of depth float32 [H, W] as numpy arrays; the document's `unit` says whether in metres.
  """
  return [depth_images.decode_depth_png(
      base64.b64decode(row[depth_module.DEPTH_PNG_BYTES]["b64"]),
      row[depth_module.DEPTH_SCALE]).numpy() for row in answer["predictions"]]
