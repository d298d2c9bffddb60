"""Films become folders of frames, once."""
import numpy as np
import pytest

from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import video_files


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


# === Damaged and turned films ===


def long_film(path, code):
  """Sixty frames of a moving texture whose upper rows are four times their number."""
  import cv2
  writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*code), 25, (160, 96))
  if not writer.isOpened():
    pytest.skip("this OpenCV cannot write such films")
  random = np.random.RandomState(0)
  texture = cv2.GaussianBlur(random.randint(0, 255, (96, 400, 3)).astype(np.uint8), (0, 0), 2)
  for number in range(60):
    frame = texture[:, 2 * number:2 * number + 160].copy()
    frame[:10] = 4 * number
    writer.write(frame)
  writer.release()
  return path


def damaged(path):
  content = bytearray(path.read_bytes())
  start, length = len(content) // 2, len(content) // 10
  content[start:start + length] = bytes(length)
  path.write_bytes(content)
  return path


def numbers_in(folder):
  """Returns {number in the name: number by its brightness}."""
  import cv2
  return {int(name): cv2.imread(path)[:8].mean() / 4
          for name, path in file_index.list_ids(folder, (".jpg",)).items()}


def test_behind_a_damaged_part_frames_keep_their_numbers(tmp_path):
  film = damaged(long_film(tmp_path / "film.mp4", "mp4v"))
  folder, _ = video_files.extract(film, cache_dir=tmp_path / "cache")
  found = numbers_in(folder)
  assert 59 in found and 45 < len(found) < 60
  assert all(abs(found[number] - number) < 1.5 for number in found
             if number < 20 or number > 50)  # the decoder patches what it can in between
  for _ in range(2):  # the second time from the cache
    again, _ = video_files.extract(film, cache_dir=tmp_path / "cache")
    turn, (note,) = video_files.record_of(again)
    assert turn == 0 and "damaged" in note and f"{len(found)} of the 60 frames" in note


def test_a_film_that_is_cut_off_says_so(tmp_path):
  film = long_film(tmp_path / "film.avi", "MJPG")
  film.write_bytes(film.read_bytes()[:film.stat().st_size // 2])
  folder, _ = video_files.extract(film, cache_dir=tmp_path / "cache")
  found = numbers_in(folder)
  assert 20 < len(found) < 40 and all(abs(found[number] - number) < 1 for number in found)
  note, = video_files.record_of(folder)[1]
  assert f"ends early or counts wrong: {len(found)} of the 60" in note


def test_frames_that_are_missing_nobody_knows_where_are_refused(tmp_path):
  film = damaged(long_film(tmp_path / "film.avi", "MJPG"))
  with pytest.raises(ValueError, match="(?s)damaged in an unknown place.*ffmpeg"):
    video_files.extract(film, cache_dir=tmp_path / "cache")
  assert not list((tmp_path / "cache" / "video").iterdir())


def test_a_turned_film_turns_its_camera(film, tmp_path, monkeypatch):
  """OpenCV cannot write the tag, so what it says of the film is stood in for."""
  from keras_weakseg.data.sources import video
  (tmp_path / "k.txt").write_text("40 40 40 23\n")
  real = video_files.record_of
  upright = video.Video(film, tmp_path / "k.txt", held_out=0, cache_dir=tmp_path)
  matrix = lambda source: next(source.samples("train").as_numpy_iterator())["intrinsics"]
  assert matrix(upright)[:2, 2].tolist() == [40, 23]
  monkeypatch.setattr(video_files, "record_of", lambda folder: (180, real(folder)[1]))
  turned = video.Video(film, tmp_path / "k.txt", held_out=0, cache_dir=tmp_path)
  assert matrix(turned)[:2, 2].tolist() == [63 - 40, 47 - 23]
  assert any("turned by 180 degrees" in note for note in turned.notes)


def test_two_processes_make_one_folder_and_leftovers_go(film, tmp_path, monkeypatch):
  import os
  import shutil
  import threading
  folders, barrier, write = [], threading.Barrier(2, timeout=20), video_files._write_frames

  def together(*arguments):
    facts = write(*arguments)
    barrier.wait()  # Both have seen that there is nothing yet.
    return facts

  old = tmp_path / "video" / ".unfinished-abcd1234"
  old.mkdir(parents=True)
  (old / "000000.jpg").touch()
  os.utime(old, (0, 0))
  monkeypatch.setattr(video_files, "_write_frames", together)
  threads = [threading.Thread(target=lambda: folders.append(
      video_files.extract(film, cache_dir=tmp_path)[0])) for _ in range(2)]
  for thread in threads:
    thread.start()
  for thread in threads:
    thread.join()
  assert len(set(folders)) == 1 and len(folders) == 2 and len(brightness(folders[0])) == 10
  assert os.listdir(tmp_path / "video") == [folders[0].name]
  (folders[0] / "done.json").write_text("[]")
  with pytest.raises(ValueError, match="(?s)record of a film .*cannot be read"):
    video_files.extract(film, cache_dir=tmp_path)
  shutil.rmtree(folders[0])
