"""Small excerpts of KITTI at 640x192: clips to train on, and frames with true depth or poses."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import frame_files
from keras_weakseg.data.readers import frame_order
from keras_weakseg.data.readers import intrinsics as cameras
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import clip as clip_lib
from keras_weakseg.data.sources import clips as clips_lib
from keras_weakseg.files import json_files
from keras_weakseg.files import numbers
from keras_weakseg.files import schema

CLIPS = ("raw_0095_268f", "raw_b_91f", "raw_lidar_78f")
ODOMETRY = ("odom_grey_1", "odom_grey_2")
_DEPTH, _LIDAR, _CARS = "_depth.png", "_lidar.png", "_carmask.png"
# The calibration of the odometry clips is for these sizes.
_SCALARS = ("fx", "fy", "cx", "cy", "baseline_m", "depth_scale")
_ODOMETRY_SIZES = {"odom_grey_1": (370, 1226), "odom_grey_2": (376, 1241)}


def kitti_clips(root="kitti", *, clips=CLIPS, size=None, offsets=(-1, 1), static_threshold=1.0,
                validation=None, held_out=0.1, occluders=None, classes=(), data_dir=None):
  """Returns colour video with intrinsics; `raw_lidar_78f` has LiDAR depth (grant `depth`).

  Args:
    root: the folder with `calib.json` and one folder per clip.
    clips: names of the folders.
    size: (height, width) that frames are resized to; None keeps 192x640.
    offsets, static_threshold, occluders, classes: see `clips.Clips`.
    validation, held_out: see `clip.divide`.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: a folder or the calibration is not there.
  """
  root = locations.find(root, data_dir)
  calibration = _calibration(root)
  made = []
  for name in clips:
    files = _files(root, name)
    keys = [key for key in files if key + ".jpg" in files[key]]
    depth = tuple(files[key].get(key + _LIDAR, "") for key in keys)
    made.append(clip_lib.Clip(
        name, tuple(keys), tuple(files[key][key + ".jpg"] for key in keys),
        *_camera(calibration), tuple(map(int, keys)), depth if any(depth) else None,
        calibration["depth_scale"]))
  return clips_lib.Clips(
      "kitti_clips", clip_lib.divide(made, validation, held_out), size=size, offsets=offsets,
      static_threshold=static_threshold, occluders=occluders, classes=classes)


def kitti_stereo(root="kitti", *, cars=True, size=None, classes=(), data_dir=None):
  """Returns the 90 stereo pairs with true depth of KITTI stereo 2015, split `test`.

  The right image and its pose are delivered; there are no neighbours in time.

  Args:
    root: the folder with `calib.json` and `stereo2015`.
    cars: False takes the depth of annotated (moving) cars away.
    size: (height, width) that images are resized to, depth by nearest neighbour; None keeps them.
    classes: see `clips.Clips`.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: the folder or the calibration is not there.
  """
  root = locations.find(root, data_dir)
  calibration, files = _calibration(root), _files(root, "stereo2015")
  pick = lambda ending: tuple(files[key][key + ending] for key in files)
  pose = np.eye(4)
  pose[0, 3] = -calibration["baseline_m"]
  clip = clip_lib.Clip(
      "stereo2015", tuple(files), pick("_02.jpg"), *_camera(calibration), depth=pick(_DEPTH),
      depth_scale=calibration["depth_scale"], partners=pick("_03.jpg"), partner_pose=pose,
      hidden=None if cars else pick(_CARS))
  return clips_lib.Clips("kitti_stereo" if cars else "kitti_stereo_without_cars", {"test": [clip]},
                        size=size, offsets=(), classes=classes)


def kitti_odometry(root="kitti", *, clips=ODOMETRY, size=None, offsets=(-1, 1), data_dir=None):
  """Returns grey video with true poses (grant `depth`), split `test`.

  Args:
    root: the folder with one folder per clip.
    clips: names of the folders.
    size: (height, width) that frames are resized to; None keeps 192x640.
    offsets: neighbours of a frame.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: a folder is not there.
  """
  root = locations.find(root, data_dir)
  made = []
  for name in clips:
    files = _files(root, name)
    keys = [key for key in files if key + ".jpg" in files[key]]
    frames = tuple(files[key][key + ".jpg"] for key in keys)
    stored = frame_files.common_size(frames, name)
    projection = numbers.read_numbers(
        root / name / "calib.txt", 12, "calibration")[0].reshape(3, 4)
    told = numbers.read_numbers(root / name / "poses.txt", 12, "file of poses")
    if len(told) != len(frames):
      raise errors.value_error(
          f"The poses of the clip '{name}' are not those of its frames.",
          expected=f"{len(frames)} lines", received=len(told), fix="Download the clip again.")
    poses = np.tile(np.eye(4), [len(frames), 1, 1])
    poses[:, :3] = told.reshape(-1, 3, 4)
    made.append(clip_lib.Clip(
        name, tuple(keys), frames, stored,
        cameras.resized(projection[:, :3], _ODOMETRY_SIZES[name], stored),
        frame_order.positions_of(keys), poses=poses))
  return clips_lib.Clips("kitti_odometry", {"test": made}, size=size, offsets=offsets)


def _calibration(root):
  path = root / "calib.json"
  if not path.is_file():
    raise errors.missing("The calibration of the KITTI excerpts is not there.",
                         expected=f"the file '{path}'", received="no such file",
                         fix="Point root= to the folder that holds it and the clips.")
  return json_files.read_json(path, "calibration", schema.record(
      {name: schema.number for name in _SCALARS}
      | {"size": schema.list_of(schema.whole, 2)}))


def _camera(calibration):
  """Returns ((height, width), intrinsics)."""
  width, height = calibration["size"]
  return (height, width), cameras.read_intrinsics(calibration)


def _files(root, name):
  """Returns a dict of key to a dict of file name to path, in the order of time."""
  found = {}
  for key, path in file_index.list_ids(root / name, (".jpg",)).items():
    found.setdefault(key.split("_")[0], {})[key + ".jpg"] = path
  for key, path in file_index.list_ids(root / name, (".png",)).items():
    found.setdefault(key.split("_")[0], {})[key + ".png"] = path
  if not found:
    raise errors.missing(f"The clip '{name}' is not there.",
                         expected=f"frames in '{root / name}'", received="none",
                         fix="Check root= and clips=.")
  return found
