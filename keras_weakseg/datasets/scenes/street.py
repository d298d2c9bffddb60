"""Draws the street of a scene: ground, rows of houses or open sides, trees, poles, hills, sky."""
import dataclasses

import numpy as np

from keras_weakseg.datasets.scenes import scenery
from keras_weakseg.datasets.scenes.raycast import Surface

_UP = np.array([0.0, -1.0, 0.0])
_RIGHT, _AHEAD = np.array([1.0, 0.0, 0.0]), np.array([0.0, 0.0, 1.0])
_WALLS = np.float32([[0.72, 0.58, 0.45], [0.55, 0.33, 0.26], [0.66, 0.66, 0.62], [0.78, 0.70, 0.52],
                     [0.48, 0.50, 0.54], [0.62, 0.42, 0.36], [0.52, 0.58, 0.52]])
_GREENS = np.float32([[0.24, 0.38, 0.16], [0.34, 0.44, 0.18], [0.18, 0.32, 0.18],
                      [0.46, 0.44, 0.18]])
_END = 75.0  # metres, where the hills close the view


@dataclasses.dataclass(frozen=True)
class Street:
  """A street without objects.

  Attributes:
    surfaces: list of `Surface`, all scenery.
    ground: the `scenery.Ground`, which takes the objects' shadows.
    sky: `scenery.Sky`.
    free: (left, right) limits of x between which objects may stand, metres.
    light: float [3], unit vector towards the light.
  """
  surfaces: list
  ground: scenery.Ground
  sky: scenery.Sky
  free: tuple
  light: np.ndarray


def draw(rng):
  """Returns a random `Street`."""
  left, right = -rng.uniform(2.6, 4.4), rng.uniform(2.6, 4.4)
  walk = rng.uniform(1.6, 3.2)
  light = np.array([rng.uniform(-1, 1), -1.2, rng.uniform(-1.2, 0.2)])
  light /= np.linalg.norm(light)
  surfaces = []
  limits = []
  for sign, kerb in ((-1, left), (1, right)):
    open_side = rng.rand() < 0.3
    edge = kerb + sign * (walk + rng.uniform(0, 0.6))
    surfaces += _wall(rng, edge, light) if open_side else _houses(rng, edge, sign, light)
    surfaces += _planting(rng, kerb, edge, sign, open_side)
    limits.append(edge - sign * 0.8)
  surfaces.append(Surface(np.array([-130.0, 0, _END]), _RIGHT, _UP, (260, 16), scenery.Hills(
      rng.uniform(5, 9), _pick(rng, _GREENS) * 1.1 + np.float32([0.12, 0.14, 0.18]),
      rng.randint(1000))))
  grey = rng.uniform(0.32, 0.5)
  ground = scenery.Ground(
      130.0, 10.0, (left, right), walk, np.float32([grey, grey, grey * rng.uniform(0.96, 1.08)]),
      np.float32([0.56, 0.53, 0.49]) * rng.uniform(0.8, 1.15), _pick(rng, _GREENS),
      rng.uniform(-0.3, 0.3) + (left + right) / 2, np.zeros([0, 6]), rng.randint(1000))
  warm = rng.uniform(0, 1)
  sky = scenery.Sky(np.float32([0.80 + 0.08 * warm, 0.84, 0.90 - 0.08 * warm]),
                    np.float32([0.38, 0.56, 0.84]) * rng.uniform(0.85, 1.1),
                    rng.uniform(0.0, 0.55), rng.randint(1000))
  return Street(surfaces, ground, sky, tuple(limits), light)


def with_shadows(street, shadows):
  """Returns the surfaces of the street, its ground darkened under objects.

  Args:
    street: `Street`.
    shadows: float [N, 6], see `scenery.Ground`.
  """
  ground = dataclasses.replace(street.ground, shadows=np.asarray(shadows).reshape([-1, 6]))
  plane = Surface(np.array([-ground.x0, 0, -ground.z0]), _RIGHT, _AHEAD, (2 * ground.x0, 150.0),
                  ground)
  return [plane] + street.surfaces


def _pick(rng, colours):
  return colours[rng.randint(len(colours))] * np.float32(rng.uniform(0.85, 1.15))


def _houses(rng, edge, sign, light):
  """Returns the fronts of a row of houses along the street and their walls across it."""
  along = 0.72 + 0.38 * max(0.0, -sign * light[0])
  across = 0.72 + 0.38 * max(0.0, -light[2])
  surfaces, z = [], -3.0
  while z < _END:
    length, tall = rng.uniform(5, 13), rng.uniform(3.2, 11)
    setback = edge + sign * (rng.uniform(0.2, 2.5) if rng.rand() < 0.4 else 0.0)
    wall = _pick(rng, _WALLS)
    trim = np.clip(wall * rng.uniform(0.5, 1.4) + rng.uniform(0, 0.2), 0, 0.95)
    front = scenery.Facade(tall, wall, np.float32(trim), rng.rand() < 0.5,
                           (rng.uniform(1.5, 2.6), rng.uniform(2.5, 3.2)),
                           (rng.uniform(0.4, 0.7), rng.uniform(0.45, 0.65)), rng.randint(1000))
    surfaces.append(Surface(np.array([setback, 0, z]), _AHEAD, _UP, (length, tall), front, 0,
                            along))
    surfaces.append(Surface(np.array([setback, 0, z]), sign * _RIGHT, _UP, (9.0, tall),
                            dataclasses.replace(front, window=(0.3, 0.4)), 0, across))
    z += length + (rng.uniform(1.5, 5) if rng.rand() < 0.3 else 0.0)
  return surfaces


def _wall(rng, edge, light):
  """Returns a low wall along an open side."""
  tall, wall = rng.uniform(0.7, 1.4), _pick(rng, _WALLS)
  front = scenery.Facade(tall, wall, wall * np.float32(0.8), True, (2.0, 9.0), (0.5, 0.5),
                         rng.randint(1000))
  return [Surface(np.array([edge, 0, -5.0]), _AHEAD, _UP, (_END + 5, tall), front, 0,
                  0.72 + 0.3 * abs(light[0]))]


def _planting(rng, kerb, edge, sign, open_side):
  """Returns trees and lamp posts along the kerb, more and larger ones where there are no houses."""
  surfaces, z = [], rng.uniform(4, 9)
  while z < 50:
    if rng.rand() < (0.75 if open_side else 0.4):
      x = edge + sign * rng.uniform(1, 6) if open_side else kerb + sign * 0.6
      surfaces.append(_tree(rng, x, z, 1.2 if open_side else 0.8))
    elif rng.rand() < 0.6:
      post = scenery.Paint(np.float32([0.3, 0.32, 0.34]) * rng.uniform(0.6, 1.5),
                           rng.randint(1000))
      wide, tall = rng.uniform(0.1, 0.16), rng.uniform(2.2, 5.5)
      surfaces.append(Surface(np.array([kerb + sign * 0.4, 0, z]), _RIGHT, _UP, (wide, tall), post))
    z += rng.uniform(3, 9)
  return surfaces


def _tree(rng, x, z, size):
  wide = size * rng.uniform(1.0, 1.9)
  half, tall = wide * rng.uniform(0.8, 1.3), rng.uniform(1.6, 2.4)
  tree = scenery.Foliage(
      1.3 * wide, (rng.uniform(0.09, 0.18), tall + 0.4), (tall + half, wide, half),
      np.float32([0.30, 0.23, 0.17]) * rng.uniform(0.7, 1.3), _pick(rng, _GREENS) * 1.2,
      rng.randint(1000))
  return Surface(np.array([x - 1.3 * wide, 0, z]), _RIGHT, _UP, (2.6 * wide, tall + 2.4 * half),
                 tree)
