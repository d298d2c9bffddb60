"""Tables: every cell with its line."""
import pytest

from keras_weakseg.files import csv_files


def test_rows_come_with_their_first_line(tmp_path):
  (tmp_path / "a").write_bytes(b'\xef\xbb\xbfid, tags\r\n\r\na,"x\r\ny"\r\n , \r\nb,,c\r\n')
  assert csv_files.read_rows(tmp_path / "a") == [
      (1, ["id", "tags"]), (3, ["a", "x\ny"]), (6, ["b", "", "c"])]
  (tmp_path / "b").write_text("")
  assert csv_files.read_rows(tmp_path / "b") == []


@pytest.mark.parametrize("contents, word", [(b'a,"b', "line 1"), (b'a\nb,"c"d', "line 2"),
                                            (b"a,\xe9\n", "encoding")])
def test_broken_tables_name_the_line(tmp_path, contents, word):
  (tmp_path / "a").write_bytes(contents)
  with pytest.raises(ValueError, match="(?s)The table '.*a' cannot be read.*" + word):
    csv_files.read_rows(tmp_path / "a")
