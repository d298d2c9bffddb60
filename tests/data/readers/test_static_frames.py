"""Differences of frames: motion counts, compression does not."""
import numpy as np
import pytest

from keras_weakseg.data.readers import static_frames


def test_the_mean_difference_of_grey(tmp_path, png):
  for name, grey in (("a", 100), ("b", 130), ("c", 130)):
    png(tmp_path / f"{name}.png", np.full((48, 64, 3), grey, np.uint8))
  a, b, c = (str(tmp_path / f"{name}.png") for name in "abc")
  found = static_frames.differences([(a, b), (b, c), (a, b)])
  assert found == {(a, b): pytest.approx(30), (b, c): 0}


def test_a_shifted_picture_differs_more_than_a_recompressed_one(tmp_path):
  import cv2
  image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (240, 400, 3)).astype(
      np.uint8), (0, 0), 8)
  image = cv2.normalize(image, None, 0, 255, cv2.NORM_MINMAX)
  cv2.imwrite(str(tmp_path / "a.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 95])
  cv2.imwrite(str(tmp_path / "b.jpg"), image, [cv2.IMWRITE_JPEG_QUALITY, 70])
  cv2.imwrite(str(tmp_path / "c.jpg"), np.roll(image, 6, 1), [cv2.IMWRITE_JPEG_QUALITY, 95])
  a, b, c = (str(tmp_path / f"{name}.jpg") for name in "abc")
  found = static_frames.differences([(a, b), (a, c)])
  assert found[a, b] < 0.5 < 2 < found[a, c]


def test_broken_frames_are_left_to_who_reads_them(tmp_path, png):
  png(tmp_path / "a.png", np.zeros((24, 32), np.uint8))
  png(tmp_path / "tall.png", np.zeros((64, 32), np.uint8))
  (tmp_path / "b.png").write_text("no picture")
  (tmp_path / "empty.png").touch()
  pairs = [(str(tmp_path / "a.png"), str(tmp_path / f"{name}.png"))
           for name in ("b", "empty", "tall")]
  assert list(static_frames.differences(pairs).values()) == [np.inf] * 3


def test_the_standing_end_of_a_real_clip(shared_data):
  paths = sorted(map(str, (shared_data("kitti") / "raw_lidar_78f").glob("*[0-9].jpg")))[-20:]
  other = sorted(map(str, (shared_data("kitti") / "raw_0095_268f").glob("*.jpg")))[:20]
  still = static_frames.differences(list(zip(paths, paths[1:])))
  moving = static_frames.differences(list(zip(other, other[1:])))
  assert min(still.values()) < 1 and min(moving.values()) > 5
