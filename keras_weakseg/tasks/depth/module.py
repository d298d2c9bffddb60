"""What a depth artifact computes: the signatures, as functions of TensorFlow alone."""
import functools

import numpy as np
import tensorflow as tf

from keras_weakseg.ops import depth_images
from keras_weakseg.ops import depth_inference
from keras_weakseg.serving import base_module as base

DEPTH_PNG_BYTES = "depth_png_bytes"    # string [B], 16 bits; REST answers base64 due to "_bytes"
DEPTH_SCALE = "depth_scale"            # float32 [B], value in the PNG / depth_scale = depth
DISPARITY = "disparity"                # float32 [B, H, W], 1 / depth in the model's own unit
DEPTH = "depth"                        # float32 [B, H, W]


class DepthServingModule(base.BaseModule):
  """The object that is saved: variables, the four signatures, and `disparity`.

  Args:
    predictor: `keras.Model` (or a trackable callable), RGB 0..255 float32 [N, h, w, 3] -> sigmoid
      disparity [N, h', w', 1] in 0..1.
    document: dict as `depth_document.build` makes it.
  """

  def __init__(self, predictor, document):
    super().__init__(predictor, document)
    protocol = document["protocol"]
    self._infer = functools.partial(
        depth_inference.depth_disparity, self.disparity,
        size=tuple(protocol["size"] or document["size"]), flip=protocol["flip"],
        min_depth=document["min_depth"], max_depth=document["max_depth"],
        answers=document["answers"])
    self._factor = float(np.float32(document["factor"] or 1.0))
    self._scale = document["depth_scale"]

  @base.graph(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name=base.IMAGES)])
  def disparity(self, images):
    """Returns what the network answers, float32 [N, h', w', 1], to RGB 0..255 [N, h, w, 3]."""
    return self.ask(images)

  def fixed(self, pixels):
    """Signature `predict_fixed`: pixels of the network's own size to disparity.

    Without mirroring and without resizing, which converters do not know as it is done here.
    """
    document = self._document
    return {DISPARITY: depth_inference.scaled_disparity(
        self.ask, pixels, document["min_depth"], document["max_depth"],
        document["answers"])[..., 0]}

  def _depth(self, disparity):
    """Returns depth float32 of scaled disparity, both [...]."""
    # In double precision: graphs turn 1 / x into a reciprocal, and its float32 kernel is not
    # rounded as `DepthModel.depth` rounds.
    return tf.cast(self._factor / tf.cast(disparity, tf.float64), tf.float32)

  def _one(self, image):
    """Returns the depth of an image as PNG, string []."""
    depth = self._depth(self._infer(images=image[None])[0])
    # The smallest files take four times as long, and are a fifteenth smaller.
    return depth_images.encode_depth_png(depth, self._scale, compression=1),

  @base.graph(input_signature=[tf.TensorSpec([None], tf.string, name=base.IMAGE_BYTES)])
  def serve_bytes(self, image_bytes):
    """Signature `serving_default`: encoded images of any sizes to depth PNGs of the same sizes."""
    (pngs,), status = self.each_image(self._one, image_bytes, ("",))
    return {DEPTH_PNG_BYTES: pngs, DEPTH_SCALE: tf.fill(tf.shape(image_bytes), self._scale),
            **status}

  @base.graph(input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name=base.IMAGES)])
  def serve_images(self, images):
    """Signature `predict_images`: pixels of one size to disparity and depth."""
    disparity = self._infer(images=self.checked(images))
    return {DISPARITY: disparity, DEPTH: self._depth(disparity)}

  @base.graph(input_signature=[])
  def serve_metadata(self):
    """Signature `metadata`: range, unit, scale, preprocessing and protocol, for gRPC."""
    document = self._document
    return {**self.common_metadata(),
            "size": tf.constant(document["size"], tf.int32),
            **{name: tf.constant(document[name], tf.float32) for name in (
                "min_depth", "max_depth", "factor", "depth_range", "depth_scale")},
            **{name: tf.constant(document[name]) for name in ("unit", "scale_note")}}
