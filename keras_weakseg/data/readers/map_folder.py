"""Folders with one map per sample, made from its image: label maps of boxes, disparity.

A folder holds a PNG per sample, a record of what they are, and a contact sheet. Files appear whole
or not at all, so making them may stop at any time, and several processes may work on one folder.
"""
import dataclasses
import json
import pathlib

import numpy as np

from keras_weakseg import errors
from keras_weakseg import paths
from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import image_look
from keras_weakseg.files import json_files
from keras_weakseg.files import progress as progress_lib
from keras_weakseg.files import schema
from keras_weakseg.files import writing

SUFFIX = ".png"


@dataclasses.dataclass(frozen=True)
class MapFolder:
  """What the folders of one kind of maps have in common.

  Attributes:
    noun: what the maps are called, in the plural.
    record: file name of the record.
    sheet: file name of the contact sheet.
    fix: how such maps are made, for errors.
    maps: subfolder of the PNG files, "" = the folder itself.

  Example:
    >>> kind = MapFolder("shadows", "shadows.json", "shadows.png", "Call make_shadows.")
    >>> kind.path("some", "a/1").as_posix()
    'some/a/1.png'
  """
  noun: str
  record: str
  sheet: str
  fix: str
  maps: str = ""

  def place(self, folder):
    """Returns `pathlib.Path` of the PNG files."""
    return pathlib.Path(paths.expand(folder)) / self.maps

  def path(self, folder, name):
    """Returns `pathlib.Path` of the map of a sample id."""
    return self.place(folder) / (name + SUFFIX)

  def write(self, folder, name, png, image):
    """Writes the map of a sample, whole or not at all.

    Args:
      folder: of the maps.
      name: sample id.
      png: bytes of the map.
      image: uint8 [H,W,3], what it was made from; who reads the map compares, see `image_look`.

    Raises:
      ValueError: the file cannot be written.
    """
    writing.write_whole(self.path(folder, name), image_look.with_look(png, image))

  def absent(self, folder, ids):
    """Returns the ids that have no map in a folder yet, in the order of `ids`."""
    known = file_index.list_ids(self.place(folder), (SUFFIX,))
    return tuple(name for name in ids if name not in known)

  def check_ids(self, source, split, ids, nothing):
    """Refuses ids that cannot be file names of this folder, and none at all.

    Args:
      source: `source.Source`.
      split: of it, for the error.
      ids: ids whose maps shall be made.
      nothing: what was received where there are none.

    Raises:
      ValueError: there are none, or one leaves the folder or is the name of the contact sheet.
    """
    own = pathlib.PurePath(self.sheet).stem if not self.maps else None
    outside = [name for name in ids
               if name.startswith("/") or ".." in name.split("/") or name == own]
    if outside or not ids:
      paths = "samples whose ids are relative paths" + (f", not '{own}'" if own else "")
      raise errors.value_error(
          f"No {self.noun} can be made of the split '{split}' of '{source.name}'.",
          expected=paths if outside else "at least one sample that holds what they are made of",
          received=", ".join(outside[:5]) or nothing,
          fix="Rename these files." if outside else
          "Check the split, the labels that are there, and what the manifest allows to be read.")

  def claim(self, folder, record):
    """Writes the record of a new folder, or checks that what is there are the same maps.

    Args:
      folder: it need not exist.
      record: dict of plain JSON values that decide how the maps look.

    Raises:
      ValueError: the folder holds other maps, or images of which nothing is known.
    """
    path = pathlib.Path(paths.expand(folder)) / self.record
    for place, _, _ in file_index.walk(path.parent):
      writing.remove_abandoned(place)
    text = json.dumps(record, indent=1, sort_keys=True)
    record = json.loads(text)
    # The record is written before the first map: whoever sees a map of ours sees a record too. What
    # is looked for ends like any image: a map beside `a.jpg` would be a second sample `a`.
    found = [name + suffix for suffix in file_index.IMAGE_SUFFIXES
             for name in file_index.list_ids(self.place(folder), (suffix,))]
    if path.exists():
      known = self.read_record(folder)
      other = [name for name in record if known.get(name) != record[name]]
      if other:
        raise errors.value_error(
            f"The folder '{folder}' holds other {self.noun}.",
            expected=", ".join(f"{name} {record[name]!r}" for name in other),
            received=", ".join(f"{name} {known.get(name)!r}" for name in other),
            fix="Choose another folder, or remove this one.")
    elif found:
      raise errors.value_error(
          f"The folder '{folder}' holds images that may be anything.",
          expected=f"a new folder, or one with '{self.record}'",
          received=", ".join(found[:5]) + (" ..." if len(found) > 5 else ""),
          fix="Choose another folder.")
    else:
      writing.write_whole(path, text)

  def read_record(self, folder):
    """Returns the dict of the record.

    Raises:
      FileNotFoundError: the folder holds no such maps.
      ValueError: the record is damaged.
    """
    path = pathlib.Path(paths.expand(folder)) / self.record
    if not path.exists():
      raise errors.missing(f"There are no {self.noun}.", expected=f"the file '{path}'",
                           received="no such file", fix=self.fix)
    try:
      return json_files.read_json(path, "record", schema.map_of(schema.anything))
    except ValueError as error:
      raise errors.value_error(
          f"The record '{path}' is damaged.", expected=f"the JSON written with the {self.noun}",
          received=error, fix=f"Remove the folder. {self.fix}") from error

  def check_classes(self, folder, classes, name):
    """Refuses maps whose ids mean other classes; a folder without record, or without names, passes.

    Args:
      folder: of the maps; it need not exist.
      classes: names of the classes of who reads them.
      name: of who reads them.

    Raises:
      ValueError: the record lists other classes, or in another order.
    """
    path = pathlib.Path(paths.expand(folder)) / self.record
    made = self.read_record(folder).get("classes") if path.exists() else None
    if made is not None and list(made) != list(classes):
      raise errors.value_error(
          f"The {self.noun} in '{folder}' are of other classes than '{name}'.",
          expected=", ".join(classes), received=", ".join(map(str, made)),
          fix=f"Give the source these classes in this order. {self.fix}")

  def lacking(self, folder, missing, what):
    """Returns the error for samples without a map; the caller raises it.

    Args:
      folder: of the maps.
      missing: ids.
      what: of how many samples these are, and of which source.
    """
    shown = ", ".join(sorted(missing)[:5]) + (" ..." if len(missing) > 5 else "")
    return errors.missing(
        f"{len(missing)} of {what} have no {self.noun[:-1]}.",
        expected=f"files '<id>{SUFFIX}' in '{self.place(folder)}'",
        received="none for " + shown, fix=self.fix)


def make(work, items, total, noun, workers=None, progress=True):
  """Does the work of all items on all cores, with a progress bar.

  Args:
    work: function of an item, for threads; see `files.parallel`.
    items: iterable, taken in the caller's thread.
    total: their number.
    noun: what is being made, for the bar.
    workers: threads, None = one per core.
    progress: whether to draw the bar.
  """
  from keras_weakseg.files import parallel  # pylint: disable=g-import-not-at-top
  with progress_lib.bar(None, noun, total, show=progress) as bar:
    for _ in parallel.in_order(work, items, workers):
      bar.update()


def spread(ids, count):
  """Returns at most `count` ids, evenly from the first to the last: those of a contact sheet.

  Example:
    >>> spread(("a", "b", "c", "d", "e"), 3)
    ['a', 'c', 'e']
  """
  return [ids[index] for index in np.unique(np.linspace(0, len(ids) - 1, count).astype(int))]
