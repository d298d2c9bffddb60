"""Makers by name."""
import pytest

from keras_weakseg.derived import box_labels
from keras_weakseg.derived import registry


def test_makers_are_found_by_name():
  assert registry.maker_class("box_labels") is box_labels.BoxLabels
  assert {"listed", "pruned", "run", "widened"} <= set(registry.MAKERS)
  with pytest.raises(ValueError, match="Did you mean 'disparity_maps'"):
    registry.maker_class("disparity_map")


def test_a_name_is_given_once():
  with pytest.raises(ValueError, match="There is a maker 'box_labels' already"):
    registry.register("box_labels", object)
  assert registry.register("box_labels", box_labels.BoxLabels) is box_labels.BoxLabels
