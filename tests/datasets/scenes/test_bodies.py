"""Persons have all parts in the right order; dogs and horses differ in shape, not in colour."""
import numpy as np
import pytest

from keras_weakseg.datasets.scenes import bodies
from keras_weakseg.datasets.scenes import figures


def test_every_person_has_six_kinds_of_parts_from_head_to_foot():
  for seed in range(30):
    limbs, _ = bodies.person(np.random.RandomState(seed))
    heights = {part: np.mean([limb.start[1] + limb.end[1] for limb in limbs if limb.part == part])
               for part in range(1, 7)}
    assert {limb.part for limb in limbs} == set(range(1, 7))
    assert heights[figures.HEAD] > heights[figures.TORSO] > heights[figures.UPPER_LEG]
    assert heights[figures.UPPER_LEG] > heights[figures.LOWER_LEG]
    for part in (figures.UPPER_ARM, figures.LOWER_ARM, figures.UPPER_LEG):
      assert sum(limb.part == part for limb in limbs) == 2


@pytest.mark.parametrize("draw", [bodies.dog, bodies.horse])
def test_animals_have_no_parts_four_legs_and_two_directions(draw):
  facing = []
  for seed in range(30):
    limbs, _ = draw(np.random.RandomState(seed))
    assert not any(limb.part for limb in limbs)
    low = [limb for limb in limbs if min(limb.start[1], limb.end[1]) - limb.radii[1] < 0.2
           and abs(limb.start[0] - limb.end[0]) < abs(limb.start[1] - limb.end[1])]
    assert len(low) >= 4
    left, right, _, top = figures.bounds(limbs)
    highest = max(limbs, key=lambda limb: max(limb.start[1], limb.end[1]))
    facing.append(highest.start[0] > (left + right) / 2)
    assert 0.6 < (right - left) / top < 2.2
  assert 5 < sum(facing) < 25


def test_dogs_and_horses_share_their_colours_but_not_their_size():
  coats = {}
  for draw in (bodies.dog, bodies.horse):
    coats[draw] = [draw(np.random.RandomState(seed))[1][0].base for seed in range(200)]
  dog, horse = np.mean(coats[bodies.dog], 0), np.mean(coats[bodies.horse], 0)
  np.testing.assert_allclose(dog, horse, atol=0.06)
  tallest_dog = max(figures.bounds(bodies.dog(np.random.RandomState(s))[0])[3] for s in range(40))
  lowest_horse = min(figures.bounds(bodies.horse(np.random.RandomState(s))[0])[3]
                     for s in range(40))
  assert tallest_dog < lowest_horse


def test_cloth_has_any_colour_in_range():
  colours = np.array([bodies.cloth(np.random.RandomState(seed)) for seed in range(300)])
  assert colours.dtype == np.float32
  assert colours.min() > 0.1 and colours.max() < 0.95
  assert (colours.std(0) > 0.1).all()


@pytest.mark.parametrize("draw", [bodies.person, bodies.dog, bodies.horse])
def test_the_seed_decides_the_body(draw):
  one, two = (draw(np.random.RandomState(9))[0] for _ in range(2))
  assert one == two
  assert one != draw(np.random.RandomState(10))[0]
