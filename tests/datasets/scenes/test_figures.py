"""Limbs cover what they should, foremost last, and keep part and coat together."""
import numpy as np
import pytest

from keras_weakseg.datasets.scenes import bodies
from keras_weakseg.datasets.scenes import figures

RED, BLUE = np.float32([1, 0, 0]), np.float32([0, 0, 1])
PLAIN = (figures.Coat(RED, RED, grain=0.0), figures.Coat(BLUE, BLUE, grain=0.0))


def grid(low, high, count=81):
  u, v = np.meshgrid(np.linspace(low, high, count), np.linspace(low, high, count))
  return u.ravel(), v.ravel()


def test_a_capsule_has_its_area():
  limb = figures.Limb((0, 0), (2, 0), (0.5, 0.5), 0, part=3)
  u, v = grid(-1, 3, 401)
  inside = figures.Figure((limb,), PLAIN, 0.0, 1).inside(u, v)
  area = inside.sum() * 0.01 ** 2  # one grid point per square centimetre
  assert area == pytest.approx(2 * 1 + np.pi * 0.25, rel=0.01)


def test_later_limbs_are_in_front_in_part_and_colour():
  limbs = (figures.Limb((0, 0), (2, 0), (0.5, 0.5), 0, part=3),
           figures.Limb((2, 0), (2, 1), (0.5, 0.5), 1, part=4))
  figure = figures.Figure(limbs, PLAIN, 0.0, 1)
  u, v = np.array([0.0, 2.0, 2.0, 9.0]), np.array([0.0, 0.0, 1.2, 9.0])
  assert figure.parts(u, v).tolist() == [3, 4, 4, 0]
  assert figure.inside(u, v).tolist() == [True, True, True, False]
  colour = figure.colour(u[:3], v[:3], np.full(3, 0.01))
  assert colour[0, 0] > 0.5 and colour[0, 2] == 0
  assert (colour[1:, 2] > 0.5).all() and (colour[1:, 0] == 0).all()


def test_the_centre_shifts_the_figure():
  limb = figures.Limb((0, 0), (0, 1), (0.2, 0.2), 0)
  figure = figures.Figure((limb,), PLAIN, 1.5, 1)
  assert figure.inside(np.array([1.5, 0.0]), np.array([0.5, 0.5])).tolist() == [True, False]


def test_limbs_are_darker_at_their_rim():
  figure = figures.Figure((figures.Limb((0, 0), (0, 2), (0.5, 0.5), 0),), PLAIN, 0.0, 1)
  u = np.array([-0.48, 0.0, 0.48])
  light = figure.colour(u, np.ones(3), np.full(3, 0.01))[:, 0]
  assert light[1] > light[0] and light[1] > light[2]


def test_stripes_alternate_and_patches_mix():
  v = np.linspace(0.01, 1.99, 200)
  limb = figures.Limb((0, 0), (0, 2), (0.5, 0.5), 0)
  striped = figures.Figure((limb,), (figures.Coat(RED, BLUE, stripes=0.25, grain=0.0),), 0.0, 1)
  blue = striped.colour(np.zeros(200), v, np.full(200, 0.01))[:, 2] > 0
  assert np.abs(np.diff(blue.astype(int))).sum() == 7  # eight bands
  patched = figures.Figure((limb,), (figures.Coat(RED, BLUE, patches=0.0, grain=0.0),), 0.0, 1)
  u, v = grid(-0.3, 1.7)
  on = patched.inside(u, v)
  share = (patched.colour(u[on], v[on], np.full(on.sum(), 0.01))[:, 2] > 0).mean()
  assert 0.1 < share < 0.9


def test_chains_hang_down_and_swing():
  points = figures.chain((1, 5), (2, 0.0), (1, np.pi / 2))
  np.testing.assert_allclose(points, [(1, 5), (1, 3), (2, 3)], atol=1e-12)


@pytest.mark.parametrize("draw, low, high", [(bodies.person, 1.45, 2.6), (bodies.dog, 0.55, 1.1),
                                             (bodies.horse, 1.2, 2.3)])
def test_bodies_stand_on_the_ground_and_have_their_height(draw, low, high):
  for seed in range(25):
    limbs, coats = draw(np.random.RandomState(seed))
    _, _, bottom, top = figures.bounds(limbs)
    assert bottom == pytest.approx(0, abs=1e-9)
    assert low < top < high
    assert max(limb.coat for limb in limbs) < len(coats)


def test_bounds_hold_every_point():
  for draw in (bodies.person, bodies.dog, bodies.horse):
    limbs, coats = draw(np.random.RandomState(3))
    left, right, bottom, top = figures.bounds(limbs)
    figure = figures.Figure(tuple(limbs), coats, 0.0, 1)
    u, v = grid(-3, 3, 241)
    inside = figure.inside(u, v)
    assert inside.any()
    assert u[inside].min() >= left and u[inside].max() <= right
    assert v[inside].min() >= bottom and v[inside].max() <= top
