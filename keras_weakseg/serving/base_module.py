"""What every artifact has, whatever it predicts: its variables, its document, its signatures."""
import json

import tensorflow as tf

from keras_weakseg.framework import keras

IMAGE_BYTES = "image_bytes"            # string [B], JPEG, PNG, BMP or GIF
IMAGES = "images"                      # uint8 [B, H, W, 3], RGB
NAMES = "names"                        # string [B], keys of the document, "" = all of it
DOCUMENTS = "documents"                # string [B], JSON
DOCUMENT = "document"                  # string [], JSON

SERVING_DEFAULT = "serving_default"
PREDICT_IMAGES = "predict_images"
METADATA = "metadata"
METADATA_ROWS = "metadata_rows"


class BaseModule(tf.Module):
  """The object that is saved; subclasses add `serve_bytes`, `serve_images` and `serve_metadata`.

  It tracks the variables and not the Keras model, so that a SavedModel holds no Keras object and
  no copy of every layer's call, and loads where no Keras is installed.

  Args:
    predictor: `keras.Model` (or a trackable callable), RGB 0..255 float32 [N, H, W, 3] -> a map
      [N, h, w, C].
    document: dict as `document.build` or `depth_document.build` makes it.
  """

  def __init__(self, predictor, document):
    super().__init__(name="keras_weakseg_artifact")
    if isinstance(predictor, keras.Model):
      self.parameters = list(predictor.variables)
      self._predict = lambda images: predictor(images, training=False)
    else:
      self.parameters = predictor
      self._predict = predictor
    # A string and a function, because a dict attribute would be tracked and saved.
    self._json = json.dumps(document, sort_keys=True)

  @property
  def _document(self):
    return json.loads(self._json)

  def common_metadata(self):
    """Returns what the signature `metadata` of every artifact holds, as a dict of constants."""
    document = self._document
    return {
        "task": tf.constant(document["task"]),
        "mean_rgb": tf.constant(document["mean_rgb"], tf.float32),
        "multiple": tf.constant(document["multiple"], tf.int32),
        "preprocessing": tf.constant(_text(document["preprocessing"])),
        "protocol": tf.constant(_text(document["protocol"])),
        "protocol_hash": tf.constant(document["protocol_hash"]),
        "library_version": tf.constant(document["library_version"]),
        DOCUMENT: tf.constant(self._json),
    }

  @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=NAMES)])
  def serve_metadata_rows(self, names):
    """Signature `metadata_rows`: parts of the document as JSON, `null` for unknown names.

    TensorFlow Serving's REST front end refuses signatures without inputs ("Failed to get input
    map"), so `metadata` is out of its reach; this one has a batch of names instead.
    """
    document = self._document
    keys = ["", *sorted(document)]
    values = [json.dumps(document[key] if key else document, sort_keys=True)
              for key in keys] + ["null"]
    found = tf.equal(names[:, None], tf.constant(keys)[None])
    index = tf.where(tf.reduce_any(found, 1), tf.argmax(tf.cast(found, tf.int32), 1),
                     tf.constant(len(keys), tf.int64))
    return {DOCUMENTS: tf.gather(tf.constant(values), index)}

  def signatures(self):
    """Returns the dict of signature name to function that is saved."""
    return {SERVING_DEFAULT: self.serve_bytes, PREDICT_IMAGES: self.serve_images,
            METADATA: self.serve_metadata, METADATA_ROWS: self.serve_metadata_rows}


def _text(value):
  """Returns a string as it is, anything else as JSON."""
  return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
