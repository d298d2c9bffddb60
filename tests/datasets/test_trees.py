"""Trees are found in several places, and what is missing is named, all of it."""
import pathlib

import numpy as np
import pytest

from keras_weakseg.datasets import trees

Image = pytest.importorskip("PIL.Image")


def test_the_first_complete_place_is_taken(tmp_path):
  for name in ("a/x", "b/x", "b/y", "c/x", "c/y"):
    (tmp_path / name).mkdir(parents=True)
  places = [tmp_path / name for name in "abc"]
  assert trees.find_tree("set", places, ("x", "y"), "Copy it.") == tmp_path / "b"
  with pytest.raises(FileNotFoundError) as info:
    trees.find_tree("set", places, ("x", "z"), "Copy it.")
  for name in "abc":
    assert str(tmp_path / name / "z") in str(info.value)
    assert str(tmp_path / name / "x") not in str(info.value)
  assert str(info.value).endswith("Copy it.")


def test_all_missing_files_are_listed_however_many(tmp_path):
  paths = [tmp_path / f"{number}.png" for number in range(300)]
  paths[7].touch()
  with pytest.raises(FileNotFoundError) as info:
    trees.require_files("Set", paths, "Copy them.")
  assert all(str(path) in str(info.value) for path in paths if path is not paths[7])
  assert str(paths[7]) not in str(info.value)
  assert "Expected: 300 files. Received: 299 of them missing." in str(info.value)
  trees.require_files("Set", paths[7:8], "Copy them.")


def test_lists_of_ids_and_of_paths(tmp_path):
  path = tmp_path / "list.txt"
  path.write_text("2007_000032\n  2007_000039 1\n/JPEGImages/2007_b.jpg /Aug/2007_b.png\r\n\n"
                  "/SegNet/CamVid/val/0016E5.08159.png /SegNet/CamVid/valannot/0016E5.08159.png")
  assert trees.read_ids(path) == ("2007_000032", "2007_000039", "2007_b", "0016E5.08159")


@pytest.mark.parametrize("palette", [False, True])
def test_masks_are_read_by_index(tmp_path, palette):
  mask = np.random.RandomState(0).randint(0, 256, [9, 11]).astype(np.uint8)
  image = Image.fromarray(mask)
  if palette:
    image.putpalette(list(range(255, -1, -1)) * 3)
  image.save(tmp_path / "m.png")
  read = trees.read_index_mask(tmp_path / "m.png")
  assert read.dtype == np.uint8
  np.testing.assert_array_equal(read, mask)


@pytest.mark.parametrize("content", [np.zeros([4, 4, 3], np.uint8), np.zeros([4, 4], np.uint16)])
def test_colours_and_16_bit_are_no_class_ids(tmp_path, content):
  Image.fromarray(content).save(tmp_path / "m.png")
  with pytest.raises(ValueError, match="does not hold class ids"):
    trees.read_index_mask(tmp_path / "m.png")


def test_a_broken_mask_is_named(tmp_path):
  (tmp_path / "m.png").write_bytes(b"no picture")
  with pytest.raises(ValueError, match="m.png' cannot be read"):
    trees.read_index_mask(tmp_path / "m.png")


def test_images_are_found_by_any_suffix(tmp_path):
  (tmp_path / "a.png").touch()
  assert trees.image_path(tmp_path, "a") == tmp_path / "a.png"
  assert trees.image_path(tmp_path, "b") == pathlib.Path(tmp_path / "b.jpg")


def test_two_images_of_one_id_in_a_list_are_refused(tmp_path):
  (tmp_path / "l.txt").write_bytes(b"\xef\xbb\xbfa/1.png x\r\nb\\2.png\r\na/1.png\r\n")
  assert trees.read_ids(tmp_path / "l.txt") == ("1", "2")
  (tmp_path / "l.txt").write_text("a/1.png\nb/1.png\n")
  with pytest.raises(ValueError, match="(?s)have the id '1'.*b/1.png in line 2"):
    trees.read_ids(tmp_path / "l.txt")


def test_files_that_are_no_images_are_named_and_pipes_not_opened(tmp_path):
  import os
  os.mkfifo(tmp_path / "pipe.png")
  (tmp_path / "text.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
  for read in (trees.read_index_mask, trees.image_size):
    with pytest.raises(ValueError, match="(?s)pipe.png' cannot be read"):
      read(tmp_path / "pipe.png")
    with pytest.raises(ValueError, match="(?s)text.png' cannot be read"):
      read(tmp_path / "text.png")
