"""Rows know their kind, suites their rows and figures."""
import pytest

from keras_weakseg.benchmark import suite as suites


@pytest.mark.parametrize("given, kind", [
    ({"experiment": "x"}, "train"), ({"of": "a"}, "evaluate"), ({"measure": "m"}, "measure"),
    ({"of": "a", "measure": "m"}, "measure"), ({"of": "a", "read": {"x": "y"}}, "read"),
    ({"of": "a", "make": "m"}, "make")])
def test_a_row_has_one_kind(given, kind):
  assert suites.Row("key", **given).kind == kind


def test_the_first_figure_is_the_default():
  rows, figures = (suites.Row("a"), suites.Row("b")), (suites.Figure("x"), suites.Figure("y"))
  suite = suites.Suite("s", "", rows, figures)
  assert suite.row("b") is rows[1]
  assert suite.figure("") is figures[0] and suite.figure("y") is figures[1]
