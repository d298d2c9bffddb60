"""Draws one person, dog or horse: proportions, pose and coat, each with its own variation.

Dogs and horses share coats and gait on purpose: what tells them apart is the neck, the legs, the
tail and the size beside other things, so a category learned on one transfers to the other.
"""
import numpy as np

from keras_weakseg.datasets.scenes import figures
from keras_weakseg.datasets.scenes.figures import Coat, Limb, chain

_SKIN = np.float32([[0.93, 0.76, 0.65], [0.82, 0.62, 0.49], [0.62, 0.44, 0.33], [0.40, 0.27, 0.20]])
_HAIR = np.float32([[0.10, 0.08, 0.07], [0.33, 0.21, 0.12], [0.70, 0.55, 0.30], [0.55, 0.53, 0.50]])
_FUR = np.float32([[0.42, 0.26, 0.14], [0.16, 0.12, 0.10], [0.66, 0.48, 0.28], [0.86, 0.82, 0.75],
                   [0.50, 0.48, 0.46], [0.56, 0.32, 0.15]])


def cloth(rng, low=0.12, high=0.9):
  """Returns a colour float32 [3] of clothes or paint: any hue, often muted."""
  grey = rng.uniform(low, high)
  hue = rng.uniform(low, high, 3)
  mix = rng.uniform(0.1, 1.0)
  return np.float32(grey * (1 - mix) + hue * mix)


def person(rng):
  """Returns (limbs, coats) of a standing or walking person, 1.5 to 1.9 m, feet at y = 0."""
  tall = rng.uniform(1.5, 1.9)
  hip, shoulder = 0.5 * tall, 0.8 * tall
  side = rng.rand() < 0.35
  spread, hips = (0.035 if side else 0.105) * tall, (0.02 if side else 0.05) * tall
  lean = rng.uniform(-0.04, 0.04) * tall
  swing = rng.uniform(0.05, 0.5 if side else 0.22)
  sleeve, leg_cover = rng.rand() < 0.5, rng.rand() < 0.75
  limbs = []

  def arm(sign):
    angle = sign * (swing if side else rng.uniform(0.08, 0.5)) + rng.normal(0, 0.1)
    if rng.rand() < 0.15:
      angle += sign * rng.uniform(0.6, 2.0)  # a raised arm
    bend = rng.uniform(-0.1, 0.7) if side else sign * rng.uniform(-0.5, 0.3)
    top, elbow, hand = chain((sign * spread + lean, shoulder - 0.015 * tall),
                             (0.175 * tall, angle), (0.19 * tall, angle + bend))
    return [Limb(elbow, hand, (0.026 * tall, 0.021 * tall), 2 if sleeve else 0, figures.LOWER_ARM),
            Limb(top, elbow, (0.034 * tall, 0.028 * tall), 2, figures.UPPER_ARM)]

  def leg(sign):
    angle = sign * (swing if side else rng.uniform(0.0, 0.16))
    bend = -rng.uniform(0.0, 0.4) * (side and sign < 0)
    top, knee, foot = chain((sign * hips, hip), (0.24 * tall, angle),
                            (0.235 * tall, angle * 0.6 + bend))
    toe = (foot[0] + (0.09 * tall if side else sign * 0.035 * tall), foot[1] - 0.004 * tall)
    return [Limb(foot, toe, (0.022 * tall, 0.02 * tall), 4, figures.LOWER_LEG),
            Limb(knee, foot, (0.042 * tall, 0.03 * tall), 3 if leg_cover else 0, figures.LOWER_LEG),
            Limb(top, knee, (0.056 * tall, 0.044 * tall), 3, figures.UPPER_LEG)]

  wide = (0.072 if side else 0.088) * tall
  limbs += arm(-1)
  limbs.append(Limb((lean, shoulder - 0.045 * tall), (0, hip), (wide, 0.78 * wide), 2,
                    figures.TORSO))
  limbs += leg(-1) + leg(1)
  if not side:
    limbs.append(Limb((lean - spread * 0.75, shoulder - 0.02 * tall),
                      (lean + spread * 0.75, shoulder - 0.02 * tall), (0.04 * tall, 0.04 * tall), 2,
                      figures.TORSO))
  limbs += arm(1)
  neck, top = (lean, shoulder), (lean * 1.3, 0.93 * tall)
  limbs += [Limb(neck, (neck[0], 0.87 * tall), (0.03 * tall, 0.03 * tall), 0, figures.HEAD),
            Limb((top[0], 0.9 * tall), top, (0.05 * tall, 0.062 * tall), 0, figures.HEAD),
            Limb((top[0] - 0.02 * tall, 0.965 * tall), (top[0] + 0.02 * tall, 0.965 * tall),
                 (0.042 * tall, 0.042 * tall), 1, figures.HEAD)]
  return _lift(limbs), _clothes(rng)


def _clothes(rng):
  skin = _SKIN[rng.randint(len(_SKIN))] * rng.uniform(0.92, 1.05)
  hair = _HAIR[rng.randint(len(_HAIR))]
  shirt, second = cloth(rng), cloth(rng)
  stripes = rng.uniform(0.05, 0.12) if rng.rand() < 0.3 else 0.0
  trousers = cloth(rng, 0.08, 0.6)
  shoes = cloth(rng, 0.05, 0.5)
  return (Coat(skin, skin, grain=0.05), Coat(hair, hair, grain=0.2),
          Coat(shirt, second, stripes=stripes, grain=0.12),
          Coat(trousers, trousers, grain=0.12), Coat(shoes, shoes))


def dog(rng):
  """Returns (limbs, coats) of a dog, 0.7 to 0.95 m at the head, feet at y = 0."""
  size = rng.uniform(0.85, 1.15)
  length, leg, body = 0.62 * size, rng.uniform(0.30, 0.38) * size, rng.uniform(0.115, 0.145) * size
  back = leg + body
  limbs = _legs(rng, length, leg, 0.05 * size, 0.032 * size, back)
  limbs += [Limb((0, back), (length, back + 0.03), (body, 1.12 * body), 0),
            Limb((-0.3 * body, back + 0.4 * body), *_tail(rng, back, size, 0.3), 2)]
  head = (length + 0.2 * size, back + rng.uniform(0.17, 0.27) * size)
  limbs += [Limb((length + 0.02, back + 0.05), head, (0.1 * size, 0.085 * size), 0),
            Limb(head, (head[0] + 0.17 * size, head[1] - 0.05 * size), (0.092 * size, 0.045 * size),
                 0),
            Limb((head[0] + 0.17 * size, head[1] - 0.035 * size),
                 (head[0] + 0.19 * size, head[1] - 0.04 * size), (0.022 * size, 0.02 * size), 3)]
  hanging = rng.rand() < 0.5
  droop = (-0.08, -0.08) if hanging else (-0.05, 0.15)
  tip = (head[0] + droop[0] * size, head[1] + droop[1] * size)
  limbs.append(Limb((head[0] - 0.04 * size, head[1] + 0.06 * size), tip,
                    (0.045 * size, 0.02 * size), 1))
  return _mirror(rng, _lift(limbs)), _coats(rng, 0.16)


def horse(rng):
  """Returns (limbs, coats) of a horse, 1.5 to 2.0 m at the head, feet at y = 0."""
  size = rng.uniform(0.85, 1.1)
  length, leg, body = 1.15 * size, rng.uniform(0.72, 0.82) * size, rng.uniform(0.25, 0.29) * size
  back = leg + body
  limbs = _legs(rng, length, leg, 0.1 * size, 0.05 * size, back)
  limbs += [Limb((0, back + 0.02), (length, back), (body, 0.98 * body), 0),
            Limb((-0.75 * body, back + 0.35 * body),
                 (-1.1 * body - rng.uniform(0.05, 0.2), back - 0.62 * size),
                 (0.07 * size, 0.09 * size), 2)]
  head = (length + rng.uniform(0.42, 0.6) * size, back + rng.uniform(0.35, 0.62) * size)
  limbs += [Limb((length - 0.02, back + 0.12 * size), (head[0] - 0.1 * size, head[1] + 0.03 * size),
                 (0.17 * size, 0.08 * size), 2),  # the mane, behind the neck
            Limb((length + 0.05, back + 0.04), head, (0.21 * size, 0.11 * size), 0),
            Limb(head, (head[0] + 0.3 * size, head[1] - rng.uniform(0.2, 0.32) * size),
                 (0.115 * size, 0.07 * size), 0),
            Limb((head[0] - 0.03 * size, head[1] + 0.08 * size),
                 (head[0] - 0.03 * size, head[1] + 0.18 * size), (0.045 * size, 0.015 * size), 1)]
  return _mirror(rng, _lift(limbs)), _coats(rng, 0.09)


def _legs(rng, length, leg, thick, thin, back):
  """Returns four legs, the two far ones first, so that the body covers their tops."""
  limbs = []
  for far in (True, False):
    for position, backward in ((0.02 * length, -1), (0.97 * length, 1)):
      angle = rng.uniform(-0.32, 0.32) + (0.1 if far else 0)
      bend = -0.25 * backward * rng.rand()
      hip, knee, foot = chain((position, back), (back - 0.5 * leg, 0.5 * angle),
                              (0.5 * leg, angle + bend))
      limbs += [Limb(knee, foot, (thin * 1.15, thin * 0.85), 4 if far else 1),
                Limb(hip, knee, (thick, thin * 1.15), 4 if far else 0)]
  return limbs


def _tail(rng, back, size, length):
  angle = rng.uniform(0.4, 2.2)
  end = (-0.1 * size - length * size * np.sin(angle), back + 0.05 - length * size * np.cos(angle))
  return end, (0.035 * size, 0.02 * size)


def _coats(rng, grain):
  base = _FUR[rng.randint(len(_FUR))] * rng.uniform(0.85, 1.15)
  second = _FUR[rng.randint(len(_FUR))]
  patches = rng.uniform(-0.15, 0.3) if rng.rand() < 0.35 else -1.0
  points = base * rng.uniform(0.35, 0.9)
  mane = base * rng.uniform(0.25, 1.2)
  black = np.float32([0.08, 0.07, 0.07])
  return (Coat(base, second, patches, grain=grain), Coat(points, points, grain=grain),
          Coat(mane, mane, grain=2 * grain), Coat(black, black),
          Coat(base * 0.6, second * 0.6, patches, grain=grain))


def _lift(limbs):
  """Moves the figure so that its lowest point stands on the ground."""
  low = figures.bounds(limbs)[2]
  return [Limb((limb.start[0], limb.start[1] - low), (limb.end[0], limb.end[1] - low), limb.radii,
               limb.coat, limb.part) for limb in limbs]


def _mirror(rng, limbs):
  if rng.rand() < 0.5:
    return limbs
  return [Limb((-limb.start[0], limb.start[1]), (-limb.end[0], limb.end[1]), limb.radii, limb.coat,
               limb.part) for limb in limbs]
