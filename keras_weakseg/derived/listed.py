"""Samples that somebody has published as a list of places, as a step that chooses ids."""
from keras_weakseg import errors
from keras_weakseg.data.readers import locations
from keras_weakseg.derived import base
from keras_weakseg.files import json_files
from keras_weakseg.files import schema
from keras_weakseg.options import Count


class Listed(base.Maker):
  """Reads which samples a list names by their places in the sorted ids of a split.

  The file is JSON, an object of lists by the name of a seed: `{"42": [193, 135, ...], "43": ...}`.
  Places begin with 0. The first seed of the experiment, 1, takes the first list in the order of
  names, 2 the second, and so on, from the start again after the last.

  Args:
    context: `base.MakeContext`.
    source: name of the source; empty = the first.
    split: of it.
    file: path of the list; a relative one is searched for like data.
    count: so many samples from the start of the list.
  """

  def __init__(self, context, *, source: str = "", split: str = "train", file: str = "",
               count: Count = 50):
    super().__init__(context)
    self.source, self.split, self.file, self.count = context.source(source), split, file, count

  def lines(self):
    return [f"{self.count} of {len(self.source.ids(self.split))} images of '{self.split}' of "
            f"{self.source.name}, those of '{self.file}'"]

  def identity(self):
    return {"source": self.source.fingerprint(), "ids": list(self.chosen())}

  def chosen(self):
    """Returns the ids of the list, in its order.

    Raises:
      ValueError: the list is too short, or names a place twice or outside of the split.
    """
    folder, _, name = self.file.rpartition("/")
    path = locations.find(folder or ".", self.context.data_dir) / name
    lists = json_files.read_json(
        path, "list of places", schema.map_of(schema.list_of(schema.whole)))
    ids = sorted(self.source.ids(self.split))
    names = sorted(lists)
    places = lists[names[(self.context.seed - 1) % len(names)]][:self.count] if names else []
    if len(set(places)) < self.count or not all(0 <= place < len(ids) for place in places):
      raise errors.value_error(
          f"The list '{path}' does not fit the split '{self.split}' of '{self.source.name}'.",
          expected=f"{self.count} different places in 0..{len(ids) - 1}",
          received=f"{len(places)} places, the largest {max(places, default=None)}",
          fix="Lower `count`, or pass the list of this data set.")
    return tuple(ids[place] for place in places)

  def make(self, directory, progress=True):
    del directory, progress
    return {"ids": list(self.chosen())}
