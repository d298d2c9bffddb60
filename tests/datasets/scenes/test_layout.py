"""Objects stand in view, on the street, and not in each other."""
import numpy as np

from keras_weakseg.datasets import labels
from keras_weakseg.datasets.scenes import camera
from keras_weakseg.datasets.scenes import figures
from keras_weakseg.datasets.scenes import layout
from keras_weakseg.datasets.scenes import street

SLOPE = 2 / 3


def draw(seed):
  rng = np.random.RandomState(seed)
  pose = camera.drive(rng, (0,))[0]
  road = street.draw(rng)
  return pose, road, layout.draw(rng, pose, road, SLOPE)


LAYOUTS = [draw(seed) for seed in range(120)]


def test_class_ids_are_those_of_the_label_space():
  for name in ("person", "car", "bus", "dog", "horse"):
    assert labels.SCENES.index(name) == getattr(layout, name.upper())


def test_numbers_of_classes_follow_the_declared_shares():
  counts = np.bincount([len({thing.label for thing in things}) for _, _, things in LAYOUTS],
                       minlength=4)
  # Narrow streets may refuse an object, so the shares hold roughly.
  np.testing.assert_allclose(counts / len(LAYOUTS), layout.CLASSES_PER_IMAGE, atol=0.13)
  assert counts[0] > 0


def test_objects_stand_before_the_camera_and_on_the_street():
  for pose, road, things in LAYOUTS:
    for thing in things:
      x, z = thing.shadow[:2]
      assert road.free[0] < x < road.free[1]
      inside = np.linalg.inv(pose) @ [x, pose[1, 3], z, 1]
      assert inside[2] > 2 and abs(inside[0]) < SLOPE * inside[2]


def test_instances_count_from_one():
  for _, _, things in LAYOUTS:
    numbers = [{surface.instance for surface in thing.surfaces} for thing in things]
    assert numbers == [{number} for number in range(1, len(things) + 1)]


def test_figures_do_not_stand_in_each_other():
  for _, _, things in LAYOUTS:
    spots = np.array([thing.shadow[:2] for thing in things])
    for first in range(len(spots)):
      for second in range(first):
        assert np.hypot(*(spots[first] - spots[second])) > 0.5


def test_only_persons_carry_parts():
  for _, _, things in LAYOUTS:
    for thing in things:
      parts = {limb.part for surface in thing.surfaces
               if isinstance(surface.material, figures.Figure) for limb in surface.material.limbs}
      assert (parts - {0} != set()) == (thing.label == layout.PERSON)


def test_figures_face_the_camera_roughly():
  for pose, _, things in LAYOUTS:
    for thing in things:
      if len(thing.surfaces) == 1:
        surface = thing.surfaces[0]
        normal = np.cross(surface.u_axis, surface.v_axis)
        view = np.array([thing.shadow[0], 0, thing.shadow[1]]) - [pose[0, 3], 0, pose[2, 3]]
        assert abs(normal @ view) / np.linalg.norm(view) > np.cos(0.46)
