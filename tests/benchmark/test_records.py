"""Records are whole, checked when read, and say what they were made with."""
import re

import pytest

from keras_weakseg.benchmark import records


def test_records_come_back(tmp_path):
  record = {"identity": "a", "upstream": {}, "figures": {"x": 1.5}}
  records.write(tmp_path / "row" / "seed_1.json", record)
  assert records.read(tmp_path / "row" / "seed_1.json") == record
  assert records.read(tmp_path / "row" / "seed_2.json") is None


@pytest.mark.parametrize("text", [
    "", "{", "[]", '{"identity": 3, "upstream": {}}', '{"identity": "a"}',
    '{"identity": "a", "upstream": {}, "finished": true, "figures": null, "left": "b"}',
    '{"identity": "a", "upstream": {}, "finished": true, "figures": {}}'])
def test_damaged_records_are_refused(tmp_path, text):
  (tmp_path / "a.json").write_text(text)
  with pytest.raises(ValueError, match="(?s)is damaged.*Delete it"):
    records.read(tmp_path / "a.json")


def test_digests_name_contents():
  assert records.digest({"a": 1, "b": 2}) == records.digest({"b": 2, "a": 1})
  assert records.digest({"a": 1}) != records.digest({"a": 2})


def test_weights_are_told_by_name_and_content(tmp_path):
  (tmp_path / "train" / "checkpoints" / "last").mkdir(parents=True)
  seen = [records.digest_files(tmp_path)]
  for name, content in (("train/a.npz", b"1"), ("train/a.npz", b"2"), ("train/b.npz", b"2"),
                        ("train/checkpoints/last/ckpt-4.data-00000-of-00001", b"3")):
    (tmp_path / name).write_bytes(content)
    seen.append(records.digest_files(tmp_path))
  assert len(set(seen)) == 5
  (tmp_path / "train" / "log.csv").write_text("a")
  assert records.digest_files(tmp_path) == seen[-1]


def test_the_environment_is_known():
  found = records.environment()
  assert found["packages"]["tensorflow"] and found["cores"] >= 1
  assert found["commit"] is None or re.fullmatch(r"[0-9a-f]{12,}\+?", found["commit"])
