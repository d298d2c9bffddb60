"""Texts: marks and line ends do not matter; other encodings, kinds and sizes are named."""
import os

import pytest

from keras_weakseg.files import text


@pytest.mark.parametrize("contents", [
    "d\u00f6g\nb\n".encode(), b"\xef\xbb\xbf" + "d\u00f6g\nb\n".encode(),
    "d\u00f6g\r\nb\r\n".encode(), "d\u00f6g\rb\r".encode()])
def test_marks_and_line_ends_do_not_matter(tmp_path, contents):
  (tmp_path / "a").write_bytes(contents)
  assert text.read_text(tmp_path / "a") == "d\u00f6g\nb\n"
  assert text.read_lines(tmp_path / "a") == [(1, "d\u00f6g"), (2, "b")]


def test_only_line_ends_end_lines(tmp_path):
  (tmp_path / "a").write_bytes("a\x0cb\n\n c\u2028d ".encode())
  assert text.read_lines(tmp_path / "a") == [(1, "a\x0cb"), (3, "c\u2028d")]


@pytest.mark.parametrize("contents, word", [
    ("dog\n".encode("utf-16"), "UTF-16"), ("dog\n".encode("utf-32"), "UTF-32"),
    ("dog".encode("utf-16-le"), "zero byte in line 1"),
    ("cat\ncaf\u00e9\n".encode("cp1252"), "bytes e9 0a in line 2"),
    ("\u72d7".encode("gbk"), "another encoding")])
def test_other_encodings_are_named(tmp_path, contents, word):
  (tmp_path / "a").write_bytes(contents)
  with pytest.raises(ValueError, match="(?s)The tag file '.*a' cannot be read.*UTF-8.*" + word):
    text.read_text(tmp_path / "a", "tag file")


def test_only_regular_files_of_a_bounded_size_are_opened(tmp_path):
  os.mkfifo(tmp_path / "pipe")
  os.symlink("/dev/zero", tmp_path / "zero")
  (tmp_path / "large").write_bytes(b"12345")
  for name, word in (("pipe", "a pipe"), ("zero", "a device"), (".", "a folder"),
                     ("large", "5 bytes")):
    with pytest.raises(ValueError, match="(?s)cannot be read.*Received: .*" + word):
      text.read_bytes(tmp_path / name, limit=4)
  for name in ("gone", "large/a"):
    with pytest.raises(FileNotFoundError, match="(?s)id list does not exist.*Look there"):
      text.read_bytes(tmp_path / name, "id list", fix="Look there.")
  with pytest.raises(ValueError, match="cannot be read"):
    text.read_bytes("a\0b")
  os.symlink(tmp_path / "large", tmp_path / "link")
  assert text.read_bytes(tmp_path / "link") == b"12345"
