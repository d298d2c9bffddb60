"""Farthest-point order: every next sample is the one that is least like all chosen before."""
import numpy as np

from keras_weakseg import errors

_BLOCK = 2**24    # numbers of a block of differences, so that memory stays small


def farthest_point_order(features, count, first=0, bias=None, selected=(), *, candidates=None,
                         patchwise=False):
  """Returns samples in the order in which they are chosen (Hoyer et al., CVPR 2021, section 3.5).

  Repeats `argmax_j (min_s |f_s - f_j| + bias_j)` over the chosen s and the others j: diversity, and
  what `bias` adds to it. Features are standardised here, see `standardise`.

  Args:
    features: float [N,D], or maps [N,h,w,C], as they come from a network.
    count: how many to choose, besides those in `selected`.
    first: index to start from where nothing is selected; it is then the first of the result.
    bias: float [N], added to the distance of each sample that is not selected, for example a weight
      times its uncertainty; None = none.
    selected: indices chosen before; they are not in the result.
    candidates: indices that may be chosen; None = all.
    patchwise: compare maps by the mean over a chosen sample's cells of the distance to the nearest
      cell of the other, instead of cell by cell.

  Returns:
    int64 [count], indices; the smallest wins ties.

  Raises:
    ValueError: fewer samples than asked for, an index that is not there, or values that are no
      numbers.

  Example:
    >>> farthest_point_order([[0.0], [1.0], [9.0], [5.2]], 3).tolist()
    [0, 2, 3]
  """
  return farthest_points(features, count, first, bias, selected, candidates=candidates,
                         patchwise=patchwise)[0]


def farthest_points(features, count, first=0, bias=None, selected=(), *, candidates=None,
                    patchwise=False):
  """Returns the order of `farthest_point_order`, and why: the score of every choice.

  Args:
    features, count, first, bias, selected, candidates, patchwise: see `farthest_point_order`.

  Returns:
    order: int64 [count].
    scores: dict of float64 [count]: `distance` to the nearest sample chosen before, and the `bias`
      at the moment of the choice; both 0 for `first`.

  Raises:
    ValueError: see `farthest_point_order`.

  Example:
    >>> farthest_points([[0.0], [3.0]], 2)[1]["distance"].round(4).tolist()
    [0.0, 1.4142]
  """
  features = standardise(features)
  total = len(features)
  bias = np.zeros(total) if bias is None else np.asarray(bias, np.float64)
  chosen = [int(index) for index in selected]
  free = np.zeros(total, bool)
  free[list(range(total) if candidates is None else candidates)] = True
  _check(total, chosen, [] if chosen else [first], bias, patchwise, features)
  free[chosen] = False
  if count < 0 or count > free.sum():
    raise errors.value_error(
        "There are not as many samples to choose from.", expected=f"count of 0..{free.sum()}",
        received=count, fix="Ask for fewer, or add images that have no labels yet.")
  distance = _distances_patchwise if patchwise else _distances
  order, scores = [], []
  nearest = np.full(total, np.inf)
  for index in chosen:
    nearest = np.minimum(nearest, distance(features, index))
  while len(order) < count:
    if chosen or order:
      index = int(np.argmax(np.where(free, nearest + bias, -np.inf)))
      scores.append((nearest[index], bias[index]))
    else:
      index = int(first)
      scores.append((0.0, 0.0))
    order.append(index)
    free[index] = False
    nearest = np.minimum(nearest, distance(features, index))
  scores = np.array(scores, np.float64).reshape(-1, 2)
  return np.array(order, np.int64), {"distance": scores[:, 0], "bias": scores[:, 1]}


def standardise(features):
  """Brings every channel to mean 0 and unbiased deviation 1, over all samples and positions.

  Args:
    features: float [N,D] or [N,h,w,C].

  Returns:
    float64 of the same shape; a channel that never changes becomes 0.

  Raises:
    ValueError: there are no such features, or some are no numbers.

  Example:
    >>> standardise([[1.0, 7.0], [3.0, 7.0]]).round(4).tolist()
    [[-0.7071, 0.0], [0.7071, 0.0]]
  """
  features = np.asarray(features, np.float64)
  if features.ndim < 2 or not features.size or not np.isfinite(features).all():
    raise errors.value_error(
        "The features cannot be compared.", expected="finite numbers [N,D] or [N,h,w,C], N > 0",
        received=f"shape {features.shape}, {int((~np.isfinite(features)).sum())} not finite",
        fix="Pass one feature vector or map per image, from a network whose run did not diverge.")
  axes = tuple(range(features.ndim - 1))
  centred = features - features.mean(axes)
  count = features[..., 0].size
  spread = np.sqrt((centred**2).sum(axes) / max(count - 1, 1))
  # The mean of equal numbers may miss them by rounding; that is no difference.
  constant = spread <= 1e-12 * np.abs(features).max(axes)
  return np.where(constant, 0.0, centred / np.where(constant, 1.0, spread))


def _distances(features, index):
  """Returns float64 [N], Euclidean distances of all samples from one."""
  flat = features.reshape(len(features), -1)
  rows = max(_BLOCK // flat.shape[1], 1)
  return np.concatenate([
      np.sqrt(np.square(flat[start:start + rows] - flat[index]).sum(1))
      for start in range(0, len(flat), rows)])


def _distances_patchwise(features, index):
  """Returns float64 [N]: mean over the own cells of the distance to the other's nearest cell."""
  cells = features.reshape(len(features), -1, features.shape[-1])
  own = cells[index]
  found = np.array([
      np.sqrt(np.square(own[:, None] - other[None]).sum(-1)).min(1).mean() for other in cells])
  found[index] = 0.0
  return found


def _check(total, selected, first, bias, patchwise, features):
  """Raises where indices or the bias do not fit the samples."""
  wrong = [index for index in (*selected, *first) if not 0 <= index < total]
  if wrong or len(set(selected)) < len(selected):
    raise errors.value_error(
        "The samples to start from are not usable.",
        expected=f"different indices in 0..{total - 1}", received=wrong or selected,
        fix="Pass positions in the list of features.")
  if bias.shape != (total,) or not np.isfinite(bias).all():
    raise errors.value_error(
        "The bias does not fit the features.", expected=f"{total} finite numbers, one per sample",
        received=f"shape {bias.shape}, {int((~np.isfinite(bias)).sum())} not finite",
        fix="Pass a weight times the uncertainty of every sample; 0 for those that have none.")
  if patchwise and features.ndim != 4:
    raise errors.value_error(
        "Patches need maps of features.", expected="features [N,h,w,C]",
        received=f"shape {features.shape}", fix="Pass the pooled maps, or patchwise=False.")
