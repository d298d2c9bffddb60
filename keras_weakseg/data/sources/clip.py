"""A clip: the frames of one camera in their order in time, and the files that belong to them."""
import dataclasses
from typing import Optional, Tuple

import numpy as np

from keras_weakseg import errors
from keras_weakseg.data.sources import source

TRAIN = "train"
_PER_FRAME = ("keys", "frames", "numbers", "depth", "poses", "partners", "hidden", "masks")


@dataclasses.dataclass(frozen=True)
class Clip:
  """Frames of one camera in their order in time.

  Attributes:
    name: unique; ids are `name/key`.
    keys: one short text per frame.
    frames: paths of the frames, see `archives.read_file`.
    size: (height, width) of the stored frames.
    intrinsics: float [3, 3], pixels of the stored frames.
    numbers: position of each frame in time; neighbours are looked up by it. None = 0, 1, 2, ...
    depth: paths of 16-bit PNGs, "" where there is none; None for no depth at all.
    depth_scale: stored value of one metre.
    poses: float [N, 4, 4], camera to world in metres, or None.
    partners: paths of the frames of the other camera of a stereo pair, or None.
    partner_pose: float [4, 4], this camera to the other, metres.
    hidden: paths of PNGs that are not 0 where depth does not count (moving cars), or None.
    masks: paths of index PNGs of classes, "" where there is none; None for none at all.
    targets: keys of the frames that are samples; None = all that have their neighbours.
  """
  name: str
  keys: Tuple[str, ...]
  frames: Tuple[str, ...]
  size: Tuple[int, int]
  intrinsics: np.ndarray
  numbers: Optional[Tuple[int, ...]] = None
  depth: Optional[Tuple[str, ...]] = None
  depth_scale: float = 256.0
  poses: Optional[np.ndarray] = None
  partners: Optional[Tuple[str, ...]] = None
  partner_pose: Optional[np.ndarray] = None
  hidden: Optional[Tuple[str, ...]] = None
  masks: Optional[Tuple[str, ...]] = None
  targets: Optional[frozenset] = None

  def part(self, first, last):
    """Returns the clip of the frames first..last-1."""
    cut = {name: getattr(self, name)[first:last] for name in _PER_FRAME
           if getattr(self, name) is not None}
    return dataclasses.replace(self, **cut)


def divide(clips, validation=None, held_out=0.1):
  """Returns a dict of the splits `train` and `validation` to clips.

  Args:
    clips: sequence of `Clip`.
    validation: names of the clips held out whole; None: the last share of every clip. A sample
      needs its neighbours, so frames at the seam belong to neither split.
    held_out: that share, 0 <= share < 1.

  Raises:
    ValueError: there is no such clip, `validation` is one text, or no such share.
  """
  source.check_held_out(held_out)
  if isinstance(validation, str):
    raise errors.value_error(
        "The clips to hold out cannot be used.", expected="a sequence of names",
        received=repr(validation), fix=f"Pass validation=['{validation}'].")
  if validation is not None:
    known = [clip.name for clip in clips]
    for name in set(validation) - set(known):
      raise errors.unknown_name("clip to hold out", name, known)
    return {TRAIN: [clip for clip in clips if clip.name not in validation],
            source.VALIDATION: [clip for clip in clips if clip.name in validation]}
  cuts = [(clip, round(len(clip.frames) * (1 - held_out))) for clip in clips]
  return {TRAIN: [clip.part(0, cut) for clip, cut in cuts if cut],
          source.VALIDATION: [clip.part(cut, None) for clip, cut in cuts
                              if cut < len(clip.frames)]}
