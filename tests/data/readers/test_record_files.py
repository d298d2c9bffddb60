"""The bytes of a record, and the files beside them."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.readers import record_files

Kind = fields.Supervision


@pytest.mark.parametrize("flags, grants", [
    ([7], [1, 2]), ([4, 0], []), ([1], []), ([2, 1], [1]), ([4, 2], [2]), ([9], [1])])
def test_tags_are_read_again_where_a_weaker_grant_may_tell_others(flags, grants):
  assert record_files.lesser_grants(np.array(flags)) == grants


def test_weaker_tags_are_kept_only_where_they_differ():
  sample = {fields.IMAGE: np.zeros((2, 2, 3), np.uint8), fields.TAGS: np.array([1, 0], np.float32)}
  held = lambda value, flags: set(tf.train.Example.FromString(record_files.encode(
      sample, flags, None, {Kind.TAGS: {fields.TAGS: np.array(value, np.float32)}})
                                                              ).features.feature)
  assert held([1, 0], 5) == {"image", "tags"}
  assert held([1, 1], 5) == {"image", "tags", "tags@1"}
  assert held([1, 1], 4) == {"image", "tags"}  # There are no listed tags: nobody reads them.


def test_an_image_that_is_no_file_of_its_pixels_becomes_a_png():
  pixels = np.random.RandomState(0).randint(0, 255, (3, 4, 3)).astype(np.uint8)
  good, other = tf.io.encode_png(pixels).numpy() + b"tail", tf.io.encode_png(pixels // 2).numpy()
  held = lambda image: tf.train.Example.FromString(record_files.encode(
      {fields.IMAGE: pixels}, 0, image, {})).features.feature["image"].bytes_list.value[0]
  assert held(good) == good
  for image in (other, b"an archive", None):
    np.testing.assert_array_equal(tf.io.decode_png(held(image)), pixels)


def test_an_index_survives(tmp_path):
  record_files.write_index(tmp_path / "a.npz", ["a", "ä/b c"], flags=np.array([1, 4], np.int32))
  ids, columns = record_files.read_index(tmp_path / "a.npz")
  assert ids == ["a", "ä/b c"] and columns["flags"].tolist() == [1, 4]


@pytest.mark.parametrize("text", ["{}", "[", '{"version": 2}'])
def test_a_damaged_manifest_is_refused(text, tmp_path):
  (tmp_path / "records.json").write_text(text)
  with pytest.raises(ValueError, match="manifest of records"):
    record_files.read_manifest(tmp_path / "records.json")
