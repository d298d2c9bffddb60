"""What an artifact of tags computes: the signatures, as functions of TensorFlow alone."""
import functools

import tensorflow as tf

from keras_weakseg.ops import tag_inference
from keras_weakseg.serving import base_module as base

TAG_NAMES = "tag_names"                # string [B, k], the surest first, padded with ""
PROBABILITIES = "probabilities"        # float32 [B, C], 0 at the background's place
PRESENT = "present"                    # bool [B, C]


class TagServingModule(base.BaseModule):
  """The object that is saved: variables, the signatures, and `tag_scores`.

  Args:
    predictor: `keras.Model` (or a trackable callable), RGB 0..255 float32 [N, h, w, 3] -> tag
      scores [N, C].
    document: dict as `document.build` makes it.
  """

  def __init__(self, predictor, document):
    super().__init__(predictor, document)
    protocol = document["protocol"]
    self._activation = document["activation"]
    self._infer = functools.partial(
        tag_inference.tag_probabilities, self.tag_scores, activation=self._activation,
        size=tuple(protocol["size"] or document["size"]), scales=tuple(protocol["scales"]),
        flip=protocol["flip"])
    self._threshold = float(document["threshold"])

  @base.graph(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name=base.IMAGES)])
  def tag_scores(self, images):
    """Returns tag scores float32 [N, C] of RGB 0..255 [N, h, w, 3]."""
    return self.ask(images)

  def fixed(self, pixels):
    """Signature `predict_fixed`: pixels of the network's own size to probabilities, in one pass."""
    return {PROBABILITIES: tag_inference.foreground_probabilities(
        self.ask(pixels), self._activation)}

  @base.graph(input_signature=[tf.TensorSpec([None], tf.string, name=base.IMAGE_BYTES)])
  def serve_bytes(self, image_bytes):
    """Signature `serving_default`: encoded images of any sizes to names and probabilities."""
    classes = self._document["classes"]
    (found, readable), status = self.each_image(
        lambda image: (self._infer(images=image[None])[0], tf.constant(True)), image_bytes,
        (tf.zeros([len(classes)]), False))
    # Of what cannot be read nothing is said, whatever the threshold.
    names = said_names(tf.where(readable[:, None], found, -1.0), classes, self._threshold)
    return {TAG_NAMES: names, PROBABILITIES: found, **status}

  @base.graph(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name=base.IMAGES)])
  def serve_images(self, images):
    """Signature `predict_images`: pixels of one size to probabilities and what is said."""
    found = self._infer(images=self.checked(images))
    return {PROBABILITIES: found, PRESENT: found >= self._threshold}

  @base.graph(input_signature=[])
  def serve_metadata(self):
    """Signature `metadata`: class names, threshold, preprocessing and protocol, for gRPC."""
    document = self._document
    return {**self.common_metadata(),
            "class_names": tf.constant(document["classes"], tf.string),
            "threshold": tf.constant(document["threshold"], tf.float32),
            "activation": tf.constant(document["activation"])}


def said_names(probabilities, classes, threshold):
  """Returns the names of the classes from the threshold on, the surest first, padded with "".

  Args:
    probabilities: float32 [B, C].
    classes: C names.
    threshold: probability from which a class is said.

  Returns:
    string [B, k], k = the largest number of classes in one row.

  Example:
    >>> said_names(tf.constant([[0, .6, .9], [0, .1, .5]]), ["", "cat", "dog"], .5).numpy().tolist()
    [[b'dog', b'cat'], [b'dog', b'']]
  """
  order = tf.argsort(probabilities, direction="DESCENDING", stable=True)
  said = tf.gather(probabilities, order, batch_dims=1) >= threshold
  names = tf.where(said, tf.gather(tf.constant(list(classes)), order), "")
  # The 0 is for an empty batch, whose maximum is the smallest integer.
  most = tf.reduce_max(tf.concat([[0], tf.reduce_sum(tf.cast(said, tf.int32), 1)], 0))
  return names[:, :most]
