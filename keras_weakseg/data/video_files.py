"""Frames of a video file, taken out once into a cache: files can be read in any order."""
import hashlib
import json
import os
import pathlib
import shutil
import tempfile

from keras_weakseg import errors
from keras_weakseg.data import cache

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
_QUALITY = 95  # of the JPEG files
_DONE = "done.json"


def extract(path, size=None, step=1, cache_dir=None):
  """Returns the folder with the frames of a film as JPEG files `000000.jpg`, ...

  The folder appears whole or not at all. It is named by path, size on disk and time of the film and
  by the settings, so a changed film is read again.

  Args:
    path: path of the film.
    size: (height, width) the frames are resized to, None = as they are.
    step: every how many frames one is taken.
    cache_dir: see `cache.cache_root`.

  Returns:
    (`pathlib.Path` of the folder, (height, width) of the film).

  Raises:
    ValueError: OpenCV cannot read it, or it has no frames.
  """
  stat = os.stat(path)
  record = [os.path.abspath(path), stat.st_size, stat.st_mtime_ns, size, step, _QUALITY]
  name = hashlib.sha256(json.dumps(record).encode()).hexdigest()[:16]
  folder = cache.cache_root(cache_dir) / "video" / name
  if not (folder / _DONE).is_file():
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = pathlib.Path(tempfile.mkdtemp(dir=folder.parent))
    try:
      stored = _write_frames(path, staging, size, step)
      (staging / _DONE).write_text(json.dumps({"size": stored}), encoding="utf-8")
      if not (folder / _DONE).is_file():
        os.replace(staging, folder)
    finally:
      shutil.rmtree(staging, ignore_errors=True)
  return folder, tuple(json.loads((folder / _DONE).read_text(encoding="utf-8"))["size"])


def _write_frames(path, folder, size, step):
  """Returns (height, width) of the film."""
  import cv2  # pylint: disable=g-import-not-at-top
  film = cv2.VideoCapture(str(path))
  count, stored = 0, None
  try:
    while film.grab():
      if count % step == 0:
        good, frame = film.retrieve()
        if not good:
          break
        stored = frame.shape[:2]
        if size is not None and tuple(size) != stored:
          shrinks = size[0] < stored[0]
          frame = cv2.resize(frame, tuple(size)[::-1], interpolation=(
              cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
        cv2.imwrite(str(folder / f"{count // step:06d}.jpg"), frame,
                    [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
      count += 1
  finally:
    film.release()
  if stored is None:
    raise errors.value_error(
        f"The film '{path}' cannot be read.", expected="a video file that OpenCV can decode",
        received="no frame", fix="Convert it to a folder of frames: ffmpeg -i film.mp4 %06d.jpg")
  return [int(side) for side in stored]
