"""Draws which objects stand where: classes, distances, headings, without standing in each other."""
import dataclasses

import numpy as np

from keras_weakseg.datasets.scenes import bodies
from keras_weakseg.datasets.scenes import figures
from keras_weakseg.datasets.scenes import vehicles
from keras_weakseg.datasets.scenes.raycast import Surface

# Class ids of the mask; the names are those of `labels.SCENES`.
PERSON, CAR, BUS, DOG, HORSE = range(1, 6)
CLASSES_PER_IMAGE = (0.05, 0.36, 0.37, 0.22)  # probability of 0, 1, 2 and 3 foreground classes
_FIGURES = {PERSON: bodies.person, DOG: bodies.dog, HORSE: bodies.horse}
_VEHICLES = {CAR: vehicles.car, BUS: vehicles.bus}
# Per class: most objects in an image, nearest and farthest distance in metres.
_RANGES = {PERSON: (3, 2.6, 7.0), CAR: (2, 4.2, 10.0), BUS: (1, 6.0, 12.0), DOG: (3, 2.5, 4.2),
           HORSE: (2, 3.4, 7.0)}


@dataclasses.dataclass(frozen=True)
class Thing:
  """One object of a scene.

  Attributes:
    label: class id.
    surfaces: list of `Surface` with the object's instance number.
    shadow: row (x, z, half length, half width, yaw, strength) for `scenery.Ground`.
  """
  label: int
  surfaces: list
  shadow: tuple


def draw(rng, camera, street, slope):
  """Draws the objects of one scene.

  Args:
    rng: `np.random.RandomState`.
    camera: float [4, 4], reference camera to world.
    street: `street.Street`.
    slope: half of the image's width over the focal length: how far to the side the view reaches.

  Returns:
    List of `Thing`; their instance numbers count from 1.
  """
  count = rng.choice(len(CLASSES_PER_IMAGE), p=CLASSES_PER_IMAGE)
  labels = [label for label in rng.permutation(sorted(_RANGES))[:count]
            for _ in range(1 + rng.randint(_RANGES[label][0]))]
  things, discs = [], []
  for label in sorted(labels, key=lambda label: label not in _VEHICLES):  # the largest first
    for _ in range(25):
      body = (_FIGURES if label in _FIGURES else _VEHICLES)[label](rng)
      place = _place(rng, label, camera, slope)
      radius = _radius(label, body)
      yaw = _heading(rng, label)
      reach = radius * abs(np.cos(yaw)) if label in _VEHICLES else radius
      free = street.free[0] + reach < place[0] < street.free[1] - reach
      if free and all(np.hypot(x - place[0], z - place[1]) > other + radius
                      for x, z, other in discs):
        discs.append((*place, radius))
        things.append(_stand(rng, label, body, place, yaw, camera, len(things) + 1, street.light))
        break
  return things


def _place(rng, label, camera, slope):
  """Returns (x, z) on the ground in view of the camera, nearer ones as likely as farther ones."""
  _, near, far = _RANGES[label]
  depth = near * (far / near) ** rng.uniform()
  side = rng.uniform(-0.85, 0.85) * slope * depth
  point = camera @ np.array([side, 0, depth, 1])
  return point[0], point[2]


def _radius(label, body):
  """Returns the radius in metres of the disc on the ground that belongs to an object."""
  if label in _VEHICLES:
    return 0.42 * body[0].profile[-1, 0]
  low, high, _, _ = figures.bounds(body[0])
  return 0.32 * (high - low) + 0.1


def _heading(rng, label):
  if label == BUS:
    return rng.choice([-1, 1]) * np.pi / 2 + rng.uniform(-0.9, 0.9)
  return rng.uniform(-np.pi, np.pi) if label == CAR else rng.uniform(-0.45, 0.45)


def _stand(rng, label, body, place, yaw, camera, instance, light):
  """Returns the `Thing` made of a body at a place."""
  if label in _VEHICLES:
    look, width, _ = body
    shadow = (*place, 0.5 * look.profile[-1, 0], 0.55 * width, yaw, 0.75)
    return Thing(label, vehicles.surfaces(body, place, yaw, instance, light), shadow)
  limbs, coats = body
  low, high, _, top = figures.bounds(limbs)
  turn = np.arctan2(place[0] - camera[0, 3], place[1] - camera[2, 3]) + yaw
  across = np.array([np.cos(turn), 0, -np.sin(turn)])
  doll = figures.Figure(tuple(limbs), coats, -low + 0.01, rng.randint(1000))
  plane = Surface(np.array([place[0], 0, place[1]]) - across * (high - low) / 2, across,
                  np.array([0.0, -1.0, 0.0]), (high - low + 0.02, top + 0.01), doll, instance,
                  rng.uniform(0.9, 1.1))
  shadow = (*place, 0.42 * (high - low), 0.16 + 0.08 * (high - low), -turn, 0.6)
  return Thing(label, [plane], shadow)
