"""The label spaces of people and rooms: as many classes as published, colours of their own."""
import pytest

from keras_weakseg.datasets import body_labels


@pytest.mark.parametrize("space, count, background", [
    (body_labels.LIP, 20, True), (body_labels.CCP, 59, True), (body_labels.NYU40, 40, False)])
def test_spaces_are_those_that_are_published(space, count, background):
  assert space.num_classes == count == len(set(space.classes)) == len(set(space.palette))
  assert space.background == background == (space.classes[0] == "background")


def test_the_swaps_of_lip_are_left_and_right():
  found = [name for pair in body_labels.LIP_SWAPS for name in pair]
  assert sorted(found) == sorted(name for name in body_labels.LIP.classes
                                 if name.startswith(("left", "right")))
  assert all(left.replace("left", "right") == right for left, right in body_labels.LIP_SWAPS)
