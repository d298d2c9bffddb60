"""Done markers: there whole or not at all."""
import pytest

from keras_weakseg.derived import results


def test_a_marker_is_read_back(tmp_path):
  assert results.read(tmp_path) is None
  results.write(tmp_path, {"steps": 4})
  assert results.read(tmp_path) == {"steps": 4}
  assert [path.name for path in tmp_path.iterdir()] == ["done.json"]


@pytest.mark.parametrize("text", ["{", "[1]", "null"])
def test_a_damaged_marker_is_named(tmp_path, text):
  (tmp_path / "done.json").write_text(text)
  with pytest.raises(ValueError, match="(?s)marker '.*done.json' is damaged.*Delete it"):
    results.read(tmp_path)
