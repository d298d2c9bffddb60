"""The configuration of a source of video: sizes, neighbours, camera. It only names and numbers."""
import dataclasses
from typing import Tuple

from keras_weakseg.configs.sections import base


@dataclasses.dataclass
class Video(base.Section):
  """What a source of video needs to know besides its place; each kind uses what applies to it.

  Attributes:
    size: height and width that frames are resized to; empty = as stored, for `kitti` (192, 640),
      for `cityscapes_video` (512, 1024).
    offsets: neighbours of a frame, in frames.
    intrinsics: kind `video`: `fx fy cx cy` in pixels of the stored frames, or a file of them;
      `cityscapes_video`: `correct` or `reference`; empty = looked for, `correct`.
    field_of_view: kind `video`: assumed horizontal angle in degrees, instead of intrinsics.
    static_threshold: samples whose camera stands are dropped: mean absolute difference to a
      neighbour, 0..255, below it. 0 = keep all; it reads all frames ahead.
    occluders: PNG of what always hides the scene, such as the bonnet; not 0 where it does.
    validation: names of clips of the split `validation`; empty = the last share of every clip.
    stereo: deliver the other camera of a pair too.
    masks, annotated_only: kind `cityscapes_video`: fine masks may be used; only their frames.
    cars: kind `kitti_stereo`: depth of annotated cars counts.
  """
  size: Tuple[int, ...] = ()
  offsets: Tuple[int, ...] = (-1, 1)
  intrinsics: str = ""
  field_of_view: float = 0.0
  static_threshold: float = 1.0
  occluders: str = ""
  validation: Tuple[str, ...] = ()
  stereo: bool = False
  masks: bool = False
  annotated_only: bool = False
  cars: bool = True
