"""What a depth model must beat: answers that never look at the image."""
import dataclasses

import numpy as np

from keras_weakseg import errors, fields
from keras_weakseg.evaluation import depth
from keras_weakseg.evaluation import samples as samples_lib

# Logarithmic bins of depth: wide enough for any unit, finer than any sensor (0.05 %).
_LOG_RANGE, _BINS = (-12.0, 12.0), 48000


@dataclasses.dataclass(frozen=True, eq=False)
class FixedDepth:
  """One depth map for every image, in the place of a `DepthModel` in `evaluate_depth`.

  Attributes:
    values: float [h, w], metres, > 0; resized to the image (its disparity, as that of a model).
    factor: metres per unit of depth.
    metadata: whatever is known of the origin, plain JSON values.

  Example:
    >>> FixedDepth([[4.0]]).depth(np.zeros([2, 1, 3, 3], np.uint8)).tolist()
    [[[4.0, 4.0, 4.0]], [[4.0, 4.0, 4.0]]]
  """
  values: np.ndarray
  factor: float = 1.0
  metadata: dict = dataclasses.field(default_factory=dict)

  def disparity(self, images, protocol=None):
    """Returns 1 / depth, float32 [N, H, W], the same for every one of the images [N, H, W, 3]."""
    del protocol
    count, height, width = images.shape[:3]
    one = depth.resize_disparity(1 / np.asarray(self.values, np.float32), (height, width))
    return np.repeat(one[np.newaxis], count, 0)

  def depth(self, images, protocol=None):
    """Returns float32 [N, H, W], metres, the same for every one of the images [N, H, W, 3]."""
    return self.factor / self.disparity(images, protocol)


def constant_depth(samples, progress=False):
  """Returns the constant with the least mean abs_rel on training samples: their weighted median.

  `mean |g - p| / g` is least where half of the weights 1 / g lie below p; every image counts as
  much as any other. (With median scaling all constants give the same errors.)

  Args:
    samples: `tf.data.Dataset` of single samples with `image` and `depth`, as in `evaluate_depth`;
      those without a value are skipped.
    progress: show a progress bar on a terminal.

  Returns:
    `FixedDepth`; its value is exact to 0.05 %.

  Raises:
    ValueError: no sample has a value.
  """
  weights = np.zeros(_BINS)
  low, high = _LOG_RANGE
  for truth in _truths(samples, progress):
    values = truth[truth > 0]
    places = (np.log(values) - low) * (_BINS / (high - low))
    weights += np.bincount(np.clip(places, 0, _BINS - 1).astype(np.int64),
                           1 / (values * values.size), _BINS)
  middle = np.searchsorted(np.cumsum(weights), weights.sum() / 2)
  value = np.exp(low + (middle + 0.5) * (high - low) / _BINS)
  return FixedDepth(np.full([1, 1], value), metadata={"baseline": "constant depth"})


def mean_depth_map(samples, progress=False):
  """Returns the mean depth of every pixel over training samples, where it has a value.

  A pixel that never has one takes the mean of its row's values, a row without any that of the
  nearest row (the upper of two).

  Args:
    samples: as in `constant_depth`; all of one size.
    progress: show a progress bar on a terminal.

  Returns:
    `FixedDepth`.

  Raises:
    ValueError: no sample has a value, or the samples differ in size.
  """
  total = count = 0
  for truth in _truths(samples, progress):
    if np.ndim(total) and truth.shape != total.shape:
      raise errors.value_error(
          "A mean depth map needs depth of one size.", expected=total.shape, received=truth.shape,
          fix="Resize the training samples with the size= of their source.")
    total, count = total + truth, count + (truth > 0)
  return FixedDepth(_filled(total, count), metadata={"baseline": "mean depth map"})


def _filled(total, count):
  """Returns the mean depth [H, W] with its holes filled."""
  sums, counts = total.sum(1), count.sum(1)
  known = np.flatnonzero(counts)
  nearest = known[np.abs(np.arange(len(counts))[:, None] - known).argmin(1)]
  rows = sums[nearest] / counts[nearest]
  return np.where(count > 0, total / np.maximum(count, 1), rows[:, None])


def _truths(samples, progress):
  """Yields depth float64 [H, W] of the samples that have any."""
  found = False
  labelled = samples_lib.needed(samples, (fields.IMAGE, fields.DEPTH), "true depth")
  labelled = labelled.map(lambda sample: sample[fields.DEPTH])
  for truth in samples_lib.bar(labelled, "mean depth", progress):
    truth = truth.numpy().astype(np.float64)
    if (truth > 0).any():
      found = True
      yield truth
  if not found:
    raise samples_lib.nothing_to_evaluate(
        "training samples with true depth", "none with a value",
        "Read them from a source with depth, and grant 'depth'.")
