"""Any video as a source: folders of frames, or films, with the camera's intrinsics."""
import dataclasses
import os
import pathlib
from typing import Tuple

import numpy as np

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import frame_files
from keras_weakseg.data.readers import frame_order
from keras_weakseg.data.readers import intrinsics as cameras
from keras_weakseg.data.readers import locations
from keras_weakseg.data.readers import video_files
from keras_weakseg.data.sources import clip as clip_lib
from keras_weakseg.data.sources import clips as clips_lib

_USUAL = ("intrinsics.txt", "intrinsics.json")
# Folders with one of these hold what this library made of frames, and no frames.
RESULTS = ("predictions.json", "disparity_maps.json", "label_maps.json", "record.json",
           "experiment.yaml")
_SHOWN = 5  # names in a line of the plan


class Video(clips_lib.Clips):
  """Frames of a moving camera: a folder of images, of subfolders with images, or of films.

  ```
  drive/000000.jpg ...              one clip, frames in the order of their names
  drives/monday/*.jpg, drives/tuesday.mp4      several clips
  drive/intrinsics.txt              fx fy cx cy of the frames as stored; need not be named
  drives/monday/intrinsics.txt      of this clip; the others share drives/intrinsics.txt
  ```

  Without intrinsics, a field of view may be assumed: depth is then right up to the error of the
  angle. Films are taken apart once, into the cache, turned as their metadata says. Subfolders of
  results (`RESULTS`) are no clips. Which frames are neighbours, names say: see `frame_order`.

  Args:
    root: the folder, or one film; a relative one is also looked for in the data locations.
    intrinsics: `"fx fy cx cy"` in pixels of the frames as stored, or a file of them; see
      `intrinsics.read_intrinsics`; a relative path is looked for in the folder too.
    field_of_view: horizontal angle in degrees that is assumed instead.
    size: (height, width) that frames are resized to; None keeps them.
    offsets: neighbours of a frame; of slow films -5,5.
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
    ValueError: the intrinsics do not fit, an argument cannot be used, or there are too few frames.
  """

  def __init__(self, root: arguments.Path, intrinsics: arguments.Path | None = None, *,
               field_of_view: float | None = None, size: arguments.Ints | None = None,
               offsets: arguments.Ints = (-1, 1), static_threshold: float = 1.0,
               occluders: arguments.Path | None = None, validation: arguments.Texts | None = None,
               held_out: float = 0.1, step: int = 1, classes: arguments.Texts = (),
               data_dir: arguments.Path | None = None, cache_dir: arguments.Path | None = None,
               name: str | None = None):
    size, offsets = clips_lib.checked_options(size, offsets)
    if not isinstance(step, int) or step < 1:
      raise errors.value_error("The step of films cannot be used.", expected="1, 2, 3, ...",
                               received=repr(step), fix="Pass step=1, or leave it out.")
    root, occluders = paths.expand(root), paths.expand(occluders)
    film = pathlib.Path(root)
    is_film = film.suffix.lower() in video_files.SUFFIXES and film.is_file()
    self.root = film.parent if is_film else locations.find(root, data_dir)
    name = name or (film.stem if is_film else self.root.resolve().name)
    if isinstance(occluders, (str, os.PathLike)) and (self.root / occluders).is_file():
      occluders = self.root / occluders
    results = [] if is_film else file_index.folders_with(self.root, RESULTS)
    places = ({film.stem: str(film)} if is_film else
              _places(self.root, name, results, occluders))
    if not places:
      raise errors.missing(
          f"'{name}' holds no frames.", expected="images "
          + ", ".join(file_index.IMAGE_SUFFIXES) + " or films " + ", ".join(video_files.SUFFIXES)
          + f" in '{self.root}'", received="none" + (
              f" but results of this library: {_inside(self.root, results)}" if results else ""),
          fix="Check the folder.")
    found = {key: _found(key, place, size, step, cache_dir) for key, place in places.items()}
    matrices, note = _cameras(self.root, found, intrinsics, field_of_view, name)
    made = [clip_lib.Clip(key, clip.keys, clip.frames, clip.size, cameras.resized(
        cameras.check(matrices[key], clip.stored, key), clip.stored, clip.size), clip.numbers)
            for key, clip in found.items()]
    splits = clip_lib.divide(made, validation, held_out)
    super().__init__(name, splits, size=size, offsets=offsets, static_threshold=static_threshold,
                     occluders=occluders, classes=classes)
    others = [] if is_film else file_index.unread(
        self.root, file_index.IMAGE_SUFFIXES, results) + list(file_index.list_paths(
            self.root, video_files.OTHERS, results))
    self.notes[:0] = _notes(self.root, found, results, others, self.size) + note

  def _settings(self):
    settings = super()._settings()
    own = {entry.clip.name: np.asarray(entry.clip.intrinsics).tolist()
           for entry in self._entries.values()}
    if len(set(map(str, own.values()))) > 1:
      settings["cameras"] = own
    return settings


@dataclasses.dataclass(frozen=True)
class _Found:
  """A clip without its camera: sizes are (height, width) of the film or the frames, and of files.
  """
  folder: str
  keys: Tuple[str, ...]
  frames: Tuple[str, ...]
  stored: Tuple[int, int]
  size: Tuple[int, int]
  numbers: Tuple[int, ...]
  notes: Tuple[str, ...] = ()
  turn: int = 0


def _found(key, place, size, step, cache_dir):
  """Returns `_Found` of a list of (id, path), or of the path of a film."""
  if isinstance(place, str):
    folder, stored = video_files.extract(place, size, step, cache_dir)
    turn, notes = video_files.record_of(folder)
    frames = file_index.list_ids(folder, (".jpg",))
    order = frame_order.order_of(frames)
    return _Found(os.path.dirname(place), order.names, tuple(map(frames.get, order.names)), stored,
                  tuple(size or stored), order.positions, tuple(f"{key}: {note}" for note in notes),
                  turn)
  frames = {os.path.basename(sample): path for sample, path in place}
  order = frame_order.order_of(frames)
  paths = tuple(map(frames.get, order.names))
  stored = frame_files.common_size(paths, key)
  return _Found(os.path.dirname(paths[0]), order.names, paths, stored, stored, order.positions,
                tuple(order.notes(key)))


def _places(root, name, results, occluders):
  """Returns a dict of clip name to a list of (id, path) of frames, or to the path of a film."""
  frames = file_index.list_ids(root, file_index.IMAGE_SUFFIXES, results)
  found = {}
  for sample in sorted(frames, key=frame_files.natural_key):
    if str(frames[sample]) != str(occluders):
      found.setdefault(os.path.dirname(sample) or name, []).append((sample, frames[sample]))
  found.update(file_index.list_ids(root, video_files.SUFFIXES, results))
  return dict(sorted(found.items()))


def _notes(root, found, results, others, size):
  """Returns lines for the plan: the clips, and the folders that are none."""
  clips = _some([f"{key} {len(clip.frames)} frames {frame_files.as_text(clip.stored)}"
                 for key, clip in found.items()])
  lines = [f"clips: {clips}" + (f", resized to {frame_files.as_text(size)}" if size else "")]
  lines += [note for clip in found.values() for note in clip.notes]
  if others:
    lines.append(f"not read: {_some(others)}; frames are {', '.join(file_index.IMAGE_SUFFIXES)}, "
                 f"films {', '.join(video_files.SUFFIXES)}")
  if results:
    lines.append(f"results of this library, not read as clips: {_inside(root, results)}")
  return lines


def _inside(root, paths):
  return _some([os.path.relpath(path, root) for path in paths])


def _some(names):
  more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
  return ", ".join(names[:_SHOWN]) + more


def _cameras(root, found, intrinsics, field_of_view, name):
  """Returns (dict of clip name to its matrix, notes for the plan)."""
  files = {key: _file_of(clip.folder, root) for key, clip in found.items()}
  if field_of_view is not None and intrinsics is None:
    matrices = {key: cameras.assumed(field_of_view, clip.stored) for key, clip in found.items()}
    note = f"assumed field of view: {field_of_view:g} degrees across the width"
    unread = sorted({str(file) for file in files.values() if file})
    note += f"; not read because of it: {_inside(root, unread)}" if unread else ""
    return matrices, [note]
  unknown = [key for key in found if intrinsics is None and files[key] is None]
  if unknown or field_of_view is not None:
    some = len(unknown) < len(found)
    raise errors.value_error(
        f"The camera of '{name}' is not known.",
        expected="either intrinsics= (fx fy cx cy in pixels, or a file) or field_of_view= "
        "(degrees)",
        received="both" if not unknown else "neither" + f" for {_some(unknown)}" * some,
        fix=f"Write 'fx fy cx cy' to '{root / _USUAL[0]}', or pass an assumed field_of_view=65.")
  if intrinsics is not None:
    if isinstance(intrinsics, (str, os.PathLike)) and (root / intrinsics).is_file():
      intrinsics = root / intrinsics
    files = dict.fromkeys(found)
  matrices = {file: cameras.read_intrinsics(file or intrinsics) for file in set(files.values())}
  for file in matrices:
    _check_shared({key: clip.stored for key, clip in found.items() if files[key] == file}, name)
  own, notes = {}, []
  for key, file in files.items():
    own[key], note = cameras.of_turned(matrices[file], found[key].stored, found[key].turn)
    notes += [f"{key}: {note}"] if note else []
  return own, notes


def _file_of(folder, root):
  """Returns the path of the intrinsics nearest to a clip, from its folder up to `root`, or None."""
  inner = pathlib.Path(folder).relative_to(root)
  return next((root / place / usual for place in (inner, *inner.parents) for usual in _USUAL
               if (root / place / usual).is_file()), None)


def _check_shared(sizes, name):
  """Refuses clips of several sizes with the same matrix: it holds for one of them."""
  examples = {}
  for key, size in sizes.items():
    examples.setdefault(size, key)
  if len(examples) > 1:
    raise errors.value_error(
        f"Clips of '{name}' share their intrinsics but not their size.",
        expected="one size, or an intrinsics.txt in every clip's folder",
        received=_some([f"{key} {frame_files.as_text(size)}" for size, key in examples.items()]),
        fix="Leave out intrinsics=, and write 'fx fy cx cy' into the folder of every clip, in "
        "pixels of its frames.")
