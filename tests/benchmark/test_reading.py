"""Suites as YAML: found by name, read whole, refused with the place and the nearest name."""
import pytest

from keras_weakseg.benchmark import reading
from keras_weakseg.benchmark import suite as suite_lib


def test_suites_are_found_by_name_and_by_path(tmp_path):
  known = reading.paths()
  assert reading.suites()["em/scenes"] == reading.read_suite("scenes").description
  assert {"em/scenes", "three_ways/depth_kitti"} <= set(known)
  assert reading.read_suite("em/scenes") == reading.read_suite("scenes")
  assert reading.read_suite("scenes").name == "em/scenes"
  assert reading.read_suite(str(known["em/scenes"])) == reading.read_suite("scenes")
  copy = tmp_path / "mine.yaml"
  copy.write_text(known["em/scenes"].read_text())
  assert reading.read_suite(copy).name == "mine"
  given = reading.read_suite("scenes")
  assert reading.read_suite(given) is given


def test_a_suite_of_no_single_system_has_its_name_alone():
  assert reading.read_suite("ci").name == "ci"
  assert reading.read_suite(reading.paths()["ci"]).name == "ci"


def test_unknown_suites_have_the_nearest_name(tmp_path):
  with pytest.raises(ValueError, match="Did you mean 'em/scenes'"):
    reading.read_suite("em/scens")
  with pytest.raises(FileNotFoundError, match="does not exist"):
    reading.read_suite(tmp_path / "none.yaml")


def test_one_name_in_two_systems_is_not_guessed(monkeypatch, tmp_path):
  monkeypatch.setattr(reading, "paths", lambda: {"a/x": tmp_path / "1", "b/x": tmp_path / "2"})
  with pytest.raises(ValueError, match="(?s)Several systems.*a/x, b/x"):
    reading.read_suite("x")


def test_files_that_are_no_suite(tmp_path):
  path = tmp_path / "a.yaml"
  path.write_bytes(b"\xff\xfe\x00")
  with pytest.raises(ValueError, match="(?s)The suite .*cannot be read.*UTF-8"):
    reading.read_suite(path)
  path.write_bytes(b"#" * (1 << 21))
  with pytest.raises(ValueError, match="(?s)The suite .*cannot be read.*at most"):
    reading.read_suite(path)


@pytest.mark.parametrize("name", [None, 5, ["em/scenes"]])
def test_what_is_no_name_is_refused(name):
  with pytest.raises(ValueError, match="(?s)no suite.*Expected: a name"):
    reading.read_suite(name)


def test_figures_have_the_defaults_of_their_names():
  suite = reading.parse(
      "figures: {abs_rel: {decimals: 4}, mean_iou: {}}\nrows: {a: {experiment: x}}", "a.yaml")
  first, second = suite.figures
  assert (first.decimals, first.better, first.scale) == (4, "lower", 1.0)
  assert (second.decimals, second.better, second.scale) == (1, "higher", 100.0)
  assert suite.seeds == (1, 2, 3) and suite.rows == (suite_lib.Row("a", experiment="x"),)


@pytest.mark.parametrize("text, expected", [
    ("rwos: {}", "section of a.yaml called 'rwos'.*Did you mean 'rows'"),
    ("seeds: [1]", "`rows` of a.yaml is of another type"),
    ("rows: {a: {expriment: x}}", "row 'a' of a.yaml called 'expriment'.*mean 'experiment'"),
    ("rows: {a: {experiment: 5}}", "`experiment` of row 'a' of a.yaml.*Expected: text"),
    ("rows: {a: {draws: 1}}", "`draws` of row 'a'.*true or false"),
    ("rows: {a: {also: poses}}", "`also` of row 'a'.*a list"),
    ("rows: {a: {seeds: [x]}}", "an entry of `seeds` of row 'a'.*an integer"),
    ("rows: {a: {published: {mean_iou: high}}}", "an entry of `published` of row 'a'.*a number"),
    ("rows: {../a: {experiment: x}}", "cannot have this name"),
    ("rows: {1: {experiment: x}}", "cannot have this name"),
    ('rows: {"a\\n": {experiment: x}}', "cannot have this name"),
    ("rows: {a: {published: {mean_iou: .nan}}}", "an entry of `published` of row 'a'.*a number"),
    ("rows: {a: {experiment: x}}\nfigures: {mean_iou: {decimals: -3}}", "`decimals` of.*0 to 12"),
    ("rows: {a: {experiment: x}}\nfigures: {mean_iou: {decimals: 999999999}}", "0 to 12"),
    ("rows: {a: {experiment: x}}\nfigures: {mean_iou: {scale: .inf}}", "`scale` of.*a number"),
    ("rows: {a: {experiment: x}}\norderings: [{better: a, worse: 1, ratio: .nan}]", "`ratio` of"),
    ("rows: {a: {experiment: x}}\norderings: [{better: a, worse: .nan}]", "text or a number"),
    ("rows: {a: {experiment: x}}\nseeds: [1.5]", "an entry of `seeds`.*an integer"),
    ("rows: {a: {experiment: x}}\nseeds: [true]", "an entry of `seeds`.*an integer"),
    ("rows: {a: {experiment: x}}\nfigures: {mean_iou: {sacle: 2}}", "'sacle'.*mean 'scale'"),
    ("rows: {a: {experiment: x}}\nfigures: {mean_iou: {better: lwoer}}", "Did you mean 'lower'"),
    ("rows: {a: {experiment: x}}\norderings: [{better: a}]", "ordering 1 of a.yaml has no `worse`"),
    ("rows: {a: {experiment: x}}\norderings: [{better: a, worse: [b]}]", "text or a number"),
    ("rows: {a: {experiment: x}}\norderings: {better: a}", "`orderings`.*a list"),
    ("rows: {a: {experiment: x}, a: {experiment: y}}", "given twice"),
    ("rows: !!python/object/apply:os.getcwd []", "not valid YAML"),
])
def test_malformed_suites_name_the_place(text, expected):
  with pytest.raises(ValueError, match=f"(?s){expected}") as error:
    reading.parse(text, "a.yaml")
  assert "Expected: " in str(error.value) and "Received: " in str(error.value)
