"""What every artifact has, whatever it predicts: its variables, its document, its signatures."""
import contextlib
import functools
import json

import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.serving import decoding
from keras_weakseg.serving import loading
from keras_weakseg.serving import precision
from keras_weakseg.serving import settings as settings_lib

IMAGE_BYTES = "image_bytes"            # string [B], JPEG, PNG, BMP or GIF
IMAGES = "images"                      # uint8 [B, H, W, 3], RGB
PIXELS = "pixels"                      # float32 [1, H, W, 3], RGB 0..255, of one size
NAMES = "names"                        # string [B], keys of the document, "" = all of it
DOCUMENTS = "documents"                # string [B], JSON
DOCUMENT = "document"                  # string [], JSON

SERVING_DEFAULT = "serving_default"
PREDICT_IMAGES = "predict_images"
METADATA = "metadata"
METADATA_ROWS = "metadata_rows"
PREDICT_FIXED = "predict_fixed"

# Decorator of signatures: they have no `if` or `for` of Python that asks a tensor, so AutoGraph,
# which would look at all that they call, is not needed.
graph = functools.partial(tf.function, autograph=False)


class BaseModule(tf.Module):
  """The object that is saved; subclasses add `serve_bytes`, `serve_images` and `serve_metadata`.

  One that has `fixed(pixels)` and a `fixed_size` in its document has the signature `predict_fixed`.

  It tracks the variables and not the Keras model, so that a SavedModel holds no Keras object and
  no copy of every layer's call, and loads where no Keras is installed.

  Args:
    predictor: `keras.Model` (or a trackable callable), RGB 0..255 float32 [N, H, W, 3] -> a map
      [N, h, w, C].
    document: dict as `document.build` or `depth_document.build` makes it.
  """

  def __init__(self, predictor, document):
    super().__init__(name="keras_weakseg_artifact")
    # Of what is no Keras model the precision is its own.
    self._precise = contextlib.nullcontext
    if isinstance(predictor, keras.Model):
      self.parameters = list(predictor.variables)
      self._predict = lambda images: predictor(images, training=False)
      if document.get("precision", settings_lib.SINGLE) == settings_lib.SINGLE:
        self._precise = lambda: precision.single(predictor)
    elif isinstance(predictor, loading.LoadedFunction):
      self.parameters = list(predictor.parameters)
      self._predict = lambda images: predictor(images)
      # The function itself, and not one more around it in every artifact of an artifact.
      setattr(self, predictor.function_name, predictor.restored())
    else:
      self.parameters = predictor
      self._predict = predictor
    # A string and a function, because a dict attribute would be tracked and saved.
    self._json = json.dumps(document, sort_keys=True)

  @property
  def _document(self):
    return json.loads(self._json)

  def ask(self, images):
    """Returns what the predictor answers, float32, to RGB 0..255 float32 [N, H, W, 3]."""
    with self._precise():
      return tf.cast(self._predict(images), tf.float32)

  def each_image(self, answer, image_bytes, nothing):
    """Returns answers to encoded images under the settings: see `decoding.each_image`."""
    settings = {**settings_lib.Settings().as_dict(), **self._document}
    return decoding.each_image(answer, image_bytes, nothing, settings)

  def checked(self, images):
    """Returns a batch of pixels that may be computed: see `decoding`."""
    images = decoding.check_pixels(images, self._document.get("max_pixels", 0))
    return decoding.check_sizes_known(images)

  def fixed_signature(self):
    """Returns the function of `predict_fixed`; None where this model has none.

    Everything about its graph is known beforehand, and nothing in it is of this library's road
    from photograph to answer but what converters to other formats know.
    """
    size = self._document.get("fixed_size")
    if not size or not hasattr(self, "fixed"):
      return None
    return tf.function(self.fixed, autograph=False, input_signature=[
        tf.TensorSpec([1, *size, 3], tf.float32, name=PIXELS)])

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
        "max_pixels": tf.constant(document.get("max_pixels", 0), tf.int64),
        "library_version": tf.constant(document["library_version"]),
        DOCUMENT: tf.constant(self._json),
    }

  @graph(input_signature=[tf.TensorSpec([None], tf.string, name=NAMES)])
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

  def further_requests(self, images):
    """Returns warm-up requests to the signatures that a subclass adds.

    Args:
      images: uint8 array [1, H, W, 3].

    Returns:
      list of (signature name, dict of input name to array).
    """
    del images
    return []

  def signatures(self):
    """Returns the dict of signature name to function that is saved."""
    fixed = self.fixed_signature()
    return {SERVING_DEFAULT: self.serve_bytes, PREDICT_IMAGES: self.serve_images,
            METADATA: self.serve_metadata, METADATA_ROWS: self.serve_metadata_rows,
            **({PREDICT_FIXED: fixed} if fixed else {})}


def _text(value):
  """Returns a string as it is, anything else as JSON."""
  return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
