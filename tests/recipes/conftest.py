"""What the tests of recipes share."""
import pytest

from keras_weakseg.configs import overrides


@pytest.fixture
def experiment(tiny_overrides):
  """Returns a function that makes a small experiment of one method on somebody's own data."""
  def make(method="em_adapt", **changes):
    return overrides.resolve("own_data", overrides=[
        tiny_overrides, {"method.type": method}, changes])
  return make
