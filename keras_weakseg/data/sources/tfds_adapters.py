"""How examples of a TFDS builder become samples: its own names, or a function that says so."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import dataset_source
from keras_weakseg.data.sources import tfds_values

TFDS_ID = "tfds_id"  # what TFDS adds to an example: its file and its place in it
# `name-train.tfrecord-00003-of-00010__12` becomes `train_00003_12`.
_PLACE = r".*-([^-]+)\.[a-z_]+-(\d+)-of-\d+__(\d+)"
_MAPS = (fields.MASK, fields.PARTS)


class Adapter:
  """Which fields the examples of a builder have, what they are read from, and how.

  Attributes:
    classes: class names, index 0 = background; () = not labelled.
    palette: list of RGB tuples, or None.
    aliases: dict of further split names to splits joined by `+`.
    id_path: path of the feature with the id, () = its place in the files.
    settings: JSON values that name the reading in fingerprints.
    image: name of the feature with the encoded image, "" = images are made.
  """
  classes, palette, aliases, id_path, settings, image = (), None, {}, (), {}, ""

  def labels(self, split):
    """Returns the names of the fields of a split."""
    raise NotImplementedError

  def paths(self, names):
    """Returns the paths of the features that fields are read from, each a tuple of keys."""
    raise NotImplementedError

  def is_encoded(self, feature):
    """Returns whether a feature, by its first key, is left encoded until it is needed."""
    raise NotImplementedError

  def decode(self, example, names, name):
    """Returns a dict of the fields `names`.

    Args:
      example: dict of features, those of `paths`.
      names: names of fields.
      name: string, the sample, for errors.
    """
    raise NotImplementedError

  def sample_id(self, example):
    """Returns the id of an example, a string tensor."""
    value = example[TFDS_ID] if not self.id_path else example
    for key in self.id_path:
      value = value[key]
    return value if self.id_path else tf.strings.regex_replace(value, _PLACE, r"\1_\2_\3")

  def check(self, info):
    """Refuses a prepared builder whose features are others than this reading is for."""
    del info

  def flags(self, split):
    """Returns the flags of the labels of a split."""
    return int(dataset_source.held_labels(self.labels(split)))


class Own(Adapter):
  """The features have the names and types of `keras_weakseg.fields`; the builder has the rest.

  Args:
    info: `tfds.core.DatasetInfo`.
    keys: names of the metadata with class names, palette and split aliases.
  """
  id_path, image = (fields.SAMPLE_ID,), fields.IMAGE

  def __init__(self, info, keys):
    record = dict(info.metadata or {})
    self.features = info.features
    self.classes = tuple(record.get(keys[0], ()))
    self.palette, self.aliases = record.get(keys[1]), dict(record.get(keys[2], {}))

  def labels(self, split):
    return tuple(name for name in fields.SPECS if name in self.features)

  def paths(self, names):
    return [(name,) for name in names]

  def is_encoded(self, feature):
    return feature in (fields.IMAGE, fields.FRAMES, fields.STEREO_IMAGE, fields.DEPTH,
                       fields.DISPARITY, *_MAPS)

  def decode(self, example, names, name):
    sample = {field: example[field] for field in names}
    count = len(self.classes)
    if fields.IMAGE in sample:
      sample[fields.IMAGE] = decode.decode_image(sample[fields.IMAGE], name)
    for field, value in sample.items():
      if field == fields.MASK:
        sample[field] = decode.decode_mask(
            value, count, name, image_shape=tf.shape(sample[fields.IMAGE]))
      elif field == fields.PARTS:
        sample[field] = decode.decode_index_png(value, name)
      elif field == fields.FRAMES:
        sample[field] = tf.map_fn(decode.decode_image, value, fn_output_signature=tf.TensorSpec(
            self.features[field].shape[1:], tf.uint8))
      elif field == fields.STEREO_IMAGE:
        sample[field] = decode.decode_image(value, name)
      elif field in (fields.DEPTH, fields.DISPARITY):
        sample[field] = self.features[field].decode_example(value)
      elif field in (fields.TAGS, fields.NOISY_TAGS):
        sample[field] = tf.ensure_shape(value, [count])
    return sample


class Mapped(Adapter):
  """A user's function makes samples of examples, see `tfds_source.Tfds`.

  The function is traced once: what each field is computed from decides which features are parsed
  when it may be read. The others are empty.

  Args:
    function: of a dict of decoded features to a dict of fields.
    info: `tfds.core.DatasetInfo`.
    classes, palette: as in `Adapter`.

  Raises:
    ValueError: the function fails, or its fields do not follow the contract.
  """

  def __init__(self, function, info, classes, palette):
    import tensorflow_datasets as tfds  # pylint: disable=g-import-not-at-top
    self.classes, self.palette = tuple(classes or ()), palette
    self._function, self._features = function, info.features
    self._pictures = {name for name, feature in info.features.items()
                      if isinstance(feature, tfds.features.Image)}
    self._specs = dict(info.features.get_tensor_spec())
    self._needs = self._trace(info.full_name)
    self.settings = {"map": f"{function.__module__}.{getattr(function, '__qualname__', '')}"}

  def _trace(self, full_name):
    """Returns a dict of field to the paths of the features that it is computed from."""

    def fields_of(example):
      return {name: tf.convert_to_tensor(value) for name, value in self._function(example).items()}

    try:
      traced = tf.function(fields_of).get_concrete_function(self._specs)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
      raise errors.value_error(
          f"The function map= does not work with '{full_name}'.",
          expected="a function of a dict of features to a dict of fields of keras_weakseg.fields",
          received=f"{type(error).__name__}: {str(error).strip().splitlines()[-1]}",
          fix="Features: " + ", ".join(self._specs) + ".") from error
    outputs = traced.structured_outputs
    fields.check_spec({name: tf.TensorSpec(value.shape, value.dtype)
                       for name, value in outputs.items()})
    owners, places = {}, iter(traced.graph.inputs)
    for path, spec in _leaves(self._specs):
      for _ in tf.nest.flatten(spec, expand_composites=True):
        owners[next(places).op.name] = path
    return {name: _origins(value, owners) for name, value in outputs.items()}

  @property
  def id_path(self):
    """Not empty if the function gives the ids."""
    return (fields.SAMPLE_ID,) if fields.SAMPLE_ID in self._needs else ()

  def sample_id(self, example):
    if not self.id_path:
      return super().sample_id(example)
    return self._fields(example)[fields.SAMPLE_ID]

  def labels(self, split):
    return tuple(name for name in fields.SPECS if name in self._needs)

  def paths(self, names):
    return sorted(set().union(*(self._needs[name] for name in names)))

  def is_encoded(self, feature):
    return feature in self._pictures

  def _fields(self, example):
    """Returns what the function makes of the features that are there."""
    example = {name: self._features[name].decode_example(value) if name in self._pictures else value
               for name, value in example.items() if name != TFDS_ID}
    return self._function(_completed(self._specs, example))

  def decode(self, example, names, name):
    values = self._fields(example)
    sample = {field: tf.ensure_shape(values[field], fields.SPECS[field].shape) for field in names}
    return {field: tfds_values.checked(field, value, sample, name, len(self.classes))
            for field, value in sample.items()}


def _leaves(specs, path=()):
  """Yields (path, spec) in the order of `tf.nest.flatten`."""
  for key in sorted(specs):
    if isinstance(specs[key], dict):
      yield from _leaves(specs[key], (*path, key))
    else:
      yield (*path, key), specs[key]


def _origins(tensor, owners):
  """Returns the set of `owners` (by operation) that a tensor is computed from."""
  found, seen, rest = set(), set(), [tensor.op]
  while rest:
    operation = rest.pop()
    if operation.name not in seen:
      seen.add(operation.name)
      if operation.name in owners:
        found.add(owners[operation.name])
      rest += [value.op for value in operation.inputs]
  return found


def _completed(specs, values):
  """Returns a dict like `specs`: the values that are there, and empty ones for the others."""
  whole = {}
  for key, spec in specs.items():
    if isinstance(spec, dict):
      whole[key] = _completed(spec, values.get(key, {}))
    elif key in values:
      whole[key] = values[key]
    elif isinstance(spec, tf.TensorSpec):
      # No constant: what is known of it would be known of the feature, and the function be folded.
      empty = tf.zeros([side or 0 for side in spec.shape], spec.dtype)
      whole[key] = tf.compat.v1.placeholder_with_default(empty, spec.shape)
    else:
      whole[key] = tf.ragged.constant([], spec.dtype, ragged_rank=spec.ragged_rank)
  return whole
