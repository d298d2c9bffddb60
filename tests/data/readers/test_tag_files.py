"""Tag files: both forms, and refusals."""
import json

import pytest

from keras_weakseg.data.readers import tag_files


def test_json_and_csv_agree(tmp_path):
  tags = {"a": ["cat", "dog"], "b": []}
  (tmp_path / "t.json").write_text(json.dumps(tags))
  (tmp_path / "t.csv").write_text("id,tags\na,cat; dog\nb,\n")
  assert tag_files.read_tags(tmp_path / "t.json") == tag_files.read_tags(tmp_path / "t.csv") == tags


@pytest.mark.parametrize("name, text", [
    ("t.json", "[1, 2]"), ("t.json", '{"a": "cat"}'), ("t.json", '{"a": [3]}'), ("t.json", "{"),
    ("t.csv", "labels,name\ncat,a\n"), ("t.csv", "a.jpg,cat\nb.jpg,dog\n"), ("t.csv", "id\na\n"),
    ("t.csv", "")])
def test_other_forms_are_refused(tmp_path, name, text):
  (tmp_path / name).write_text(text)
  with pytest.raises(ValueError, match="(?s)cannot be read.*Expected: JSON"):
    tag_files.read_tags(tmp_path / name)


@pytest.mark.parametrize("header", ["filename,tags", "image,Label", "file_name,classes,classes"])
def test_columns_may_be_called_as_spreadsheets_do(tmp_path, header):
  (tmp_path / "t.csv").write_text(f"{header}\na.jpg,cat;dog\n")
  assert tag_files.read_tags(tmp_path / "t.csv") == {"a.jpg": ["cat", "dog"]}


def test_missing_file_is_reported(tmp_path):
  with pytest.raises(FileNotFoundError, match="no such file"):
    tag_files.read_tags(tmp_path / "t.json")


def test_multi_hot_always_has_the_background():
  classes = ("background", "cat", "dog")
  assert tag_files.multi_hot([], classes).tolist() == [1, 0, 0]
  assert tag_files.multi_hot(["dog", "dog", "background"], classes).tolist() == [1, 0, 1]
  assert tag_files.multi_hot(["cow"], classes, unknown="drop").tolist() == [1, 0, 0]
  with pytest.raises(ValueError, match="tags of 'x'"):
    tag_files.multi_hot(["cow"], classes, "x")


def test_all_rows_and_cells_of_an_id_count(tmp_path):
  (tmp_path / "t.csv").write_text("id,tags\na,dog\nb,cat,dog;cat\na,cat\nc,\n\na,dog\n")
  assert tag_files.read_tags(tmp_path / "t.csv") == {"a": ["dog", "cat"], "b": ["cat", "dog"],
                                                     "c": []}


@pytest.mark.parametrize("text, word", [
    ("id,tags\na\n", "line 2: 'a'"), ("id,tags\n,dog\n", "line 2"),
    ("id,tags,x\na,b,c\n", "id,tags,x"),
    ('id,tags\na,"dog\n', "line 2")])
def test_rows_that_say_less_or_more_are_refused(tmp_path, text, word):
  (tmp_path / "t.csv").write_text(text)
  with pytest.raises(ValueError, match=f"(?s)t.csv' cannot be read.*{word}"):
    tag_files.read_tags(tmp_path / "t.csv")
