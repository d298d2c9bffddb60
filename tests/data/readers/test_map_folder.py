"""Tests of folders of maps: whose they are, what is missing, and errors that say what to do."""
import threading

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg.data.readers import map_folder

FLAT = map_folder.MapFolder("shadows", "shadows.json", "shadows.png", "Call make_shadows.")
DEEP = map_folder.MapFolder("shadows", "shadows.json", "sheet.png", "Call make_shadows.",
                            maps="maps")


def dataset(count=3):
  images = tf.cast(tf.range(count), tf.uint8)[:, None, None, None] * tf.ones([1, 4, 6, 3], tf.uint8)
  return data.Dataset(tf.data.Dataset.from_tensor_slices({"image": images}), ("background", "a"))


@pytest.mark.parametrize("kind", [FLAT, DEEP])
def test_what_is_absent_is_found_in_order(kind, tmp_path, png):
  assert kind.absent(tmp_path / "none", ("b", "a")) == ("b", "a")
  png(kind.path(tmp_path, "d/e"), np.zeros([2, 2], np.uint8))
  assert kind.absent(tmp_path, ("z", "d/e", "a")) == ("z", "a")
  (kind.place(tmp_path) / ".a.png.1x").write_bytes(b"half of it")
  assert kind.absent(tmp_path, ("a",)) == ("a",)


@pytest.mark.parametrize("ids, text", [
    (("a", "../b"), "../b"), (("/etc/b",), "/etc/b"), ((), "no moon"), (("shadows",), "shadows")])
def test_ids_that_are_no_file_names_here_are_refused(ids, text):
  with pytest.raises(ValueError, match="No shadows can be made of the split 'train'") as info:
    FLAT.check_ids(dataset(), "train", ids, "no moon")
  assert f"Received: {text}" in str(info.value)


def test_a_sheet_beside_the_maps_folder_leaves_all_names():
  DEEP.check_ids(dataset(), "train", ("sheet", "shadows", "a..b/c"), "nothing")


def test_a_claimed_folder_stays_with_its_settings(tmp_path, png):
  record = {"model": "m1", "sizes": (2, 3)}
  for _ in range(2):
    FLAT.claim(tmp_path, record)
    assert FLAT.read_record(tmp_path) == {"model": "m1", "sizes": [2, 3]}
    png(FLAT.path(tmp_path, "a"), np.zeros([2, 2], np.uint8))
  with pytest.raises(ValueError, match="holds other shadows") as info:
    FLAT.claim(tmp_path, {"model": "m2", "sizes": (2, 3)})
  assert "Expected: model 'm2'. Received: model 'm1'." in str(info.value)
  assert FLAT.read_record(tmp_path)["model"] == "m1"


@pytest.mark.parametrize("name", ["holiday.png", "holiday.JPG", "images/holiday.jpeg"])
def test_images_of_somebody_else_are_not_taken_for_maps(tmp_path, name):
  """Among photographs a map would be a second file of the same id, which no command reads."""
  (tmp_path / name).parent.mkdir(exist_ok=True)
  (tmp_path / name).touch()
  with pytest.raises(ValueError, match="may be anything") as info:
    FLAT.claim(tmp_path, {"model": "m1"})
  assert "holiday" in str(info.value) and not (tmp_path / "shadows.json").exists()
  DEEP.claim(tmp_path, {"model": "m1"})  # Its maps have a folder of their own.


def test_a_missing_record_says_how_to_make_one(tmp_path):
  with pytest.raises(FileNotFoundError, match="There are no shadows(.|\n)*Call make_shadows"):
    FLAT.read_record(tmp_path)


@pytest.mark.parametrize("text", ["[]", "broken", "", '"text"', "\xff"])
def test_a_damaged_record_is_named(tmp_path, text):
  (tmp_path / "shadows.json").write_bytes(text.encode("latin-1"))
  for call in (lambda: FLAT.read_record(tmp_path), lambda: FLAT.claim(tmp_path, {"model": "m1"})):
    with pytest.raises(ValueError, match="(?s)^The record '.*shadows.json' is damaged.*Expected: "
                                         "the JSON.*Call make_shadows"):
      call()


def test_what_is_lacking_is_counted_and_named(tmp_path):
  text = str(FLAT.lacking(tmp_path, [f"s{i}" for i in range(7)], "9 samples of 'x'"))
  assert text.startswith("7 of 9 samples of 'x' have no shadow.")
  assert "s0, s1, s2, s3, s4 ..." in text and "s5" not in text and "Call make_shadows" in text
  assert "..." not in str(FLAT.lacking(tmp_path, ["s0"], "9 samples of 'x'"))


def test_all_items_are_worked_on_by_threads():
  done, threads, together = [], set(), threading.Barrier(2, timeout=20)

  def work(item):
    together.wait()
    threads.add(threading.get_ident())
    done.append(item)

  map_folder.make(work, range(6), 6, "shadows", workers=2, progress=False)
  assert sorted(done) == list(range(6)) and len(threads) == 2
  with pytest.raises(ZeroDivisionError):
    map_folder.make(lambda item: 1 / item, range(3), 3, "shadows", progress=False)


@pytest.mark.parametrize("count, wanted", [(1, 1), (2, 2), (12, 12), (30, 12)])
def test_a_sheet_shows_the_first_and_the_last(count, wanted):
  ids = tuple(range(count))
  shown = map_folder.spread(ids, 12)
  assert len(shown) == wanted and shown[0] == 0 and shown == sorted(set(shown))
  if count > 1:
    assert shown[-1] == count - 1
