"""Answers of TensorFlow Serving's REST interface to `serving.rest_request`: masks."""
import base64

import tensorflow as tf

from keras_weakseg.tasks.segmentation import module as modules


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
