"""Tests of sources with one more field out of a folder, whatever the field is."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.readers import map_folder
from keras_weakseg.data.sources import with_maps


class WithParts(with_maps.WithMaps):
  """Part maps of some ids: a field that needs a grant."""
  field = fields.PARTS
  kind = map_folder.MapFolder("part maps", "part_maps.json", "part_maps.png", "Call make_parts.")

  def _owners(self, split, ids):
    return tuple(ids or self.inner.ids(split)), "samples"

  def _adder(self, split, ids, owners, missing):
    if missing:
      return None
    return lambda sample: {**sample, fields.PARTS: tf.io.decode_png(
        self._file(sample))[..., 0]}

  def _identity(self):
    return "parts1"


@pytest.fixture
def source(mini, tmp_path, png):
  """Returns a folder with part maps of the first three samples, each full of its number."""
  for number in range(3):
    png(tmp_path / "maps" / f"a{number}.png", np.full([12, 16], number, np.uint8))
  return WithParts(data.Folder(mini, held_out=0.0), tmp_path / "maps")


def read(source, **options):
  return list(source.samples("train", **options).as_numpy_iterator())


def test_maps_are_read_where_they_are_granted_and_wanted(source):
  ids = ("a0", "a2")
  both = read(source, ids=ids, wanted=(fields.IMAGE, fields.PARTS))
  assert [sample[fields.PARTS].tolist() for sample in both] == [
      np.full([12, 16], number).tolist() for number in (0, 2)]
  assert fields.PARTS not in read(source, ids=ids, grant=fields.Supervision.TAGS)[0]
  assert fields.PARTS not in read(source, ids=ids, wanted=(fields.IMAGE, fields.MASK))[0]


def test_missing_maps_are_an_error_only_for_who_asks_by_name(source):
  assert fields.PARTS not in read(source)[0]
  with pytest.raises(FileNotFoundError, match="7 of 10 samples of 'mini' have no part map"):
    source.samples("train", wanted=(fields.IMAGE, fields.PARTS))


def test_transforms_see_the_field_and_keep_the_order(source):
  seen = lambda sample: {"one": sample[fields.PARTS][0, 0], "id": sample[fields.SAMPLE_ID]}
  ids = ("a0", "a1", "a2")
  stream = source.samples("train", ids=ids, seed=5, transform=seen).take(9).as_numpy_iterator()
  found = [(sample["id"].decode(), int(sample["one"])) for sample in stream]
  assert [name for name, _ in found] == source.draws("train", ids, 5, list(range(9)))
  assert all(name == f"a{number}" for name, number in found)


def test_a_field_of_the_source_itself_is_replaced(source, tmp_path, png):
  for name in source.ids("train"):
    png(tmp_path / "more" / f"{name}.png", np.full([12, 16], 9, np.uint8))
  twice = WithParts(source, tmp_path / "more")
  assert read(twice, wanted=(fields.PARTS,))[5][fields.PARTS].tolist() == [[9] * 16] * 12


def test_what_lies_under_the_maps_is_found(source):
  assert with_maps.unwrapped(WithParts(source, "elsewhere")) is source.inner
  assert with_maps.unwrapped(source.inner) is source.inner
  assert source.fingerprint() == source.inner.fingerprint() + "-parts1"
  twice = WithParts(source, "elsewhere")
  assert twice.fingerprint() == source.inner.fingerprint() + "-parts1-parts1"


def test_checks_of_data_look_under_the_maps(source):
  """Files of a folder are checked as such, though a wrapper lies over it."""
  (source.inner.root / "masks" / "a4.png").write_bytes(b"garbage")
  bundle = data.Bundle([data.Part(source, batch_size=2)])
  report, = data.check_bundle(bundle)
  assert any("a4" in str(problem) for problem in report.problems)
