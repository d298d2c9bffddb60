"""Manifests: both forms give the same rights, errors name the place."""
import json

import pytest

from keras_weakseg.data.readers import manifest
from keras_weakseg.fields import Supervision


def test_json_and_lines_agree(tmp_path):
  (tmp_path / "m.json").write_text(
      json.dumps({"mask": ["a"], "tags+boxes": ["b c"], "none": ["d"]}))
  (tmp_path / "m.txt").write_text("a mask\nb c tags+boxes\n\nd none\n")
  expected = {"a": Supervision.MASK, "b c": Supervision.TAGS | Supervision.BOXES,
              "d": Supervision.NONE}
  assert manifest.read_manifest(tmp_path / "m.json") == expected
  assert manifest.read_manifest(tmp_path / "m.txt") == expected


@pytest.mark.parametrize("text, match", [
    ('{"mask": 3}', "cannot be read"), ("{", "cannot be read"), ("only_id\n", "line 1"),
    ("a maks\n", "Did you mean 'mask'"), ("a mask\na tags\n", "(?s)twice.*'a'"),
    ('{"mask": ["a"], "none": ["a"]}', "twice"), ('{"mask": "abc"}', "a list at mask"),
    ('{"mask": [1]}', "a text at mask"), ('{"mask": [], "mask": ["a"]}', "the key 'mask'")])
def test_wrong_manifests_are_refused(tmp_path, text, match):
  (tmp_path / "m").write_text(text)
  with pytest.raises(ValueError, match=match):
    manifest.read_manifest(tmp_path / "m")


def test_missing_manifest_is_reported(tmp_path):
  with pytest.raises(FileNotFoundError, match="manifest="):
    manifest.read_manifest(tmp_path / "m")
