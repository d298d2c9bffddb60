"""Orderings: paired by seed, with margins, ratios and numbers, and what they say when they fail."""
import pytest

from keras_weakseg.benchmark import figures
from keras_weakseg.benchmark import suite as suites
from keras_weakseg.benchmark import tables


def line(key, *values, name="mean_iou", seeds=None):
  return tables.Line(suites.Row(key), {seed: value if value is None else {
      "figures": {name: value}} for seed, value in zip(seeds or range(1, 9), values)})


def judged(ordering, *lines, name="mean_iou"):
  suite = suites.Suite("s", "", (), (figures.figure(name),))
  return tables.judge(ordering, suite, {each.row.key: each for each in lines})


def test_gains_are_paired_by_seed_and_in_printed_units():
  found = judged(suites.Ordering("a", "b"), line("a", 0.5, 0.25), line("b", 0.25, 0.5))
  assert found.gains == [25.0, -25.0] and found.verdict == tables.NO and found.fails
  shuffled = judged(suites.Ordering("a", "b"), line("a", 0.5, 0.25),
                    line("b", 0.5, 0.25, seeds=(2, 1)))
  assert shuffled.gains == [25.0, -25.0]


@pytest.mark.parametrize("options, verdict, fails", [
    ({}, tables.EVERY, False), ({"margin": 3}, tables.MEAN, False),
    ({"margin": 3, "every_seed": True}, tables.MEAN, True), ({"margin": 6}, tables.NO, True),
    ({"ratio": 1.02}, tables.EVERY, False), ({"ratio": 1.5}, tables.NO, True)])
def test_margins_and_ratios(options, verdict, fails):
  found = judged(suites.Ordering("a", "b", **options), line("a", 0.42, 0.48),
                 line("b", 0.4, 0.4))
  assert (found.verdict, found.fails) == (verdict, fails)


def test_lower_is_better_where_the_figure_says_so():
  found = judged(suites.Ordering("a", "b", ratio=0.5), line("a", 0.1, name="abs_rel"),
                 line("b", 0.3, name="abs_rel"), name="abs_rel")
  assert found.gains == [pytest.approx(0.05)] and found.verdict == tables.EVERY


def test_a_number_and_a_row_of_one_seed_stand_for_every_seed():
  many = line("a", 0.5, 0.7)
  assert judged(suites.Ordering("a", 60), many).gains == pytest.approx([-10, 10])
  assert judged(suites.Ordering("a", "b"), many, line("b", 0.4, seeds=(9,))).gains == (
      pytest.approx([10, 30]))


def test_equal_is_not_better():
  assert judged(suites.Ordering("a", "b"), line("a", 0.5), line("b", 0.5)).verdict == tables.NO


@pytest.mark.parametrize("other", [line("b", 0.5, None), line("b"), line("b", 0.1, 0.2, name="a1"),
                                   line("b", 0.1, 0.2, seeds=(1, 3))])
def test_what_is_not_measured_neither_holds_nor_fails(other):
  found = judged(suites.Ordering("a", "b"), line("a", 0.5, 0.6), other)
  assert not found.known and not found.fails


def test_failures_are_sentences():
  verdict = judged(suites.Ordering("a", "b", every_seed=True), line("a", 0.5, 0.3),
                   line("b", 0.4, 0.35))
  suite = suites.Suite("s", "", (), (figures.figure("mean_iou"),))
  report = tables.Report(suite, [1, 2], [], [verdict])
  assert not report.ok
  assert report.failures == ["`a` > `b` does not hold in every seed: +10.0, -5.0"]
