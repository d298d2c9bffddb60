"""Tests of the source with disparity: what samples carry, and that it stays with the image.

The disparity of these tests is the red channel, so every sample says itself what is right.
"""
import shutil

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.sources import with_disparity

Kind = fields.Supervision
CAMERA = (20.0, 20.0, 15.5, 11.5)


def red(images):
  """Returns the red channel, float32 [N, H, W] in 0..1."""
  return np.float32(images[..., 0]) / 255


def noise(root, png, count=6, size=(24, 32)):
  """Writes noise pictures `images/n0.png`, ... with masks that are 1 where red is above 127."""
  random = np.random.RandomState(3)
  for number in range(count):
    image = random.randint(0, 256, (*size, 3)).astype(np.uint8)
    image[0, :2, 0] = 0, 255  # The whole range, so that normalising changes nothing.
    png(root / "images" / f"n{number}.png", image)
    png(root / "masks" / f"n{number}.png", (image[..., 0] > 127).astype(np.uint8))
  return noise_of(root)


def noise_of(root):
  """Returns the source of a folder that `noise` wrote."""
  return data.Folder(root, classes=("background", "bright"), held_out=0.0, name="noise")


@pytest.fixture
def make(tmp_path):
  """Returns a function that makes the maps of a source and wraps it."""

  def wrapped(source, fn=red, folder="disparity", **options):
    path = data.write_disparity_maps(
        source, fn, tmp_path / folder, progress=False, **{"model_hash": "m1", **options})
    return data.WithDisparity(source, path)

  return wrapped


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
  """Returns a path at which the first test leaves what `wrapped` is a copy of."""
  return tmp_path_factory.mktemp("kept") / "files"


@pytest.fixture
def wrapped(tmp_path, png, make, kept):
  """Returns noise pictures with their red channel as disparity, which a test may spoil."""
  if not kept.exists():
    maps = make(noise(tmp_path / "first", png)).folder
    kept.mkdir()
    shutil.copytree(tmp_path / "first", kept / "noise")
    shutil.copytree(maps, kept / "maps")
  for name in ("noise", "maps"):
    shutil.copytree(kept / name, tmp_path / name)
  return data.WithDisparity(noise_of(tmp_path / "noise"), tmp_path / "maps")


def read(source, **options):
  return list(source.samples("train", **options).as_numpy_iterator())


@pytest.mark.quick("none-8", "image-16")
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("normalise", ["image", "none"])
def test_what_was_stored_is_read(tmp_path, png, make, bits, normalise):
  source = noise(tmp_path / "noise", png)
  for sample in read(make(source, bits=bits, normalise=normalise)):
    assert sample[fields.DISPARITY].dtype == np.float32
    np.testing.assert_allclose(
        sample[fields.DISPARITY], sample[fields.IMAGE][..., 0] / 255, atol=1e-7)


def test_precision_is_that_of_the_bits(tmp_path, png, make):
  source = noise(tmp_path / "noise", png)
  smooth = lambda images: (np.float64(images) @ [0.3, 0.6, 0.1]) / 255
  for bits, levels in ((8, 255), (16, 65535)):
    errors = []
    for sample in read(make(source, smooth, str(bits), bits=bits, normalise="image")):
      exact = smooth(sample[fields.IMAGE])
      exact = (exact - exact.min()) / (exact.max() - exact.min())
      errors.append(abs(sample[fields.DISPARITY] - exact).max())
      assert sample[fields.DISPARITY].min() == 0 and sample[fields.DISPARITY].max() == 1
    assert 0.3 / levels < max(errors) < 0.5 / levels + 2e-7


def test_it_is_an_input_whatever_the_supervision(wrapped):
  for grant in (Kind.NONE, Kind.TAGS, Kind.MASK):
    assert all(fields.DISPARITY in sample for sample in read(wrapped, grant=grant))
    only = read(wrapped, grant=grant, wanted=(fields.IMAGE, fields.SAMPLE_ID))
    assert not any(fields.DISPARITY in sample for sample in only)


def test_the_source_is_otherwise_what_it_was(wrapped):
  inner = wrapped.inner
  assert wrapped.splits() == inner.splits() and wrapped.classes == inner.classes
  assert wrapped.ids("train") == inner.ids("train") and wrapped.origin is inner
  np.testing.assert_array_equal(wrapped.supervision("train"), inner.supervision("train"))
  for sample, own in zip(read(wrapped, seed=None), read(inner)):
    for name in own:
      np.testing.assert_array_equal(sample.pop(name), own[name])
    assert list(sample) == [fields.DISPARITY]


def test_model_and_settings_are_in_the_fingerprint(tmp_path, png, make):
  source = noise(tmp_path / "noise", png)
  sources = [make(source, red, str(number), **options) for number, options in enumerate([
      {}, {"model_hash": "m2"}, {"bits": 8}, {"normalise": "image"}])]
  names = {each.fingerprint() for each in sources}
  assert len(names) == 4 and all(name.startswith(source.fingerprint() + "-") for name in names)
  assert make(source, red, "elsewhere").fingerprint() == sources[0].fingerprint()


def test_missing_maps_are_listed(wrapped):
  for name in ("n1", "n4"):
    (wrapped.folder / f"{name}.png").unlink()
  text = "2 of 6 samples of 'noise' have no disparity map"
  with pytest.raises(FileNotFoundError, match=text) as info:
    wrapped.samples("train", wanted=(fields.IMAGE, fields.DISPARITY))
  assert "none for n1, n4" in str(info.value) and "make-disparity-maps" in str(info.value)
  with pytest.raises(FileNotFoundError, match="n1"):
    data.Bundle([data.Part(wrapped, batch_size=2)], extra_fields=(fields.DISPARITY,)).batches()
  assert fields.DISPARITY not in read(wrapped)[0]
  assert fields.DISPARITY in read(wrapped, ids=("n0", "n2"), wanted=(fields.DISPARITY,))[0]


def test_nothing_made_yet_says_how_to_make_it(tmp_path, png):
  wrapped = data.WithDisparity(noise(tmp_path / "noise", png), tmp_path / "nothing")
  with pytest.raises(FileNotFoundError, match="There are no disparity maps(.|\n)*make-disparity"):
    wrapped.fingerprint()
  with pytest.raises(FileNotFoundError, match="6 of 6 samples"):
    read(wrapped, wanted=(fields.DISPARITY,))


@pytest.mark.quick("array0-*", "garbage-*")
@pytest.mark.parametrize("array, text", [
    (np.zeros([10, 32], np.uint8), "24x32(.|\n)*Received: 10x32"),
    (np.zeros([24, 32, 3], np.uint8), "no grey PNG"), (b"garbage", "no grey PNG"),
    (b"", "no grey PNG")])
def test_files_that_do_not_fit_name_the_sample(wrapped, png, array, text):
  path = wrapped.folder / "n2.png"
  path.write_bytes(array) if isinstance(array, bytes) else png(path, array)
  bundle = data.Bundle([data.Part(wrapped, batch_size=6)], extra_fields=(fields.DISPARITY,))
  with pytest.raises(tf.errors.OpError) as caught:
    next(bundle.batches().as_numpy_iterator())
  error = bundle.explain(0, caught.value)
  assert "The disparity map of 'n2' does not fit its image" in str(error)
  with pytest.raises(ValueError, match=text):
    raise error


def test_it_moves_with_crop_flip_and_padding(wrapped):
  """At scale 1 pixels are only moved: disparity is the red of every pixel that shows something."""
  bundle = data.Bundle([data.Part(wrapped, batch_size=4)],
                       data.Augmentation(crop=(26, 19)), extra_fields=(fields.DISPARITY,))
  moved = []
  for batch in bundle.batches().take(5).as_numpy_iterator():
    valid, image = batch[fields.VALID], batch[fields.IMAGE]
    assert batch[fields.DISPARITY].shape == (4, 26, 19) and not valid.all()
    np.testing.assert_allclose(
        batch[fields.DISPARITY], np.where(valid, image[..., 0] / 255, 0), atol=1e-7)
    moved += [row.tobytes() for row in batch[fields.DISPARITY]]
  assert len(set(moved)) > 12  # Six images, so crops and flips have made them differ.


def test_it_is_scaled_by_nearest_neighbour_as_masks_are(wrapped):
  """The mask is 1 where red is above 127, so at every scale it says what disparity must be."""
  bundle = data.Bundle([data.Part(wrapped, batch_size=4)],
                       data.Augmentation(crop=(31, 29), scales=(0.5, 2.0)),
                       extra_fields=(fields.DISPARITY,))
  levels = np.arange(256, dtype=np.float32) / np.float32(255)
  for batch in bundle.batches().take(5).as_numpy_iterator():
    valid, disparity = batch[fields.VALID], batch[fields.DISPARITY]
    np.testing.assert_array_equal((disparity > 127.5 / 255)[valid], batch[fields.MASK][valid] == 1)
    assert not disparity[~valid].any()
    gap = abs(disparity[..., None] - levels).min(-1)
    assert gap.max() < 1e-6  # No value lies between two of the image: nothing is interpolated.


def test_the_working_size_of_video_is_that_of_its_maps(tmp_path, frames, make):
  """Unlabelled clips can be wrapped, their maps have the size of their samples."""
  source = data.Video(frames(tmp_path / "drive"), CAMERA[:2] + (8, 6), size=(8, 10), held_out=0.0)
  wrapped = make(source, lambda images: np.float32(images[..., 1]), normalise="image")
  sample = read(wrapped, grant=Kind.NONE)[0]
  assert sample[fields.DISPARITY].shape == (8, 10) and sample[fields.FRAMES].shape == (2, 8, 10, 3)
  spec = wrapped.samples("train").element_spec
  assert spec[fields.DISPARITY].shape == [8, 10]
  larger = data.WithDisparity(
      data.Video(tmp_path / "drive", CAMERA[:2] + (8, 6), held_out=0.0), wrapped.folder)
  with pytest.raises(tf.errors.InvalidArgumentError, match="12x16"):
    read(larger)


@pytest.mark.slow
def test_the_label_maps_of_boxes_may_stand_on_it(mini, tmp_path, make):
  inner = data.Folder(mini, held_out=0.0)
  made = data.make_label_maps(inner, "train", "rect", cache_dir=tmp_path / "c", progress=False)
  for both in (data.WithBoxLabels(make(inner, normalise="image"), made),
               make(data.WithBoxLabels(inner, made), normalise="image")):
    sample = read(both, wanted=(fields.IMAGE, fields.BOX_LABELS, fields.DISPARITY))[0]
    np.testing.assert_array_equal(sample[fields.DISPARITY] == 1, sample[fields.BOX_LABELS] > 0)


# === Bundles whose parts carry different things ===


@pytest.fixture
def single(wrapped):
  """Single images with masks, some of them used, and disparity."""
  return wrapped


@pytest.fixture
def video(tmp_path, frames):
  """Clips without masks and disparity."""
  return data.Video(frames(tmp_path / "drive", height=24, width=32), CAMERA, held_out=0.0)


def joint(single, video, extra=(fields.FRAMES, fields.FRAME_OFFSETS, fields.INTRINSICS,
                                fields.DISPARITY)):
  parts = [data.Part(single, batch_size=2), data.Part(video, supervision="none", batch_size=1),
           data.Part(single, supervision="none", batch_size=1)]
  return data.Bundle(parts, data.Augmentation(crop=(20, 28)), extra_fields=extra)


def test_parts_without_disparity_or_video_are_blank_there(single, video):
  for batch in joint(single, video).batches().take(4).as_numpy_iterator():
    still = batch[fields.PART] != 1
    assert sorted(batch[fields.PART].tolist()) == [0, 0, 1, 2]
    assert batch[fields.DISPARITY].shape == (4, 20, 28)
    np.testing.assert_allclose(
        batch[fields.DISPARITY][still], batch[fields.IMAGE][still][..., 0] / 255, atol=1e-7)
    assert not batch[fields.DISPARITY][~still].any()
    assert batch[fields.FRAMES].shape == (4, 2, 20, 28, 3)
    assert not batch[fields.FRAMES][still].any() and batch[fields.FRAMES][~still].any()
    assert not batch[fields.FRAME_OFFSETS][still].any()
    assert batch[fields.FRAME_OFFSETS][~still].tolist() == [[-1, 1]]
    np.testing.assert_array_equal(batch[fields.INTRINSICS][still], np.tile(np.eye(3), [3, 1, 1]))
    assert (batch[fields.MASK][batch[fields.PART] == 0] < 255).any()
    assert (batch[fields.MASK][batch[fields.PART] > 0] == 255).all()


@pytest.mark.slow
def test_disparity_of_video_alone_is_blank_for_single_images(tmp_path, png, video, make):
  plain = noise(tmp_path / "plain", png)
  moving = make(video, lambda images: np.float32(images[..., 1]) + np.arange(32), "clips",
                normalise="image")
  parts = [data.Part(plain, batch_size=2), data.Part(moving, supervision="none", batch_size=2)]
  bundle = data.Bundle(parts, extra_fields=(fields.FRAMES, fields.DISPARITY))
  batch = next(bundle.batches().as_numpy_iterator())
  assert not batch[fields.DISPARITY][batch[fields.PART] == 0].any()
  np.testing.assert_allclose(
      batch[fields.DISPARITY][batch[fields.PART] == 1],
      np.broadcast_to(np.arange(32) / 31, [2, 24, 32]), atol=1e-5)


def with_and_without(single, video):
  return joint(single, video), joint(single.inner, video, extra=(fields.FRAMES,))


def test_an_order_of_samples_does_not_depend_on_disparity(single, video):
  both, without = with_and_without(single, video)
  assert all(both.sample_ids(step) == without.sample_ids(step) for step in range(6))


@pytest.mark.slow
def test_an_order_of_batches_does_not_depend_on_disparity(single, video):
  both, without = with_and_without(single, video)
  one, other = (next(each.batches(3).as_numpy_iterator()) for each in (both, without))
  for name in (fields.IMAGE, fields.MASK, fields.FRAMES):
    np.testing.assert_array_equal(one[name], other[name])


@pytest.mark.slow
def test_real_pictures_with_masks_beside_real_clips(shared_data, make):
  """CamVid's single images with disparity, KITTI's triplets without, in one batch."""
  root = shared_data("camvid")
  classes = tuple(f"class{number}" for number in range(11))
  streets = data.Folder(root, images="train", masks="trainannot", classes=classes, held_out=0.0,
                        remap={number: number for number in range(11)})
  ids = streets.ids("train")[:4]
  wrapped = make(streets, lambda images: images.mean(-1) / 255, ids=ids, batch_size=2)
  clips = data.kitti_clips(shared_data("kitti"), size=(96, 320))
  parts = [data.Part(wrapped, ids=ids, batch_size=2),
           data.Part(clips, supervision="none", batch_size=1)]
  bundle = data.Bundle(parts, data.Augmentation(crop=(96, 160)), extra_fields=(
      fields.FRAMES, fields.INTRINSICS, fields.DISPARITY))
  batch = next(bundle.batches().as_numpy_iterator())
  still = batch[fields.PART] == 0
  assert batch[fields.FRAMES].shape == (3, 2, 96, 160, 3) and batch[fields.FRAMES][~still].any()
  for image, disparity in zip(batch[fields.IMAGE][still], batch[fields.DISPARITY][still]):
    assert np.corrcoef(image.mean(-1).ravel(), disparity.ravel())[0, 1] > 0.9999
  assert with_disparity.KIND.absent(wrapped.folder, streets.ids("train")) == (
      streets.ids("train")[4:])
