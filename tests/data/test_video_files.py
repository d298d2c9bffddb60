"""Films become folders of frames, once."""
import numpy as np
import pytest

from keras_weakseg.data import file_index
from keras_weakseg.data import video_files


@pytest.fixture
def film(tmp_path):
  """Ten frames of 48x64 whose brightness is 20 times their number."""
  import cv2
  path = tmp_path / "film.avi"
  writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, (64, 48))
  if not writer.isOpened():
    pytest.skip("this OpenCV cannot write films")
  for number in range(10):
    writer.write(np.full((48, 64, 3), 20 * number, np.uint8))
  writer.release()
  return path


def brightness(folder):
  import cv2
  return [float(cv2.imread(path).mean()) for path in
          file_index.list_ids(folder, (".jpg",)).values()]


def test_all_frames_in_order(film, tmp_path):
  folder, size = video_files.extract(film, cache_dir=tmp_path / "cache")
  assert size == (48, 64)
  np.testing.assert_allclose(brightness(folder), np.arange(10) * 20, atol=2)


def test_steps_and_sizes_are_other_folders(film, tmp_path):
  import cv2
  whole, _ = video_files.extract(film, cache_dir=tmp_path)
  small, size = video_files.extract(film, (24, 16), step=3, cache_dir=tmp_path)
  assert whole != small and size == (48, 64)
  np.testing.assert_allclose(brightness(small), [0, 60, 120, 180], atol=2)
  assert cv2.imread(str(small / "000001.jpg")).shape == (24, 16, 3)


def test_a_film_is_read_once(film, tmp_path, monkeypatch):
  folder, size = video_files.extract(film, cache_dir=tmp_path / "cache")
  monkeypatch.setattr(video_files, "_write_frames", lambda *given: pytest.fail("read again"))
  assert video_files.extract(film, cache_dir=tmp_path / "cache") == (folder, size)


def test_what_is_no_film_leaves_nothing_behind(tmp_path):
  path = tmp_path / "film.mp4"
  path.write_bytes(b"no film")
  with pytest.raises(ValueError, match="ffmpeg"):
    video_files.extract(path, cache_dir=tmp_path / "cache")
  assert not list((tmp_path / "cache" / "video").iterdir())
