"""Materials of the street itself: ground, house fronts, distant hills, trees and poles, sky."""
import dataclasses

import numpy as np

from keras_weakseg.datasets.scenes import noise


@dataclasses.dataclass(frozen=True)
class Ground:
  """The plane y = 0: asphalt with lane marks, kerbs, paved or grassy sides, contact shadows.

  Surface coordinates are (x + x0, z + z0), metres. `shadows` are rows (x, z, half length, half
  width, yaw, strength) of soft dark ellipses under the objects.
  """
  x0: float
  z0: float
  road: tuple              # (left, right) edge of the carriageway, metres
  walk: float              # width of the pavement, metres
  asphalt: np.ndarray
  paving: np.ndarray
  verge: np.ndarray
  lane: float              # x of the dashed line
  shadows: np.ndarray
  key: int

  def inside(self, u, v):
    """The ground has no holes."""
    return None

  def colour(self, u, v, footprint):
    """Returns float32 [n, 3] in 0..1."""
    x, z = u - self.x0, v - self.z0
    grain = noise.layers(x, z, footprint, [(1.7, 0.12), (0.5, 0.22), (0.14, 0.26)], self.key)
    side = np.maximum(self.road[0] - x, x - self.road[1])  # metres outside of the carriageway
    paved, green = (side > 0) & (side <= self.walk), side > self.walk
    colour = np.where(paved[:, None], self.paving, self.asphalt)
    colour = np.where(green[:, None], self.verge, colour) * (1 + grain[:, None])
    tone = np.ones_like(x)
    tile = noise.cell_noise(np.floor(x / 0.6), np.floor(z / 0.6), self.key)
    tone += paved * 0.12 * tile * noise.fade(0.6, footprint)
    joint = (np.minimum((x / 0.6) % 1, (z / 0.6) % 1) < 0.06) & paved
    tone -= 0.3 * joint * noise.fade(0.3, footprint)
    patch = noise.value_noise(x / 3.1, z / 4.7, self.key + 5)
    tone -= 0.2 * (patch > 0.35) * (side < 0)
    crack = np.abs(noise.value_noise(x / 1.3, z / 1.3, self.key + 6)) < 0.035
    tone -= 0.3 * crack * (side < 0) * noise.fade(0.12, footprint)
    tone += 0.35 * (np.abs(side - 0.08) < 0.09)  # kerb stones
    dashed = (np.abs(x - self.lane) < 0.075) & ((z % 4.0) < 2.2)
    edge = np.abs(side + 0.35) < 0.06
    worn = np.clip(0.75 + 0.5 * grain, 0, 1)[:, None] * np.float32([0.86, 0.86, 0.82])
    colour = np.where((dashed | edge)[:, None], worn, colour * tone[:, None])
    return colour * (1 - self._shade(x, z))[:, None]

  def _shade(self, x, z):
    dark = np.zeros_like(x)
    for cx, cz, half_length, half_width, yaw, strength in self.shadows:
      along = (x - cx) * np.cos(yaw) + (z - cz) * np.sin(yaw)
      across = (z - cz) * np.cos(yaw) - (x - cx) * np.sin(yaw)
      radius = (along / half_length) ** 2 + (across / half_width) ** 2
      dark = np.maximum(dark, strength * np.clip(1.6 - radius, 0, 1))
    return dark.astype(np.float32)


@dataclasses.dataclass(frozen=True)
class Facade:
  """A house front: plaster or brick, a grid of windows, a plinth. Coordinates (along, up)."""
  height: float
  wall: np.ndarray
  trim: np.ndarray
  brick: bool
  cell: tuple              # (width, height) of one window's cell, metres
  window: tuple            # (width, height) of the window as a fraction of the cell
  key: int

  def inside(self, u, v):
    """A front has no holes."""
    return None

  def colour(self, u, v, footprint):
    """Returns float32 [n, 3] in 0..1."""
    dirt = noise.layers(u, v, footprint, [(3.0, 0.12), (0.7, 0.12), (0.22, 0.1)], self.key)
    tone = 1 + dirt
    if self.brick:
      row = np.floor(v / 0.22)
      shifted = u / 0.5 + 0.5 * (row % 2)
      block = noise.cell_noise(np.floor(shifted), row, self.key + 3)
      mortar = ((v / 0.22) % 1 < 0.14) | (shifted % 1 < 0.08)
      tone += noise.fade(0.35, footprint) * (0.16 * block + 0.18 * mortar)
    colour = self.wall * tone[:, None]
    column, across = np.divmod(u, self.cell[0])
    floor, up = np.divmod(v, self.cell[1])
    across, up = np.abs(across / self.cell[0] - 0.5), np.abs(up / self.cell[1] - 0.55)
    frame = np.maximum(across / self.window[0], up / self.window[1]) * 2
    fits = (floor + 1) * self.cell[1] <= self.height
    light = noise.cell_noise(column, floor, self.key + 7)
    glass = (0.2 + 0.12 * light + 0.5 * np.clip(light - 0.55, 0, 1)
             + 0.16 * (up + across))[:, None] * np.float32([0.85, 0.97, 1.12])
    bars = (across * self.cell[0] < 0.05) & (footprint < 0.2)
    pane = np.where(bars[:, None], self.trim, glass)
    colour = np.where(((frame < 1.22) & fits)[:, None], self.trim * tone[:, None], colour)
    colour = np.where(((frame < 1) & fits)[:, None], pane, colour)
    edge = (v < 0.5) | (v > self.height - 0.35)
    return np.where(edge[:, None], 0.55 * self.trim * tone[:, None] + 0.1, colour)


@dataclasses.dataclass(frozen=True)
class Hills:
  """What closes the view: a wooded skyline. Coordinates (x + offset, up)."""
  height: float
  tint: np.ndarray
  key: int

  def inside(self, u, v):
    """Returns bool [n]: below the skyline."""
    ridge = noise.layers(u, np.zeros_like(u), 0.1, [(31.0, 0.3), (7.0, 0.16), (1.7, 0.06)],
                         self.key)
    return v < self.height * (0.6 + ridge)

  def colour(self, u, v, footprint):
    """Returns float32 [n, 3] in 0..1."""
    leaf = noise.layers(u, v, footprint, [(6.0, 0.22), (1.8, 0.2), (0.6, 0.2)], self.key + 2)
    return self.tint * (1 + leaf)[:, None]


@dataclasses.dataclass(frozen=True)
class Foliage:
  """A tree seen from the side: a trunk and a ragged crown. Coordinates (across, up)."""
  centre: float
  trunk: tuple             # (half width, height) in metres
  crown: tuple             # (height of the centre, half width, half height)
  bark: np.ndarray
  leaf: np.ndarray
  key: int

  def _crown(self, u, v):
    across, up = (u - self.centre) / self.crown[1], (v - self.crown[0]) / self.crown[2]
    ragged = 0.3 * noise.value_noise(u / 0.9, v / 0.9, self.key)
    ragged += 0.14 * noise.value_noise(u / 0.3, v / 0.3, self.key + 1)
    return across * across + up * up + ragged < 0.95

  def inside(self, u, v):
    """Returns bool [n]: trunk or crown."""
    return ((np.abs(u - self.centre) < self.trunk[0]) & (v < self.trunk[1])) | self._crown(u, v)

  def colour(self, u, v, footprint):
    """Returns float32 [n, 3] in 0..1."""
    clumps = noise.layers(u, v, footprint, [(0.9, 0.22), (0.35, 0.25), (0.14, 0.2)], self.key + 2)
    rough = noise.layers(4 * u, v, footprint, [(0.5, 0.2), (0.15, 0.2)], self.key + 4)
    sun = 0.8 + 0.25 * (v - self.crown[0]) / self.crown[2] - 0.12 * (u - self.centre)
    return np.where(self._crown(u, v)[:, None], self.leaf * ((1 + clumps) * sun)[:, None],
                    self.bark * (1 + rough)[:, None])


@dataclasses.dataclass(frozen=True)
class Paint:
  """One colour with a little grain: poles, posts. Coordinates in metres."""
  base: np.ndarray
  key: int

  def inside(self, u, v):
    """Fills its rectangle."""
    return None

  def colour(self, u, v, footprint):
    """Returns float32 [n, 3] in 0..1."""
    grain = noise.layers(u, v, footprint, [(0.4, 0.18), (0.1, 0.12)], self.key)
    return self.base * (1 + grain)[:, None]


@dataclasses.dataclass(frozen=True)
class Sky:
  """The sky by world direction: a gradient and clouds. It is infinitely far, so has no depth."""
  low: np.ndarray
  high: np.ndarray
  cloud: float             # 0 clear .. 1 overcast
  key: int

  def colour(self, directions):
    """Returns float32 [n, 3] in 0..1 for world directions float32 [n, 3]."""
    up = np.clip(-directions[:, 1] / np.linalg.norm(directions, axis=1), 0, 1)
    flat = directions / np.maximum(0.08 - directions[:, 1:2], 0.08)
    field = (noise.value_noise(flat[:, 0] * 0.7, flat[:, 2] * 0.7, self.key)
             + 0.5 * noise.value_noise(flat[:, 0] * 1.9, flat[:, 2] * 1.9, self.key + 1)
             + 0.25 * noise.value_noise(flat[:, 0] * 4.1, flat[:, 2] * 4.1, self.key + 2))
    cover = np.clip(0.5 * field + self.cloud, 0, 1)[:, None]
    share = np.clip(3 * up, 0, 1)[:, None]
    blue = self.low * (1 - share) + self.high * share
    return (blue * (1 - cover) + np.float32([0.93, 0.94, 0.96]) * cover).astype(np.float32)
