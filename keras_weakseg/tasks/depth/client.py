"""Answers of TensorFlow Serving's REST interface to `serving.rest_request`: depth maps."""
import base64

from keras_weakseg.ops import depth_images
from keras_weakseg.tasks.depth import module as depth_module


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
