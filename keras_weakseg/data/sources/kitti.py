"""KITTI raw in its official layout: rectified colour video, stereo pairs, annotated depth."""
import dataclasses
import pathlib

import numpy as np

from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.data.readers import archives
from keras_weakseg.data.readers import frame_files
from keras_weakseg.data.readers import frame_order
from keras_weakseg.data.readers import intrinsics as cameras
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import clip as clip_lib
from keras_weakseg.data.sources import clips as clips_lib
from keras_weakseg.files import text as texts

_CALIBRATION = "calib_cam_to_cam.txt"
_PARTNER = {"image_02": "image_03", "image_03": "image_02", "image_00": "image_01",
            "image_01": "image_00"}
_SIDES = {"l": "image_02", "r": "image_03"}  # of the published split lists


class Kitti(clips_lib.Clips):
  """KITTI raw (Geiger et al., IJRR 2013), synced and rectified, extracted or as the official zips.

  ```
  kitti_raw/2011_09_26/calib_cam_to_cam.txt
  kitti_raw/2011_09_26/2011_09_26_drive_0001_sync/image_02/data/0000000000.png (or .jpg)
  kitti_depth/train/2011_09_26_drive_0001_sync/proj_depth/groundtruth/image_02/0000000005.png
  ```

  Intrinsics are those of `P_rect` of the drive's day, for the size of the stored frames.

  Args:
    root: the folder of the days, or of the zips; also looked for in the data locations.
    size: (height, width) that frames are resized to, usually (192, 640).
    cameras: cameras to use: `image_02` left colour, `image_03` right colour.
    offsets, static_threshold, occluders, classes: see `clips.Clips`.
    splits: dict of split name to a list file (or its lines): `date/drive frame l`, as in the
      published lists of Eigen and of Zhou, or `date/drive` for all its frames. None: see
      `validation`.
    validation, held_out: see `clip.divide`; clips are called `date/drive/camera`.
    stereo: also deliver the other camera of the pair and its pose.
    depth: folder (or zips) of the annotated depth maps, or None.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: there are no frames, or calibrations are missing; all are listed.
    ValueError: `validation` is given beside `splits`, which name all that is used.
  """

  def __init__(self, root="kitti_raw", *, size=(192, 640), cameras=("image_02",), offsets=(-1, 1),
               static_threshold=1.0, occluders=None, classes=(), splits=None, validation=None,
               held_out=0.1, stereo=False, depth=None, data_dir=None):
    if splits is not None and validation:
      raise errors.value_error(
          "There are two ways to say what is validated on.", expected="splits or validation",
          received="both", fix="Leave validation out: of splits, all that they list is used.")
    self.root = locations.find(root, data_dir)
    clips = _read_clips(self.root, cameras if splits is None else tuple(_PARTNER), stereo, depth)
    divided = (clip_lib.divide(clips, validation, held_out) if splits is None else
               {split: _listed(clips, entry, split) for split, entry in splits.items()})
    super().__init__("kitti_raw", divided, size=size, offsets=offsets,
                     static_threshold=static_threshold, occluders=occluders, classes=classes)


def _read_clips(root, wanted, stereo, depth):
  """Returns the clips of all drives."""
  files = archives.list_files(root, (".png", ".jpg", _CALIBRATION))
  places = {}
  for name, path in files.items():
    parts = name.split("/")
    if len(parts) >= 5 and parts[-2] == "data" and parts[-3] in _PARTNER:
      places.setdefault((parts[-5], parts[-4], parts[-3]), {})[pathlib.Path(name).stem] = path
  days = {name.split("/")[-2]: path for name, path in files.items() if name.endswith(_CALIBRATION)
          and "/" in name}
  chosen = sorted(place for place in places if place[2] in wanted)
  lacks = sorted({day for day, _, _ in chosen} - set(days))
  if lacks or not chosen:
    raise errors.missing(
        "KITTI raw is not complete.", expected="date/date_drive_NNNN_sync/image_02/data/*.png and "
        + (", ".join(f"{day}/{_CALIBRATION}" for day in lacks) or f"date/{_CALIBRATION}"),
        received=f"{len(chosen)} drives in '{root}', " + (
            f"{len(lacks)} days without calibration" if chosen else "no frames"),
        fix="Get 'synced+rectified data' and 'calibration' of every day from cvlibs.net.")
  calibrations = {day: read_calibration(
      texts.decode(archives.read_bytes(days[day]), days[day], "calibration"))
                  for day in {day for day, _, _ in chosen}}
  truth = {} if depth is None else _depth_maps(pathlib.Path(paths.expand(depth)))
  return [_clip(place, places, calibrations[place[0]], stereo, truth) for place in chosen]


def _clip(place, places, calibration, stereo, truth):
  day, drive, camera = place
  frames = places[place]
  other = places.get((day, drive, _PARTNER[camera]), {})
  keys = tuple(sorted(frames, key=frame_files.natural_key))
  if stereo:
    keys = tuple(key for key in keys if key in other)
    if not keys:
      raise errors.missing(
          f"The drive '{drive}' has no stereo pairs.", expected=f"frames of {_PARTNER[camera]}",
          received="none", fix="Extract both cameras, or pass stereo=False.")
  size = frame_files.common_size([frames[keys[0]], frames[keys[-1]]], drive)
  matrix, rectified = calibration_of(calibration, camera)
  depth = tuple(truth.get((drive, camera, key), "") for key in keys)
  return clip_lib.Clip(
      f"{day}/{drive}/{camera}", keys, tuple(frames[key] for key in keys), size,
      cameras.resized(matrix[:, :3], rectified, size), frame_order.positions_of(keys),
      depth=depth if any(depth) else None,
      partners=tuple(other[key] for key in keys) if stereo else None,
      partner_pose=stereo_pose(calibration, camera) if stereo else None)


def _depth_maps(root):
  """Returns a dict of (drive, camera, key) to the paths of annotated depth maps."""
  found = {}
  for name, path in archives.list_files(root, (".png",)).items():
    parts = name.split("/")
    if len(parts) >= 5 and parts[-4:-2] == ["proj_depth", "groundtruth"]:
      found[parts[-5], parts[-2], pathlib.Path(name).stem] = path
  return found


def _listed(clips, lines, split):
  """Returns the clips of a split list, each with its samples."""
  if not isinstance(lines, (list, tuple)):
    lines = [line for _, line in texts.read_lines(paths.expand(lines), "list of frames")]
  by_place = {clip.name: clip for clip in clips}
  wanted, lacks = {}, []
  for line in (line.split() for line in lines if line.strip()):
    camera = _SIDES.get(line[2], line[2]) if len(line) > 2 else "image_02"
    clip = by_place.get(f"{line[0]}/{camera}")
    key = f"{line[1]:0>10}" if len(line) > 1 else None
    if clip is None or key is not None and key not in clip.keys:
      lacks.append(" ".join(line))
    elif key is None:
      wanted[clip.name] = None
    elif wanted.setdefault(clip.name, set()) is not None:
      wanted[clip.name].add(key)
  if lacks:
    raise errors.missing(
        f"The split '{split}' names {len(lacks)} frames that are not there.",
        expected="frames of extracted drives", received=", ".join(lacks[:5]),
        fix="Extract these drives, or shorten the list.")
  return [dataclasses.replace(by_place[name], targets=keys and frozenset(keys))
          for name, keys in wanted.items()]


def read_calibration(text):
  """Returns a dict of name to float array of a KITTI calibration file.

  Args:
    text: lines of `name: numbers`.
  """
  found = {}
  for line in text.splitlines():
    name, colon, values = line.partition(":")
    try:
      numbers = np.array([float(value) for value in values.split()])
    except ValueError:
      continue  # dates
    if not np.array_equal(found.setdefault(name.strip(), numbers), numbers,
                          equal_nan=True):
      raise errors.value_error(
          f"The calibration says '{name.strip()}' twice.", expected="every name once",
          received=f"{found[name.strip()]} and {numbers}", fix="Use the official file.")
  return {name: values for name, values in found.items() if len(values)}


def calibration_of(calibration, camera):
  """Returns the projection float64 [3, 4] and (height, width) of a rectified camera.

  Args:
    calibration: dict of `read_calibration`.
    camera: such as `image_02`.

  Raises:
    ValueError: the file has no such camera.
  """
  number = camera[-2:]
  if f"P_rect_{number}" not in calibration or f"S_rect_{number}" not in calibration:
    raise errors.value_error(
        f"The calibration has no camera '{camera}'.",
        expected=f"P_rect_{number} and S_rect_{number}", received=", ".join(calibration)[:200],
        fix=f"Use the official {_CALIBRATION}.")
  size, projection = calibration[f"S_rect_{number}"], calibration[f"P_rect_{number}"]
  if len(size) != 2 or len(projection) != 12 or not np.isfinite([*size, *projection]).all():
    raise errors.value_error(
        f"The calibration of the camera '{camera}' is damaged.",
        expected=f"2 numbers S_rect_{number} and 12 numbers P_rect_{number}",
        received=f"{len(size)} and {len(projection)}, or values that are no numbers",
        fix=f"Use the official {_CALIBRATION}.")
  width, height = size
  return calibration[f"P_rect_{number}"].reshape(3, 4), (int(height), int(width))


def stereo_pose(calibration, camera):
  """Returns float64 [4, 4], metres: a rectified camera to its partner.

  Args:
    calibration: dict of `read_calibration`.
    camera: such as `image_02`.
  """
  place = lambda name: np.linalg.solve(*np.split(calibration_of(calibration, name)[0], [3], 1))
  pose = np.eye(4)
  pose[:3, 3:] = place(_PARTNER[camera]) - place(camera)
  return pose
