"""Cars and buses as boxes in space: a side profile, drawn out to the vehicle's width.

Small buses and tall cars meet in height, paint, wheels and windows; a bus has a row of windows, a
car has a bonnet or a single large pane.
"""
import dataclasses

import numpy as np

from keras_weakseg.datasets.scenes import bodies
from keras_weakseg.datasets.scenes import noise
from keras_weakseg.datasets.scenes.raycast import Surface


@dataclasses.dataclass(frozen=True)
class Look:
  """What all faces of one vehicle share.

  Attributes:
    paint, second: float32 [3], body colour and the colour of a stripe.
    profile: float [P, 2], (along, up) metres from the rear sill over the roof to the front sill.
    belt: height where the windows begin, metres.
    panes: (first edge, last edge, top, pitch) of the side windows, metres.
    wheels: float [2], where along the vehicle; `radius` their size, metres.
    stripe: whether the body has a stripe of the second colour.
    key: int, which pattern of dirt.
  """
  paint: np.ndarray
  second: np.ndarray
  profile: np.ndarray
  belt: float
  panes: tuple
  wheels: tuple
  radius: float
  stripe: bool
  key: int

  def body(self, u, v, footprint):
    """Returns painted metal with reflections and dirt, float32 [n, 3]."""
    dirt = noise.layers(u, v, footprint, [(1.1, 0.08), (0.3, 0.07), (0.09, 0.08)], self.key)
    gloss = 0.82 + 0.22 * np.clip((v - 0.3) / 1.2, 0, 1)
    striped = self.stripe & (np.abs(v - self.belt + 0.25) < 0.11)
    return np.where(striped[:, None], self.second, self.paint) * (gloss * (1 + dirt))[:, None]

  def glass(self, u, v, footprint):
    """Returns dark panes with a slanted reflection, float32 [n, 3]."""
    streak = noise.layers(u + v, 0.3 * v, footprint, [(0.9, 0.5), (0.25, 0.3)], self.key + 3)
    return np.float32([0.16, 0.2, 0.24]) * (1.15 + streak)[:, None]


@dataclasses.dataclass(frozen=True)
class Side:
  """The side of a vehicle with windows, doors and wheels. Coordinates (along, up), metres."""
  look: Look

  def _wheel(self, u, v):
    """Returns the distance from the nearest hub in wheel radii."""
    look = self.look
    return np.minimum(*(np.hypot(u - at, v - look.radius) for at in look.wheels)) / look.radius

  def _body(self, u, v):
    top = np.interp(u, self.look.profile[:, 0], self.look.profile[:, 1])
    return (v > self.look.radius * 0.7) & (v < top)

  def inside(self, u, v):
    """Returns bool [n]: below the profile, or on a wheel."""
    return self._body(u, v) | (self._wheel(u, v) < 1)

  def colour(self, u, v, footprint):
    """Returns float32 [n, 3] in 0..1."""
    look = self.look
    first, last, top, pitch = look.panes
    colour = look.body(u, v, footprint)
    across = (u - first) % pitch
    roof = np.interp(u, look.profile[:, 0], look.profile[:, 1])
    pane = (u > first) & (u < last) & (v > look.belt) & (v < np.minimum(top, roof - 0.12))
    pane &= (across > 0.05) & (across < pitch - 0.02)
    colour = np.where(pane[:, None], look.glass(u, v, footprint), colour)
    seam = (np.abs(across - 0.02) < 0.015) & (v < look.belt) & (u > first) & (u < last)
    colour *= (1 - 0.4 * seam * noise.fade(0.06, footprint))[:, None]
    away = self._wheel(u, v)
    rim = np.float32([0.62, 0.63, 0.65]) * (1 - 0.35 * (np.abs(away - 0.3) < 0.1))[:, None]
    colour = np.where((away < 1.18)[:, None], np.float32([0.06, 0.06, 0.06]), colour)
    tyre = np.where((away < 0.58)[:, None], rim, np.float32([0.1, 0.1, 0.1]))
    return np.where((away < 1)[:, None], tyre, colour)


@dataclasses.dataclass(frozen=True)
class Sheet:
  """One segment of the profile across the vehicle. Coordinates (across, along the segment).

  `kind` is "paint", "glass", or "end" with lamps `lamp` float32 [3], a plate and, where it is tall
  enough, a pane above the belt line. `base` is the height of its lower edge, metres.
  """
  look: Look
  kind: str
  width: float
  base: float
  lamp: np.ndarray

  def inside(self, u, v):
    """Fills its rectangle."""
    return None

  def colour(self, u, v, footprint):
    """Returns float32 [n, 3] in 0..1."""
    up, across = v + self.base, np.abs(u - self.width / 2)
    colour = self.look.body(u, up, footprint)
    rim = across > self.width / 2 - 0.1
    if self.kind == "glass":
      return np.where(rim[:, None], colour, self.look.glass(u, up, footprint))
    if self.kind == "end":
      pane = (up > self.look.belt) & (up < self.look.panes[2]) & ~rim
      colour = np.where(pane[:, None], self.look.glass(u, up, footprint), colour)
      bumper = up < 0.52
      colour = np.where(bumper[:, None], colour * 0.35 + 0.03, colour)
      lamps = (across > self.width / 2 - 0.42) & ~rim & (np.abs(up - 0.66) < 0.09)
      plate = (across < 0.26) & (np.abs(up - 0.47) < 0.06)
      colour = np.where(lamps[:, None], self.lamp, colour)
      colour = np.where(plate[:, None], np.float32([0.9, 0.9, 0.82]), colour)
    return colour


def car(rng):
  """Returns (look, width, kinds of the profile's segments) of a saloon, an estate or a van."""
  length, tall = rng.uniform(3.7, 4.6), rng.uniform(1.4, 1.6)
  hood, style = rng.uniform(0.8, 0.95), rng.choice(["saloon", "estate", "van"])
  if style == "van":
    tall, hood = rng.uniform(1.75, 2.1), 1.05
  rear = {"saloon": (0.14, 0.26), "estate": (0.0, 0.05), "van": (0.0, 0.03)}[style]
  front = (0.62, 0.74) if style != "van" else (0.72, 0.84)
  back_high = hood + 0.06
  profile = np.array([[0, 0.28], [0.001, back_high], [rear[0] * length + 0.002, back_high + 0.01],
                      [rear[1] * length + 0.004, tall], [front[0] * length, tall],
                      [front[1] * length, hood + 0.05], [length - 0.05, hood - 0.12],
                      [length, 0.28]])
  belt = hood + 0.06
  low = (rear[0] + 0.3 * (rear[1] - rear[0])) * length + 0.15
  high = (front[1] - 0.04) * length
  pitch = (high - low) / (2 if style != "van" or rng.rand() < 0.5 else 3)
  look = Look(bodies.cloth(rng), bodies.cloth(rng), profile, belt, (low, high, tall - 0.1, pitch),
              (0.2 * length, 0.8 * length), rng.uniform(0.3, 0.34), rng.rand() < 0.2,
              rng.randint(1000))
  kinds = ("end", "paint", "glass", "paint", "glass", "paint", "end")
  return look, rng.uniform(1.65, 1.85), kinds


def bus(rng):
  """Returns (look, width, kinds of the profile's segments) of a small or a large bus."""
  length, tall = rng.uniform(5.6, 8.5), rng.uniform(2.3, 3.0)
  profile = np.array([[0, 0.32], [0.001, tall - 0.12], [0.14, tall], [length - 0.16, tall],
                      [length - 0.001, tall - 0.15], [length, 0.32]])
  panes = max(3, int(length / rng.uniform(1.1, 1.5)))
  pitch = (length - 0.5) / panes
  belt = rng.uniform(1.0, 1.25)
  look = Look(bodies.cloth(rng), bodies.cloth(rng), profile, belt,
              (0.25, length - 0.25, tall - rng.uniform(0.25, 0.45), pitch),
              (0.2 * length, 0.82 * length), rng.uniform(0.4, 0.48), rng.rand() < 0.5,
              rng.randint(1000))
  return look, rng.uniform(2.1, 2.5), ("end", "paint", "paint", "paint", "end")


def surfaces(vehicle, centre, yaw, instance, light):
  """Returns the faces of a vehicle that stands on the ground.

  Args:
    vehicle: (look, width, kinds) of `car` or `bus`.
    centre: (x, z) of the middle of its footprint, metres.
    yaw: heading in radians; 0 faces along +x, pi / 2 along +z.
    instance: number of the object.
    light: float [3], unit vector towards the light.
  """
  look, width, kinds = vehicle
  forward = np.array([np.cos(yaw), 0, np.sin(yaw)])
  across, upward = np.array([-forward[2], 0, forward[0]]), np.array([0.0, -1.0, 0.0])
  length, tall = look.profile[-1, 0], look.profile[:, 1].max()
  corner = np.array([centre[0], 0, centre[1]]) - forward * length / 2 - across * width / 2

  def lit(normal):
    return 0.72 + 0.38 * max(0.0, float(normal @ light))

  faces = [Surface(corner + across * (width if far else 0), forward, upward, (length, tall),
                   Side(look), instance, lit(across if far else -across)) for far in (0, 1)]
  lamps = (np.float32([0.75, 0.1, 0.08]), np.float32([0.96, 0.95, 0.85]))
  for number, (start, end) in enumerate(zip(look.profile[:-1], look.profile[1:])):
    run = (end - start)[0] * forward + (end - start)[1] * upward
    extent = np.linalg.norm(run)
    normal = ((end - start)[0] * upward - (end - start)[1] * forward) / extent
    last = number == len(kinds) - 1
    origin = corner + start[0] * forward + start[1] * upward
    axis = run / extent
    if last:  # its coordinates rise from the sill, as those of the rear do
      origin, axis = origin + run, -axis
    sheet = Sheet(look, kinds[number], width, min(start[1], end[1]), lamps[int(last)])
    faces.append(Surface(origin, across, axis, (width, extent), sheet, instance, lit(normal)))
  return faces
