"""What lies beside images and is not read: other formats, masks and labels called otherwise."""
import pathlib
from typing import Dict, List, NamedTuple, Sequence

from keras_weakseg.data.readers import file_index

# What people add to the name of an image to call its mask.
_ENDINGS = tuple(mark + word for mark in "_-." for word in (
    "mask", "masks", "label", "labels", "gt", "seg", "segmentation", "labelIds", "annotation"))
# Where tools and people leave labels that are read only if they are named.
_COCO = "_annotations.coco.json"  # among the images, where some tools put it
_LABELS = {"tags": ("tags.csv",),
           "boxes": ("labels", "annotations", "Annotations", "instances_default.json",
                     "result.json", _COCO)}


class Unread(NamedTuple):
  """Files that are not read.

  Attributes:
    images: files beside the images, relative paths.
    masks: files beside the masks.
    lonely: dict of mask ids that are no id of an image to the id that was meant, "" if unknown.
    labels: what looks like tags or boxes and is not where these are looked for.
  """
  images: List[str]
  masks: List[str]
  lonely: Dict[str, str]
  labels: Sequence[str] = ()


def of_folder(root, places, images, orphans):
  """Returns the `Unread` of a folder; opens no file.

  Args:
    root: the folder.
    places: dict with the names of `images`, `masks`, `tags` and `boxes`; all but the first may be
      None.
    images: ids of the images.
    orphans: ids of masks that are no id of an image.
  """
  beside = lambda kind, suffixes: file_index.unread(
      file_index.places(root, places[kind]), suffixes) if places[kind] else []
  return Unread(beside("images", file_index.IMAGE_SUFFIXES),
                beside("masks", file_index.MASK_SUFFIXES),
                {name: meant(name, images) for name in orphans}, _labels(root, places))


def _labels(root, places):
  """Returns the names of what looks like labels of a kind of which none are there."""
  there = {kind: [path for path in file_index.places(root, place) if path.exists()]
           for kind, place in places.items() if place}
  used = {path for paths in there.values() for path in paths}
  found = []
  for kind, names in _LABELS.items():
    if places.get(kind) and not there[kind]:
      among = [path / _COCO for path in there.get("images", ())] if kind == "boxes" else []
      found += [path.relative_to(root).as_posix()
                for path in (*(pathlib.Path(root) / name for name in names), *among)
                if path.exists() and path not in used]
  return tuple(found)


def meant(name, images):
  """Returns the id of the image that a mask was made for, "" if its name does not say.

  Example:
    >>> meant("a_mask", {"a", "b"}), meant("c_mask", {"a", "b"})
    ('a', '')
  """
  stems = (name[:-len(ending)] for ending in _ENDINGS if name.endswith(ending))
  return next((stem for stem in stems if stem in images), "")
