"""The two checks raise errors of the house, or nothing."""
import pytest

from keras_weakseg.configs import checks


def test_require():
  assert checks.require(1, "a.b", expected="x", received="y") is None
  with pytest.raises(ValueError) as caught:
    checks.require(0, "a.b", expected="x", received="y")
  assert str(caught.value).splitlines() == [
      "'a.b' is out of range.", "Expected: x. Received: y.", "Set `a.b` to such a value."]
  with pytest.raises(ValueError, match="Do this."):
    checks.require(0, "a.b", expected="x", received="y", fix="Do this.")


def test_one_of():
  assert checks.one_of("a.b", "x", ("x", "y")) is None
  with pytest.raises(ValueError, match="Did you mean 'mirrored'"):
    checks.one_of("a.b", "miror", ("auto", "mirrored"))
