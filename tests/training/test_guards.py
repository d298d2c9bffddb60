"""Tests of the check that stops at the first number that is not finite."""
import pytest

from keras_weakseg.training import guards


def test_finite_figures_pass():
  guards.check_finite({"loss": 1.0, "loss_mask": 0.0}, 3, lambda step: [])


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_the_term_and_the_samples_are_named(value):
  with pytest.raises(guards.NonFiniteError) as error:
    guards.check_finite({"loss": value, "loss_tags": value, "loss_mask": 1.0}, 7,
                        lambda step: [f"photo_{step}", "other"])
  text = str(error.value)
  assert "at step 7: loss_tags." in text
  assert "photo_7, other" in text and "Expected: " in text and "loss_mask" not in text


def test_total_alone_is_named_when_no_term_is_bad():
  with pytest.raises(guards.NonFiniteError, match="at step 0: loss."):
    guards.check_finite({"loss": float("nan"), "loss_mask": 1.0}, 0, lambda step: [])
