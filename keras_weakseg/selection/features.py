"""Features of whole images: a network's map, pooled to a small grid."""
import numpy as np

from keras_weakseg import errors

MEAN, MAX = "mean", "max"
POOLS = (MEAN, MAX)
# Rows and columns of Hoyer et al., for images twice as wide as high.
GRID = (4, 8)


def pool_features(features, grid=GRID, pool=MEAN):
  """Returns maps of features at a small size, whatever size they come in.

  Cell i of n over a side of m covers `floor(i m / n)` to `ceil((i + 1) m / n)`: cells may share
  pixels, none is left out.

  Args:
    features: float [N,H,W,C], for example the decoder's map at 1/8 of the image.
    grid: (rows, columns) of the result; (1, 1) = one vector per image.
    pool: "mean" or "max".

  Returns:
    float32 [N,rows,columns,C].

  Raises:
    ValueError: the map is smaller than the grid, or there is no such pool.

  Example:
    >>> pool_features(np.arange(8.0).reshape(1, 2, 4, 1), (1, 2))[0, 0, :, 0].tolist()
    [2.5, 4.5]
  """
  errors.check_name("pool of features", pool, POOLS)
  features = np.asarray(features, np.float64)
  if features.ndim != 4 or any(side < cells for side, cells in zip(features.shape[1:], grid)):
    raise errors.value_error(
        "The features cannot be pooled to this grid.",
        expected=f"maps [N,H,W,C] of at least {grid[0]}x{grid[1]}",
        received=f"shape {features.shape}", fix="Choose a smaller grid, or a finer map.")
  reduce = np.mean if pool == MEAN else np.max
  for axis, cells in zip((1, 2), grid):
    side = features.shape[axis]
    features = np.stack([
        reduce(np.take(features, range(*_cell(index, cells, side)), axis), axis)
        for index in range(cells)], axis)
  return features.astype(np.float32)


def _cell(index, cells, side):
  return index * side // cells, -(-(index + 1) * side // cells)
