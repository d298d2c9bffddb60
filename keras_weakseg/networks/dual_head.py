"""The three subnets of dual learning as one layer, with inference by reconstruction inside.

Luo et al., "Deep Dual Learning for Semantic Image Segmentation", ICCV 2017, section 3.1.
"""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.framework import keras
from keras_weakseg.ops import reconstruction, tag_losses

PROBABILITIES = "probabilities"
SCORES = "scores"
SOURCES = (PROBABILITIES, SCORES)

# What `explain` tells of an image.
LABELMAP = "labelmap"                # float32 [N,h,w,C], scores u3 of pixels without the tags
TAG_SCORES = "tag_scores"            # float32 [N,C], scores v3 of the image
RECONSTRUCTION = "reconstruction"    # float32 [N,h,w,3], z3
RECONSTRUCTION_LOSS = "reconstruction_loss"  # float32 [N]

# Of inference: shares of the features' size.
STEP_SIZE, TAG_STEP_SIZE = 0.02, 0.3

_IMAGE_FILTERS = 16


@keras.utils.register_keras_serializable("keras_weakseg")
class DualHead(keras.layers.Layer):
  """Features u1 [N,h,w,D] and preprocessed images to scores; always float32.

  Subnet 1 makes the labelmap, `u3 = conv3x3(u1 + v1)`, subnet 2 the image of it, `z3 =
  conv3x3(relu(conv3x3(relu(conv5x5(softmax(u3))))))`, subnet 3 the tags, `v3 = fc(mean(u1) + v1)`.
  v1 starts as the mean of u1 and has no weights; in inference it moves on its own.

  Args:
    num_classes: C, with the background.
    stride: of the grid of the features in pixels: each stride-th pixel is to be reconstructed.
    target_scale: factor that brings preprocessed images to about -1..1.
    step_size, decay, rule, proximal: of inference, see `ops.reconstruction.refine_features`.
    tag_step_size: of the first step along the loss of given tags. As long as that along the loss of
      the image, ten steps bring v3 hardly any nearer to the tags.
    image_from: what subnet 2 sees: "probabilities" (softmax of u3) or "scores" (u3 as it is).
    combine: "probabilities", "logits" (see `ops.reconstruction.tagged_scores`), or "" to answer
      with u3 alone.
    name: name of the layer.

  Raises:
    ValueError: a name is unknown.
  """

  def __init__(self, num_classes, stride=8, target_scale=1.0, step_size=STEP_SIZE, decay=True,
               rule=reconstruction.RMS, proximal=0.0, image_from=PROBABILITIES,
               combine=reconstruction.PROBABILITIES, tag_step_size=TAG_STEP_SIZE,
               name="head_dual", **kwargs):
    # Inputs are not cast to half precision: small steps of features would be lost in it.
    super().__init__(name=name, dtype=kwargs.pop("dtype", "float32"), autocast=False, **kwargs)
    for kind, value, known in (("rule of a step", rule, reconstruction.RULES),
                               ("source of the reconstruction", image_from, SOURCES),
                               ("way to combine tags and labels", combine,
                                ("", *reconstruction.MODES))):
      errors.check_name(kind, value, known)
    self.options = dict(
        num_classes=num_classes, stride=stride, target_scale=target_scale, step_size=step_size,
        decay=decay, rule=rule, proximal=proximal, image_from=image_from, combine=combine,
        tag_step_size=tag_step_size)
    self._image_layers = [
        self._conv(filters, kernel, f"image_{index}") for index, (filters, kernel) in enumerate(
            ((num_classes, 5), (_IMAGE_FILTERS, 3), (3, 3)), start=1)]
    self._tag_layer = keras.layers.Dense(num_classes, kernel_initializer=_small(),
                                         dtype="float32", name="tags")
    self._label_layer = self._conv(num_classes, 3, "labelmap")

  def _conv(self, filters, kernel, name):
    return keras.layers.Conv2D(filters, kernel, padding="same", kernel_initializer=_small(),
                               dtype="float32", name=name)

  def build(self, input_shape):
    """Creates the subnets for features [N, h, w, D]."""
    width, classes = input_shape[0][-1], self.options["num_classes"]
    # The classifier of pixels comes last: there a prior of the background looks for its bias.
    for layer, channels in (*zip(self._image_layers, (classes, classes, _IMAGE_FILTERS)),
                            (self._tag_layer, width), (self._label_layer, width)):
      with tf.name_scope(layer.name):
        layer.build([None, channels] if layer is self._tag_layer else [None] * 3 + [channels])
    super().build(input_shape)

  def get_build_config(self):
    """Returns None: built with its model, its variables carry its name."""
    return None

  def call(self, inputs, steps=0):
    """Applies the layer.

    Args:
      inputs: features [N, h, w, D], >= 0, and preprocessed images [N, H, W, 3 or more].
      steps: of inference: int, or an int tensor [] or [N]; 0 = the plain network.

    Returns:
      Scores float32 [N, h, w, C]; their softmax is what labelmap and tags say together.
    """
    features, images = inputs
    return self.scores(*self.inferred(features, images, steps))

  def explain(self, features, images, steps=0):
    """Returns what the network knows after so many steps, as a dict of the names above."""
    moved = self.inferred(features, images, steps)
    labelmap = self.labelmap(*moved)
    image = self.reconstruct(labelmap)
    return {LABELMAP: labelmap, TAG_SCORES: self.tags(*moved), RECONSTRUCTION: image,
            RECONSTRUCTION_LOSS: _distance(image, self.target(images)),
            SCORES: self.scores(*moved)}

  def inferred(self, features, images, steps=0, extra_loss=None, valid=None):
    """Returns (u1, v1) after `steps` of inference; with a static 0 gradients flow through them.

    Args:
      features, images, steps: as in `call`.
      extra_loss: function of (u1, v1) that returns float [N], beside the reconstruction: the loss
        of the tags while training on weak images.
      valid: bool [N, h, w], False where there is padding, which is not to be reconstructed; None =
        there is none.
    """
    features = tf.cast(features, tf.float32)
    start = (features, tf.reduce_mean(features, [1, 2]))
    if isinstance(steps, int) and steps == 0:
      return start
    target = self.target(images)

    def losses(moved):
      found = [_distance(self.reconstruct(self.labelmap(*moved)), target, valid)]
      return found if extra_loss is None else [*found, extra_loss(*moved)]

    weights = [1.0, self.options["tag_step_size"] / self.options["step_size"]]
    return reconstruction.refine_features(
        start, losses, steps, loss_weights=weights[:1 if extra_loss is None else 2],
        **{key: self.options[key] for key in ("step_size", "decay", "rule", "proximal")})

  def inferred_with_tags(self, features, images, tags, steps, valid=None):
    """Returns (u1, v1) as `inferred` does, also drawn to the tags [N, C] of the images."""
    return self.inferred(features, images, steps, lambda *moved: tag_losses.tag_softmax_loss(
        tags, self.tags(*moved)), valid)

  def labelmap(self, features, vector):
    """Returns u3, scores [N,h,w,C] of u1 [N,h,w,D] and v1 [N,D]: subnet 1."""
    # No slice: converters to other formats know its gradient as little as that of `tf.nn.relu`.
    return self._label_layer(features + tf.reshape(vector, [-1, 1, 1, vector.shape[-1]]))

  def reconstruct(self, labelmap):
    """Returns z3, the image [N,h,w,3] of a labelmap [N,h,w,C] of scores: subnet 2."""
    x = tf.nn.softmax(labelmap) if self.options["image_from"] == PROBABILITIES else labelmap
    for index, layer in enumerate(self._image_layers):
      x = layer(_relu(x) if index else x)
    return x

  def tags(self, features, vector):
    """Returns v3, scores [N,C] of the tags of u1 [N,h,w,D] and v1 [N,D]: subnet 3."""
    return self._tag_layer(tf.reduce_mean(features, [1, 2]) + vector)

  def scores(self, features, vector):
    """Returns u3 as the tags want it, scores [N,h,w,C]."""
    labelmap, combine = self.labelmap(features, vector), self.options["combine"]
    if not combine:
      return labelmap
    return reconstruction.tagged_scores(labelmap, self.tags(features, vector), combine)

  def target(self, images):
    """Returns the image [N,h,w,3] that is to be reconstructed, about -1..1."""
    stride = self.options["stride"]
    return tf.cast(images[:, ::stride, ::stride, :3], tf.float32) * self.options["target_scale"]

  def reconstruction_loss(self, labelmap, images):
    """Returns the mean square of z3 - target, float32 [N]."""
    return _distance(self.reconstruct(labelmap), self.target(images))

  def train_subnets(self, labelmap=True, image=True, tags=True):
    """Says which of the three subnets an optimizer moves.

    Args:
      labelmap, image, tags: whether subnet 1, 2 and 3 are trained.
    """
    self._label_layer.trainable, self._tag_layer.trainable = labelmap, tags
    for layer in self._image_layers:
      layer.trainable = image

  def get_config(self):
    return {**super().get_config(), **self.options}


def _relu(x):
  """Returns `tf.nn.relu`, with the same gradient in operations that converters know.

  Inference by reconstruction has gradients in its graph.
  """
  return x * tf.cast(x > 0, x.dtype)


def _small():
  return keras.initializers.RandomNormal(stddev=0.01)


def _distance(image, target, valid=None):
  """Returns the mean square over the valid positions, float32 [N]; 0 where none is."""
  squares = tf.reduce_mean((image - target) ** 2, -1)
  if valid is None:
    return tf.reduce_mean(squares, [1, 2])
  counts = tf.cast(valid, tf.float32)
  return tf.math.divide_no_nan(tf.reduce_sum(squares * counts, [1, 2]),
                               tf.reduce_sum(counts, [1, 2]))
