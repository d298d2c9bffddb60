"""Cityscapes in the official layout, in miniature: sequences, cameras, masks, zips."""
import json
import zipfile

import numpy as np
import pytest

from keras_weakseg import data as kw_data
from keras_weakseg import fields
from keras_weakseg.data.sources import cityscapes_video

Kind = fields.Supervision
CAMERA = {"intrinsic": {"fx": 2262.52, "fy": 2265.3017905988554, "u0": 1096.98, "v0": 513.137},
          "extrinsic": {"baseline": 0.209313}}
SIZE = (32, 64)  # of the stored miniature; the camera files speak of 1024x2048


@pytest.fixture
def root(tmp_path, png):
  """A snippet of 5 frames, and one city whose sequence runs on through two snippets."""
  base = tmp_path / "cityscapes"
  for split, city, sequence, numbers, annotated in (
      ("train", "aachen", "000000", range(17, 22), 19),
      ("train", "hanover", "000000", [*range(100, 103), *range(200, 203)], 201),
      ("val", "lindau", "000003", range(3), 1)):
    for number in numbers:
      name = f"{split}/{city}/{city}_{sequence}_{number:06d}"
      image = np.full((*SIZE, 3), number, np.uint8)
      png(base / "leftImg8bit_sequence" / f"{name}_leftImg8bit.png", image)
      png(base / "rightImg8bit_sequence" / f"{name}_rightImg8bit.png", image + 1)
      if number == annotated:
        png(base / "gtFine" / f"{name}_gtFine_labelIds.png",
            np.repeat(np.array([[7, 26, 1, 33]], np.uint8), 16, 1).repeat(32, 0))
        png(base / "gtFine" / f"{name}_gtFine_color.png", image)
        place = base / "camera" / f"{name}_camera.json"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(json.dumps(CAMERA))
  return base


def read(source, split="train", **options):
  return list(source.samples(split, **options).as_numpy_iterator())


def test_frames_of_a_snippet_are_neighbours(root):
  source = kw_data.CityscapesVideo(root, size=(16, 32))
  assert source.splits() == ("train", "validation") and not source.classes
  assert [name.split("/")[-1] for name in source.ids("train")] == [
      "aachen_000000_000018", "aachen_000000_000019", "aachen_000000_000020",
      "hanover_000000_000101", "hanover_000000_000201"]
  sample = read(source)[0]
  assert sample[fields.FRAMES][:, 0, 0, 0].tolist() == [17, 19]
  assert sample[fields.IMAGE].shape == (16, 32, 3)


def test_correct_intrinsics_are_those_of_the_working_size(root):
  sample = read(kw_data.CityscapesVideo(root, size=(16, 32)))[0]
  np.testing.assert_allclose(sample[fields.INTRINSICS], [
      [2262.52 / 64, 0, 1097.48 / 64 - 0.5], [0, 2265.30179 / 64, 513.637 / 64 - 0.5], [0, 0, 1]],
                             rtol=1e-5)


def test_the_intrinsics_of_the_reference_ignore_the_size(root):
  sample = read(kw_data.CityscapesVideo(root, size=(16, 32), intrinsics="reference"))[0]
  np.testing.assert_allclose(sample[fields.INTRINSICS], [
      [2262.52, 0, 1096.98], [0, 2265.30179, 513.137], [0, 0, 1]], rtol=1e-5)
  with pytest.raises(ValueError, match="Did you mean 'reference'"):
    kw_data.CityscapesVideo(root, intrinsics="refrence")


def test_annotated_frames_with_masks(root):
  source = kw_data.CityscapesVideo(root, size=(16, 32), annotated_only=True, masks=True)
  assert len(source.ids("train")) == 2 and source.num_classes == 19
  assert source.palette[0] == (128, 64, 128)
  sample = read(source, grant=Kind.MASK)[0]
  assert sample[fields.MASK][0, ::8].tolist() == [0, 13, 255, 18]
  assert sample[fields.TAGS].nonzero()[0].tolist() == [0, 13, 18]
  assert len(cityscapes_video.CLASSES) == len(cityscapes_video.PALETTE) == 19


def test_the_right_camera(root):
  sample = read(kw_data.CityscapesVideo(root, size=(16, 32), stereo=True))[0]
  assert sample[fields.STEREO_IMAGE][0, 0, 0] == sample[fields.IMAGE][0, 0, 0] + 1
  assert sample[fields.STEREO_POSE][0, 3] == pytest.approx(-0.209313)


def test_zips_are_read_as_they_are(root, tmp_path):
  zips = tmp_path / "zips"
  zips.mkdir()
  for kind in ("leftImg8bit_sequence", "camera", "gtFine"):
    with zipfile.ZipFile(zips / f"{kind}_trainvaltest.zip", "w") as archive:
      for path in (root / kind).rglob("*.*"):
        archive.write(path, path.relative_to(root))
  packed, tree = (kw_data.CityscapesVideo(place, size=(16, 32), masks=True)
                  for place in (zips, root))
  assert packed.ids("train") == tree.ids("train")
  for one, other in zip(read(packed), read(tree)):
    for name in one:
      np.testing.assert_array_equal(one[name], other[name])


def test_what_is_missing_is_said(root, tmp_path):
  (tmp_path / "empty").mkdir()
  with pytest.raises(FileNotFoundError, match="leftImg8bit_sequence_trainvaltest.zip"):
    kw_data.CityscapesVideo(tmp_path / "empty")
  for path in (root / "camera").rglob("aachen*.json"):
    path.unlink()
  with pytest.raises(FileNotFoundError, match="'aachen'"):
    kw_data.CityscapesVideo(root)
