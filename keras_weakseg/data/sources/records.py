"""Sharded TFRecord files, as `make_records` writes them, as a source."""
import functools
import hashlib
import itertools
import os
import pathlib
import zlib

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import order
from keras_weakseg.data.readers import locations
from keras_weakseg.data.readers import record_files
from keras_weakseg.data.sources import source

_FIX = "Copy it again, or remove it and call make-records again: only what lacks is written."


class Records(source.RandomAccess):
  """The samples of another source, from a few large files.

  They are those of the source, bit for bit, whatever is granted. Training reads them in an order
  of its own (`order.shuffled_by_file`): the workers of a cluster read different files, and the
  batches do not depend on their number. Every record is compared with its checksum.

  Args:
    root: the folder that `make_records` was called with; also looked for in the data locations.
    data_dir: folder of data sets, see `locations.find`.
    name: name in plans and records, None = that of the source.

  Raises:
    FileNotFoundError: there are no records, or shards lack; names them.
    ValueError: a manifest, index or shard is damaged, or splits have other classes.
  """

  def __init__(self, root, data_dir=None, *, name=None):
    self.root = locations.find(root, data_dir)
    self._manifests = _manifests(self.root)
    first, *others = self._manifests.values()
    for other in others:
      if any(other[key] != first[key] for key in _SHARED):
        raise errors.value_error(
            f"The splits of the records '{self.root}' are of different sources.",
            expected=f"{first['source']}: {', '.join(first['classes'])}",
            received=f"{other['source']}: {', '.join(other['classes'])}",
            fix="Write them to folders of their own.")
    self.labelled = bool(first["labelled"])
    super().__init__(name or first["source"], first["classes"],
                     [tuple(colour) for colour in first["palette"]])
    self.part_classes = tuple(first["part_classes"])
    self.flip_swaps, self.part_swaps = (
        tuple(map(tuple, first[key])) for key in ("flip_swaps", "part_swaps"))
    self._open()

  def _open(self):
    """Reads the indices: ids, and where every record lies."""
    self._ids, self._paths, columns, counts = {}, [], [], []
    for split, manifest in self._manifests.items():
      names = []
      for entry in manifest["shards"]:
        path = self.root / split / entry["file"]
        ids, arrays = _checked_index(path, entry)
        names += ids
        self._paths.append(str(path))
        columns.append(arrays)
        counts.append(len(ids))
      self._ids[split] = tuple(names)
    self._flags, self._offsets, self._lengths, self._checksums = (
        np.concatenate([arrays[key] for arrays in columns])
        for key in ("flags", "offsets", "lengths", "checksums"))
    self._ends = np.cumsum(counts)  # of the files, in rows
    self._refuse_ambiguous()

  def _refuse_ambiguous(self):
    everything = [name for names in self._ids.values() for name in names]
    if len(self._ids) > 1 and len(set(everything)) < len(everything):
      known = {}
      for name, checksum in zip(everything, self._checksums.tolist()):
        if known.setdefault(name, checksum) != checksum:
          raise errors.value_error(
              f"Two samples of the records '{self.root}' have the same id.",
              expected="an id means one sample, in whatever splits it is", received=repr(name),
              fix="Write the splits to folders of their own.")

  def splits(self):
    return tuple(self._ids)

  def _split_ids(self, split):
    return self._ids[split]

  def _settings(self):
    return {split: manifest["content"] for split, manifest in self._manifests.items()}

  def box_content(self):
    """Returns 16 hex digits of all records."""
    return hashlib.sha256(repr(self._settings()).encode()).hexdigest()[:16]

  @functools.cached_property
  def _row_of(self):
    found = {}
    for row, name in enumerate(name for names in self._ids.values() for name in names):
      found.setdefault(name, row)
    return found

  def _rows(self, ids):
    """Returns int64 [N], the rows of ids."""
    start = 0
    for known in self._ids.values():
      if ids == known:
        return np.arange(start, start + len(ids))
      start += len(known)
    return np.array([self._row_of[name] for name in ids], np.int64)

  def _available(self, ids, flags):
    return self._flags[self._rows(tuple(ids))] & int(flags)

  def encoded_images(self, split, ids):
    """Returns the bytes of the images as they were written."""
    for row in self._rows(tuple(ids)):
      example = tf.train.Example.FromString(self._read(row))
      yield example.features.feature[fields.IMAGE].bytes_list.value[0]

  def _read(self, row):
    """Returns the bytes of a record; refuses other bytes than were written."""
    path = self._paths[np.searchsorted(self._ends, row, side="right")]
    with open(path, "rb") as file:
      file.seek(self._offsets[row])
      contents = file.read(self._lengths[row])
    if zlib.crc32(contents) != self._checksums[row]:
      name = next(itertools.islice(itertools.chain(*self._ids.values()), int(row), None))
      raise errors.value_error(
          f"The record of '{name}' in the shard '{path}' is damaged.",
          expected="the bytes that were written", received="others", fix=_FIX)
    return contents

  def _loader(self, ids, grant, wanted):
    grant = fields.granted(grant)
    rows = self._rows(tuple(ids))
    decoder = record_files.Decoder(self._specs, max(self.num_classes, 1), grant, wanted)

    def read(index):
      row = rows[index]
      taught = source.taught(source.readable(self._flags[row][None], grant))[0]
      return self._read(row), ids[index].encode(), taught

    def load(index):
      contents, name, taught = tf.numpy_function(
          read, [index], [tf.string, tf.string, tf.int32])
      for value in (contents, name, taught):
        value.set_shape([])
      return decoder(contents, name, taught)

    return load

  @functools.cached_property
  def _specs(self):
    return record_files.specs_of(self._manifests.values())

  def _drawn(self, seed, position, ids, period):
    rows = self._rows(tuple(ids))
    files = np.searchsorted(self._ends, rows, side="right")
    arranged = np.argsort(files, kind="stable")
    sizes = np.bincount(files)
    draw = lambda one: order.shuffled_by_file(seed, one, sizes[sizes > 0].tolist(), period)
    drawn = tf.map_fn(draw, position) if position.shape.rank else draw(position)
    if np.array_equal(arranged, np.arange(len(ids))):
      return drawn
    return tf.gather(tf.constant(arranged, tf.int64), drawn)


_SHARED = ("source", "classes", "labelled", "palette", "part_classes", "flip_swaps", "part_swaps")


def _manifests(root):
  """Returns a dict of split to manifest."""
  places = sorted(place for place in pathlib.Path(root).iterdir()
                  if (place / record_files.PLAN).exists())
  unfinished = [place.name for place in places
                if not (place / record_files.MANIFEST).exists()]
  if unfinished or not places:
    raise errors.missing(
        f"'{root}' holds no finished records.",
        expected=f"<split>/{record_files.MANIFEST}, which is written last",
        received="unfinished: " + ", ".join(unfinished) if unfinished else "none",
        fix="Call keras-weakseg make-records with it (again): finished shards stay.")
  found = {place.name: record_files.read_manifest(place / record_files.MANIFEST)
           for place in places}
  lacks, wrong = [], []
  for split, manifest in found.items():
    for entry in manifest["shards"]:
      path = root / split / entry["file"]
      if not path.is_file() or not path.with_suffix(".npz").is_file():
        lacks.append(f"{split}/{entry['file']}")
      elif os.path.getsize(path) != entry["bytes"]:
        wrong.append(f"{split}/{entry['file']} ({os.path.getsize(path)} of {entry['bytes']} bytes)")
  if lacks or wrong:
    raise (errors.missing if lacks else errors.value_error)(
        f"Shards of the records '{root}' are missing or damaged.",
        expected="every file that the manifests name, whole",
        received="; ".join(f"{kind}: {', '.join(names[:5])}" + (" ..." if len(names) > 5 else "")
                           for kind, names in (("missing", lacks), ("other size", wrong)) if names),
        fix=_FIX)
  return found


def _checked_index(path, entry):
  """Returns ids and arrays of a shard whose index belongs to it."""
  ids, arrays = record_files.read_index(path.with_suffix(".npz"))
  columns = ("flags", "offsets", "lengths", "checksums")
  if (arrays.get("sha256", np.zeros(0)).tobytes().hex() != entry["sha256"]
      or any(len(arrays.get(key, ())) != entry["samples"] for key in (*columns, "sizes"))
      or len(ids) != entry["samples"]):
    raise errors.value_error(
        f"The index of the shard '{path}' is of another one.",
        expected=f"{entry['samples']} records, {entry['sha256'][:16]}",
        received=f"{len(ids)} records", fix=_FIX)
  return ids, {key: arrays[key] for key in columns}
