"""Answers of TensorFlow Serving to `serving.rest_request`, or to bytes by gRPC: masks."""
import numpy as np
import tensorflow as tf

from keras_weakseg.serving import client

from keras_weakseg.tasks.segmentation import module as modules


def rest_masks(answer):
  """Returns the masks and class ids of a decoded answer.

  Args:
    answer: dict, the JSON of the response to `rest_request`, or what `serving.GrpcClient` returned.

  Returns:
    list of (mask uint8 [H, W] as a numpy array, list of the ids in it, ascending). The mask of an
    image that could not be read is 0x0; `serving.statuses` says why.

  Raises:
    ValueError: the server has answered with an error, or not with masks.
  """
  found = []
  for row in client.rows(answer, modules.MASK_PNG_BYTES, modules.CLASS_IDS):
    png = client.content(row[modules.MASK_PNG_BYTES])
    mask = (tf.io.decode_png(png, channels=1)[..., 0].numpy() if png else
            np.zeros((0, 0), np.uint8))
    found.append((mask, [int(class_id) for class_id in row[modules.CLASS_IDS] if class_id >= 0]))
  return found
