"""Tables of numbers: all of a line or an error that names it."""
import numpy as np
import pytest

from keras_weakseg.files import numbers


def test_lines_are_rows(tmp_path):
  (tmp_path / "a.txt").write_text("1 2e0 -3\r\n\n4\t5 6\n")
  np.testing.assert_array_equal(
      numbers.read_numbers(tmp_path / "a.txt", 3), [[1, 2, -3], [4, 5, 6]])


@pytest.mark.parametrize("text, word", [
    ("1 2\n", "line 1: '1 2'"), ("1 2 3\n4 5 x\n", "line 2"), ("1 2 nan", "line 1"),
    ("1 2 3 4", "line 1"), ("", "an empty file"), ("\0", "zero byte")])
def test_other_lines_are_named(tmp_path, text, word):
  (tmp_path / "a.txt").write_text(text)
  with pytest.raises(ValueError, match=f"(?s)The pose '.*a.txt' cannot be read.*{word}"):
    numbers.read_numbers(tmp_path / "a.txt", 3, "pose")
