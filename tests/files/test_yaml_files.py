"""YAML: plain values, and what would grow without end is refused before it does."""
import time

import pytest

from keras_weakseg.files import yaml_files

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 10)}]\n" for k in range(1, 12))


def test_plain_values_are_read(tmp_path):
  (tmp_path / "a").write_bytes(b"\xef\xbb\xbfrate: 1e-3\r\nlist: &l [1, a]\r\nagain: *l\r\n")
  assert yaml_files.read_yaml(tmp_path / "a") == {"rate": 1e-3, "list": [1, "a"], "again": [1, "a"]}
  (tmp_path / "b").write_text("")
  assert yaml_files.read_yaml(tmp_path / "b") is None


@pytest.mark.parametrize("text, word", [
    ("a: 1\na: 2", "given twice"), ("a: [", "flow sequence|expected"), (BOMB, "more than 100,000"),
    ("a: &x [*x]", "itself"), ("[" * 200 + "]" * 200, "within each other"),
    ("[" * 50_000, "without end|within"), ("? [1, 2]\n: 3", "hash|key"),
    ("!!python/object/apply:os.getcwd []", "python"), ("a: *b", "undefined alias"),
    ("\x07", "special characters|unacceptable"), ("a: 1\n---\nb: 2", "document"),
    ("x" * (1 << 22) + "xx", "characters")])
def test_what_has_no_end_or_no_sense_is_refused(tmp_path, text, word):
  (tmp_path / "a.yaml").write_text(text)
  started = time.monotonic()
  with pytest.raises(ValueError, match=f"(?s)cannot be read.*({word}|bytes)"):
    yaml_files.read_yaml(tmp_path / "a.yaml")
  assert time.monotonic() - started < 20
