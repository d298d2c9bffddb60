"""Pascal-Person-Part: six parts of persons in the photographs of PASCAL VOC 2010."""
import pathlib

import numpy as np

from keras_weakseg import errors
from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import paired
from keras_weakseg.datasets import labels
from keras_weakseg.files import mat_files

SPLITS = ("train", "val")
_LISTS = "pascal_person_part_trainval_list"
_MASKS = ("pascal_person_part_gt", "SegmentationPart", "Annotations_Part")
_PLACES = ("", "pascal_person_part", "trainval", "VOCdevkit/VOC2010", "VOCdevkit/VOC2012",
           "VOC2010", "VOC2012")
_FIX = ("Get trainval.tar.gz of PASCAL-Part (Annotations_Part) or pascal_person_part.zip (masks "
        "and lists), and the JPEGImages of VOC 2010; put them into one folder.")
_PERSON = "person"
# The 24 parts of PASCAL-Part by what Chen et al. (CVPR 2016) join them to.
_JOINED = {
    "head": ("head", "leye", "reye", "lear", "rear", "lebrow", "rebrow", "nose", "mouth", "hair"),
    "torso": ("torso", "neck"), "upper_arms": ("luarm", "ruarm"),
    "lower_arms": ("llarm", "rlarm", "lhand", "rhand"), "upper_legs": ("luleg", "ruleg"),
    "lower_legs": ("llleg", "rlleg", "lfoot", "rfoot")}
PART_IDS = {part: labels.SCENE_PARTS.index(name) for name, parts in _JOINED.items()
            for part in parts}


class PersonPart(paired.Paired):
  """Pascal-Person-Part (Chen et al., CVPR 2014 and 2016): splits `train` (1716), `val` (1817).

  ```
  JPEGImages/2008_000003.jpg
  Annotations_Part/2008_000003.mat                  as published by PASCAL-Part, or
  pascal_person_part_gt/2008_000003.png             (or SegmentationPart/) the usual conversion
  pascal_person_part_trainval_list/train_id.txt     ids; or train.txt with paths; the same for val
  ```

  The classes are those of the parts of the embedded scenes: background, head, torso, upper and
  lower arms and legs. There is no left and right. In `.mat` files, parts of persons are painted in
  the order of the file; a person without any part is unknown (255), all else is background.

  Args:
    root: the folder, or its name in the data locations. `VOCdevkit/VOC2010` in it is found too.
    splits: dict of split name to a list file or sequence of ids; None = the published lists.
    data_dir: folder of data sets, see `locations.find`.

  Raises:
    FileNotFoundError: images, annotations or lists are missing; they are named.
  """

  def __init__(self, root="person_part", *, splits=None, data_dir=None):
    root = locations.find(root, data_dir, _FIX)
    images = file_index.list_ids(
        paired.place(root, _under("JPEGImages"), "The images of Person-Part", _FIX), (".jpg",))
    masks = file_index.list_ids(paired.place(
        root, _under(*_MASKS), "The annotations of Person-Part", _FIX), (".png", ".mat"))
    entries = {}
    for split in SPLITS if splits is None else splits:
      ids = read_ids(_list_of(root, split) if splits is None else splits[split])
      entries[split] = {name: paired.Entry(image, mask) for name, image, mask in paired.pair(
          images, masks, ids, "Person-Part", (
              ("image", "JPEGImages/ID.jpg"), ("annotation", " or ".join(_MASKS) + "/ID")), _FIX)}
    space = labels.SCENE_PARTS
    super().__init__("person_part", space.classes, entries, palette=space.palette,
                     read_mat=read_parts)


def _under(*names):
  return tuple(f"{place}/{name}".lstrip("/") for name in names for place in _PLACES)


def _list_of(root, split):
  """Returns the path of the published list of a split."""
  names = tuple(f"{place}/{name}".lstrip("/") for place in (
      _LISTS, f"pascal_person_part/{_LISTS}", "") for name in (f"{split}_id.txt", f"{split}.txt"))
  for name in names:
    if (root / name).is_file():
      return root / name
  raise errors.missing(
      f"The list of the split '{split}' of Person-Part is not there.",
      expected=f"'{root / names[0]}' or '{root / names[1]}'", received="no such file",
      fix=_FIX + " Or pass splits={'train': 'my_list.txt', ...}.")


def read_ids(lines):
  """Returns the ids of a list: of each line the first path, without folder and suffix.

  Args:
    lines: path of a list, or a sequence of ids.

  Example:
    >>> read_ids(["/JPEGImages/2008_000003.jpg /SegmentationPart/2008_000003.png", "2008_000008"])
    ('2008_000003', '2008_000008')
  """
  if isinstance(lines, (str, pathlib.Path)):
    lines = file_index.read_id_list(lines)
  return tuple(dict.fromkeys(pathlib.PurePosixPath(line.split()[0]).stem
                             for line in lines if line.strip()))


def read_parts(path):
  """Returns uint8 [H, W], the ids of the parts of persons of a PASCAL-Part annotation.

  Args:
    path: of the .mat file.

  Raises:
    ValueError: it is no such file, or a person has a part that is not known.
  """
  anno = mat_files.read_mat(path, "anno", fix=_FIX)
  objects = np.atleast_1d(getattr(anno, "objects", None)).ravel()
  masks = [np.asarray(getattr(entry, "mask", None)) for entry in objects]
  if not masks or any(mask.ndim != 2 or mask.shape != masks[0].shape for mask in masks):
    raise mat_files.errors_of(
        path, "The annotation is not one of PASCAL-Part", "objects with masks [H, W] of one size",
        [list(mask.shape) for mask in masks])
  found = np.zeros(masks[0].shape, np.uint8)
  for entry, mask in zip(objects, masks):
    if getattr(entry, "class", "") != _PERSON:
      continue
    parts = np.atleast_1d(entry.parts).ravel()
    if not parts.size:
      found[(mask > 0) & (found == 0)] = 255
    for part in parts:
      where = np.asarray(part.mask)
      if part.part_name not in PART_IDS or where.shape != found.shape:
        raise mat_files.errors_of(
            path, "A part of a person cannot be used", f"one of {', '.join(PART_IDS)}, "
            f"{found.shape[0]}x{found.shape[1]}", f"'{part.part_name}', {list(where.shape)}")
      found[where > 0] = PART_IDS[part.part_name]
  return found
