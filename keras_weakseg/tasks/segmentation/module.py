"""What a segmentation artifact computes: the signatures, as functions of TensorFlow alone."""
import functools

import numpy as np
import tensorflow as tf

from keras_weakseg.ops import images as image_ops
from keras_weakseg.ops import inference
from keras_weakseg.serving import base_module as base
from keras_weakseg.serving import loading

MASK_PNG_BYTES = "mask_png_bytes"      # string [B]; REST answers base64 because of "_bytes"
CLASS_IDS = "class_ids"                # int32 [B, k], ascending, padded with -1
PREDICT_INFERRED = "predict_inferred"
STEPS = "steps"                        # int32 [B], of inference
MASK = "mask"                          # uint8 [B, H, W]
PROBABILITIES = "probabilities"        # float32 [B, H, W, C]
SCORES = "scores"                      # float32 [1, H, W, C]


class ServingModule(base.BaseModule):
  """The object that is saved: variables, the four signatures, and `scores`.

  Args:
    predictor: `keras.Model` (or a trackable callable), RGB 0..255 float32 [N, H, W, 3] -> scores
      [N, h, w, C].
    document: dict as `document.build` makes it.
    inference_options: dict, the keyword arguments of `ops.inference.class_probabilities`.
  """

  def __init__(self, predictor, document, inference_options):
    super().__init__(predictor, document)
    self._infer = functools.partial(inference.class_probabilities, self.scores,
                                    **inference_options)

  @base.graph(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name=base.IMAGES)])
  def scores(self, images):
    """Returns scores float32 [N, h, w, C] of RGB 0..255 [N, H, W, 3], on the network's grid."""
    return self.ask(images)

  def fixed(self, pixels):
    """Signature `predict_fixed`: pixels of one known size to what the network says of each.

    Without views and windows; the largest score is the class.
    """
    document = self._document
    return {SCORES: inference.whole_scores(self._last_scores, pixels, multiple=document["multiple"],
                                           mean_rgb=tuple(document["mean_rgb"]))}

  def _last_scores(self, images):
    """Returns scores float32 [N, h, w, C] after as much inference as the protocol wants."""
    return self.ask(images)

  def _mask_and_probabilities(self, images):
    """Returns uint8 [N, H, W] and float32 [N, H, W, C] of images [N, H, W, 3]."""
    probabilities = self._infer(images)
    return tf.argmax(probabilities, -1, tf.int32), probabilities

  def _one(self, image):
    """Returns the mask as PNG (string []) and which classes are in it (bool [C])."""
    mask, _ = self._mask_and_probabilities(image[None])
    classes = len(self._document["classes"])
    present = tf.math.bincount(mask, minlength=classes, maxlength=classes) > 0
    # Grey, not a palette: most decoders turn a palette into colours and lose the class ids.
    return image_ops.encode_mask_png(tf.cast(mask[0], tf.uint8)), present

  @base.graph(input_signature=[tf.TensorSpec([None], tf.string, name=base.IMAGE_BYTES)])
  def serve_bytes(self, image_bytes):
    """Signature `serving_default`: encoded images of any sizes to PNG masks of the same sizes."""
    nothing = "", tf.zeros([len(self._document["classes"])], tf.bool)
    (pngs, present), status = self.each_image(self._one, image_bytes, nothing)
    return {MASK_PNG_BYTES: pngs, CLASS_IDS: present_ids(present), **status}

  @base.graph(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name=base.IMAGES)])
  def serve_images(self, images):
    """Signature `predict_images`: pixels of one size to masks and probabilities."""
    mask, probabilities = self._mask_and_probabilities(self.checked(images))
    return {MASK: tf.cast(mask, tf.uint8), PROBABILITIES: probabilities}

  @base.graph(input_signature=[])
  def serve_metadata(self):
    """Signature `metadata`: class names, palette, preprocessing and protocol, for gRPC."""
    document = self._document
    return {**self.common_metadata(),
            "class_names": tf.constant(document["classes"], tf.string),
            "palette": tf.constant(document["palette"], tf.uint8)}


class InferringModule(ServingModule):
  """The module of a network that infers by reconstruction: it can be told for how long.

  Args:
    predictor, document, inference_options: as of `ServingModule`.
    explain: as of `SegmentationModel`.
  """

  def __init__(self, predictor, document, inference_options, explain):
    super().__init__(predictor, document, inference_options)
    def explained(images, steps):
      with self._precise():
        return explain(images, steps)

    restored = hasattr(explain, "concrete_functions")
    self.explained = explain if restored else base.graph(
        explained, input_signature=[
            tf.TensorSpec([None, None, None, 3], tf.float32, name=base.IMAGES),
            tf.TensorSpec([None], tf.int32, name=STEPS)])
    self._views = functools.partial(inference.class_probabilities, **inference_options)
    # Without a signature, so that the sizes of `predict_fixed` are known all over its graph.
    once = loading.one_graph(explain) if restored else explained
    self._explain = lambda images, steps: once(images, steps)  # What is no function is saved.
    self._steps = document["protocol"].get("inference_steps", 0)
    if self._steps:
      self._infer = functools.partial(self._views, lambda images: self.explained(
          images, tf.fill([tf.shape(images)[0]], self._steps))["scores"])

  def _last_scores(self, images):
    if not self._steps:
      return super()._last_scores(images)
    return self._explain(images, tf.fill([tf.shape(images)[0]], self._steps))["scores"]

  @base.graph(input_signature=[
      tf.TensorSpec([None, None, None, 3], tf.uint8, name=base.IMAGES),
      tf.TensorSpec([None], tf.int32, name=STEPS)])
  def serve_inferred(self, images, steps):
    """Signature `predict_inferred`: as `predict_images`, after so many steps for each image."""
    probabilities = self._views(lambda views: self.explained(views, steps)["scores"],
                                self.checked(images))
    return {MASK: tf.cast(tf.argmax(probabilities, -1, tf.int32), tf.uint8),
            PROBABILITIES: probabilities}

  def further_requests(self, images):
    return [(PREDICT_INFERRED, {base.IMAGES: images, STEPS: np.ones([1], np.int32)})]

  def signatures(self):
    return {**super().signatures(), PREDICT_INFERRED: self.serve_inferred}


def present_ids(present):
  """Returns the ids of the classes that are present, ascending, padded with -1.

  Args:
    present: bool [B, C].

  Returns:
    int32 [B, k], k = the largest number of classes in one row.

  Example:
    >>> present_ids(tf.constant([[True, False, True], [False, True, False]])).numpy().tolist()
    [[0, 2], [1, -1]]
  """
  classes = tf.shape(present)[1]
  ids = tf.sort(tf.where(present, tf.range(classes)[None], classes), axis=1)
  # The 0 is for an empty batch, whose maximum is the smallest integer.
  most = tf.reduce_max(tf.concat([[0], tf.reduce_sum(tf.cast(present, tf.int32), 1)], 0))
  ids = ids[:, :most]
  return tf.where(ids < classes, ids, -1)
