"""Configuration text: what is read, and what is refused."""
import pytest

from keras_weakseg.configs import text


@pytest.mark.parametrize("given, expected", [
    (None, {}),
    ("", {}),
    ({}, {}),
    ([], {}),
    ("training.steps=100", {"training": {"steps": 100}}),
    ("a.b=1,a.c=two", {"a": {"b": 1, "c": "two"}}),
    ("a.b=1\na.c=true\n", {"a": {"b": 1, "c": True}}),
    ("a.crop=[97, 193],b=x", {"a": {"crop": [97, 193]}, "b": "x"}),
    ("a={b: 1, c: [2, 3]},d=4", {"a": {"b": 1, "c": [2, 3]}, "d": 4}),
    ("a='x, y=z',b=1", {"a": "x, y=z", "b": 1}),
    ("a=null", {"a": None}),
    ("a=", {"a": None}),
    ("a='100'", {"a": "100"}),
    ("data.parts.0.count=5", {"data": {"parts": {0: {"count": 5}}}}),
    ("data.parts[1].count=5", {"data": {"parts": {1: {"count": 5}}}}),
    ("a=http://x?b=c", {"a": "http://x?b=c"}),
    ("a:\n  b: 1\n", {"a": {"b": 1}}),
    ("{a: {b: 1}}", {"a": {"b": 1}}),
    ("a.b: 1", {"a": {"b": 1}}),
    ({"a.b": 1, "a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
    ({"data": {"parts": {"0": {"count": 5}}}}, {"data": {"parts": {0: {"count": 5}}}}),
    (["a.b=1", {"a": {"c": 2}}, "a.b=3", None], {"a": {"b": 3, "c": 2}}),
])
def test_every_form_gives_a_nested_dict(given, expected):
  assert text.parse(given) == expected


@pytest.mark.parametrize("written, value", [
    ("1e-3", 1e-3), ("-2E5", -2e5), ("1.5e-3", 1.5e-3), (".5", .5), ("3", 3), ("1_000", 1000),
    ("1e-3x", "1e-3x"), ("e5", "e5"), ("no", False),
])
def test_numbers_are_read_as_people_write_them(written, value):
  found = text.parse(f"a={written}")["a"]
  assert found == value and type(found) is type(value)


def test_later_items_win_without_changing_the_caller():
  first, second = {"a": {"b": 1}}, {"a": {"b": 2}}
  assert text.parse([first, second]) == {"a": {"b": 2}}
  assert first == {"a": {"b": 1}} and second == {"a": {"b": 2}}


@pytest.mark.parametrize("given, words", [
    ("a=1,b", ["part without `=`", "'b'", "brackets"]),
    ("training", ["no configuration", "'training'"]),
    ("- 1\n- 2", ["no configuration", "[1, 2]"]),
    ("a: [1", ["not valid YAML", "line"]),
    ("a: 1\na: 2", ["not valid YAML", "'a' is given twice"]),
    ("a: !!python/object/apply:os.system ['true']", ["not valid YAML"]),
    (5, ["cannot be read", "int"]),
])
def test_what_is_no_configuration_is_refused(given, words):
  with pytest.raises(ValueError) as caught:
    text.parse(given, "the flag")
  message = str(caught.value)
  assert "Expected: " in message and "Received: " in message and len(message.splitlines()) >= 3
  for word in words:
    assert word in message


def test_the_place_of_an_error_is_named():
  with pytest.raises(ValueError, match="mine.yaml is not valid YAML"):
    text.load_yaml("a: [", "mine.yaml")


def test_an_empty_file_changes_nothing():
  assert text.load_yaml("# only a comment\n", "x") == {}
