"""Seeded value noise of surface coordinates that fades out where a pixel would skip over it."""
import numpy as np

_SIDE = 256
_WIDE = _SIDE + 1  # one row and column more, so that the next cell needs no second wrapping
_LATTICE = np.pad(np.random.RandomState(20150601).uniform(-1, 1, [_SIDE, _SIDE]), (0, 1),
                  mode="wrap").astype(np.float32).ravel()


def cell_noise(i, j, key=0):
  """Returns the lattice value of integer cells, float32 in -1..1 with the shape of `i` and `j`."""
  i = (np.asarray(i, np.int32) + 37 * key) & (_SIDE - 1)
  j = (np.asarray(j, np.int32) + 101 * key) & (_SIDE - 1)
  return _LATTICE[i * _WIDE + j]


def value_noise(u, v, key=0):
  """Returns smooth noise with a period of one cell per unit, float32 in -1..1.

  Args:
    u, v: float arrays of one shape, in cells; the pattern repeats after 256 cells.
    key: int, which of many independent patterns.
  """
  fu, fv = np.floor(u), np.floor(v)
  a, b = (u - fu).astype(np.float32), (v - fv).astype(np.float32)
  i = (fu.astype(np.int32) + 37 * key) & (_SIDE - 1)
  j = (fv.astype(np.int32) + 101 * key) & (_SIDE - 1)
  cell = i * _WIDE + j
  a, b = a * a * (3 - 2 * a), b * b * (3 - 2 * b)
  first, below = _LATTICE.take(cell), _LATTICE.take(cell + _WIDE)
  top = first + b * (_LATTICE.take(cell + 1) - first)
  bottom = below + b * (_LATTICE.take(cell + _WIDE + 1) - below)
  return top + a * (bottom - top)


def fade(wavelength, footprint):
  """Returns 1 where a pattern is well sampled and 0 where a pixel covers most of a wavelength.

  Args:
    wavelength: float, length of the pattern on the surface, metres.
    footprint: float array, length of a pixel on the surface, metres.
  """
  return np.clip((wavelength / np.maximum(footprint, 1e-6) - 1.2) / 2, 0, 1).astype(np.float32)


def layers(u, v, footprint, octaves, key=0):
  """Returns the sum of noise octaves at surface coordinates in metres, float32.

  Args:
    u, v: float [n], metres.
    footprint: float [n], metres per pixel.
    octaves: pairs (wavelength in metres, amplitude).
    key: int, which pattern.
  """
  total = np.zeros(np.shape(u), np.float32)
  for number, (wavelength, amplitude) in enumerate(octaves):
    weight = amplitude * fade(wavelength, footprint)
    total += weight * value_noise(u / wavelength, v / wavelength, key + 11 * number)
  return total
