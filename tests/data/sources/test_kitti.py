"""KITTI raw in the official layout, in miniature: extracted, zipped, listed, stereo, depth."""
import shutil
import zipfile

import numpy as np
import pytest

from keras_weakseg import data as kw_data
from keras_weakseg import fields
from keras_weakseg.data.sources import kitti

DAY, DRIVE = "2011_09_26", "2011_09_26_drive_0001_sync"
# The true rectified cameras of that day, for a picture of a twentieth of the size.
CALIBRATION = """calib_time: 09-Jan-2012 13:57:47
corner_dist: 9.950000e-02
S_02: 1.392000e+03 5.120000e+02
S_rect_02: 1.242000e+03 3.750000e+02
P_rect_02: 721.5377 0 609.5593 44.85728 0 721.5377 172.854 .2163791 0 0 1 2.745884e-03
S_rect_03: 1.242000e+03 3.750000e+02
P_rect_03: 721.5377 0 609.5593 -339.5242 0 721.5377 172.854 2.199936 0 0 1 2.729905e-03
"""


@pytest.fixture
def root(tmp_path, frames):
  day = tmp_path / "raw" / DAY
  for camera, first in (("image_02", 0), ("image_03", 0)):
    frames(day / DRIVE / camera / "data", count=5, height=38, width=124)
    for path in (day / DRIVE / camera / "data").glob("*.png"):
      path.rename(path.with_name(f"{int(path.stem) + first:010d}.png"))
  (day / "calib_cam_to_cam.txt").write_text(CALIBRATION)
  return tmp_path / "raw"


def read(source, split="train", **options):
  return list(source.samples(split, **options).as_numpy_iterator())


def test_rectified_intrinsics_at_the_working_size(root):
  source = kw_data.Kitti(root, size=(19, 62), held_out=0)
  assert source.ids("train") == tuple(f"{DAY}/{DRIVE}/image_02/{n:010d}" for n in (1, 2, 3))
  sample = read(source)[0]
  assert sample[fields.IMAGE].shape == (19, 62, 3) and sample[fields.FRAMES].shape == (2, 19, 62, 3)
  right, down = 62 / 1242, 19 / 375
  np.testing.assert_allclose(sample[fields.INTRINSICS], [
      [721.5377 * right, 0, 610.0593 * right - 0.5], [0, 721.5377 * down, 173.354 * down - 0.5],
      [0, 0, 1]], rtol=1e-5)
  assert sample[fields.SUPERVISION] == 0


def test_the_stereo_partner_is_54_cm_to_the_side(root):
  left = read(kw_data.Kitti(root, size=(19, 62), stereo=True, held_out=0))[0]
  assert left[fields.STEREO_IMAGE].shape == (19, 62, 3)
  # A point lies further left for the right camera.
  np.testing.assert_allclose(left[fields.STEREO_POSE][:3, 3], [-0.5327, 0.0027, 0], atol=1e-3)
  right = read(kw_data.Kitti(root, size=(19, 62), stereo=True, cameras=("image_03",)))[0]
  np.testing.assert_allclose(right[fields.STEREO_POSE] @ left[fields.STEREO_POSE], np.eye(4),
                             atol=1e-6)


def test_zips_are_read_as_they_are(root, tmp_path):
  zips = tmp_path / "zips"
  zips.mkdir()
  for name, wanted in (("drive.zip", ".png"), ("calib.zip", ".txt")):
    with zipfile.ZipFile(zips / name, "w") as archive:
      for path in root.rglob(f"*{wanted}"):
        archive.write(path, path.relative_to(root))
  packed, tree = (kw_data.Kitti(place, size=(19, 62), held_out=0) for place in (zips, root))
  assert packed.ids("train") == tree.ids("train") and packed.notes == tree.notes
  for one, other in zip(read(packed), read(tree)):
    for name in one:
      np.testing.assert_array_equal(one[name], other[name])


def test_published_lists(root):
  source = kw_data.Kitti(root, size=(19, 62), splits={
      "train": [f"{DAY}/{DRIVE} 1 l", f"{DAY}/{DRIVE} 0000000003 r"], "test": [f"{DAY}/{DRIVE}"]})
  assert source.ids("train") == (f"{DAY}/{DRIVE}/image_02/{1:010d}",
                                 f"{DAY}/{DRIVE}/image_03/{3:010d}")
  assert len(source.ids("test")) == 3
  with pytest.raises(FileNotFoundError, match="names 1 frames.*\n.*9 l"):
    kw_data.Kitti(root, splits={"train": [f"{DAY}/{DRIVE} 9 l"]})


def test_annotated_depth_is_in_metres(root, tmp_path):
  import cv2
  place = tmp_path / "depth" / "train" / DRIVE / "proj_depth" / "groundtruth" / "image_02"
  place.mkdir(parents=True)
  cv2.imwrite(str(place / "0000000002.png"), np.full((38, 124), 2560, np.uint16))
  source = kw_data.Kitti(root, size=(19, 62), held_out=0, depth=tmp_path / "depth")
  assert source.supervision("train").tolist() == [0, 8, 0]
  depth = [sample[fields.DEPTH] for sample in read(source, grant=fields.Supervision.DEPTH)]
  assert [float(values.max()) for values in depth] == [0, 10, 0] and (depth[1] == 10).all()
  assert fields.DEPTH not in read(source)[0]


def test_missing_frames_in_a_drive_break_the_neighbourhood(root):
  (root / DAY / DRIVE / "image_02" / "data" / "0000000002.png").unlink()
  with pytest.raises(ValueError, match="no frame with all its neighbours"):
    kw_data.Kitti(root, size=(19, 62), held_out=0)


def test_what_is_missing_is_listed(root):
  (root / DAY / "calib_cam_to_cam.txt").unlink()
  with pytest.raises(FileNotFoundError, match=f"{DAY}/calib_cam_to_cam.txt"):
    kw_data.Kitti(root)
  shutil.rmtree(root / DAY / DRIVE)
  with pytest.raises(FileNotFoundError, match="no frames"):
    kw_data.Kitti(root)


def test_a_calibration_of_other_cameras_is_refused():
  known = kitti.read_calibration(CALIBRATION)
  assert "calib_time" not in known and kitti.calibration_of(known, "image_03")[1] == (375, 1242)
  with pytest.raises(ValueError, match="P_rect_00"):
    kitti.calibration_of(known, "image_00")


def test_a_calibration_that_says_two_things_is_refused():
  line = CALIBRATION.splitlines()[-1]
  assert kitti.read_calibration(CALIBRATION + "\n" + line).keys() == (
      kitti.read_calibration(CALIBRATION).keys())
  with pytest.raises(ValueError, match="twice"):
    kitti.read_calibration(CALIBRATION + "\n" + line.split(":")[0] + ": 1 2 3")


@pytest.mark.parametrize("name, values", [
    ("S_rect_02", "1242"), ("P_rect_02", "1 2 3"), ("P_rect_02", "nan " * 12)])
def test_a_damaged_calibration_is_named(name, values):
  lines = [line for line in CALIBRATION.splitlines() if not line.startswith(name)]
  known = kitti.read_calibration("\n".join([*lines, f"{name}: {values}"]))
  with pytest.raises(ValueError, match="(?s)calibration of the camera 'image_02' is damaged"):
    kitti.calibration_of(known, "image_02")


def test_a_list_to_validate_on_beside_splits_is_refused(tmp_path):
  with pytest.raises(ValueError, match="two ways to say what is validated on"):
    kw_data.Kitti(tmp_path, splits={"train": ["a/b"]}, validation=["a/c"])
