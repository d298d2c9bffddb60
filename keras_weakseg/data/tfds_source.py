"""Data sets of tensorflow_datasets whose features have the names of the sample contract."""
import functools
import importlib
import os

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import paths
from keras_weakseg.data import dataset_source
from keras_weakseg.data import decode
from keras_weakseg.data import locations
from keras_weakseg.data import streaming
from keras_weakseg.files import writing

# Sits beside this package, so it is imported by name, when first used.
_REGISTRY = "keras_weakseg.datasets"
_CLASSES, _PALETTE, _ALIASES = "classes", "palette", "split_aliases"
_MAPS = (fields.MASK, fields.PARTS)


class Tfds(streaming.Streaming):
  """A prepared (or preparable) TFDS data set, such as `weakseg_scenes`.

  Examples are read in file order and shuffled while still encoded; only the features that are
  granted and asked for are parsed and decoded.

  Args:
    name: TFDS name with configuration and version as TFDS writes them, or a builder.
    data_dir: folder of data sets: the prepared files are looked for, and written, in its
      `tensorflow_datasets` folder (else in the usual place of TFDS); manual data in itself.
    classes: class names, None = those that the builder records.
    palette: list of RGB tuples, None = that of the builder.
    prepare: make the files first where they are absent.
    buffer: encoded examples in the shuffle buffer.

  Raises:
    ValueError: there is no such data set, or its features do not follow the contract.
    FileNotFoundError: it is not prepared and cannot be.
    ImportError: tensorflow_datasets is not installed.
  """

  def __init__(self, name, data_dir=None, *, classes=None, palette=None, prepare=True,
               buffer=2048):
    self.builder = _open(name, data_dir, prepare) if isinstance(name, str) else name
    record = dict(self.builder.info.metadata or {})
    if not classes and _CLASSES not in record:
      raise errors.value_error(
          f"The class names of '{self.builder.info.full_name}' are not known.",
          expected="names recorded in the builder's metadata, or the argument", received="none",
          fix="Pass classes=('background', ...).")
    colours = palette or (None if classes else record.get(_PALETTE))
    super().__init__(self.builder.info.full_name, classes or record[_CLASSES],
                     colours and [tuple(colour) for colour in colours], buffer)
    self._features = self.builder.info.features
    self._check_features()
    self._aliases = dict(record.get(_ALIASES, {}))

  def _check_features(self):
    for name in (fields.IMAGE, fields.SAMPLE_ID):
      if name not in self._features:
        raise errors.value_error(
            f"The data set '{self.name}' has no feature '{name}'.",
            expected="features with the names of keras_weakseg.fields",
            received=", ".join(self._features),
            fix="Map its samples and pass them as kw.data.Dataset(...) instead.")

  def splits(self):
    """Returns the names of the stored splits."""
    return tuple(self.builder.info.splits)

  def split_aliases(self):
    """Returns the further split names that the builder records."""
    return self._aliases

  def _settings(self):
    return {"buffer": self.buffer}

  def _labels(self, split):
    return tuple(name for name in fields.SPECS if name in self._features)

  def _elements(self, split, names):
    import tensorflow_datasets as tfds  # pylint: disable=g-import-not-at-top
    wanted = tfds.decode.PartialDecoding(
        {name: True for name in dict.fromkeys((*names, fields.SAMPLE_ID))},
        decoders={name: tfds.decode.SkipDecoding() for name in names if self._is_encoded(name)})
    options = tf.data.Options()
    options.deterministic = True
    # One file after the other: any interleaving would make the order depend on the machine.
    config = tfds.ReadConfig(interleave_cycle_length=1, try_autocache=False, options=options)
    return self.builder.as_dataset(split=split, shuffle_files=False, decoders=wanted,
                                   read_config=config)

  def _is_encoded(self, name):
    return name in (fields.IMAGE, fields.FRAMES, fields.STEREO_IMAGE, fields.DEPTH,
                    fields.DISPARITY, *_MAPS)

  def _decode(self, element):
    name = element[fields.SAMPLE_ID]
    sample = dict(element)
    sample[fields.IMAGE] = decode.decode_image(element[fields.IMAGE], name)
    for field, value in element.items():
      if field == fields.MASK:
        sample[field] = decode.decode_mask(
            value, self.num_classes, name, image_shape=tf.shape(sample[fields.IMAGE]))
      elif field == fields.PARTS:
        sample[field] = decode.decode_index_png(value, name)
      elif field == fields.FRAMES:
        sample[field] = tf.map_fn(decode.decode_image, value, fn_output_signature=tf.TensorSpec(
            self._features[field].shape[1:], tf.uint8))
      elif field == fields.STEREO_IMAGE:
        sample[field] = decode.decode_image(value, name)
      elif field in (fields.DEPTH, fields.DISPARITY):
        sample[field] = self._features[field].decode_example(value)
      elif field in (fields.TAGS, fields.NOISY_TAGS):
        sample[field] = tf.ensure_shape(value, [self.num_classes])
    return sample

  def _scan(self, split):
    stored = (fields.SUPERVISION,) if fields.SUPERVISION in self._features else ()
    found = list(self._elements(split, stored).as_numpy_iterator())
    ids = tuple(element[fields.SAMPLE_ID].decode() for element in found)
    if stored:
      return ids, np.array([element[fields.SUPERVISION] for element in found], np.int32)
    return ids, np.full(len(ids), int(dataset_source.held_labels(self._features)), np.int32)


def _open(name, data_dir, prepare):
  """Returns the builder of a name, prepared."""
  importlib.import_module(_REGISTRY).register()
  import tensorflow_datasets as tfds  # pylint: disable=g-import-not-at-top
  data_dir = paths.expand(data_dir)
  options = {"data_dir": os.path.join(data_dir, "tensorflow_datasets")} if data_dir else {}
  try:
    builder = tfds.builder(name, **options)
  except tfds.core.registered.DatasetNotFoundError as error:
    raise errors.unknown_name("TFDS data set", name, importlib.import_module(_REGISTRY).BUILDERS
                              ) from error
  if os.path.isdir(builder.data_dir):
    return builder
  if not prepare:
    raise errors.missing(
        f"The data set '{name}' is not prepared.", expected=f"files in '{builder.data_dir}'",
        received="no such folder", fix=f"Run 'tfds build {name}', or leave prepare=True.")
  manual = functools.partial(_manual_dir, builder.name, data_dir)
  config = tfds.download.DownloadConfig(manual_dir=manual(), try_download_gcs=False)
  try:
    builder.download_and_prepare(download_config=config)
  except (OSError, tf.errors.OpError) as error:
    if os.path.isdir(builder.data_dir):
      return tfds.builder(name, **options)  # Another process was faster.
    raise writing.unwritable(builder.data_dir, error) from error
  return builder


def _manual_dir(name, data_dir):
  """Returns the folder of manual data: that of the data set if there is one, else its parent."""
  short = name.removeprefix("weakseg_")
  for candidate in (name, short):
    for place in locations.places(candidate, data_dir):
      if place.is_dir():
        return str(place)
  return str(data_dir) if data_dir else os.environ.get(locations.ENVIRONMENT)
