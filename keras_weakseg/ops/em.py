"""The E-steps of EM: class scores biased by weak labels, and the latent labels they imply.

Papandreou et al., "Weakly- and Semi-Supervised Learning of a DCNN for Semantic Image Segmentation",
ICCV 2015, section 3. The M-step is the masked cross entropy of the *unbiased* scores against
`latent_labels`. Everything here is a function of one image and its labels: a sample's result does
not depend on the rest of its batch.
"""
import tensorflow as tf

from keras_weakseg import errors, fields
from keras_weakseg.ops import draws

_NO_KEY = 2**31 - 1      # sorts behind every class
_KEY_BITS = 30           # leaves _NO_KEY free


def em_fixed_scores(scores, tags, background_bias=3., foreground_bias=5.):
  """Adds constant biases to the scores of the classes an image is tagged with (EM-Fixed).

  `f'[c] = f[c] + b_c` for tagged classes (Algorithm 1); others are untouched and can still win.

  Args:
    scores: float [N,H,W,C], pre-softmax class scores.
    tags: multi-hot [N,C], index 0 = background. All zero = the scores of that image unchanged.
    background_bias: bias of class 0; the paper's 3.
    foreground_bias: bias of every other tagged class; the paper's 5.

  Returns:
    float32 [N,H,W,C].

  Raises:
    ValueError: `tags` and `scores` have another number of classes.

  Example:
    >>> em_fixed_scores(tf.zeros([1, 1, 1, 3]), [[1., 0., 1.]])[0, 0, 0].numpy().tolist()
    [3.0, 0.0, 5.0]
  """
  scores = tf.cast(scores, tf.float32)
  present = _present(tags, scores)
  classes = tf.range(tf.shape(scores)[-1])
  bias = tf.where(classes == 0, float(background_bias), float(foreground_bias))
  return scores + tf.where(present, bias, 0.)[:, None, None, :]


def em_adapt_scores(scores, tags, background_portion=.4, foreground_portion=.2, iterations=5,
                    suppress_others=True, margin=1e-5, order=None, seed=None, *, valid_mask=None):
  """Biases the scores so that every tagged class wins at least its portion of the image (EM-Adapt).

  Section 3.2. Tagged classes are visited in turn, background first; the bias of a class is the
  k-th smallest distance of its scores to the pointwise maximum over the tagged classes, so it then
  wins k pixels. Later classes may take some of them back, hence the iterations.

  Args:
    scores: float [N,H,W,C], pre-softmax class scores; C is static.
    tags: multi-hot [N,C], index 0 = background. All zero = the scores of that image unchanged.
    background_portion: share of pixels in 0..1 that background gets at least, if tagged.
    foreground_portion: share of pixels in 0..1 for every other tagged class.
    iterations: rounds over the tagged classes.
    suppress_others: push scores of untagged classes below the lowest tagged one, by `margin`.
    margin: the distance kept by suppressed classes.
    order: int32 [N, iterations, F], the foreground ids in the order of their visits, -1 = no-op;
      ids that are not tagged are no-ops too.
    seed: int32 [2], or [N,2] with one key per image (`fields.SAMPLE_KEY`), so that a result does
      not depend on the place in the batch: shuffles the visits per image and iteration. With
      neither `order` nor `seed` the ids ascend.
    valid_mask: bool [N,H,W], True where the image is (not padding): only these pixels are counted.
      Deviation: the reference counts padded pixels as well, which is the default, None.

  Returns:
    float32 [N,H,W,C], a constant: no gradient flows through the E-step.

  Raises:
    ValueError: shapes that do not fit, a portion outside 0..1, or fewer than one iteration.

  Example:
    >>> lead = tf.reshape(tf.range(1., 11.), [1, 2, 5])  # class 1 wins everywhere
    >>> biased = em_adapt_scores(tf.stack([tf.zeros_like(lead), lead], -1), [[1., 1.]])
    >>> latent_labels(biased)[0].numpy().tolist()
    [[0, 0, 0, 0, 0], [1, 1, 1, 1, 1]]
  """
  scores = tf.stop_gradient(tf.cast(scores, tf.float32))
  present = _present(tags, scores)
  _check_adapt(scores, background_portion, foreground_portion, iterations, order)
  shape = tf.shape(scores)
  flat = tf.transpose(tf.reshape(scores, [shape[0], -1, scores.shape[-1]]), [0, 2, 1])  # [N,C,P]
  here = present[:, :, None]
  if suppress_others:
    lowest = tf.reduce_min(tf.where(here, flat, float("inf")), axis=1, keepdims=True)
    flat = tf.where(~here & (flat > lowest), lowest - margin, flat)
  valid = None
  counts = tf.fill([shape[0], 1], shape[1] * shape[2])
  if valid_mask is not None:
    valid = tf.reshape(tf.cast(valid_mask, tf.bool), [shape[0], -1])
    counts = tf.reduce_sum(tf.cast(valid, tf.int32), axis=1, keepdims=True)
  ceiling = tf.reduce_max(tf.where(here, flat, -float("inf")), axis=1)  # [N,P]
  visits, slots = _visits(present, iterations, order, seed)
  bias, new_ceiling = _adapt(flat, ceiling, visits, slots, iterations, valid,
                             _rank(background_portion, counts), _rank(foreground_portion, counts))
  # The mean of the pointwise maximum stays what it was.
  shift = _mean(ceiling, valid, counts) - _mean(new_ceiling, valid, counts)
  shift = tf.where(tf.reduce_any(present, axis=1, keepdims=True), shift, 0.)
  biased = tf.transpose(flat + (bias + shift)[:, :, None], [0, 2, 1])
  return tf.stop_gradient(tf.reshape(biased, shape))


def bbox_em_fixed_scores(scores, box_labels, background_bias=5., foreground_bias=6., *,
                         covered=None):
  """Adds constant biases at every pixel according to a map of painted boxes (Bbox-EM-Fixed).

  Where the map says 0 the background gets its bias; where it says l > 0 the background gets its
  bias and class l the foreground's; where it says 255 nothing changes. Section 3.3. Where boxes
  overlap, the reference code biases the class of the smallest one, which is what a map of painted
  boxes says; the paper's text reads as if every covering class were biased: pass `covered`.

  Args:
    scores: float [N,H,W,C], pre-softmax class scores.
    box_labels: int [N,H,W], class of the smallest box over each pixel, 0 outside, 255 = unknown.
    background_bias: bias of class 0; the published 5.
    foreground_bias: bias of the class of the box; the published 6.
    covered: bool [N,H,W,C], classes that have a box over a pixel (`ops.box_coverage`), whose scores
      get the foreground's bias too; None = that of the smallest box alone.

  Returns:
    float32 [N,H,W,C].

  Example:
    >>> bbox_em_fixed_scores(tf.zeros([1, 1, 3, 2]), [[[0, 1, 255]]])[0, 0].numpy().tolist()
    [[5.0, 0.0], [5.0, 6.0], [0.0, 0.0]]
  """
  scores = tf.cast(scores, tf.float32)
  labels = tf.cast(box_labels, tf.int32)[..., None]
  classes = tf.range(tf.shape(scores)[-1])
  boxed = classes == labels
  if covered is not None:
    boxed |= tf.cast(covered, tf.bool)
  bias = tf.where(classes == 0, float(background_bias),
                  tf.where(boxed, float(foreground_bias), 0.))
  return scores + tf.where(labels == fields.IGNORE_LABEL, 0., bias)


def tags_from_labels(labels, num_classes, ignore=fields.IGNORE_LABEL, background=True):
  """Returns the image tags that label maps imply: which classes occur.

  Args:
    labels: int [N,H,W], class ids.
    num_classes: C, static.
    ignore: label that stands for no class.
    background: tag class 0 always, as the reference does, or only where it occurs.

  Returns:
    float32 [N,C], multi-hot.

  Example:
    >>> tags_from_labels([[[2, 255]]], 4).numpy().tolist()
    [[1.0, 0.0, 1.0, 0.0]]
  """
  labels = tf.cast(labels, tf.int32)
  images = tf.shape(labels)[0]
  flat = tf.reshape(labels, [images, -1])
  known = (flat != ignore) & (flat >= 0) & (flat < num_classes)
  # One bucket per image and class, and one more per image for what is no class.
  buckets = tf.where(known, flat, num_classes) + (num_classes + 1) * tf.range(images)[:, None]
  counts = tf.math.unsorted_segment_sum(
      tf.ones_like(buckets, tf.float32), buckets, images * (num_classes + 1))
  found = tf.reshape(counts, [images, num_classes + 1])[:, :num_classes] > 0
  if background:
    found |= tf.range(num_classes) == 0
  return tf.cast(found, tf.float32)


def latent_labels(scores, tags=None, censor=False, ignore=fields.IGNORE_LABEL):
  """Returns the labels that the (biased) scores imply; the smallest class wins a tie.

  Args:
    scores: float [N,H,W,C].
    tags: multi-hot [N,C]; needed by `censor` only.
    censor: give pixels won by an untagged class the label `ignore`.
    ignore: the label of censored pixels.

  Returns:
    int32 [N,H,W].

  Raises:
    ValueError: `censor` without `tags`.

  Example:
    >>> scores = tf.constant([[[[0., 2., 1.], [3., 3., 3.]]]])
    >>> latent_labels(scores, tags=[[1., 0., 1.]], censor=True)[0, 0].numpy().tolist()
    [255, 0]
  """
  labels = tf.argmax(scores, axis=-1, output_type=tf.int32)
  if not censor:
    return labels
  if tags is None:
    raise errors.value_error(
        "Latent labels cannot be censored without image tags.", expected="tags [N,C]",
        received=None, fix="Pass tags, or censor=False.")
  present = _present(tags, scores)
  return tf.where(tf.gather(present, labels, batch_dims=1), labels, ignore)


def _present(tags, scores):
  """Returns bool [N,C] of multi-hot tags, checked against the scores."""
  present = tf.cast(tags, tf.float32) > .5
  wanted = [scores.shape[0], scores.shape[-1]]
  if not present.shape.is_compatible_with(wanted):
    raise errors.value_error(
        "The tags do not fit the scores.", expected=f"multi-hot [N,C] = {wanted}",
        received=present.shape, fix="Pass multi-hot tags with background at index 0.")
  return present


def _check_adapt(scores, background_portion, foreground_portion, iterations, order):
  """Raises unless the arguments of EM-Adapt are usable."""
  for name, portion in (("background", background_portion), ("foreground", foreground_portion)):
    if not 0 <= portion <= 1:
      raise errors.value_error(
          f"The {name} portion of EM-Adapt is no share of an image.", expected="0..1",
          received=portion, fix=f"Pass {name}_portion between 0 and 1.")
  if iterations < 1:
    raise errors.value_error("EM-Adapt needs a round over the classes.", expected="iterations >= 1",
                             received=iterations, fix="Pass iterations=5, as the reference does.")
  if scores.shape[-1] is None:
    raise errors.value_error("The number of classes is not static.", expected="scores [N,H,W,C]",
                             received=scores.shape, fix="Set the last axis of the scores.")
  if order is not None:
    shape = tf.convert_to_tensor(order).shape
    if not shape.is_compatible_with([scores.shape[0], iterations, None]):
      raise errors.value_error(
          "The order of EM-Adapt does not fit.", expected=f"int32 [N, {iterations}, F]",
          received=shape, fix="Give one row of foreground ids per image and iteration.")


def _adapt(flat, ceiling, visits, slots, iterations, valid, background_rank, foreground_rank):
  """Visits the tagged classes in turn.

  Args:
    flat: float32 [N,C,P].
    ceiling: float32 [N,P], maximum of the tagged classes.
    visits: int32 [N, iterations, S], class ids, -1 = no-op; slot 0 is the background's.
    slots: int32 [], how many of the S slots hold anything.
    iterations: rounds.
    valid: bool [N,P] or None.
    background_rank, foreground_rank: float32 [N,1], how many pixels to win.

  Returns:
    Biases float32 [N,C] and the new maximum of the tagged classes [N,P].
  """
  classes = flat.shape[1]

  def visit(step, bias, ceiling):
    slot = step % slots
    label = tf.gather(tf.gather(visits, step // slots, axis=1), slot, axis=1)
    active = (label >= 0)[:, None]
    index = tf.maximum(label, 0)[:, None]
    raw = tf.gather(flat, index, batch_dims=1)[:, 0]
    own = tf.gather(bias, index, batch_dims=1)
    # Rounding can make the distance of the winner slightly negative.
    distance = tf.maximum(ceiling - (raw + own), 0.)
    if valid is not None:
      distance = tf.where(valid, distance, float("inf"))
    rank = tf.where(slot == 0, background_rank, foreground_rank)
    own += _kth_smallest(distance, rank)
    bias = tf.where(active & (tf.range(classes) == label[:, None]), own, bias)
    return step + 1, bias, tf.where(active, tf.maximum(ceiling, raw + own), ceiling)

  steps = iterations * slots
  _, bias, ceiling = tf.while_loop(
      lambda step, *_: step < steps, visit,
      [tf.constant(0), tf.zeros_like(flat[:, :, 0]), ceiling])
  return bias, ceiling


def _kth_smallest(values, rank):
  """Returns the `rank`-th smallest (from 0) of every row: values >= 0 [N,P] -> [N,1].

  Builds the bits of the answer from the top: non-negative floats sort as their bit patterns do.
  Exact, and two to ten times faster than a sort or `top_k` (on CPUs, with and without XLA). Large
  tensors stay float and small ones int64, because TensorFlow keeps int32 arithmetic on the host.
  """
  bits = tf.zeros_like(rank, tf.int64)
  for shift in range(30, -1, -1):
    trial = tf.bitcast(tf.cast(bits + (2**shift - 1), tf.int32), tf.float32)
    count = tf.reduce_sum(tf.cast(values <= trial, tf.float32), axis=1, keepdims=True)
    bits = tf.where(count <= rank, bits + 2**shift, bits)
  return tf.bitcast(tf.cast(bits, tf.int32), tf.float32)


def _rank(portion, counts):
  """Returns min(int(portion * count), count - 1), float32 [N,1]."""
  wanted = tf.cast(portion * tf.cast(counts, tf.float64), tf.int32)
  return tf.cast(tf.minimum(wanted, counts - 1), tf.float32)


def _mean(values, valid, counts):
  """Returns the mean over valid pixels: [N,P] -> [N,1]."""
  if valid is not None:
    values = tf.where(valid, values, 0.)
  return tf.math.divide_no_nan(tf.reduce_sum(values, axis=1, keepdims=True),
                               tf.cast(counts, tf.float32))


def _visits(present, iterations, order, seed):
  """Returns int32 [N, iterations, S] class ids (slot 0 = background, -1 = no-op); slots in use."""
  images, classes = tf.shape(present)[0], present.shape[1]
  if order is not None:
    order = tf.cast(order, tf.int32)
    tagged = tf.gather(present, tf.maximum(order, 0), batch_dims=1)
    foreground = tf.where((order > 0) & tagged, order, -1)
    slots = 1 + tf.shape(order)[2]
  else:
    ids = tf.range(classes)
    id_bits = (classes - 1).bit_length()
    keys = ids[None, None]
    if seed is not None:
      # The id in the low bits makes the keys distinct and is what is read back.
      random = _hash(seed, images, iterations, classes) // 2**(32 - _KEY_BITS + id_bits)
      keys += tf.cast(random, tf.int32) * 2**id_bits
    keys = tf.where((present & (ids > 0))[:, None], keys, _NO_KEY)
    keys = tf.sort(tf.broadcast_to(keys, [images, iterations, classes]))[..., :classes - 1]
    foreground = tf.where(keys == _NO_KEY, -1, keys % 2**id_bits)
    slots = 1 + tf.reduce_max(tf.reduce_sum(tf.cast(present[:, 1:], tf.int32), axis=1))
  background = tf.where(present[:, 0], 0, -1)[:, None, None]
  background = tf.broadcast_to(background, [images, iterations, 1])
  return tf.concat([background, foreground], axis=-1), slots


def _hash(seed, images, iterations, classes):
  """Returns int64 [N, iterations, C] in 0..2**32-1, a function of (key, iteration, class).

  Integer arithmetic only: the floats of `tf.random` differ under XLA.
  """
  mask = 2**32 - 1
  seed = tf.cast(seed, tf.int64) & mask
  if seed.shape.rank not in (1, 2) or seed.shape[-1] != 2:
    raise errors.value_error("The seed of EM-Adapt has the wrong shape.",
                             expected="int32 [2], or [N,2] with one key per image",
                             received=seed.shape, fix="Pass one key, or one key per image.")
  state = draws.avalanche(draws.avalanche(seed[..., 0]) + seed[..., 1] & mask)
  if seed.shape.rank == 1:
    state = draws.avalanche(state + tf.range(1, tf.cast(images, tf.int64) + 1) & mask)
  for size in (iterations, classes):
    state = draws.avalanche(state[..., None] + tf.range(1, size + 1, dtype=tf.int64) & mask)
  return state
