"""One sample as the bytes of a record, and what a folder of records says of itself.

A record is a `tf.train.Example` in a TFRecord file, as TensorFlow reads and writes them. The image
is the bytes of its file; maps of numbers are PNG; the rest are tensors, packed by zlib. A label
that a sample may not teach is not in it.
"""
import functools
import json
import zlib

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.files import json_files
from keras_weakseg.files import npz_files
from keras_weakseg.files import schema
from keras_weakseg.files import writing

VERSION = 1
MANIFEST, PLAN = "records.json", "plan.json"
# Length and its checksum stand before the bytes of a record, their checksum behind.
BEFORE, BEHIND = 12, 4
_TAGS = (fields.TAGS, fields.NOISY_TAGS)
_MAPS = (fields.MASK, fields.PARTS, fields.BOX_LABELS, fields.TAG_LABELS)
# Tags that follow from boxes or a mask may be others than those that are listed.
_LESSER = (fields.Supervision.TAGS, fields.Supervision.BOXES)
_SHAPE = schema.list_of(schema.optional(schema.whole))
_PAIRS = schema.list_of(schema.list_of(schema.whole, 2))
_NAMES = schema.list_of(schema.text)
_SCHEMA = schema.record({
    "version": schema.between(VERSION, VERSION, schema.whole), "source": schema.text,
    "split": schema.text, "samples": schema.between(1, 1 << 40, schema.whole), "classes": _NAMES,
    "labelled": schema.flag, "palette": schema.list_of(schema.list_of(schema.whole, 3)),
    "part_classes": _NAMES, "flip_swaps": _PAIRS, "part_swaps": _PAIRS, "content": schema.text,
    "fields": schema.map_of(schema.record({"dtype": schema.text, "shape": _SHAPE})),
    "shards": schema.list_of(schema.record({
        "file": schema.part, "samples": schema.whole, "bytes": schema.whole,
        "sha256": schema.text}))})


def read_manifest(path):
  """Returns the content of a manifest.

  Raises:
    FileNotFoundError: there is none.
    ValueError: it is damaged, or of another version.
  """
  return json_files.read_json(path, "manifest of records", _SCHEMA,
                              fix="Write the records: keras-weakseg make-records.")


def lesser(field, grant):
  """Returns the key of the tags that are read under a grant of this kind alone."""
  return f"{field}@{int(grant)}"


def write_index(path, ids, **columns):
  """Writes what is known of every record of a shard.

  Args:
    path: where.
    ids: list of str.
    **columns: arrays of numbers with an entry per record.
  """
  text = "\0".join(ids).encode()
  npz_files.write_npz(path, ids=np.frombuffer(text, np.uint8), **columns)


def read_index(path):
  """Returns the ids of a shard, a list of str, and a dict of arrays.

  Raises:
    FileNotFoundError: there is none.
    ValueError: it is damaged.
  """
  arrays = npz_files.read_npz(path, "index of records", fix="Write the records again.")
  ids = arrays.pop("ids").tobytes().decode().split("\0")
  return ids, arrays


def encode(sample, flags, image, lesser_tags):
  """Returns the bytes of a record.

  Args:
    sample: dict of arrays, read with every label granted.
    flags: int, the labels that exist and are allowed.
    image: bytes of its file, or None.
    lesser_tags: dict of grant to a dict of the tags that are read with it.
  """
  kinds = fields.granted(flags)
  content = {name: _packed(value) for name, value in sample.items()
             if name not in (fields.IMAGE, fields.SAMPLE_ID, fields.SUPERVISION)
             and fields.may_read(name, kinds)}
  content[fields.IMAGE] = _image(sample[fields.IMAGE], image)
  for grant, tags in lesser_tags.items():
    if flags & int(fields.granted(grant)):
      content.update({lesser(name, grant): _packed(value) for name, value in tags.items()
                      if name in content and not np.array_equal(value, sample[name])})
  return tf.train.Example(features=tf.train.Features(feature={
      name: tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
      for name, value in sorted(content.items())})).SerializeToString(deterministic=True)


def lesser_grants(flags):
  """Returns the grants under which tags may be others than with every label.

  Args:
    flags: int32 [N], the labels that exist and are allowed.
  """
  held = int(np.bitwise_or.reduce(flags))
  return [grant for grant in _LESSER if held & grant and held > 2 * grant - 1]


def _image(pixels, contents):
  """Returns the bytes of an image: those of its file where these are the pixels, else a PNG."""
  try:
    if contents is not None and np.array_equal(_decoder()(tf.constant(contents)), pixels):
      return contents
  except (ValueError, tf.errors.OpError):
    pass  # Another file, from which the source takes its image.
  return tf.io.encode_png(pixels).numpy()


@functools.lru_cache(maxsize=None)
def _decoder():
  """Returns `decode.decode_image` as a graph: its many operations cost most of a record."""
  return tf.function(decode.decode_image, input_signature=[tf.TensorSpec([], tf.string)])


def _packed(value):
  value = np.asarray(value)
  if value.dtype == np.uint8 and value.ndim in (2, 3):
    return tf.io.encode_png(value[..., None] if value.ndim == 2 else value).numpy()
  if value.dtype == np.uint8 and value.ndim == 4:
    value = np.array([tf.io.encode_png(frame).numpy() for frame in value], object)
    return tf.io.serialize_tensor(tf.constant(value, tf.string)).numpy()
  return zlib.compress(tf.io.serialize_tensor(tf.constant(value)).numpy(), 1)


class Decoder:
  """Decodes records to samples.

  Args:
    specs: dict of field to `tf.TensorSpec`, those of the samples that were written.
    num_classes: number of classes C.
    grant: flags of what may be read, with all that they imply.
    wanted: names of fields, None = all.
  """

  def __init__(self, specs, num_classes, grant, wanted):
    may = lambda name: fields.may_read(name, grant) and (wanted is None or name in wanted)
    self._specs = {name: spec for name, spec in specs.items() if name not in (
        fields.IMAGE, fields.SAMPLE_ID, fields.SUPERVISION) and may(name)}
    self._num_classes = num_classes
    strongest = max((flag for flag in (*_LESSER, fields.Supervision.MASK) if grant & flag),
                    default=0)
    self._lesser = {name: lesser(name, strongest) for name in self._specs
                    if name in _TAGS and strongest in _LESSER}

  def __call__(self, contents, name, taught):
    """Returns the sample of a record.

    Args:
      contents: string tensor [].
      name: string tensor [], the id.
      taught: int32 tensor [], the flags of what it may teach.
    """
    keys = [fields.IMAGE, *self._specs, *self._lesser.values()]
    stored = tf.io.parse_single_example(
        contents, {key: tf.io.FixedLenFeature([], tf.string, "") for key in keys})
    image = decode.decode_image(stored[fields.IMAGE], name)
    sample = {fields.IMAGE: image, fields.SAMPLE_ID: name, fields.SUPERVISION: taught}
    for field, spec in self._specs.items():
      value = stored[field]
      if field in self._lesser:
        other = stored[self._lesser[field]]
        value = tf.where(other != "", other, value)
      there = value != ""
      if field in fields.GRANTED_BY:
        there &= tf.bitwise.bitwise_and(taught, int(fields.GRANTED_BY[field])) > 0
      sample[field] = tf.ensure_shape(tf.cond(
          there, lambda value=value, spec=spec: self._unpacked(value, spec, name),
          lambda field=field, spec=spec: self._blank(field, spec, tf.shape(image))), spec.shape)
    return sample

  def _unpacked(self, value, spec, name):
    if spec.dtype == tf.uint8 and spec.shape.rank == 2:
      return decode.decode_index_png(value, name)
    if spec.dtype == tf.uint8 and spec.shape.rank == 3:
      return tf.io.decode_png(value, channels=3)
    if spec.dtype == tf.uint8 and spec.shape.rank == 4:
      return tf.map_fn(lambda frame: tf.io.decode_png(frame, channels=3),
                       tf.io.parse_tensor(value, tf.string), fn_output_signature=tf.TensorSpec(
                           spec.shape[1:], tf.uint8))
    return tf.io.parse_tensor(tf.io.decode_compressed(value, "ZLIB"), spec.dtype)

  def _blank(self, field, spec, size):
    """Returns what a sample carries for a label that it may not teach."""
    if spec.shape.rank == 2 and field not in (fields.BOXES, fields.INTRINSICS, fields.STEREO_POSE):
      return tf.fill(size[:2], tf.cast(fields.IGNORE_LABEL if field in _MAPS else 0, spec.dtype))
    if field in _TAGS:
      return tf.zeros([self._num_classes], spec.dtype)
    return tf.zeros([side or 0 for side in spec.shape], spec.dtype)


def specs_of(manifests):
  """Returns the dict of field to `tf.TensorSpec` of several manifests.

  Sizes that differ between them are any size.
  """
  found = {}
  for manifest in manifests:
    for name, entry in manifest["fields"].items():
      spec = tf.TensorSpec(entry["shape"], entry["dtype"])
      found[name] = found.get(name, spec).most_specific_common_supertype([spec])
  return found


def claim(folder, plan):
  """Writes what shall be in a folder, or checks that what is there is a part of the same.

  Args:
    folder: `pathlib.Path`; it need not exist.
    plan: dict of plain JSON values.

  Raises:
    ValueError: the folder holds other records, or anything else.
  """
  path, plan = folder / PLAN, json.loads(json.dumps(plan))
  if path.exists():
    known = json_files.read_json(path, "plan of records", schema.map_of(schema.anything))
    other = [name for name in plan if known.get(name) != plan[name]]
    if other:
      raise errors.value_error(
          f"The folder '{folder}' holds other records.",
          expected=", ".join(f"{name} {plan[name]!r}" for name in other),
          received=", ".join(f"{name} {known.get(name)!r}" for name in other),
          fix="Choose another folder, or remove this one.")
    return
  there = sorted(entry.name for entry in folder.iterdir()
                 if not writing.TEMPORARY.fullmatch(entry.name)) if folder.exists() else []
  if there:
    raise errors.value_error(
        f"The folder '{folder}' holds something else.", expected="a new or empty folder",
        received=", ".join(there[:5]), fix="Choose another folder.")
  writing.write_json(path, plan)
