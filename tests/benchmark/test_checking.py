"""What does not fit together in a suite is refused before anything is trained."""
import pytest

from keras_weakseg.benchmark import checking

ROWS = """
figures: [mean_iou]
rows:
  a: {experiment: x}
  b: %s
  m: {measure: poses, of: a}
  s: {experiment: x, from_run: '{row:a}'}
orderings: [%s]
"""


def test_a_suite_that_fits(suite):
  assert [row.kind for row in suite().rows] == ["train", "train", "train", "evaluate"]


@pytest.mark.parametrize("row, expected", [
    ("{title: nothing}", "not clear where row 'b'.*Received: none"),
    ("{experiment: x, measure: poses}", "not clear where.*experiment, measure"),
    ("{of: aa}", "row for `of` of row 'b'.*Did you mean 'a'"),
    ("{of: a, overrides: {seed: 1}}", "no effect.*Received: overrides"),
    ("{experiment: x, protocol: {flip: true}}", "no effect.*Received: protocol"),
    ("{of: a, measure: pose}", "Did you mean 'poses'"),
    ("{experiment: x, also: [pose]}", "Did you mean 'poses'"),
    ("{of: a, make: disparity_map}", "Did you mean 'disparity_maps'"),
    ("{make: disparity_maps}", "has no `of`"),
    ("{read: {a: b}}", "has no `of`"),
    ("{experiment: x, start: {k: '{row:c}/x'}}", "row for `start`"),
    ("{experiment: x, start: {k: '{sed}/x'}}", "Did you mean 'seed'"),
    ("{experiment: x, start: {k: '{row:b}/x'}}", "wait for each other.*Received: b"),
    ("{experiment: x, start: {network.pretrained: '{row:m}'}}", "weights of a row.*kind measure"),
    ("{experiment: x, from_run: '{row:m}'}", "weights of a row.*kind measure"),
    ("{experiment: x, from_run: '{row:s}'}", "takes its steps from elsewhere.*row:a"),
    ("{experiment: x, from_run: a}", "names no row.*Received: 'a'"),
    ("{experiment: x, from_run: '{row:c}'}", "Did you mean|row for `from_run`"),
    ("{experiment: x, from_run: '{row:b}'}", "wait for each other|takes its steps"),
    ("{of: a, from_run: '{row:a}'}", "no effect.*Received: from_run"),
    ("{experiment: x, published: {mean_io: 3}}", "Did you mean 'mean_iou'"),
    ("{experiment: x, seeds: [1, 1]}", "different integers"),
])
def test_rows_that_do_not_fit(suite, row, expected):
  with pytest.raises(ValueError, match=f"(?s){expected}"):
    suite(ROWS % (row, ""))


def test_what_is_evaluated_must_be_a_run(suite):
  with pytest.raises(ValueError, match="(?s)row 'c'.*not of a run"):
    suite("rows: {a: {experiment: x}, b: {of: a}, c: {of: b}}")


@pytest.mark.parametrize("ordering, expected", [
    ("{better: c, worse: a}", "row for an ordering"), ("{better: a, worse: c}", "row for an"),
    ("{better: a, worse: a}", "compared with itself"),
    ("{better: a, worse: 3, figure: mean}", "Did you mean 'mean_iou'")])
def test_orderings_that_do_not_fit(suite, ordering, expected):
  with pytest.raises(ValueError, match=f"(?s){expected}"):
    suite(ROWS % ("{of: a}", ordering))


def test_an_empty_suite(suite):
  with pytest.raises(ValueError, match="is empty"):
    suite("rows: {}")
  with pytest.raises(ValueError, match="different integers"):
    suite("rows: {a: {experiment: x}}\nseeds: []")


@pytest.mark.parametrize("seeds", [[1, 1], [-1], [1 << 32], [True], ["1"], "12", 3, None, [1.0]])
def test_seeds_that_cannot_seed_are_refused(seeds):
  with pytest.raises(ValueError, match="(?s)seeds cannot be used.*0 to 4294967295"):
    checking.check_seeds(seeds)
