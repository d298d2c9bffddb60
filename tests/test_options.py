"""Options from signatures: names, types, defaults, checks and what docstrings say of them."""
import functools
from typing import Annotated, Tuple

import pytest

from keras_weakseg import options
from keras_weakseg.options import Count, Length, OneOf, Positive, Range, Share


class Loss:
  """A loss.

  Args:
    target: what is compared.
    weight, power: how much,
      and how.
  """

  def __init__(self, target, *, weight: Share = 0.5, power: float = 2.0, compiled=True):
    del target, weight, power, compiled


class Parent:
  """A parent.

  Args:
    context: any.
    patience: of the parent.
    shared: of the parent.
  """

  def __init__(self, context, *, patience: Count = 3, shared: int = 1):
    del context, patience, shared


class Child(Parent):
  """A child.

  Args:
    context: any.
    shared: of the child.
    **options: see `Parent` and `Loss`.
  """
  option_homes = (Loss,)

  def __init__(self, context, *, shared: int = 2, **options):
    del context, shared, options


def test_options_are_the_annotated_keywords_alone():
  found = options.options_of(Loss)
  assert list(found) == ["weight", "power"]
  assert (found["weight"].type, found["weight"].default) == (float, 0.5)
  assert found["weight"].checks == (Range(0, 1),) and found["power"].checks == ()


def test_what_a_constructor_passes_on_is_collected_once():
  found = options.options_of(Child)
  assert list(found) == ["shared", "weight", "power", "patience"]
  assert found["shared"].default == 2 and found["shared"].text == "of the child."
  assert found["patience"].text == "of the parent." and found["power"].text == "how much, and how."
  assert list(options.options_of(Parent)) == ["patience", "shared"], "nothing is passed on"


def test_names_may_fill_several_lines():
  said = options.described("""Title.

Args:
  first, second,
    third: together.
  alone: by itself:
    really.

Returns:
  other: nothing.
""")
  assert said == {"first": "together.", "second": "together.", "third": "together.",
                  "alone": "by itself: really."}


def test_a_partial_function_has_its_own_defaults():
  def build(shape, *, scales: Tuple[int, ...] = (), width: int = 4, other=1):
    del shape, scales, width, other

  found = options.options_of(functools.partial(build, scales=(0, 1)), hidden=("width",))
  assert list(found) == ["scales"] and found["scales"].default == (0, 1)


@pytest.mark.parametrize("check, good, bad, expected", [
    (Range(0), [0, 5, (0, 1)], [-1, (1, -1)], "0 or more"),
    (Range(0, open_low=True), [1e-9], [0], "more than 0"),
    (Range(0, 1), [0, 1], [1.1, -0.1], "0 to 1"),
    (Range(0, 1, True, True), [0.5], [0, 1], "more than 0 to below 1"),
    (Range(high=3), [3, -9], [4], "3 or less"),
    (Range(high=3, open_high=True), [2], [3], "below 3"),
    (Range(5, 170, unit="degrees"), [5], [171], "5 to 170 degrees"),
    (OneOf(("a", "b")), ["a"], ["c"], "one of a, b"),
    (Length(0, 2), [(), (1, 2)], [(1,)], "0 or 2 entries")])
def test_checks_tell_what_they_expect(check, good, bad, expected):
  assert [check.problem(value) for value in good] == [None] * len(good)
  assert [check.problem(value) for value in bad] == [expected] * len(bad)


def test_nan_is_in_no_range():
  assert Range(0).problem(float("nan")) and Range(high=1).problem(float("nan"))


def test_annotations_of_tuples_are_kept():
  def build(*, sizes: Annotated[Tuple[int, ...], Range(1)] = (1,)):
    del sizes

  option = options.options_of(build)["sizes"]
  assert option.type == Tuple[int, ...] and option.checks[0].problem((2, 0)) == "1 or more"


def test_a_wrapped_variant_keeps_the_options_of_what_it_calls():
  def build(shape, *, alpha: Positive = 1.0):
    """Builds.

    Args:
      shape: of the image.
      alpha: width.
    """
    del shape, alpha

  thin = options.variant(build, "Builds thinly.", alpha=0.25)

  @functools.wraps(thin)
  def build_elsewhere(*args, **kwargs):
    return thin(*args, **kwargs)

  for home in thin, build_elsewhere:
    assert options.options_of(home)["alpha"].default == 0.25
  assert options.documentation(thin).startswith("Builds thinly.\n")
  assert options.options_of(thin)["alpha"].text == "width."
