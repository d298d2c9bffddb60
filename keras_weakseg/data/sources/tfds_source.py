"""Data sets of tensorflow_datasets: ours, those of the catalogue, and any other by a function."""
import collections
import importlib
import os

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import paths
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import streaming
from keras_weakseg.data.sources import tfds_adapters
from keras_weakseg.data.sources import tfds_catalogue
from keras_weakseg.files import writing

# Sits beside this package, so it is imported by name, when first used.
_REGISTRY = "keras_weakseg.datasets"
_CLASSES, _PALETTE, _ALIASES = "classes", "palette", "split_aliases"
_EXAMPLE = "example"
_CLASSED = {fields.MASK, fields.TAGS, fields.NOISY_TAGS, fields.BOX_CLASSES}


class Tfds(streaming.Streaming):
  """A prepared (or preparable) TFDS data set, such as `weakseg_scenes` or `oxford_iiit_pet`.

  Builders with the names of the sample contract are read by these, and those of
  `tfds_catalogue.TABLE` as they are. Of any other, `map` says what it holds:

  ```
  def samples(example):  # what tfds.load gives: a dict of tensors, pictures decoded
    return {"image": example["image"], "sample_id": example["file_name"],
            "mask": tf.where(example["segmentation_mask"][..., 0] == 1, 1, 0)}
  kw.data.Tfds("some/builder", map=samples, classes=("background", "thing"))
  ```

  The fields have the names, types and conventions of `keras_weakseg.fields`; only `image` is
  needed. Without `sample_id`, an id is the place in the files (`train_00003_12`), which another
  preparation may change. The function is made of TensorFlow operations: from what a field is
  computed is found in its graph, and of labels that may not be read, features stay unread (the
  function is then given empty ones). Masks, boxes and depth are checked when they are read.

  Examples are read in file order and shuffled while still encoded; only the features that are
  granted and asked for are parsed and decoded.

  Args:
    name: TFDS name with configuration and version as TFDS writes them, or a builder.
    data_dir: folder of data sets: the prepared files are looked for, and written, in its
      `tensorflow_datasets` folder (else in the usual place of TFDS); manual data in itself.
    classes: class names, None = those that the builder or the table has.
    palette: list of RGB tuples, None = that of the builder.
    map: function of an example to the fields of a sample; with it, the builder may be any.
    prepare: make the files first where they are absent; this may download much.
    buffer: encoded examples in the shuffle buffer.

  Raises:
    ValueError: there is no such data set, or nothing says what its features mean.
    FileNotFoundError: it is not prepared and cannot be.
    ImportError: tensorflow_datasets is not installed.
  """

  def __init__(self, name, data_dir=None, *, classes=None, palette=None, map=None, prepare=True,
               buffer=2048):  # pylint: disable=redefined-builtin
    builder, named = (_find(name, data_dir), True) if isinstance(name, str) else (name, False)
    # What cannot be read is not downloaded.
    adapter = _adapter(builder, map, classes, palette)
    self.builder = _prepared(builder, name, data_dir, prepare) if named else builder
    adapter.check(self.builder.info)
    self._adapter = adapter
    full_name = self.builder.info.full_name
    self.labelled = bool(classes or adapter.classes) or bool(_CLASSED & set(adapter.labels("")))
    if self.labelled and not classes and not adapter.classes:
      raise errors.value_error(
          f"The class names of '{full_name}' are not known.",
          expected="names recorded in the builder's metadata, or the argument", received="none",
          fix="Pass classes=('background', ...).")
    if isinstance(adapter, tfds_catalogue.Known) and classes and (
        len(classes) != len(adapter.classes)):
      raise errors.value_error(
          f"The classes of '{full_name}' are others.",
          expected=f"{len(adapter.classes)} names, or classes=None", received=list(classes),
          fix="Join or leave out classes with kw.data.Regrouped.")
    colours = palette or (None if classes else adapter.palette)
    super().__init__(full_name, classes or adapter.classes,
                     colours and [tuple(colour) for colour in colours], buffer)
    adapter.classes = self.classes

  def splits(self):
    """Returns the names of the stored splits."""
    return tuple(self.builder.info.splits)

  def split_aliases(self):
    """Returns the further split names that the builder records."""
    return self._adapter.aliases

  def _settings(self):
    return {"buffer": self.buffer, **self._adapter.settings}

  def _labels(self, split):
    held = {name for part in self.parts_of(split) for name in self._adapter.labels(part)}
    return tuple(name for name in fields.SPECS if name in held)

  def _elements(self, split, names):
    import tensorflow_datasets as tfds  # pylint: disable=g-import-not-at-top
    adapter = self._adapter
    if adapter.id_path:
      names = dict.fromkeys((*names, fields.SAMPLE_ID))
    wanted = {}
    for path in adapter.paths(names) or adapter.paths((fields.IMAGE,)):
      place = wanted
      for key in path[:-1]:
        place = place.setdefault(key, {})
      place[path[-1]] = True
    decoding = tfds.decode.PartialDecoding(wanted, decoders={
        key: tfds.decode.SkipDecoding() for key in wanted if adapter.is_encoded(key)})
    options = tf.data.Options()
    options.deterministic = True
    # One file after the other: any interleaving would make the order depend on the machine.
    config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False, options=options,
                             add_tfds_id=not adapter.id_path)
    data = self.builder.as_dataset(split=split, shuffle_files=False, decoders=decoding,
                                   read_config=config)
    return data.map(lambda example: {
        fields.SAMPLE_ID: adapter.sample_id(example), _EXAMPLE: example})

  def _decode(self, element, names):
    name = element[fields.SAMPLE_ID]
    return {**self._adapter.decode(element[_EXAMPLE], names, name), fields.SAMPLE_ID: name}

  def encoded_images(self, split, ids):
    """Returns the bytes of the stored images; None where a function made them."""
    key = self._adapter.image
    for element in self._stream(split, ids, (fields.IMAGE,)).as_numpy_iterator():
      yield element[_EXAMPLE][key] if key else None

  def _boxes(self, split, names):
    data = self._elements(split, names)
    # What a function makes of the features may change while they do not.
    return data.map(lambda element: self._decode(element, names)) if isinstance(
        self._adapter, tfds_adapters.Mapped) else data

  def _scan(self, split):
    stored = (fields.SUPERVISION,) if fields.SUPERVISION in self._labels(split) else ()
    data = self._elements(split, stored)
    if stored:
      data = data.map(lambda element: self._decode(element, stored))
    found = list(data.map(lambda element: {
        name: element[name] for name in (*stored, fields.SAMPLE_ID)}).as_numpy_iterator())
    ids = tuple(element[fields.SAMPLE_ID].decode() for element in found)
    self._check_ids(split, ids)
    if stored:
      return ids, np.array([element[fields.SUPERVISION] for element in found], np.int32)
    return ids, np.full(len(ids), self._adapter.flags(split), np.int32)

  def _check_ids(self, split, ids):
    if len(set(ids)) < len(ids):
      twice = next(name for name, count in collections.Counter(ids).items() if count > 1)
      raise errors.value_error(
          f"Two samples of the split '{split}' of '{self.name}' have the same id.",
          expected="every id once", received=repr(twice),
          fix="Give another sample_id in map=, or none: then it is the place in the files.")


def _adapter(builder, function, classes, palette):
  """Returns what reads the examples of a builder."""
  info = builder.info
  if function is not None:
    return tfds_adapters.Mapped(function, info, classes, palette)
  if {fields.IMAGE, fields.SAMPLE_ID} <= set(info.features):
    return tfds_adapters.Own(info, (_CLASSES, _PALETTE, _ALIASES))
  known = tfds_catalogue.find(builder)
  if known is None:
    raise errors.value_error(
        f"Nothing says what the features of the data set '{info.full_name}' mean.",
        expected="features with the names of keras_weakseg.fields, or one of "
        + ", ".join(tfds_catalogue.TABLE), received=", ".join(info.features),
        fix="Pass map=, a function of an example to a dict of image, mask, ..., and classes=.")
  known.check(info)
  return known


def _options(data_dir):
  data_dir = paths.expand(data_dir)
  return {"data_dir": os.path.join(data_dir, "tensorflow_datasets")} if data_dir else {}


def _find(name, data_dir):
  """Returns the builder of a name."""
  importlib.import_module(_REGISTRY).register()
  import tensorflow_datasets as tfds  # pylint: disable=g-import-not-at-top
  try:
    return tfds.builder(name, **_options(data_dir))
  except tfds.core.registered.DatasetNotFoundError as error:
    known = (*importlib.import_module(_REGISTRY).BUILDERS, *tfds_catalogue.TABLE)
    raise errors.unknown_name("TFDS data set", name, known) from error


def _prepared(builder, name, data_dir, prepare):
  """Returns a builder whose files are there."""
  import tensorflow_datasets as tfds  # pylint: disable=g-import-not-at-top
  if os.path.isdir(builder.data_dir):
    return builder
  if not prepare:
    raise errors.missing(
        f"The data set '{name}' is not prepared.", expected=f"files in '{builder.data_dir}'",
        received="no such folder", fix=f"Run 'tfds build {name}', or leave prepare=True.")
  manual = _manual_dir(builder.name, paths.expand(data_dir))
  config = tfds.download.DownloadConfig(manual_dir=manual, try_download_gcs=False)
  try:
    builder.download_and_prepare(download_config=config)
  except (OSError, tf.errors.OpError) as error:
    if os.path.isdir(builder.data_dir):
      return tfds.builder(name, **_options(data_dir))  # Another process was faster.
    raise writing.unwritable(builder.data_dir, error) from error
  except ImportError as error:
    raise ImportError(errors.describe(
        f"The data set '{name}' cannot be prepared.", expected="all packages that TFDS needs",
        received=error, fix="Install the package that is named, for example importlib_resources.")
                      ) from error
  except AssertionError as error:  # What TFDS says where files that nobody may download lack.
    raise errors.missing(
        f"The data set '{name}' cannot be prepared.", expected=f"its files in '{manual}'",
        received=error, fix="Get them yourself, or pass data_dir= where they lie.") from error
  return builder


def _manual_dir(name, data_dir):
  """Returns the folder of manual data: that of the data set if there is one, else its parent."""
  short = name.removeprefix("weakseg_")
  for candidate in (name, short):
    for place in locations.places(candidate, data_dir):
      if place.is_dir():
        return str(place)
  return str(data_dir) if data_dir else os.environ.get(locations.ENVIRONMENT)
