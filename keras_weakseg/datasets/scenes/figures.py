"""Persons, dogs and horses as jointed paper dolls: tapered limbs on an upright plane."""
import dataclasses

import numpy as np

from keras_weakseg.datasets.scenes import noise

# Values of the part mask; the names are those of `labels.SCENE_PARTS`.
HEAD, TORSO, UPPER_ARM, LOWER_ARM, UPPER_LEG, LOWER_LEG = range(1, 7)


@dataclasses.dataclass(frozen=True)
class Limb:
  """A tapered capsule from `start` to `end` (x, y metres) with radii and a coat.

  `part` is written into the part mask (0 for animals), `coat` is an index into `Figure.coats`.
  """
  start: tuple
  end: tuple
  radii: tuple
  coat: int
  part: int = 0


@dataclasses.dataclass(frozen=True)
class Coat:
  """The look of a limb: base colour, second colour in patches or stripes, fine grain.

  Attributes:
    base, second: float32 [3] in 0..1.
    patches: share of the second colour, -1 (none) .. 1 (all), as irregular patches.
    stripes: width of horizontal stripes in the second colour, metres; 0 = none.
    grain: amplitude of the fine pattern.
  """
  base: np.ndarray
  second: np.ndarray
  patches: float = -1.0
  stripes: float = 0.0
  grain: float = 0.1


@dataclasses.dataclass(frozen=True)
class Figure:
  """A material made of limbs, later ones in front. Coordinates (x + centre, y up), metres."""
  limbs: tuple
  coats: tuple
  centre: float
  key: int

  def inside(self, u, v):
    """Returns bool [n]: on any limb."""
    return self._owner(u, v)[0] >= 0

  def parts(self, u, v):
    """Returns uint8 [n]: the part of the foremost limb; 0 off the figure and on animals."""
    table = np.array([limb.part for limb in self.limbs] + [0], np.uint8)
    return table[self._owner(u, v)[0]]

  def colour(self, u, v, footprint):
    """Returns float32 [n, 3] in 0..1, with the rounding of every limb shaded."""
    owner, bend = self._owner(u, v)
    coat = np.array([limb.coat for limb in self.limbs] + [0])[owner]
    colour = np.zeros([len(u), 3], np.float32)
    for index in np.unique(coat):
      chosen = coat == index
      colour[chosen] = self._coat(self.coats[index], u[chosen], v[chosen], footprint[chosen], index)
    shade = 0.62 + 0.38 * np.sqrt(np.clip(1 - bend * bend, 0, 1)) - 0.14 * bend
    return colour * shade[:, None]

  def _coat(self, coat, u, v, footprint, index):
    key = self.key + 13 * int(index)
    grain = noise.layers(u, v, footprint, [(0.11, coat.grain), (0.04, coat.grain)], key)
    second = noise.value_noise(u / 0.28, v / 0.28, key + 5) * 0.8 < coat.patches
    if coat.stripes:
      second = second | ((v / coat.stripes) % 2 < 1)
    return np.where(second[:, None], coat.second, coat.base) * (1 + grain)[:, None]

  def _owner(self, u, v):
    """Returns the foremost limb per point, -1 = none, and the signed distance from its axis."""
    x, y = u - self.centre, v
    owner = np.full(np.shape(x), -1, np.int16)
    bend = np.zeros(np.shape(x), np.float32)
    for number, limb in enumerate(self.limbs):
      dx, dy = limb.end[0] - limb.start[0], limb.end[1] - limb.start[1]
      square = dx * dx + dy * dy + 1e-9
      px, py = x - limb.start[0], y - limb.start[1]
      along = np.clip((px * dx + py * dy) / square, 0, 1)
      radius = limb.radii[0] + (limb.radii[1] - limb.radii[0]) * along
      off_x, off_y = px - along * dx, py - along * dy
      distance = np.sqrt(off_x * off_x + off_y * off_y)
      on = distance < radius
      owner = np.where(on, np.int16(number), owner)
      bend = np.where(on, np.sign(off_x + 0.3 * off_y) * distance / radius, bend)
    return owner, bend.astype(np.float32)


def bounds(limbs):
  """Returns (xmin, xmax, ymin, ymax) in metres of a list of limbs."""
  ends = np.array([[*point, radius] for limb in limbs
                   for point, radius in zip((limb.start, limb.end), limb.radii)])
  low, high = (ends[:, :2] - ends[:, 2:]).min(0), (ends[:, :2] + ends[:, 2:]).max(0)
  return low[0], high[0], low[1], high[1]


def chain(start, *steps):
  """Returns joint positions: from `start`, each step (length, angle) with 0 = down, in radians."""
  points = [np.asarray(start, np.float64)]
  for length, angle in steps:
    points.append(points[-1] + length * np.array([np.sin(angle), -np.cos(angle)]))
  return [tuple(point) for point in points]
