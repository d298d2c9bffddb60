"""Tests of disparity on disk: what the files hold, and that making them may stop at any time."""
import inspect
import json
import os
import shutil

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg import data
from keras_weakseg.data.sources import disparity_maps
from keras_weakseg.data.sources import with_disparity

OPTIONS = {"model_hash": "m1", "progress": False}


def red(images):
  """Returns the red channel as a sigmoid disparity, float32 [N, H, W]."""
  assert images.dtype == np.uint8 and images.ndim == 4
  return np.float32(images[..., 0]) / 255


@pytest.fixture
def folder(mini):
  """Returns a folder of ten pictures with a patch of red on less red."""
  return data.Folder(mini, held_out=0.0)


@pytest.fixture
def out(tmp_path):
  """Returns a folder that does not exist yet."""
  return tmp_path / "out"


@pytest.fixture(scope="module")
def first(unspoilt, tmp_path_factory):
  """Returns a folder with the map of a1 alone; leave it as it is."""
  return data.write_disparity_maps(data.Folder(unspoilt, held_out=0.0), red,
                                   tmp_path_factory.mktemp("first") / "out", ids=("a1",), **OPTIONS)


@pytest.fixture
def begun(first, out):
  """Returns `out` with the map of a1 in it."""
  return shutil.copytree(first, out)


def stored(path, name):
  return np.asarray(Image.open(path / f"{name}.png"))


def stamps(path):
  return {file.stem: file.stat().st_mtime_ns for file in path.glob("a*.png")}


def test_the_nearest_becomes_one_and_the_farthest_zero(folder, tmp_path):
  path = data.write_disparity_maps(
      folder, red, tmp_path / "out", normalise="image", **OPTIONS)
  assert path == tmp_path / "out" and sorted(stamps(path)) == sorted(folder.ids("train"))
  for name in folder.ids("train"):
    wanted = np.zeros([12, 16], np.uint16)
    wanted[1:5, 2:6] = 65535
    found = stored(path, name)
    assert found.dtype in (np.uint16, np.int32)  # Pillow has read 16 bits as either.
    np.testing.assert_array_equal(found, wanted)


def test_every_way_to_make_them_stores_what_the_network_says_by_default(folder, out):
  for way in (data.write_disparity_maps, kw.make_disparity_maps, disparity_maps.DisparityMaps):
    assert inspect.signature(way).parameters["normalise"].default == "none", way
  path = data.write_disparity_maps(folder, red, out, ids=("a1",), bits=8, **OPTIONS)
  sample, = folder.samples("train", ids=("a1",)).as_numpy_iterator()
  np.testing.assert_array_equal(stored(path, "a1"), sample["image"][..., 0])


@pytest.mark.quick("16-65535")
@pytest.mark.parametrize("bits, largest", [(8, 255), (16, 65535)])
def test_without_normalisation_the_values_stay(folder, out, bits, largest):
  path = data.write_disparity_maps(
      folder, red, out, normalise="none", bits=bits, **OPTIONS)
  for sample in folder.samples("train").take(3).as_numpy_iterator():
    found = stored(path, sample["sample_id"].decode()) / largest
    np.testing.assert_allclose(found, red(sample["image"][None])[0], atol=0.5 / largest + 1e-9)


def test_stored_values_are_the_nearest_levels_of_the_whole_range():
  disparity = np.random.RandomState(0).uniform(-3, 40, [30, 40])
  exact = (disparity - disparity.min()) / (disparity.max() - disparity.min())
  for bits in (8, 16):
    found = disparity_maps.DisparityMaps("image", bits=bits).stored(disparity)
    assert found.dtype == {8: np.uint8, 16: np.uint16}[bits]
    assert found.min() == 0 and found.max() == 2 ** bits - 1
    assert np.abs(found / (2 ** bits - 1) - exact).max() <= 0.5 / (2 ** bits - 1) + 1e-12
    order = np.argsort(disparity, axis=None)
    assert (np.diff(found.ravel()[order].astype(int)) >= 0).all()


def test_rounding_beyond_the_range_is_cut_off(folder, out):
  for shift, wanted in ((-3e-5, 0), (3e-5, 65535)):
    path = data.write_disparity_maps(
        folder, lambda images, wanted=wanted, shift=shift: np.full(
            images.shape[:3], wanted / 65535 + shift), out / str(wanted), ids=("a1",),
        normalise="none", **OPTIONS)
    assert (stored(path, "a1") == wanted).all()


def test_scale_and_shift_do_not_matter_and_a_plane_is_far():
  settings = disparity_maps.DisparityMaps("image")
  disparity = np.random.RandomState(1).uniform(0, 1, [9, 9]).astype(np.float32)
  np.testing.assert_array_equal(settings.stored(disparity), settings.stored(2 * disparity + 0.25))
  assert not settings.stored(np.full([3, 3], 0.7)).any()


def test_batches_hold_images_of_one_size(mini, out, png):
  for number in (3, 4, 7):
    png(mini / "images" / f"a{number}.png", np.full([8, 20, 3], number, np.uint8))
    (mini / "masks" / f"a{number}.png").unlink()
  source, shapes = data.Folder(mini, held_out=0.0), []

  def counted(images):
    shapes.append(images.shape[:3])
    return tf.constant(red(images))

  path = data.write_disparity_maps(source, counted, out, batch_size=2, **OPTIONS)
  wide, tall = (8, 20), (12, 16)
  assert shapes == [(2, *tall), (1, *tall), (2, *wide), (2, *tall), (1, *wide), (2, *tall)]
  assert stored(path, "a4").shape == wide and stored(path, "a5").shape == tall


def test_any_batch_size_gives_the_same_files(folder, tmp_path):
  one, many = (data.write_disparity_maps(folder, red, tmp_path / str(size), batch_size=size,
                                        **OPTIONS) for size in (1, 4))
  for name in folder.ids("train"):
    assert (one / f"{name}.png").read_bytes() == (many / f"{name}.png").read_bytes()


def test_what_is_there_is_kept_and_what_is_missing_is_made(folder, out):
  path = data.write_disparity_maps(folder, red, out, ids=("a1", "a5", "a7"), **OPTIONS)
  before = stamps(path)
  assert sorted(before) == ["a1", "a5", "a7"]
  os.remove(path / "a5.png")
  seen = []
  data.write_disparity_maps(
      folder, lambda images: seen.append(len(images)) or red(images), out, **OPTIONS)
  after = stamps(path)
  assert len(after) == 10 and sum(seen) == 8
  assert all(after[name] == before[name] for name in ("a1", "a7"))
  data.write_disparity_maps(folder, None, out, **OPTIONS)  # Nothing is left to be asked.
  assert stamps(path) == after


def test_an_interrupted_call_leaves_whole_files_and_is_continued(folder, out):
  count = []

  def stops(images):
    count.append(1)
    if len(count) == 6:
      raise KeyboardInterrupt
    return red(images)

  with pytest.raises(KeyboardInterrupt):
    data.write_disparity_maps(folder, stops, out, workers=1, **OPTIONS)
  found = stamps(out)
  assert 0 < len(found) < 10 and not [file for file in os.listdir(out) if file[0] == "."]
  assert not (out / "disparity_maps.png").exists()
  data.write_disparity_maps(folder, red, out, **OPTIONS)
  again = stamps(out)
  assert len(again) == 10 and all(again[name] == stamp for name, stamp in found.items())
  whole = data.write_disparity_maps(folder, red, out / "whole", **OPTIONS)
  for name in again:
    assert (out / f"{name}.png").read_bytes() == (whole / f"{name}.png").read_bytes()


@pytest.mark.parametrize("change, text", [
    ({"model_hash": "m2"}, "model 'm2'. Received: model 'm1'"),
    ({"normalise": "image"}, "normalise 'image'. Received: normalise 'none'"),
    ({"bits": 8}, "bits 8. Received: bits 16")])
def test_a_folder_of_another_model_is_refused(folder, begun, change, text):
  before = sorted(os.listdir(begun))
  with pytest.raises(ValueError, match="holds other disparity maps") as info:
    data.write_disparity_maps(folder, red, begun, **{**OPTIONS, **change})
  assert text in str(info.value) and "Choose another folder" in str(info.value)
  assert sorted(os.listdir(begun)) == before


def test_a_folder_of_another_source_or_of_photographs_is_refused(begun, mini, tmp_path):
  """Ids of two data sets may be the same: one would take the maps of the other."""
  other = data.Folder(mini.rename(tmp_path / "other"), held_out=0.0)
  with pytest.raises(ValueError, match="source 'other'. Received: source 'mini'"):
    data.write_disparity_maps(other, red, begun, **OPTIONS)
  images = tmp_path / "other" / "images"
  with pytest.raises(ValueError, match="images that may be anything"):
    data.write_disparity_maps(other, red, images, **OPTIONS)
  assert len(os.listdir(images)) == 10


def test_maps_of_other_images_of_the_same_names_are_refused(folder, mini, out, png, tmp_path):
  """Each map tells its image; a moved folder stays."""
  path = data.write_disparity_maps(folder, red, out, **OPTIONS)
  shutil.copytree(mini, tmp_path / "moved" / "mini")
  moved = data.Folder(tmp_path / "moved" / "mini", held_out=0.0)
  png(tmp_path / "moved" / "mini" / "images" / "a2.png",
      255 - np.asarray(Image.open(mini / "images" / "a2.png")))
  read = lambda *ids: list(data.WithDisparity(moved, path).samples(
      "train", wanted=("image", "disparity"), ids=ids))
  assert len(read("a1", "a3")) == 2
  with pytest.raises(tf.errors.OpError, match="map of 'a2' was made from another image"):
    read("a1", "a2")


def test_other_labels_of_the_same_images_share_a_folder(folder, begun):
  pets = data.Regrouped(folder, groups={"pet": ("cat", "dog")}, name="pets")
  data.write_disparity_maps(pets, red, begun, **OPTIONS)
  assert len(stamps(begun)) == 10


def test_labels_are_never_read(folder, mini, out):
  for kind in ("masks", "boxes"):
    for path in (mini / kind).iterdir():
      path.write_bytes(b"garbage")
  data.write_disparity_maps(folder, red, out, **OPTIONS)
  assert (out / "disparity_maps.png").exists()


def test_the_record_says_what_they_are(folder, first, tmp_path):
  path = data.write_disparity_maps(folder, red, tmp_path / "coarse", ids=("a1",), bits=8, **OPTIONS)
  record = json.loads((path / "disparity_maps.json").read_text())
  assert record == {
      "version": 1, "model": "m1", "source": "mini", "normalise": "none", "bits": 8}
  names = {with_disparity.settings_of(path), with_disparity.settings_of(first)} | {
      with_disparity.settings_of(data.write_disparity_maps(
          folder, red, tmp_path / str(number), ids=("a1",), **{**OPTIONS, **change}))
      for number, change in enumerate([{"model_hash": "m2"}, {"normalise": "image"}])}
  assert len(names) == 4
  with pytest.raises(FileNotFoundError, match="make-disparity-maps"):
    with_disparity.settings_of(tmp_path / "nowhere")


def test_the_sheet_shows_near_bright(out, tmp_path, png):
  image = np.full([48, 64, 3], 90, np.uint8)
  image[:, 48:, 0] = 180
  png(tmp_path / "images" / "p.png", image)
  source = data.Folder(tmp_path, classes=("background", "cat"), held_out=0.0)
  data.write_disparity_maps(source, red, out, normalise="image", **OPTIONS)
  sheet = np.asarray(Image.open(out / "disparity_maps.png")).astype(int)
  near, far = (abs(sheet - color).sum(-1) < 9 for color in ([252, 253, 191], [0, 0, 4]))
  columns = np.where(near.sum(0) > 90)[0]
  assert 50 <= len(columns) <= 70 and far[:, columns[0] - 90:columns[0] - 9].sum() > 9000
  assert 2.5 < far.sum() / near.sum() < 3.5  # A quarter is near.


@pytest.mark.parametrize("answer, text", [
    (lambda images: red(images)[..., None], r"no disparity of the size(.|\n)*\[1, 12, 16, 1\]"),
    (lambda images: red(images)[:, ::2], r"Received: \[1, 6, 16\]"),
    (lambda images: red(images) * np.nan, "NaN or infinity(.|\n)*diverged"),
    (lambda images: red(images) / 0.1, r"'a0'(.|\n)*values in 0..1(.|\n)*normalise='image'")])
def test_what_is_no_disparity_is_refused(folder, out, answer, text):
  with pytest.raises(ValueError, match=text), np.errstate(all="ignore"):
    data.write_disparity_maps(folder, answer, out, normalise="none", **OPTIONS)
  assert not stamps(out)


@pytest.mark.parametrize("options, text", [
    ({"bits": 12}, "8 or 16 bits"), ({"normalise": "imgae"}, "Did you mean 'image'"),
    ({"batch_size": 0}, "batch_size of 1 or more"), ({"split": "trian"}, "Did you mean 'train'"),
    ({"ids": ("a1", "nobody")}, "nobody"), ({"ids": ()}, "no ids")])
def test_wrong_arguments_leave_no_folder(folder, tmp_path, options, text):
  with pytest.raises(ValueError, match=text):
    data.write_disparity_maps(folder, red, tmp_path / "out", **{**OPTIONS, **options})
  assert not (tmp_path / "out").exists()


def test_a_broken_image_is_an_error_and_one_of_the_model_stays_its_own(folder, mini, tmp_path):
  def broken(images):
    raise tf.errors.ResourceExhaustedError(None, None, "no memory left")

  with pytest.raises(tf.errors.ResourceExhaustedError, match="no memory left"):
    data.write_disparity_maps(folder, broken, tmp_path / "one", **OPTIONS)
  (mini / "images" / "a2.png").write_bytes(b"\x89PNG nothing")
  with pytest.raises(ValueError, match="cannot be read"):
    data.write_disparity_maps(folder, red, tmp_path / "two", **OPTIONS)
