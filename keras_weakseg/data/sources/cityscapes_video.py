"""Cityscapes with its sequences: 30 frames around every annotated one, cameras, masks."""
import re

import numpy as np

from keras_weakseg import errors
from keras_weakseg.data.readers import archives
from keras_weakseg.data.readers import frame_files
from keras_weakseg.data.readers import intrinsics as cameras
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import clip as clip_lib
from keras_weakseg.data.sources import clips as clips_lib
from keras_weakseg.files import json_files
from keras_weakseg.files import schema

CLASSES = ("road", "sidewalk", "building", "wall", "fence", "pole", "traffic light",
           "traffic sign", "vegetation", "terrain", "sky", "person", "rider", "car", "truck", "bus",
           "train", "motorcycle", "bicycle")
PALETTE = ((128, 64, 128), (244, 35, 232), (70, 70, 70), (102, 102, 156), (190, 153, 153),
           (153, 153, 153), (250, 170, 30), (220, 220, 0), (107, 142, 35), (152, 251, 152),
           (70, 130, 180), (220, 20, 60), (255, 0, 0), (0, 0, 142), (0, 0, 70), (0, 60, 100),
           (0, 80, 100), (0, 0, 230), (119, 11, 32))
_LABEL_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
_SPLITS = {"train": "train", "validation": "val", "test": "test"}
_SENSOR = (1024, 2048)
# What the code of Hoyer et al. takes for any size of the images.
_REFERENCE = (2262.52, 2265.3017905988554, 1096.98, 513.137)
INTRINSICS = ("correct", "reference")
_FIX = ("Get leftImg8bit_sequence_trainvaltest.zip, camera_trainvaltest.zip and, for masks, "
        "gtFine_trainvaltest.zip from cityscapes-dataset.com.")
_FRAME = re.compile(r"(?:.*/)?(leftImg8bit_sequence|leftImg8bit|rightImg8bit_sequence|camera|"
                    r"gtFine)/(train|val|test)/([^/]+)/([^_/]+)_(\d+)_(\d+)_(\w+)\.(png|jpg|json)")
_KINDS = {"leftImg8bit_sequence": "leftImg8bit", "leftImg8bit": "leftImg8bit",
          "rightImg8bit_sequence": "rightImg8bit", "camera": "camera",
          "gtFine": "gtFine_labelIds"}


class CityscapesVideo(clips_lib.Clips):
  """Cityscapes (Cordts et al., CVPR 2016): video, intrinsics, and the fine masks where wanted.

  ```
  cityscapes/leftImg8bit_sequence/train/aachen/aachen_000000_000000_leftImg8bit.png
  cityscapes/camera/train/aachen/aachen_000000_000019_camera.json
  cityscapes/gtFine/train/aachen/aachen_000000_000019_gtFine_labelIds.png
  ```

  or the official zips of these (`leftImg8bit_sequence_trainvaltest.zip`, ...) in one folder. A
  frame without a camera file has that of its sequence, else of its city.

  Args:
    root: the folder; also looked for in the data locations.
    size: (height, width) that frames are resized to.
    intrinsics: `correct`: those of the camera files at this size; `reference`: one fixed matrix of
      the sensor's size whatever the size of the images, as the code of Hoyer et al. (CVPR 2021).
    annotated_only: only frames with a fine mask are samples.
    masks: the fine masks may be granted (`mask`); the classes are then the 19 of the benchmark.
    stereo: also deliver the right camera and its pose.
    offsets, static_threshold, occluders: see `clips.Clips`.
    classes: see `clips.Clips`; unused with masks.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: there are no frames, or no cameras.
    ValueError: an option is unknown.
  """

  def __init__(self, root="cityscapes", *, size=(512, 1024), intrinsics="correct",
               annotated_only=False, masks=False, stereo=False, offsets=(-1, 1),
               static_threshold=0.0, occluders=None, classes=(), data_dir=None):
    errors.check_name("choice of intrinsics", intrinsics, INTRINSICS)
    self.root = locations.find(root, data_dir, _FIX)
    self._mode = intrinsics
    files = _list(self.root)
    if not files["leftImg8bit"] or not files["camera"] and intrinsics == "correct":
      lacks = "leftImg8bit_sequence" if not files["leftImg8bit"] else "camera"
      raise errors.missing(
          "Cityscapes with sequences is not complete.",
          expected=f"{lacks}/train/... in '{self.root}', extracted or as zips",
          received=f"{len(files['leftImg8bit'])} frames, {len(files['camera'])} camera files",
          fix=_FIX)
    places = sorted({place[:3] for place in files["leftImg8bit"]})
    options = dict(annotated_only=annotated_only, masks=masks, stereo=stereo,
                   matrix=None if intrinsics == "correct" else (
                       _reference(size or _SENSOR)))
    clips = {split: [clip for place in places if place[0] == folder
                     for clip in _clips(place, files, **options)]
             for split, folder in _SPLITS.items()}
    super().__init__(
        "cityscapes_video", {split: group for split, group in clips.items() if group}, size=size,
        offsets=offsets, static_threshold=static_threshold, occluders=occluders,
        classes=CLASSES if masks else classes, remap=train_ids() if masks else None,
        palette=PALETTE if masks else None)

  def _check_cameras(self, clips):
    if self._mode == INTRINSICS[0]:  # The reference's principal point lies outside of the images.
      super()._check_cameras(clips)

  def _settings(self):
    return {**super()._settings(), "mode": self._mode}


def _list(root):
  """Returns a dict of kind to dict of (split, city, sequence, frame number) to path."""
  found = {kind: {} for kind in _KINDS.values()}
  for name, path in archives.list_files(root, (".png", ".jpg", ".json")).items():
    match = _FRAME.fullmatch(name)
    if match and match[7] == _KINDS[match[1]]:
      place = (match[2], match[4], match[5], int(match[6]))
      # The sequence has the annotated frame too; that of `leftImg8bit` only fills a gap.
      if match[1] != "leftImg8bit" or place not in found[match[7]]:
        found[match[7]][place] = path
  return found


def _index(files):
  """Returns a dict of (split, city, sequence) to sorted frame numbers, made once per listing."""
  if "index" not in files:
    index = {}
    for *place, number in sorted(files["leftImg8bit"]):
      index.setdefault(tuple(place), []).append(number)
    cameras_of = {}
    for split, city, sequence, number in sorted(files["camera"]):
      path = files["camera"][split, city, sequence, number]
      cameras_of.setdefault((split, city, sequence), []).append((number, path))
      cameras_of.setdefault((split, city), []).append((number, path))
    files["index"], files["cameras"] = index, cameras_of
  return files["index"]


def _clips(place, files, *, annotated_only, masks, stereo, matrix):
  """Returns the clips of one sequence: in some cities it runs on through many snippets of 30."""
  numbers = _index(files)[place]
  made = []
  for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
    run = [int(number) for number in run if not stereo or (*place, number) in files["rightImg8bit"]]
    if run:
      made.append(_clip(place, run, files, annotated_only, masks, stereo, matrix))
  return made


def _clip(place, run, files, annotated_only, masks, stereo, matrix):
  split, city, sequence = place
  path = lambda kind, number: files[kind].get((*place, number), "")
  frames = tuple(path("leftImg8bit", number) for number in run)
  size = frame_files.common_size([frames[0]], f"{city}_{sequence}")
  camera = _camera(place, run, files)
  if matrix is None:
    own = cameras.resized(cameras.read_intrinsics(camera), _SENSOR, size)
  else:
    own = matrix(size)
  keys = tuple(f"{city}_{sequence}_{number:06d}" for number in run)
  truth = tuple(path("gtFine_labelIds", number) for number in run)
  annotated = frozenset(key for key, mask in zip(keys, truth) if mask)
  pose = np.eye(4)
  if stereo:
    pose[0, 3] = -float(camera.get("extrinsic", {}).get("baseline", 0.0))
  return clip_lib.Clip(
      f"{split}/{city}_{sequence}_{run[0]:06d}", keys, frames, size, own, tuple(run),
      masks=truth if masks else None, targets=annotated if annotated_only else None,
      partners=tuple(path("rightImg8bit", number) for number in run) if stereo else None,
      partner_pose=pose if stereo else None)


def _camera(place, run, files):
  """Returns the content of the nearest camera file of the sequence, else of the city."""
  known = files["cameras"].get(place) or files["cameras"].get(place[:2])
  if not known:
    if files["camera"]:
      raise errors.missing(
          f"No camera of the city '{place[1]}' is known.",
          expected=f"camera/{place[0]}/{place[1]}/*_camera.json", received="none",
          fix="Extract the camera files of all cities.")
    return {}
  nearest = min(known, key=lambda entry: abs(entry[0] - run[len(run) // 2]))
  return json_files.parse_json(archives.read_bytes(nearest[1]), nearest[1], "camera file",
                               schema.record({}, {
                                   "extrinsic": schema.record({}, {"baseline": schema.number}),
                                   "intrinsic": schema.map_of(schema.number)}))


def _reference(target):
  """Returns a function of the stored size to the matrix that is the fixed one at `target`."""
  return lambda size: cameras.resized(cameras.camera_matrix(*_REFERENCE), target, size)


def train_ids():
  """Returns uint8 [256]: the class of every `labelIds` value of a mask, 255 of those not scored."""
  table = np.full(256, 255, np.uint8)
  table[list(_LABEL_IDS)] = np.arange(len(_LABEL_IDS))
  return table
