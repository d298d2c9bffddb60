"""JSON: keys once, numbers that are some, bounded depth, places in errors."""
import json

import pytest

from keras_weakseg.files import json_files
from keras_weakseg.files import schema


def refused(tmp_path, text, **options):
  path = tmp_path / "a.json"
  path.write_bytes(text if isinstance(text, bytes) else text.encode())
  with pytest.raises(ValueError) as info:
    json_files.read_json(path, "tag file", **options)
  lines = str(info.value).split("\n")
  assert len(lines) == 3 and lines[0] == f"The tag file '{path}' cannot be read."
  return lines[1]


def test_content_is_read_with_a_mark_and_windows_line_ends(tmp_path):
  (tmp_path / "a").write_bytes(b'\xef\xbb\xbf{"a":\r\n [1.5, null]}')
  assert json_files.read_json(tmp_path / "a") == {"a": [1.5, None]}


@pytest.mark.parametrize("text, key", [
    ('{"a": 1,\n "a": 2}', "'a' in the lines 1, 2"), ('{"b": {"c": 1, "c": 1}}', "'c'"),
    ('[{"\u00e4": 1, "\u00e4": 2}]', "'\u00e4' in the lines 1, 1")])
def test_a_key_said_twice_is_named(tmp_path, text, key):
  assert key in refused(tmp_path, text)


@pytest.mark.parametrize("text, word", [
    ("{", "line 1"), ("", "line 1"), ("nul", "line 1"), ("[1] x", "Extra data"),
    ("[NaN]", "NaN"), ("[1e999]", "too large"), ("[" * 100_000, "without end"),
    ('{"a":' * 100_000, "without end"), (b'{"caf\xe9": 1}', "another encoding"),
    ('{"a": 1}'.encode("utf-16"), "UTF-16"), ("[" + "1" * 5000 + "]", "digits")])
def test_what_is_no_json_is_refused(tmp_path, text, word):
  assert word in refused(tmp_path, text)


def test_the_place_of_a_mismatch_is_named(tmp_path):
  line = refused(tmp_path, '{"a": ["b", 3]}', schema=schema.map_of(schema.list_of(schema.text)),
                 form="tags")
  assert line == "Expected: tags: a text at a[1]. Received: 3 at a[1]."


def test_limits_and_numbers_that_json_does_not_know(tmp_path):
  assert "at most 3 bytes" in refused(tmp_path, "[1,2]", limit=3)
  assert json_files.parse_json("[NaN, Infinity]", "a", nan=True)[1] == float("inf")
  assert json_files.parse_json(json.dumps({"a": 1}).encode(), "a") == {"a": 1}
