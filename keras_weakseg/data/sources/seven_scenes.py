"""7-Scenes: a hand-held camera with depth and true poses (Shotton et al., CVPR 2013), excerpt."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import frame_files
from keras_weakseg.data.readers import frame_order
from keras_weakseg.data.readers import intrinsics as cameras
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import clip as clip_lib
from keras_weakseg.data.sources import clips as clips_lib
from keras_weakseg.files import numbers
from keras_weakseg.files import text as texts

# The published intrinsics, of the depth camera to which the frames are registered, at half size.
_CAMERA, _SIZE = (292.5, 292.5, 160.0, 120.0), (240, 320)


def seven_scenes(root="7scenes", *, size=None, offsets=(-5, 5), data_dir=None):
  """Returns consecutive frames with depth and poses (grant `depth`), split `test`.

  Args:
    root: folder of `NNNNNN.jpg`, `NNNNNN_depth.png` (millimetres) and `NNNNNN_pose.txt`.
    size: (height, width) that frames are resized to; None keeps them.
    offsets: neighbours of a frame; the camera moves some 7 mm per frame.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: there are no frames.
  """
  root = locations.find(root, data_dir)
  frames = file_index.list_ids(root, (".jpg",))
  if not frames:
    raise errors.missing("The frames of 7-Scenes are not there.", expected=f"*.jpg in '{root}'",
                         received="none", fix="Check root=.")
  keys, paths = tuple(frames), tuple(frames.values())
  stored = frame_files.common_size(paths, "7scenes")
  poses = np.stack([_pose(root / f"{key}_pose.txt") for key in keys])
  matrix = cameras.resized(cameras.camera_matrix(*_CAMERA), _SIZE, stored)
  clip = clip_lib.Clip("kitchen", keys, paths, stored, matrix, poses=poses,
                       depth=tuple(str(root / f"{key}_depth.png") for key in keys),
                       depth_scale=1000.0,
                       numbers=frame_order.positions_of(keys))
  return clips_lib.Clips("seven_scenes", {"test": [clip]}, size=size, offsets=offsets)


def _pose(path):
  pose = numbers.read_numbers(path, 4, "pose")
  if len(pose) != 4:
    raise texts.unreadable("pose", path, "four lines of four numbers", f"{len(pose)} lines",
                           "Download the file again.")
  return pose
