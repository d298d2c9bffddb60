"""Gaussian filtering of points in several dimensions on the permutohedral lattice.

Adams, Baek, Davis: Fast high-dimensional filtering using the permutohedral lattice (2010).
Values are splatted onto the corners of the simplex around each point, blurred along the lattice's
axes and sliced back: three kinds of sparse products, which SciPy carries out.
"""
import functools

import numpy as np

from keras_weakseg import errors
from keras_weakseg.ops import key_index

# Points that are embedded at a time: their arrays stay in the processor's cache.
_CHUNK = 1 << 13


class PermutohedralLattice:
  """The lattice of a set of points; made once, used for any values.

  It filters with the kernel exp(-|f_i - f_j|^2 / 2) up to a factor: an approximation with a mean
  error of about .01 of `filter(values) / normalization`.

  Args:
    features: float [N, D] with D >= 1: positions, already divided by their standard deviations.

  Attributes:
    num_points: number M of lattice points.
    indices: int32 [N, D + 1], the lattice points around each point, in 0..M-1.
    weights: float32 [N, D + 1], their barycentric weights: >= 0 up to rounding, sum 1.
    scale: factor of the slice, which the reference implementations have too.

  Raises:
    ValueError: the features are not finite, have another rank, or span too many cells.

  Example:
    >>> lattice = PermutohedralLattice([[0.0], [0.1], [9.0]])
    >>> smooth = lattice.filter([1.0, 0.0, 5.0]) / lattice.normalization
    >>> bool(abs(smooth[0] - 0.5) < 0.1), round(float(smooth[2]), 3)
    (True, 5.0)
  """

  def __init__(self, features):
    features = _checked(features)
    count, dimensions = features.shape
    self.scale = 1.0 / (1.0 + 2.0 ** -dimensions)
    self.indices = np.empty([count, dimensions + 1], np.int32)
    self.weights = np.empty([count, dimensions + 1], np.float32)
    packing = _Packing(features)
    points = key_index.KeyIndex()
    for start in range(0, count, _CHUNK):
      part = slice(start, min(start + _CHUNK, count))
      keys, weights = _simplices(features[part], packing)
      self.weights[part] = weights.T
      self.indices[part] = points.number(keys.ravel()).reshape(keys.shape).T
    self.num_points = len(points)
    # In the order of their keys, where neighbours of neighbouring points lie close together.
    keys = points.keys()
    order = np.argsort(keys)
    rank = np.empty([len(keys)], np.int32)
    rank[order] = np.arange(len(keys), dtype=np.int32)
    self.indices = rank[self.indices]
    self._blurs = [_blur(points, keys[order], rank, step) for step in packing.axes]

  @functools.cached_property
  def normalization(self):
    """float32 [N], the filter of ones: what to divide by for weighted means."""
    return self.filter(np.ones([len(self.indices)], np.float32))

  @property
  def nbytes(self):
    """Bytes that the lattice holds."""
    blurs = sum(m.data.nbytes + m.indices.nbytes + m.indptr.nbytes for m in self._blurs)
    return self.indices.nbytes + self.weights.nbytes + blurs + 4 * len(self.indices)

  def blur(self, values):
    """Returns lattice values after one blur along every axis, [1/2, 1, 1/2] each.

    Args:
      values: float32 [M] or [M, C].

    Returns:
      float32 of the same shape.
    """
    for matrix in self._blurs:
      values = matrix @ values
    return values

  def filter(self, values):
    """Returns the filtered values, not normalised: sum over j of k(i, j) times value j.

    Args:
      values: float [N] or [N, C].

    Returns:
      float32 array of the same shape.

    Raises:
      ValueError: there is not one finite value for every point.
    """
    values = np.asarray(values, np.float32)
    if values.ndim not in (1, 2) or len(values) != len(self.indices):
      raise errors.value_error(
          "The values do not fit the lattice.",
          expected=f"[{len(self.indices)}] or [{len(self.indices)}, C]",
          received=list(values.shape), fix="Filter one value or one row for every point.")
    if not np.isfinite(values).all():
      raise errors.value_error(
          "The values to filter are not finite.", expected="finite numbers",
          received=f"{np.count_nonzero(~np.isfinite(values))} NaN or infinite",
          fix="Filtering would spread them; remove them first.")
    shape = len(self.indices), self.num_points
    splat = corner_matrix(self.weights, self.indices, shape).T
    spread = self.blur(splat @ values)
    return (splat.T @ spread) * np.float32(self.scale)


def corner_matrix(weights, indices, shape):
  """Returns the sparse matrix whose row i has `weights[i]` at the columns `indices[i]`.

  Args:
    weights: float32 [N, K].
    indices: int32 [N, K].
    shape: (N, M).

  Returns:
    `scipy.sparse.csr_array`; it shares the memory of C-contiguous arguments.
  """
  import scipy.sparse  # pylint: disable=import-outside-toplevel
  rows, corners = weights.shape
  starts = np.arange(0, rows * corners + 1, corners, dtype=np.int32)
  return scipy.sparse.csr_array((weights.ravel(), indices.ravel(), starts), shape=shape)


def _checked(features):
  """Returns features as float32 [N, D]."""
  features = np.asarray(features)
  if features.ndim != 2 or not features.size or features.dtype.kind not in "fiu":
    raise errors.value_error(
        "These are no features of points.", expected="numbers [N, D]",
        received=f"{features.dtype} {list(features.shape)}",
        fix="Pass one row per point; reshape an image to [height * width, D].")
  features = features.astype(np.float32, copy=False)
  if not np.isfinite(features).all():
    raise errors.value_error(
        "The features are not finite.", expected="finite numbers",
        received=f"{np.count_nonzero(~np.isfinite(features))} NaN or infinite",
        fix="Check what they were divided by: a standard deviation must be > 0.")
  return features


class _Packing:
  """How the coordinates of a lattice point become one integer, and what its neighbours' are.

  A point has integer coordinates x_0..x_D that sum to 0 and are all equal modulo D+1. So x_0 and
  the whole numbers (x_j - x_0) / (D+1), j = 1..D-1, say it all; they are packed with mixed radix.
  Every step on the lattice then is the addition of a constant to the key.
  """

  def __init__(self, features):
    dimensions = features.shape[1]
    size = dimensions + 1
    steps = np.arange(dimensions)
    self.scales = (np.sqrt(2.0 / 3.0) * size / np.sqrt((steps + 1.0) * (steps + 2.0))
                   ).astype(np.float32)
    # Column by column: reducing all rows at once is ten times slower.
    span = np.array([np.ptp(column) for column in features.T], np.float64) * self.scales
    reach = [span.sum()] + [(span[:j].sum() + j * span[j - 1]) / size
                            for j in range(1, dimensions)]
    # Coordinates of a corner differ by at most D from its point's, those of a neighbour by 2 D.
    radix = [int(reach[0]) + 4 * size] + [int(width) + 10 for width in reach[1:]]
    if np.sum(np.log2(radix)) > 62:
      raise errors.value_error(
          "The features span too many cells of the lattice.", expected="at most 2^62 cells",
          received=f"2^{np.sum(np.log2(radix)):.0f} cells",
          fix="Use larger standard deviations; below one pixel they smooth nothing.")
    self._multipliers = np.cumprod([1] + radix[:-1]).astype(np.int64)
    # What a step by D+1 along one coordinate, and by 1 along all of them, adds to the key.
    self.steps = np.zeros([size], np.int64)
    self.steps[1:-1] = self._multipliers[1:]
    self.steps[0] = size - self._multipliers[1:].sum()
    self.axes = self.steps - 1

  def keys(self, cells):
    """Returns int64 keys [N] of the points with coordinates (D+1) * cells, int32 [D + 1, N]."""
    keys = np.multiply(cells[0], self.steps[0], dtype=np.int64)
    for cell, step in zip(cells[1:-1], self.steps[1:-1]):
      keys += np.multiply(cell, step, dtype=np.int64)
    return keys


def _simplices(features, packing):
  """Returns the keys int64 [D + 1, N] and weights float32 [D + 1, N] of the corners around points.

  With the elevated position E, q = round(E / (D+1)), v = E / (D+1) - q and T = v in descending
  order, corner k is the point (D+1) q + k - sum(q) with D+1 less in the k coordinates of smallest
  v, and its weight is T[D-k] - T[D+1-k]; for k = 0 it is 1 + T[D] - T[0].
  """
  elevated = _elevated(features, packing.scales)
  size = len(elevated)
  cells = np.rint(elevated * np.float32(1 / size))
  rest = elevated - np.float32(size) * cells
  cells = cells.astype(np.int32)
  # Fixed point with the coordinate's number in the lowest bits: sorting carries it along. Of equal
  # values the first coordinate is the largest.
  low = (size - 1).bit_length()
  kind, digits = (np.int32, 30 - low) if size <= 8 else (np.int64, 40)
  order = (rest * np.float32(2.0 ** digits / size)).astype(kind) << low
  order |= np.arange(size - 1, -1, -1, dtype=kind)[:, None]
  _sort_rows(order)
  key = packing.keys(cells) - cells.sum(0)
  keys = np.empty(order.shape, np.int64)
  keys[0] = key
  coordinate = (size - 1) - (order[:0:-1] & ((1 << low) - 1))
  np.subtract(1, packing.steps[coordinate], out=keys[1:])
  for corner in range(1, size):  # several times faster than cumsum along the first axis
    keys[corner] += keys[corner - 1]
  order >>= low
  weights = np.empty(order.shape, np.float32)
  unit = np.float32(2.0 ** -digits)
  np.multiply(order[-2::-1] - order[:0:-1], unit, out=weights[1:])
  weights[0] = 1 - (order[0] - order[-1]) * unit
  return keys, weights


def _elevated(features, scales):
  """Returns the positions on the plane of coordinate sum 0, float32 [D + 1, N]."""
  count, dimensions = features.shape
  elevated = np.empty([dimensions + 1, count], np.float32)
  total = elevated[0]
  total[:] = 0
  for axis in range(dimensions, 0, -1):
    scaled = features[:, axis - 1] * scales[axis - 1]
    np.subtract(total, np.float32(axis) * scaled, out=elevated[axis])
    total += scaled
  return elevated


def _sort_rows(rows):
  """Sorts every column of an array [K, N] in place, largest first: K is small, N is not."""
  spare = np.empty_like(rows[0])
  for last in range(len(rows) - 1, 0, -1):
    for row in range(last):
      np.maximum(rows[row], rows[row + 1], out=spare)
      np.minimum(rows[row], rows[row + 1], out=rows[row + 1])
      rows[row] = spare


def _blur(points, keys, rank, step):
  """Returns the matrix of the blur along one axis, sparse [M, M]; a missing neighbour counts 0.

  Args:
    points: `KeyIndex` of the keys.
    keys: int64 [M], sorted.
    rank: int32 [M], place in `keys` of the key with a number.
    step: what one step along the axis adds to a key.
  """
  import scipy.sparse  # pylint: disable=import-outside-toplevel
  found = points.find(keys + step)
  here = np.flatnonzero(found >= 0)
  there = rank[found[here]]  # ascending, as `here`: a step keeps the order of keys
  count = np.ones([len(keys)], np.int32)
  count[here] += 1
  count[there] += 1
  starts = np.zeros([len(keys) + 1], np.int32)
  np.cumsum(count, out=starts[1:])
  itself = starts[:-1].copy()
  itself[there] += 1
  columns = np.empty([starts[-1]], np.int32)
  columns[itself] = np.arange(len(keys), dtype=np.int32)
  columns[itself[here] + 1] = there
  columns[itself[there] - 1] = here
  shares = np.full([starts[-1]], 0.5, np.float32)
  shares[itself] = 1
  return scipy.sparse.csr_array((shares, columns, starts), shape=(len(keys), len(keys)))
