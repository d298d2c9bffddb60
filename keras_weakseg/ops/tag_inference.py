"""The one road from photograph to tags: evaluator, predict and artifact all take it."""
import tensorflow as tf

from keras_weakseg import errors

# What a network of tags answers with: logits of the classes, index 0 = background.
TAG_SCORES = "tag_scores"

# How scores become probabilities: every class apart, or all in competition.
SIGMOID = "sigmoid"
SOFTMAX = "softmax"
ACTIVATIONS = (SIGMOID, SOFTMAX)


def foreground_probabilities(scores, activation=SIGMOID):
  """Returns the probabilities of tags; the background's place is kept, and 0.

  Args:
    scores: float [N, C], logits, index 0 = background, which nobody has trained.
    activation: `sigmoid`, or `softmax` over the classes 1..C-1.

  Returns:
    float32 [N, C].

  Raises:
    ValueError: the activation is unknown.

  Example:
    >>> foreground_probabilities([[9., 0., 0.]], "softmax").numpy().tolist()
    [[0.0, 0.5, 0.5]]
  """
  errors.check_name("activation of tag scores", activation, ACTIVATIONS)
  scores = tf.cast(scores, tf.float32)[:, 1:]
  found = tf.sigmoid(scores) if activation == SIGMOID else tf.nn.softmax(scores)
  return tf.pad(found, [[0, 0], [1, 0]])


def tag_probabilities(score_fn, images, *, size=(), scales=(1.0,), flip=False,
                      activation=SIGMOID):
  """Returns the probability of every class to be somewhere in the image.

  A view (one scale, mirrored or not) goes through the network as a whole; the answer is the mean of
  the probabilities of all views. Sizes and batch may be unknown until run time.

  Args:
    score_fn: float32 RGB 0..255 [N, h, w, 3] -> tag scores [N, C]. Pass a `tf.function`: then a
      graph holds one copy of the network.
    images: uint8 or float RGB 0..255 [N, H, W, 3].
    size: height and width to which images are resized first, as in training; empty = as they are.
    scales: factors of this size.
    flip: also use the mirrored image.
    activation: see `foreground_probabilities`.

  Returns:
    float32 [N, C]; index 0 is 0.

  Example:
    >>> shown = lambda x: tf.reduce_mean(x, [1, 2])
    >>> photo = tf.constant([[[[255, 0, 255]]]], tf.uint8)
    >>> tag_probabilities(shown, photo).numpy().tolist()
    [[0.0, 0.5, 1.0]]
  """
  images = tf.cast(images, tf.float32)
  shape = tf.shape(images)
  own = tf.cast(tf.constant(tuple(size)) if size else shape[1:3], tf.float64)
  views = []
  for scale in scales:
    view = images
    if size or scale != 1:
      sides = tf.maximum(tf.cast(own * scale + 0.5, tf.int32), 1)
      # Rounded, as the data pipeline does: an image of the right size is itself in any case.
      view = tf.round(tf.image.resize(images, sides, antialias=True))
    for mirrored in (False, True) if flip else (False,):
      turned = tf.reverse(view, [2]) if mirrored else view
      views.append(foreground_probabilities(score_fn(turned), activation))
  return tf.add_n(views) / len(views) if len(views) > 1 else views[0]
