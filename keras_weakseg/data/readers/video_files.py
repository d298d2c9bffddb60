"""Frames of a video file, taken out once into a cache: files can be read in any order."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import tempfile

from keras_weakseg import errors
from keras_weakseg.files import cache
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.files import writing

SUFFIXES = (".mp4", ".avi", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv")
# Films that OpenCV may read, and that are not looked for.
OTHERS = (".3gp", ".flv", ".mts", ".m2ts", ".ogv", ".vob", ".gifv", ".insv", ".h264", ".hevc")
_QUALITY = 95  # of the JPEG files
_DONE = "done.json"
_VERSION = 2       # raised when the same film would give other frames than before
_UNFINISHED = re.compile(r"\.unfinished-\w{8}")
_FACTS = schema.record({"size": schema.list_of(schema.whole, 2), "turn": schema.whole,
                        "notes": schema.list_of(schema.text)})
_TRIES = 200       # frames in a row that may be damaged


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
    (`pathlib.Path` of the folder, (height, width) of the film as it is shown). Numbers of frames
    that cannot be read are left out; see `record_of`.

  Raises:
    ValueError: OpenCV cannot read it, it has no frames, or lacks some and nobody knows which.
  """
  stat = os.stat(path)
  record = [os.path.abspath(path), stat.st_size, stat.st_mtime_ns, size, step, _QUALITY, _VERSION]
  name = hashlib.sha256(json.dumps(record).encode()).hexdigest()[:16]
  folder = cache.cache_root(cache_dir) / "video" / name
  if not (folder / _DONE).is_file():
    _extract(path, folder, size, step)
  return folder, tuple(_read(folder)["size"])


def _extract(path, folder, size, step):
  """Writes the frames under a temporary name; of several processes the first one wins."""
  staging = None
  try:
    folder.parent.mkdir(parents=True, exist_ok=True)
    writing.remove_abandoned(folder.parent, _UNFINISHED)
    staging = pathlib.Path(tempfile.mkdtemp(prefix=".unfinished-", dir=folder.parent))
    writing.write_json(staging / _DONE, _write_frames(path, staging, size, step))
    os.replace(staging, folder)
  except OSError as error:
    if not (folder / _DONE).is_file():  # Else another process was faster.
      raise writing.unwritable(folder, error) from error
  finally:
    if staging is not None:
      shutil.rmtree(staging, ignore_errors=True)


def record_of(folder):
  """Returns (turn, notes) of a folder of `extract`.

  Turn: degrees by which what is stored is turned clockwise to be shown, by the film's metadata.
  Notes: list of what is wrong with the film.
  """
  facts = _read(folder)
  return facts["turn"], facts["notes"]


def _read(folder):
  return json_files.read_json(folder / _DONE, "record of a film", _FACTS,
                              fix="Remove the folder; the film is then read again.")


def _write_frames(path, folder, size, step):
  """Returns a dict of the size and turn of the film and of notes on it."""
  import cv2  # pylint: disable=g-import-not-at-top
  film = cv2.VideoCapture(str(path))
  claimed, rate = (film.get(key) for key in (cv2.CAP_PROP_FRAME_COUNT, cv2.CAP_PROP_FPS))
  turn = int(film.get(cv2.CAP_PROP_ORIENTATION_META)) % 360
  turns = bool(film.get(cv2.CAP_PROP_ORIENTATION_AUTO))
  stored, read, holes = None, 0, 0
  try:
    for number, frame in _frames(film, claimed, rate, step):
      read += 1
      if frame is None:
        continue
      stored = frame.shape[:2]
      if size is not None and tuple(size) != stored:
        shrinks = size[0] < stored[0]
        frame = cv2.resize(frame, tuple(size)[::-1], interpolation=(
            cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
      holes = number + 1 - read
      # Not OpenCV's own writing, which says nothing of a full disk.
      writing.write_whole(folder / f"{number // step:06d}.jpg", cv2.imencode(
          ".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes())
  finally:
    film.release()
  if stored is None:
    raise errors.value_error(
        f"The film '{path}' cannot be read.", expected="a video file that OpenCV can decode",
        received="no frame", fix="Convert it to a folder of frames: ffmpeg -i film.mp4 %06d.jpg")
  return {"size": [int(side) for side in stored], "turn": turn if turns else 0,
          "notes": _notes(path, read, int(claimed), holes)}


def _frames(film, claimed, rate, step):
  """Yields (number, frame or None where it is not taken) of a film, over damaged parts too."""
  number, failed, damaged = -1, 0, False
  while failed < _TRIES:
    if not film.grab():
      if number + 1 + failed >= claimed:
        return
      failed, damaged = failed + 1, True
      continue
    failed, number = 0, number + 1
    if damaged:
      import cv2  # pylint: disable=g-import-not-at-top
      # What was lost is not counted by the decoder, but its clock goes on.
      number = max(number, round(film.get(cv2.CAP_PROP_POS_MSEC) * rate / 1000))
    good, frame = film.retrieve() if number % step == 0 else (True, None)
    if good:
      yield number, frame
    else:
      damaged = True


def _notes(path, read, claimed, holes):
  """Returns what to say of a film that lacks frames; refuses it where nobody knows which."""
  if read >= claimed:
    return []
  lost = f"{read} of the {claimed} frames that it claims could be read"
  if holes:
    return [f"the film is damaged: {lost}; {holes} are missing in the middle, and there are no "
            "neighbours across"]
  if _is_whole_avi(path):
    raise errors.value_error(
        f"The film '{path}' is damaged in an unknown place.", expected=f"{claimed} frames",
        received=f"{read}; an AVI does not say which of them are missing",
        fix="Repair it, or take it apart and put what follows on the damage into another folder: "
        "ffmpeg -i film.avi %06d.jpg")
  return [f"the film ends early or counts wrong: {lost}"]


def _is_whole_avi(path):
  """Returns whether a file is an AVI as long as its header says: then no end is cut off."""
  with open(path, "rb") as file:
    head = file.read(12)
  return (head[:4] == b"RIFF" and head[8:] == b"AVI "
          and os.path.getsize(path) >= int.from_bytes(head[4:8], "little"))
