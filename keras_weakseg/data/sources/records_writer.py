"""Writes a source as sharded TFRecord files: once, so that training opens a few large files."""
import hashlib
import itertools
import os
import pathlib
import zlib

import numpy as np
import tensorflow as tf

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import paths
from keras_weakseg.data.pipeline import broken
from keras_weakseg.data.readers import record_files
from keras_weakseg.files import progress as progress_lib
from keras_weakseg.files import schema
from keras_weakseg.files import writing

ALL = fields.Supervision(sum(fields.Supervision))
_TAGGED = (fields.IMAGE, fields.SAMPLE_ID, fields.TAGS, fields.NOISY_TAGS)


def make_records(data: arguments.Source, output: arguments.Path, *,
                 splits: arguments.Texts | None = None, shards: int = 16,
                 progress: bool = True) -> list:
  """Writes a source as TFRecord files that `kw.data.Records(output)` reads.

  The samples are the same, bit for bit: images keep the bytes of their files (what has no file is a
  PNG), label maps are PNG, everything else is kept as it is. Whatever its labels allow is written;
  what may be read is said when they are read. Splits are written one after the other.

  ```
  output/train/00000-of-00016.tfrecord    the samples, in stored order
  output/train/00000-of-00016.npz         their ids, sizes, places, checksums, kinds of labels
  output/train/records.json               the manifest, written last
  ```

  Files appear whole or not at all. A stopped call is continued by the same call: finished shards
  stay, and are refused where labels have changed since. Memory holds the ids and a few samples.

  Args:
    data: a data source.
    output: folder; every split has its own in it.
    splits: names of its splits; default: all that hold samples.
    shards: number of files of a split, at most one per sample. Workers of a cluster read different
      ones, so there should be several times as many as workers.
    progress: whether to draw a progress bar.

  Returns:
    List of `pathlib.Path`: the folders of the splits.

  Raises:
    ValueError: a sample cannot be read, or the folder holds other records or cannot be written.
  """
  splits = [splits] if isinstance(splits, str) else splits or list(_filled(data))
  return [write_records(data, split, output, shards, progress=progress) for split in splits]


def _filled(source):
  """Yields the splits, but for those that may be empty and are."""
  for split in source.splits():
    try:
      source.ids(split)
    except ValueError:
      if split not in source.origin.optional:
        raise
    else:
      yield split


def write_records(source, split, directory, shards, *, progress=True):
  """Writes one split of a source, see `make_records`; returns its folder."""
  split, ids, shards = _checked(source, split, shards)
  folder = pathlib.Path(paths.expand(directory)) / split
  flags = source.supervision(split)
  specs = source.samples(split, grant=ALL).element_spec
  plan = {"version": record_files.VERSION, "source": source.name, "split": split,
          "fingerprint": source.fingerprint(), "content": source.box_content(),
          "labels": _labels_of(source, ids, flags), "shards": shards, "samples": len(ids),
          "fields": {name: {
              "dtype": spec.dtype.name, "shape": (
                  fields.SPECS[name] if spec.shape.rank is None else spec).shape.as_list()}
                                          for name, spec in sorted(specs.items())}}
  record_files.claim(folder, plan)
  writing.remove_abandoned(folder)
  bounds = np.linspace(0, len(ids), shards + 1).astype(int)
  pieces = [range(first, last) for first, last in zip(bounds, bounds[1:])]
  names = [f"{number:05d}-of-{shards:05d}" for number in range(shards)]
  missing = [number for number in range(shards) if _entry(folder, names[number]) is None]
  rows = [row for number in missing for row in pieces[number]]
  stream = _records(source, split, [ids[row] for row in rows], flags[rows], progress)
  for number in missing:
    _write_shard(folder, names[number], len(pieces[number]), stream)
  _write_manifest(source, folder, plan, [_entry(folder, name) for name in names])
  return folder


def _labels_of(source, ids, flags):
  """Returns 16 hex digits of the label files that are written: finished shards hold none others."""
  kinds = fields.Supervision.MASK, fields.Supervision.DEPTH, fields.Supervision.TAGS
  digest = hashlib.sha256()
  for name, flag in zip(ids, flags.tolist()):
    for kind, entry in zip(kinds, source.origin.label_files(name)):
      if entry is not None and flag & kind:
        is_file = isinstance(entry, str) and os.path.isfile(entry)
        digest.update(repr((name, int(kind))).encode())
        digest.update(pathlib.Path(entry).read_bytes() if is_file else repr(entry).encode())
  return digest.hexdigest()[:16]


def _checked(source, split, shards):
  """Returns the name of the split in its source, its ids and the number of shards."""
  parts = source.parts_of(split)
  try:
    schema.part(parts[0])
  except schema.Mismatch:
    parts = ()
  if len(parts) != 1:
    raise errors.value_error(
        f"The records of '{split}' have no folder.", expected="one split, with a plain name",
        received=repr(split), fix="Write one split after the other; they can be joined when read.")
  if isinstance(shards, bool) or not isinstance(shards, int) or shards < 1:
    raise errors.value_error("The number of shards cannot be used.", expected="1, 2, ...",
                             received=repr(shards), fix="Pass shards= (--shards), such as 64.")
  ids = source.ids(parts[0])
  return parts[0], ids, min(shards, len(ids))


def _records(source, split, ids, flags, progress):
  """Yields (id, flags, size, bytes) of records, in the order of the ids."""
  if not ids:
    return
  read = lambda grant, wanted=None: broken.read_samples(
      source, split, ids, grant=grant, wanted=wanted)
  grants = record_files.lesser_grants(flags)
  rows = zip(ids, flags, read(ALL), source.encoded_images(split, ids),
             *(read(grant, _TAGGED) for grant in grants))
  for name, flag, sample, image, *weak in progress_lib.bar(
      rows, "records", len(ids), show=progress):
    for each in (sample, *weak):
      if each[fields.SAMPLE_ID].decode() != name:
        raise errors.value_error(
            f"The source '{source.name}' gives its samples in another order than its ids.",
            expected=repr(name), received=each[fields.SAMPLE_ID], fix="Prepare its data again.")
    tags = {grant: {key: each[key] for key in (fields.TAGS, fields.NOISY_TAGS) if key in each}
            for grant, each in zip(grants, weak)}
    yield (name, int(flag), sample[fields.IMAGE].shape[:2],
           record_files.encode(sample, int(flag), image, tags))


def _write_shard(folder, name, count, stream):
  """Writes the next records of a stream as a shard, and then its index."""
  found, place, digest, path = [], 0, hashlib.sha256(), folder / f"{name}.tfrecord"
  with writing.whole(path) as temporary:
    writer = tf.io.TFRecordWriter(temporary)
    for sample, flags, size, contents in itertools.islice(stream, count):
      _write(path, lambda contents=contents: writer.write(contents))
      digest.update(contents)
      found.append((sample, flags, size, place + record_files.BEFORE, len(contents),
                    zlib.crc32(contents)))
      place += record_files.BEFORE + len(contents) + record_files.BEHIND
    _write(path, writer.close)
  ids, flags, sizes, offsets, lengths, checksums = zip(*found)
  record_files.write_index(
      folder / f"{name}.npz", ids, flags=np.array(flags, np.int32),
      sizes=np.array(sizes, np.int32), offsets=np.array(offsets, np.int64),
      lengths=np.array(lengths, np.int64), checksums=np.array(checksums, np.uint32),
      sha256=np.frombuffer(digest.digest(), np.uint8))


def _write(path, function):
  """Writes with TensorFlow, whose errors of a full disk are others."""
  try:
    function()
  except tf.errors.OpError as error:
    raise writing.unwritable(path, error) from error


def _entry(folder, name):
  """Returns what the manifest says of a shard, None if it is not finished."""
  path = folder / f"{name}.tfrecord"
  try:
    ids, columns = record_files.read_index(folder / f"{name}.npz")
  except (FileNotFoundError, ValueError):
    return None
  whole = int(columns["offsets"][-1] + columns["lengths"][-1]) + record_files.BEHIND
  if not path.is_file() or os.path.getsize(path) != whole:
    return None
  return {"file": path.name, "samples": len(ids), "bytes": whole,
          "sha256": columns["sha256"].tobytes().hex()}


def _write_manifest(source, folder, plan, shards):
  content = hashlib.sha256("".join(entry["sha256"] for entry in shards).encode()).hexdigest()[:16]
  pairs = lambda swaps: [[int(value) for value in pair] for pair in swaps]
  writing.write_json(folder / record_files.MANIFEST, {
      **plan, "classes": list(source.classes), "labelled": bool(source.labelled),
      "palette": [[int(value) for value in colour] for colour in source.palette],
      "part_classes": list(source.part_classes), "flip_swaps": pairs(source.flip_swaps),
      "part_swaps": pairs(source.part_swaps), "content": content, "shards": shards})
