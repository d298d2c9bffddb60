"""Tests of methods by name."""
import pytest

from keras_weakseg.methods import registry


def test_unknown_method_names_the_nearest():
  with pytest.raises(ValueError, match="Did you mean 'em_adapt'"):
    registry.method_class("em_adpat")


def test_a_name_is_given_once():
  with pytest.raises(ValueError, match="There is a method 'supervised' already"):
    registry.register("supervised", object)
  known = registry.METHODS["supervised"]
  assert registry.register("supervised", known) is known
