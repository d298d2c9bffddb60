"""The excerpts of KITTI: clips, stereo pairs, odometry; real geometry holds together."""
import numpy as np
import pytest

from keras_weakseg import data as kw_data
from keras_weakseg import fields
from keras_weakseg.ops import geometry

DEPTH = fields.Supervision.DEPTH


def read(source, split, count, **options):
  return list(source.samples(split, **options).take(count).as_numpy_iterator())


@pytest.fixture
def root(shared_data):
  return shared_data("kitti")


def error_by(sample, image, pose, depth, keep):
  """Mean absolute error of the image, warped by a pose at a depth, over pixels to keep."""
  warped = geometry.warp(image[None].astype(np.float32), depth[None, ..., None], pose[None],
                         sample[fields.INTRINSICS][None])[0]
  return np.abs(warped - sample[fields.IMAGE].astype(np.float32))[keep].mean()


def test_clips_and_their_lidar(root):
  source = kw_data.kitti_clips(root, static_threshold=0)
  assert len(source.ids("train")) == 387 and len(source.ids("validation")) == 38
  flags = source.supervision("train", DEPTH)
  assert flags.sum() == 8 * sum("lidar" in name for name in source.ids("train"))
  chosen = tuple(name for name in source.ids("train") if "lidar" in name)[:1]
  sample, = read(source, "train", 1, ids=chosen, grant=DEPTH)
  known = sample[fields.DEPTH][sample[fields.DEPTH] > 0]
  assert 0.01 < known.size / (192 * 640) < 0.3 and 1 < known.min() and known.max() < 130


def test_standing_frames_are_dropped(root):
  moving = kw_data.kitti_clips(root, clips=("raw_lidar_78f",))
  assert 70 > len(moving.ids("train")) and "dropped" in " ".join(moving.notes)


def test_stereo_pairs_agree_with_their_depth(root):
  source = kw_data.kitti_stereo(root)
  assert len(source.ids("test")) == 90
  fits, mirrored = [], []
  for sample in read(source, "test", 4, grant=DEPTH):
    keep = sample[fields.DEPTH] > 0
    depth = np.where(keep, sample[fields.DEPTH], 1.0)
    pose, other = sample[fields.STEREO_POSE], np.eye(4, dtype=np.float32)
    fits.append(error_by(sample, sample[fields.STEREO_IMAGE], pose, depth, keep))
    other[0, 3] = -pose[0, 3]
    mirrored.append(min(error_by(sample, sample[fields.STEREO_IMAGE], wrong, depth, keep)
                        for wrong in (other, np.eye(4, dtype=np.float32))))
  assert np.mean(fits) < 0.6 * np.mean(mirrored)


def test_cars_can_be_left_out(root):
  both = [read(kw_data.kitti_stereo(root, cars=cars), "test", 5, grant=DEPTH)
          for cars in (True, False)]
  lost = [np.sum((one[fields.DEPTH] > 0) & (other[fields.DEPTH] == 0)) for one, other in zip(*both)]
  assert max(lost) > 100 and all(
      (one[fields.DEPTH] >= other[fields.DEPTH]).all() for one, other in zip(*both))


def test_odometry_poses_move_forward(root):
  source = kw_data.kitti_odometry(root)
  assert len(source.ids("test")) == 98
  sample, = read(source, "test", 1, grant=DEPTH)
  # A point ahead is further away from the frame before, nearer to the one after.
  assert sample[fields.POSES][0][2, 3] > 0.5 and sample[fields.POSES][1][2, 3] < -0.5
  np.testing.assert_allclose(sample[fields.INTRINSICS][:2], [
      [707.0912 * 640 / 1226, 0, 602.3873 * 640 / 1226 - 0.5],
      [0, 707.0912 * 192 / 370, 183.6104 * 192 / 370 - 0.5]], rtol=1e-4)


def test_missing_files_are_named(tmp_path):
  with pytest.raises(FileNotFoundError, match="calib.json"):
    kw_data.kitti_clips(tmp_path)
  text = '{"fx": 1, "fy": 1, "cx": 1, "cy": 1, "size": [3, 3], "depth_scale": 256'
  (tmp_path / "calib.json").write_text(text + "}")
  with pytest.raises(ValueError, match="(?s)calib.json' cannot be read.*baseline_m"):
    kw_data.kitti_clips(tmp_path)
  (tmp_path / "calib.json").write_text(text + ', "baseline_m": 0.5}')
  with pytest.raises(FileNotFoundError, match="raw_0095_268f"):
    kw_data.kitti_clips(tmp_path)
