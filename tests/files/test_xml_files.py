"""XML: encodings as declared, no entities, bounded."""
import pytest

from keras_weakseg.files import xml_files


@pytest.mark.parametrize("declared, codec", [
    (None, "utf-8"), (None, "utf-8-sig"), ("utf-8", "utf-8"), ("UTF-8", "utf-8-sig"),
    ("iso-8859-1", "latin-1"), ("windows-1252", "cp1252"), ("gb2312", "gb2312"),
    ("UTF-16", "utf-16"), (None, "utf-16")])
def test_texts_are_read_in_the_encoding_that_is_declared(tmp_path, declared, codec):
  name = "\u732b" if codec == "gb2312" else "caf\u00e9"
  head = f'<?xml version="1.0" encoding="{declared}"?>\n' if declared else ""
  (tmp_path / "a").write_bytes(f"{head}<a><name>{name}</name></a>".encode(codec))
  assert xml_files.read_xml(tmp_path / "a").findtext("name") == name


BOMB = '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>'


@pytest.mark.parametrize("contents, word", [
    ("<a><b></a>", "mismatched"), ("", "no element"), ("text", "syntax error"), (BOMB, "entities"),
    ("<a>" * 60 + "</a>" * 60, "within each other"), ("<a>" * 100_000, "no element|within|nested"),
    ('<?xml version="1.0" encoding="klingon"?><a/>', "klingon"),
    ("<a>caf\u00e9</a>".encode("cp1252"), "another encoding"),
    ('<?xml version="1.0" encoding="ascii"?><a>\u00e9</a>', "ascii"), ("<a>\0</a>", "zero byte")])
def test_what_cannot_be_read_is_refused(tmp_path, contents, word):
  path = tmp_path / "a.xml"
  path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
  with pytest.raises(ValueError, match=f"(?s)The file '.*a.xml' cannot be read.*({word})"):
    xml_files.read_xml(path)
