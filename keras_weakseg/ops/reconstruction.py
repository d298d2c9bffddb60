"""Inference by reconstruction: features are moved until what is made of them explains the image.

Luo et al., "Deep Dual Learning for Semantic Image Segmentation", ICCV 2017, section 3: the weights
stay as they are, and the features u1 and v1 of one image follow the gradient of losses that need no
mask. The paper leaves the step open; the rules here are told apart by `rule` and its neighbours.
"""
import tensorflow as tf

from keras_weakseg import errors

RMS = "rms"      # steps of a share of the features' own size, whatever the loss is scaled by
SGD = "sgd"      # the bare gradient
ADAM = "adam"
RULES = (RMS, SGD, ADAM)

PROBABILITIES = "probabilities"
LOGITS = "logits"
MODES = (PROBABILITIES, LOGITS)

_BETAS = (0.9, 0.999)
_EPSILON = 1e-8


def refine_features(features, loss_fn, steps, step_size=0.02, decay=True, *, rule=RMS, power=1.0,
                    proximal=0.0, non_negative=True, loss_weights=None):
  """Returns features after gradient steps of their own, with every weight as it is.

  With the default rule, step t = 1, 2, ... of one image is
  `u <- max(u - e_t rms(u_0) sum_k w_k g_k / rms(g_k) - proximal (u - u_0), 0)`, `e_t = step_size /
  t`: each gradient g_k is normalised on its own, so that a loss of few terms (tags) is not drowned
  by one of many (pixels). One compiled loop: memory does not grow with the steps.

  Args:
    features: float tensor [N, ...], or a list or tuple of such, e.g. u1 [N,h,w,D] and v1 [N,D].
    loss_fn: function of `features` (of the same structure) that returns one loss per image,
      float [N], or a list of such. The loss of an image must depend on its own features alone.
    steps: int, or int tensor: scalar, or [N] for a number of steps per image.
    step_size: of the first step: a share of rms(u_0) for "rms" and "adam", a rate for "sgd".
    decay: whether later steps are smaller, by t^-power; constant ones go on improving the
      reconstruction while labels get worse.
    rule: "rms", "sgd" (the sum of the gradients) or "adam" (of the sum of normalised gradients).
    power: of the decay: 1, or 0.5 for 1 / sqrt(t).
    proximal: 0..1, how much of the way back to where they started features go in every step.
    non_negative: whether features stay >= 0, as behind a ReLU.
    loss_weights: w_k of every loss; None = 1 each.

  Returns:
    float32 tensors like `features`, constants for the gradient.

  Raises:
    ValueError: the rule is unknown.

  Example:
    >>> u = tf.constant([[1.0, 1.0]])
    >>> refine_features(u, lambda u: tf.reduce_sum((u - [2.0, 0.0]) ** 2, 1), 1, 0.1).numpy()
    array([[1.1, 0.9]], dtype=float32)
  """
  errors.check_name("rule of a step", rule, RULES)
  start = [tf.stop_gradient(tf.cast(x, tf.float32)) for x in tf.nest.flatten(features)]
  steps = tf.convert_to_tensor(steps, tf.int32)
  sizes = [_rms(x) if rule != SGD else tf.ones_like(_rms(x)) for x in start]

  def advance(step, values, moments):
    gradients = _gradients(values, features, loss_fn, rule != SGD, loss_weights)
    if rule == ADAM:
      gradients, moments = _adam(gradients, moments, step)
    rate = step_size * (tf.cast(step, tf.float32) ** -power if decay else 1.0)
    moved = [value - rate * size * gradient
             for value, size, gradient in zip(values, sizes, gradients)]
    if proximal:
      moved = [new - proximal * (old - first) for new, old, first in zip(moved, values, start)]
    moved = [tf.nn.relu(new) for new in moved] if non_negative else moved
    if steps.shape.rank:
      moved = [tf.where(_beside(step <= steps, new), new, old) for new, old in zip(moved, values)]
    return step + 1, moved, moments

  last = tf.reduce_max(tf.concat([[0], tf.reshape(steps, [-1])], 0))
  moments = [[tf.zeros_like(x), tf.zeros_like(x)] for x in start] if rule == ADAM else []
  _, values, _ = tf.while_loop(
      lambda step, *_: step <= last, advance, [tf.constant(1), start, moments],
      parallel_iterations=1)
  return tf.nest.pack_sequence_as(features, [tf.stop_gradient(x) for x in values])


def tagged_scores(scores, tag_scores, mode=PROBABILITIES):
  """Returns scores of pixels that know the tags of their image.

  The labelmap is convolved with the tags as a 1x1 kernel per class (ICCV 2017, section 3.1): with
  "probabilities", `u + log softmax(v)`, whose softmax is softmax(u) softmax(v), normalised over the
  classes; with "logits", the bare product u v, which turns over where both are negative.

  Args:
    scores: float [N,H,W,C], pre-softmax class scores of pixels.
    tag_scores: float [N,C], pre-softmax class scores of images.
    mode: "probabilities" or "logits".

  Returns:
    float32 [N,H,W,C], pre-softmax class scores.

  Raises:
    ValueError: the mode is unknown.

  Example:
    >>> print(tagged_scores(tf.zeros([1, 1, 1, 2]), [[0.0, 0.0]]).numpy().round(4)[0, 0])
    [[-0.6931 -0.6931]]
  """
  errors.check_name("way to combine tags and labels", mode, MODES)
  scores = tf.cast(scores, tf.float32)
  tags = tf.cast(tag_scores, tf.float32)[:, None, None, :]
  return scores + tf.nn.log_softmax(tags) if mode == PROBABILITIES else scores * tags


def combine_tags(scores, tag_scores, mode=PROBABILITIES):
  """Returns class probabilities of pixels that know the tags of their image.

  Args and raises: as `tagged_scores`, of which this is the softmax.

  Returns:
    float32 [N,H,W,C], sums to 1 over C.

  Example:
    >>> combine_tags(tf.zeros([1, 1, 1, 2]), tf.math.log([[1.0, 3.0]])).numpy().round(4).tolist()
    [[[[0.25, 0.75]]]]
  """
  return tf.nn.softmax(tagged_scores(scores, tag_scores, mode))


def _gradients(values, features, loss_fn, normalise, weights):
  """Returns the weighted sum over the losses of the gradients of every feature."""
  # Weights are not watched: their gradients would cost as much again and are not wanted.
  with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
    tape.watch(values)
    found = tf.nest.flatten(loss_fn(tf.nest.pack_sequence_as(features, values)))
  totals = [tf.zeros_like(value) for value in values]
  for loss, weight in zip(found, weights or [1.0] * len(found), strict=True):
    gradients = tape.gradient(loss, values, unconnected_gradients="zero")
    for index, gradient in enumerate(gradients):
      if normalise:
        gradient = tf.math.divide_no_nan(gradient, _rms(gradient))
      totals[index] += weight * gradient
  return totals


def _adam(gradients, moments, step):
  """Returns the directions of Adam and its new moments."""
  time, directions, kept = tf.cast(step, tf.float32), [], []
  first, second = _BETAS
  for gradient, (mean, square) in zip(gradients, moments):
    mean = first * mean + (1 - first) * gradient
    square = second * square + (1 - second) * gradient * gradient
    unbiased = square / (1 - second ** time)
    directions.append(mean / (1 - first ** time) / (tf.sqrt(unbiased) + _EPSILON))
    kept.append([mean, square])
  return directions, kept


def _rms(x):
  """Returns the root of the mean square of every image, [N, 1, ...]."""
  return tf.sqrt(tf.reduce_mean(x * x, list(range(1, x.shape.rank)), keepdims=True))


def _beside(flags, x):
  """Returns flags [N] as [N, 1, ...], to choose between tensors like x."""
  return tf.reshape(flags, [-1] + [1] * (x.shape.rank - 1))
