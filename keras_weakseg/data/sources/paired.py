"""Sources of published data sets: listed images, each with the files of its labels."""
from typing import NamedTuple, Optional, Tuple

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import flip_swaps
from keras_weakseg.data.pipeline import order
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import depth_files
from keras_weakseg.data.readers import tag_files
from keras_weakseg.data.sources import source

_MISSING = 5  # names in an error


class Entry(NamedTuple):
  """One sample: path of the image, paths of mask and depth ("" = none), names of its tags."""
  image: str
  mask: str = ""
  depth: str = ""
  tags: Optional[Tuple[str, ...]] = None


class Paired(source.RandomAccess):
  """Images with masks, depth or tags in files of their own; a subclass says how files are read.

  Args:
    name: short name for plans and records.
    classes: class names, index 0 = background; () for data without masks.
    splits: dict of split name to a dict of id to `Entry`.
    palette: list of RGB tuples, None = the palette of VOC.
    aliases: dict of further split names to splits joined by `+`.
    remap: uint8 [256], class of every value in a mask; None = the value itself.
    depth_scale: stored units of depth per metre, None = the files hold metres.
    swaps: pairs of names of classes that a mirror exchanges.
    read_mat: function of the path of a `.mat` file to its mask, uint8 [H, W]; None = there is none.

  Raises:
    ValueError: there is no sample, or an id means two.
  """

  def __init__(self, name, classes, splits, *, palette=None, aliases=None, remap=None,
               depth_scale=None, swaps=(), read_mat=None):
    self.labelled = bool(classes)
    super().__init__(name, classes, palette)
    self.remap, self.depth_scale, self._read_mat = remap, depth_scale, read_mat
    self.flip_swaps, _ = flip_swaps.pairs_of(swaps, self.classes)
    self._aliases = dict(aliases or {})
    self._entries = _joined(name, splits.values())
    self._splits = {split: tuple(group) for split, group in splits.items()}
    if not self._entries:
      raise errors.missing(f"'{name}' holds no samples.", expected="images and their labels",
                           received="none", fix="Check root=, and that everything is extracted.")

  def splits(self):
    return tuple(self._splits)

  def split_aliases(self):
    return dict(self._aliases)

  def _split_ids(self, split):
    return self._splits[split]

  def _available(self, ids, flags):
    entries = [self._entries[name] for name in ids]
    found = np.zeros(len(ids), np.int32)
    for flag, there in ((fields.Supervision.MASK, [bool(entry.mask) for entry in entries]),
                        (fields.Supervision.DEPTH, [bool(entry.depth) for entry in entries]),
                        (fields.Supervision.TAGS, [entry.tags is not None for entry in entries])):
      found |= np.array(there, np.int32) * int(flags & flag)
    return found

  def encoded_images(self, split, ids):
    """Returns the bytes of the image files; None of those that are members of another file."""
    return source.files_of(self._entries[name].image for name in ids)

  def label_files(self, name):
    return self._entries[name][1:]

  def _settings(self):
    return {"remap": None if self.remap is None else np.asarray(self.remap).tolist(),
            "depth_scale": self.depth_scale}

  # === How files are read ===

  def _image(self, path, name):
    """Returns uint8 [H, W, 3] of string tensors."""
    return decode.decode_image(tf.io.read_file(path), name)

  def _mask(self, path, name, image):
    """Returns uint8 [H, W] of string tensors and the image, checked against both."""

    def picture():
      return decode.decode_mask(tf.io.read_file(path), self.num_classes, name, self.remap,
                                tf.shape(image))

    def matrix():
      mask = depth_files.on_host(self._read_mat, path, name, image, tf.uint8)
      return decode.check_labels(mask, self.num_classes, name)

    if self._read_mat is None:
      return picture()
    return tf.cond(tf.strings.regex_full_match(path, r".*\.mat"), matrix, picture)

  def _depth(self, path, name, image):
    """Returns a dict of fields made of the depth file: float32 [H, W] each."""
    read = lambda path: depth_files.read_depth(path, self.depth_scale)
    return {fields.DEPTH: depth_files.on_host(read, path, name, image)}

  def _blank_depth(self, image):
    """Returns the same dict for a sample without depth."""
    return {fields.DEPTH: tf.zeros(tf.shape(image)[:2])}

  def _loader(self, ids, grant, wanted):
    grant = fields.granted(grant)
    entries = [self._entries[name] for name in ids]
    flags = source.readable(self._available(ids, grant), grant)
    taught, names = tf.constant(source.taught(flags)), tf.constant(ids)
    has = lambda flag: (flags & int(flag)) > 0
    paths = lambda kind, there: tf.constant(
        [getattr(entry, kind) if may else "" for entry, may in zip(entries, there)])
    wants = lambda name: fields.may_read(name, grant) and (wanted is None or name in wanted)
    masked, deep = has(fields.Supervision.MASK), has(fields.Supervision.DEPTH)
    images = paths("image", [True] * len(ids))
    masks, depths = paths("mask", masked), paths("depth", deep)
    rows = tf.constant(self._listed_tags(entries, has(fields.Supervision.TAGS)))
    tagged = self.labelled and wants(fields.TAGS)

    def load(index):
      image = self._image(images[index], names[index])
      sample = {fields.IMAGE: image, fields.SAMPLE_ID: names[index],
                fields.SUPERVISION: taught[index]}
      if self.labelled and (wants(fields.MASK) or tagged and masked.any()):
        mask = tf.cond(masks[index] != "",
                       lambda: self._mask(masks[index], names[index], image),
                       lambda: tf.fill(tf.shape(image)[:2],
                                       tf.constant(fields.IGNORE_LABEL, tf.uint8)))
        if wants(fields.MASK):
          sample[fields.MASK] = mask
        if tagged:
          sample[fields.TAGS] = tf.where(masks[index] != "", tf.maximum(
              rows[index], decode.tags_from_mask(mask, self.num_classes)), rows[index])
      elif tagged:
        sample[fields.TAGS] = rows[index]
      if deep.any() and wants(fields.DEPTH):
        deeper = tf.cond(
            depths[index] != "", lambda: self._depth(depths[index], names[index], image),
            lambda: self._blank_depth(image))
        sample.update({name: value for name, value in deeper.items() if wants(name)})
      return sample

    return load

  def _listed_tags(self, entries, granted):
    """Returns float32 [N, C], zero where no tags are granted."""
    rows = np.zeros([len(entries), max(self.num_classes, 1)], np.float32)
    for row in np.flatnonzero(granted):
      if entries[row].tags is not None:
        rows[row] = tag_files.multi_hot(entries[row].tags, self.classes)
    return rows


def _joined(name, groups):
  """Returns the dict of id to `Entry` of all splits; an id of several is one sample."""
  found = {}
  for group in groups:
    for key, entry in group.items():
      known = found.setdefault(key, entry)
      if known != entry:
        raise errors.value_error(
            f"Two samples of '{name}' have the same id.",
            expected="an id means one sample, in whatever splits it is",
            received=f"'{key}': " + " and ".join(
                str(each.image) if known.image != entry.image else str(tuple(each))
                for each in (known, entry)), fix="Rename the files of one of them.")
  return found


def pair(images, labels, ids, what, kinds, fix):
  """Returns the list of (id, image path, label path) of ids; refuses those that lack either.

  Args:
    images, labels: dicts of id to path.
    ids: list of ids.
    what: name of the data set, for the error.
    kinds: names of images and labels, with their places.
    fix: what the user can do.

  Raises:
    FileNotFoundError: files are missing; the first of them are named.
  """
  for found, kind in zip((images, labels), kinds):
    lacks = [name for name in ids if name not in found]
    if lacks:
      more = f" and {len(lacks) - _MISSING} more" if len(lacks) > _MISSING else ""
      raise errors.missing(
          f"{what} is not complete: {len(lacks)} of {len(ids)} samples lack their {kind[0]}.",
          expected=kind[1], received="none for " + ", ".join(lacks[:_MISSING]) + more, fix=fix)
  return [(name, images[name], labels[name]) for name in ids]


def divided(ids, shares):
  """Returns a dict of split name to ids: shares of them by the hash of the ids, the rest `train`.

  Args:
    ids: sequence of ids.
    shares: dict of split name to its share, 0..1.

  Example:
    >>> {split: len(ids) for split, ids in divided(map(str, range(100)), {"val": 0.25}).items()}
    {'train': 75, 'val': 25}
  """
  ids = tuple(ids)
  ranked = sorted(ids, key=lambda name: (order.seed_of("held out", 0, name), name))
  start, owner = 0, {}
  for split, share in shares.items():
    count = int(round(share * len(ids)))
    owner.update(dict.fromkeys(ranked[start:start + count], split))
    start += count
  return {split: tuple(name for name in ids if owner.get(name, "train") == split)
          for split in ("train", *shares)}


def place(root, candidates, what, fix):
  """Returns the first of several folders that exists.

  Args:
    root: `pathlib.Path` of the data set.
    candidates: relative paths, the official one first.
    what: what lies there, for the error.
    fix: what the user can do.

  Raises:
    FileNotFoundError: there is none.
  """
  for candidate in candidates:
    if (root / candidate).is_dir():
      return root / candidate
  names = {name.rsplit("/", 1)[-1]: name for name in reversed(candidates)}  # the official places
  raise errors.missing(f"{what} are not there.", expected="the folder "
                       + " or ".join(f"'{root / name}'" for name in reversed(names.values())),
                       received="no such folder", fix=fix)
