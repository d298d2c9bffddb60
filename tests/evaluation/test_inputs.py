"""Tests of finding photographs, of checking them, and of naming outputs."""
import os
import pathlib

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.evaluation import inputs

JPEG = tf.io.encode_jpeg(np.zeros((30, 40, 3), np.uint8)).numpy()
PNG = tf.io.encode_png(np.zeros((30, 40, 3), np.uint8)).numpy()


@pytest.fixture
def photos(tmp_path):
  for name in ("b.JPG", "a.jpeg", "c.png", "notes.txt", ".hidden.png", "deep/d.jpg"):
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(PNG if name.endswith("png") else JPEG)
  return tmp_path


def names(found):
  return [path.name for path in found]


def test_a_file_a_folder_and_a_pattern(photos):
  assert names(inputs.find_images(photos / "c.png")) == ["c.png"]
  assert names(inputs.find_images(str(photos))) == ["a.jpeg", "b.JPG", "c.png"]
  assert names(inputs.find_images(f"{photos}/*.jp*")) == ["a.jpeg"]
  assert names(inputs.find_images(f"{photos}/**/*.jpg")) == ["d.jpg"]


def test_a_list_keeps_its_order_and_names_each_image_once(photos):
  found = inputs.find_images([photos / "c.png", photos, photos / "deep" / ".." / "a.jpeg"])
  assert names(found) == ["c.png", "a.jpeg", "b.JPG"] and len({p.resolve() for p in found}) == 3


def test_brackets_in_a_file_name_are_no_pattern(tmp_path):
  (tmp_path / "x[1].png").write_bytes(PNG)
  assert names(inputs.find_images(tmp_path / "x[1].png")) == ["x[1].png"]


@pytest.mark.parametrize("what, words", [
    ("missing.jpg", "missing.jpg'.\nExpected: a file, a folder"), ("*.bmp", r"\*.bmp"),
    ("empty", "files that end in .jpg")])
def test_an_input_without_images_is_named(photos, what, words):
  (photos / "empty").mkdir()
  with pytest.raises(FileNotFoundError, match=words):
    inputs.find_images([photos / "c.png", photos / what])


def test_a_folder_with_something_else_is_not_called_empty(tmp_path):
  (tmp_path / "film.mp4").touch()
  with pytest.raises(FileNotFoundError, match="Received: no image file, but film.mp4.\nCheck"):
    inputs.find_images(tmp_path)
  (tmp_path / "monday").mkdir()
  (tmp_path / "monday" / "a.jpg").touch()
  with pytest.raises(FileNotFoundError, match="but film.mp4, monday/.\nSubfolders are not") as info:
    inputs.find_images(str(tmp_path))
  pattern = str(info.value).split("'")[-2]
  assert names(inputs.find_images(pattern)) == ["a.jpg"]


def test_an_empty_list_is_refused():
  with pytest.raises(FileNotFoundError, match="at least one path"):
    inputs.find_images([])


@pytest.mark.parametrize("contents, fault", [
    (b"", "empty file"), (b"<html>", "no JPEG, PNG"), (JPEG[:-40], "cut off"),
    (PNG[:-20], "cut off"),
    (tf.io.encode_png(np.zeros((3, 4, 1), np.uint16)).numpy(), "16 bits per channel")])
def test_broken_files_are_all_named_with_the_reason(photos, contents, fault):
  for name in ("x.jpg", "y.png"):
    (photos / name).write_bytes(contents)
  paths = inputs.find_images(photos)
  with pytest.raises(ValueError, match="2 of 5 images cannot be read") as caught:
    inputs.check_images(paths)
  assert str(caught.value).count(fault) == 2
  assert "x.jpg" in str(caught.value) and "y.png" in str(caught.value)


def test_good_files_pass_also_with_bytes_after_their_end(photos):
  (photos / "motion.jpg").write_bytes(JPEG + b"a video" * 1000)
  inputs.check_images(inputs.find_images(photos))


@pytest.mark.parametrize("paths, expected", [
    (["p/x.jpg", "p/y.png"], ["x", "y"]),
    (["p/a/x.jpg", "p/b/x.jpg", "p/b/y.png"], ["a_x", "b_x", "y"]),
    (["p/x.jpg", "p/x.png", "p/z.png"], ["x.jpg", "x.png", "z"]),
    (["p/x.jpg", "p/q/x.jpg"], ["x", "q_x"]),
])
def test_output_names_differ_and_are_short(paths, expected):
  assert inputs.output_names([pathlib.Path(path) for path in paths]) == expected


def test_output_names_differ_even_where_joined_paths_agree():
  paths = [pathlib.Path(path) for path in ("a/b_c/x.jpg", "a_b/c/x.jpg", "a/b/c_x.jpg", "x.jpg")]
  assert len(set(inputs.output_names(paths))) == 4


@pytest.mark.parametrize("names, expected", [
    (["contact_sheet.jpg", "b.jpg"], ["contact_sheet_2", "b"]),
    (["Contact_Sheet.png"], ["Contact_Sheet_2"]), (["A.jpg", "b/a.jpg"], ["A", "a_2"]),
    (["contact_sheet.jpg", "contact_sheet_2.jpg"], ["contact_sheet_2", "contact_sheet_2_2"]),
    (["a.jpg", "a_overlay.png"], ["a", "a_overlay"])])
def test_no_output_replaces_another(names, expected):
  found = inputs.output_names([pathlib.Path(name) for name in names], (".png", "_overlay.jpg"),
                              ("contact_sheet.png", "index.html"))
  assert found == expected


def test_what_is_not_read_is_said(photos, capsys):
  for name in ("x.webp", "y.TIF", "notes.txt"):
    (photos / name).touch()
  for given in (photos, f"{photos}/*"):
    note, = inputs.notes_of(given)
    assert note.startswith("2 files are not read: x.webp, y.TIF; images are .jpg")
    assert note in capsys.readouterr().err
  assert inputs.notes_of(photos / "a.jpeg") == []


@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_that_was_cut_off_and_closed_is_named(tmp_path, progressive):
  tiles = np.random.RandomState(0).randint(0, 255, (12, 9, 3))
  tiles = np.kron(tiles, np.ones((8, 8, 1))).astype(np.uint8)
  content = tf.io.encode_jpeg(tiles, progressive=progressive).numpy()
  cut = content[:len(content) * 2 // 3].rstrip(b"\xff") + b"\xff\xd9"
  (tmp_path / "a.jpg").write_bytes(content)
  (tmp_path / "b.jpg").write_bytes(cut)
  images = inputs.decoded([tmp_path / "a.jpg", tmp_path / "b.jpg"])
  assert next(images)[1] == "a"
  with pytest.raises(ValueError, match="b.jpg' is cut off"):
    next(images)


def test_a_name_that_is_no_text_is_refused(tmp_path):
  name = os.fsencode(tmp_path) + b"/\xff.png"
  with open(name, "wb") as file:
    file.write(PNG)
  with pytest.raises(ValueError, match=r"udcff.*a name that is not in UTF-8") as caught:
    inputs.check_images(inputs.find_images(tmp_path))
  str(caught.value).encode()
