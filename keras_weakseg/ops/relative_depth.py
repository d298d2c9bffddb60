"""Losses of pairs of points of which is known which one is farther, not how far either is."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg.ops import draws

LOGARITHM = "logarithm"
DEPTH = "depth"
SPACES = (LOGARITHM, DEPTH)
EQUAL = 0.1  # points whose depths differ by less than this share are no pair: either may be nearer


def relative_depth_terms(log_prediction, pairs, relations, space=LOGARITHM):
  """Returns what every pair costs, and which pairs count.

  With z the (log) depth at points A and B and r the relation: `log(1 + exp(-r (z_A - z_B)))` for
  r = 1 (A is farther) and r = -1; `(z_A - z_B)^2` for r = 0 (equally far) in the space "logarithm"
  (Chen et al., NeurIPS 2016, equation 2). In the space "depth", z is depth itself and pairs with
  r = 0 do not count (Li and Snavely, CVPR 2018, equation 5).

  Args:
    log_prediction: float [N,H,W] or [N,H,W,1], log depth.
    pairs: int [N,P,4], (row of A, column of A, row of B, column of B); negative = unused.
    relations: int [N,P], 1, -1 or 0.
    space: "logarithm" or "depth".

  Returns:
    terms: float32 [N,P], 0 where a pair does not count.
    counted: float32 [N,P], 1 or 0.

  Raises:
    ValueError: the space is unknown.

  Example:
    >>> terms, counted = relative_depth_terms([[[0.0, 2.0]]], [[[0, 0, 0, 1]]], [[0]])
    >>> terms.numpy().tolist(), counted.numpy().tolist()
    ([[4.0]], [[1.0]])
  """
  errors.check_name("space of relative depth", space, SPACES)
  prediction = tf.cast(log_prediction, tf.float32)
  if prediction.shape.rank == 4:
    prediction = prediction[..., 0]
  pairs, relations = tf.cast(pairs, tf.int32), tf.cast(relations, tf.int32)
  used = tf.reduce_min(pairs, -1) >= 0
  # Points of unused pairs are read at 0; their relation is 0, which no exponential can overflow.
  points = tf.where(used[..., None], pairs, 0)
  a, b = (tf.gather_nd(prediction, points[..., at:at + 2], batch_dims=1) for at in (0, 2))
  if space == DEPTH:
    a, b = tf.exp(a), tf.exp(b)
  relation = tf.cast(tf.where(used, relations, 0), tf.float32)
  ordered = relation != 0
  counted = used & ordered if space == DEPTH else used
  terms = tf.where(ordered, tf.nn.softplus(-relation * (a - b)), (a - b) ** 2)
  return tf.where(counted, terms, 0.0), tf.cast(counted, tf.float32)


def relative_depth_loss(log_prediction, pairs, relations, space=LOGARITHM):
  """Returns the mean over the pairs of a batch that count.

  Args and raises: as `relative_depth_terms`. Over several replicas, divide the sum of the terms by
  the sum of the counts of the global batch instead.

  Returns:
    float32 scalar; 0 with gradient 0 if no pair counts.

  Example:
    >>> float(relative_depth_loss([[[0.0, 2.0]]], [[[0, 0, 0, 1]]], [[0]]))
    4.0
  """
  terms, counted = relative_depth_terms(log_prediction, pairs, relations, space)
  return tf.math.divide_no_nan(tf.reduce_sum(terms), tf.reduce_sum(counted))


def random_pairs(keys, log_target, mask, count, equal=EQUAL):
  """Draws pairs of points of which true depth says which one is farther.

  Deviation: the authors take pairs from segmented photographs alone, whose parts lie in front of
  each other; here any true depth gives them too.

  Args:
    keys: int32 [N,2], one key per sample, see `draws.uniform`.
    log_target: float [N,H,W], log depth; may be anything where the mask is 0.
    mask: bool [N,H,W], where it is known.
    count: pairs per image.
    equal: depths that differ by less than this share are no pair.

  Returns:
    pairs: int32 [N,count,4], see `relative_depth_terms`; -1 where a point is not known or both are
      equally far.
    relations: int32 [N,count], 1 or -1; 0 where unused.

  Example:
    >>> pairs, relations = random_pairs([[1, 2]], tf.zeros([1, 4, 4]), tf.ones([1, 4, 4], bool), 3)
    >>> int(pairs.numpy().max()), relations.numpy().tolist()
    (-1, [[0, 0, 0]])
  """
  log_target = tf.cast(log_target, tf.float32)
  shape = tf.shape(log_target)
  sides = tf.stack([shape[1], shape[2], shape[1], shape[2]])
  places = draws.uniform(keys, [count, 4], "pairs of depth") * tf.cast(sides, tf.float32)
  pairs = tf.minimum(tf.cast(places, tf.int32), sides - 1)
  (a, known_a), (b, known_b) = (
      [tf.gather_nd(values, pairs[..., at:at + 2], batch_dims=1)
       for values in (tf.where(mask, log_target, 0.0), mask)] for at in (0, 2))
  far = known_a & known_b & (tf.abs(a - b) > tf.math.log1p(tf.constant(equal, tf.float32)))
  relations = tf.where(far, tf.where(a > b, 1, -1), 0)
  return tf.where(far[..., None], pairs, -1), relations
