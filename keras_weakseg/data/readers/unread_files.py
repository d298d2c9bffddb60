"""What lies in the folders of a data set and is not read: other formats, masks called otherwise."""
from typing import Dict, List, NamedTuple

from keras_weakseg.data.readers import file_index

# What people add to the name of an image to call its mask.
_ENDINGS = tuple(mark + word for mark in "_-." for word in (
    "mask", "masks", "label", "labels", "gt", "seg", "segmentation", "labelIds", "annotation"))


class Unread(NamedTuple):
  """Files that are not read.

  Attributes:
    images: files beside the images, relative paths.
    masks: files beside the masks.
    lonely: dict of mask ids that are no id of an image to the id that was meant, "" if unknown.
  """
  images: List[str]
  masks: List[str]
  lonely: Dict[str, str]


def of_folder(root, places, images, orphans):
  """Returns the `Unread` of a folder; opens no file.

  Args:
    root: the folder.
    places: dict with the names of the subfolders `images` and `masks`, the latter may be None.
    images: ids of the images.
    orphans: ids of masks that are no id of an image.
  """
  beside = lambda kind, suffixes: file_index.unread(
      file_index.places(root, places[kind]), suffixes) if places[kind] else []
  return Unread(beside("images", file_index.IMAGE_SUFFIXES),
                beside("masks", file_index.MASK_SUFFIXES),
                {name: meant(name, images) for name in orphans})


def meant(name, images):
  """Returns the id of the image that a mask was made for, "" if its name does not say.

  Example:
    >>> meant("a_mask", {"a", "b"}), meant("c_mask", {"a", "b"})
    ('a', '')
  """
  stems = (name[:-len(ending)] for ending in _ENDINGS if name.endswith(ending))
  return next((stem for stem in stems if stem in images), "")
