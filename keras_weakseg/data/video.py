"""Any video as a source: folders of frames, or films, with the camera's intrinsics."""
import os
import pathlib

from keras_weakseg import errors
from keras_weakseg.data import clip as clip_lib
from keras_weakseg.data import clips as clips_lib
from keras_weakseg.data import file_index
from keras_weakseg.data import frame_files
from keras_weakseg.data import intrinsics as cameras
from keras_weakseg.data import locations
from keras_weakseg.data import video_files

_USUAL = ("intrinsics.txt", "intrinsics.json")


class Video(clips_lib.Clips):
  """Frames of a moving camera: a folder of images, of subfolders with images, or of films.

  ```
  drive/000000.jpg ...              one clip, frames in the order of their names
  drives/monday/*.jpg, drives/tuesday.mp4      several clips
  drive/intrinsics.txt              fx fy cx cy of the frames as stored; need not be named
  ```

  Without intrinsics, a field of view may be assumed: depth is then right up to the error of the
  angle. Films are taken apart once, into the cache.

  Args:
    root: the folder, or one film; a relative one is also looked for in the data locations.
    intrinsics: see `intrinsics.read_intrinsics`; a relative path is looked for in the folder too.
    field_of_view: horizontal angle in degrees that is assumed instead.
    size: (height, width) that frames are resized to; None keeps them.
    offsets: neighbours of a frame; for slow films (-5, 5).
    static_threshold: samples whose camera stands are dropped: mean absolute difference to a
      neighbour, 0..255, below it; 0 keeps all.
    occluders: see `occluders.visible`: what always hides the scene, such as the bonnet.
    validation: names of the clips of the split `validation`; None: the last share of every clip.
    held_out: that share, 0..1; the frames at the seam belong to neither split.
    step: every how many frames of a film one is used.
    classes: class names of labelled data that it is trained with.
    data_dir: folder of data sets, see `locations.find`.
    cache_dir: where frames of films are kept, see `cache.cache_root`.
    name: name in plans and records, None = the name of the folder.

  Raises:
    FileNotFoundError: the folder or the intrinsics are not there, or there are no frames.
    ValueError: the intrinsics do not fit, or there are too few frames.
  """

  def __init__(self, root, intrinsics=None, *, field_of_view=None, size=None, offsets=(-1, 1),
               static_threshold=1.0, occluders=None, validation=None, held_out=0.1, step=1,
               classes=(), data_dir=None, cache_dir=None, name=None):
    film = pathlib.Path(root)
    is_film = film.suffix.lower() in video_files.SUFFIXES and film.is_file()
    self.root = film.parent if is_film else locations.find(root, data_dir)
    name = name or (film.stem if is_film else self.root.resolve().name)
    if isinstance(occluders, (str, os.PathLike)) and (self.root / occluders).is_file():
      occluders = self.root / occluders
    places = _places(self.root, name, [film] if is_film else None, occluders)
    matrix, note = _camera(self.root, intrinsics, field_of_view, name)
    made = [_clip(key, place, matrix, field_of_view, size, step, cache_dir)
            for key, place in places.items()]
    made = [clip for clip in made if clip.frames]
    if not made:
      raise errors.missing(
          f"'{name}' holds no frames.", expected="images "
          + ", ".join(file_index.IMAGE_SUFFIXES) + " or films " + ", ".join(video_files.SUFFIXES)
          + f" in '{self.root}'", received="none", fix="Check the folder.")
    splits = clip_lib.divide(made, validation, held_out)
    super().__init__(name, splits, size=size, offsets=offsets, static_threshold=static_threshold,
                     occluders=occluders, classes=classes)
    self.notes += [note] if note else []


def _places(root, name, films, occluders):
  """Returns a dict of clip name to a list of (id, path) of frames, or to a film."""
  frames = {} if films else file_index.list_ids(root, file_index.IMAGE_SUFFIXES)
  found = {}
  for sample in sorted(frames, key=frame_files.natural_key):
    if str(frames[sample]) != str(occluders):
      found.setdefault(os.path.dirname(sample) or name, []).append((sample, frames[sample]))
  if films is None:
    films = sorted(path for path in root.rglob("*")
                   if path.suffix.lower() in video_files.SUFFIXES)
  found.update({film.relative_to(root).with_suffix("").as_posix(): film for film in films})
  return dict(sorted(found.items()))


def _camera(root, intrinsics, field_of_view, name):
  """Returns (matrix or None, note for the plan)."""
  if intrinsics is None and field_of_view is None:
    intrinsics = next((root / usual for usual in _USUAL if (root / usual).is_file()), None)
  if (intrinsics is None) == (field_of_view is None):
    raise errors.value_error(
        f"The camera of '{name}' is not known.",
        expected="either intrinsics= (fx fy cx cy in pixels, or a file) or field_of_view= "
        "(degrees)",
        received="neither" if intrinsics is None else "both",
        fix=f"Write 'fx fy cx cy' to '{root / _USUAL[0]}', or pass an assumed field_of_view=65.")
  if intrinsics is None:
    return None, f"assumed field of view: {field_of_view:g} degrees across the width"
  if isinstance(intrinsics, (str, os.PathLike)) and (root / intrinsics).is_file():
    intrinsics = root / intrinsics
  return cameras.read_intrinsics(intrinsics), ""


def _clip(key, place, matrix, field_of_view, size, step, cache_dir):
  if isinstance(place, list):
    frames = [path for _, path in place]
    keys = [os.path.basename(sample) for sample, _ in place]
    stored = file_size = frame_files.common_size(frames, key)
  else:
    folder, stored = video_files.extract(place, size, step, cache_dir)
    listed = file_index.list_ids(folder, (".jpg",))
    keys, frames = list(listed), list(listed.values())
    file_size = tuple(size or stored)
  if matrix is None:
    own = cameras.assumed(field_of_view, stored)
  else:
    own = cameras.check(matrix, stored, key)
  own = cameras.resized(own, stored, file_size)
  return clip_lib.Clip(key, tuple(keys), tuple(frames), tuple(file_size), own)
