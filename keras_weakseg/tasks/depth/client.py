"""Answers of TensorFlow Serving to `serving.rest_request`, or to bytes by gRPC: depth maps."""
import numpy as np

from keras_weakseg.ops import depth_images
from keras_weakseg.serving import client
from keras_weakseg.tasks.depth import module as depth_module


def rest_depths(answer):
  """Returns the depth maps of a decoded answer of a depth model.

  Args:
    answer: dict, the JSON of the response to `rest_request`, or what `serving.GrpcClient` returned.

  Returns:
    list of depth float32 [H, W] as numpy arrays; the document's `unit` says whether in metres. The
    depth of an image that could not be read is 0x0; `serving.statuses` says why.

  Raises:
    ValueError: the server has answered with an error, or not with depth.
  """
  found = []
  for row in client.rows(answer, depth_module.DEPTH_PNG_BYTES, depth_module.DEPTH_SCALE):
    png, scale = client.content(row[depth_module.DEPTH_PNG_BYTES]), row[depth_module.DEPTH_SCALE]
    found.append(depth_images.decode_depth_png(png, scale).numpy() if png else
                 np.zeros((0, 0), np.float32))
  return found
