"""Bundles: batches with a fixed number of samples of every part."""
import collections
import functools

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import augment
from keras_weakseg.data.pipeline import broken
from keras_weakseg.data.pipeline import flip_swaps
from keras_weakseg.data.pipeline import order
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import depth_files
from keras_weakseg.data.readers import refusals

# What it carries where its part has no video: black frames at offset 0, and cameras that divide.
_PER_FRAME = (fields.FRAMES, fields.FRAME_OFFSETS, fields.POSES)
_CAMERAS = (fields.INTRINSICS, fields.POSES, fields.STEREO_POSE)
_PICTURES = (fields.FRAMES, fields.STEREO_IMAGE)
# What the pipeline adds to every sample, the last one only if the augmentation says so.
_ADDED = (fields.PART, fields.SAMPLE_KEY, fields.VALID, fields.JITTER)


class Bundle:
  """Strong and weak samples in fixed proportion, in an order that integers determine.

  Step s takes of part p the positions s * n_p .. s * n_p + n_p - 1 of that part's shuffled stream.
  The rows of a batch are dealt evenly to the parts, so that equal slices hold equal shares.

  Args:
    parts: sequence of `parts.Part`.
    augmentation: `augment.Augmentation`, or None for samples of one size as they are.
    seed: seed of order and augmentation.
    extra_fields: names of further fields (inputs, noisy tags, ...) that the batches carry.
    joint: the parts may have different classes; the method knows those of each. Labels stay those
      of their source, and tags are padded with zeros.
    sees_depth: depth is an input: a sample whose map says nothing is refused, as in evaluation.

  Raises:
    ValueError: no parts, different classes, or a part without samples.
  """

  def __init__(self, parts, augmentation=None, seed=0, extra_fields=(), joint=False,
               sees_depth=False):
    self.parts = tuple(parts)
    self.augmentation = augmentation or augment.Augmentation(crop=None, flip=False)
    self.seed = seed
    self.extra_fields = tuple(extra_fields)
    self.sees_depth = sees_depth
    if not self.parts:
      raise errors.value_error("The bundle has no parts.", expected="at least one Part",
                               received="none", fix="Pass parts=[Part(source, 'train')].")
    labelled = [part for part in self.parts if part.source.classes]
    for part in () if joint else labelled[1:]:
      if part.source.classes != labelled[0].source.classes:
        raise errors.value_error(
            f"The part '{part.label}' has other classes than the first part.",
            expected=", ".join(labelled[0].source.classes),
            received=", ".join(part.source.classes),
            fix="Bring the sources to one label space (groups= of a source), or train them jointly "
            "(data.head names the source whose classes the network has).")
    self.ids = self._select()
    self.layout = _layout([part.batch_size for part in self.parts])
    self._fields = set().union(*(part.fields(self.extra_fields) for part in self.parts))
    # Here, where nothing has been written yet: groups may be none in a mirror.
    self._swaps = [_swaps_of(part) if self.augmentation.flip else () for part in self.parts]

  def _select(self):
    used, chosen = collections.defaultdict(set), []
    for part in self.parts:
      # Two readers of one data set are one: `rest` of the second leaves out what the first uses.
      origin = part.source.origin.fingerprint()
      ids = part.select(used[origin])
      used[origin].update(ids)
      chosen.append(ids)
    return tuple(chosen)

  @property
  def num_classes(self):
    """Number of classes C; with several label spaces, of the largest."""
    return max(part.source.num_classes for part in self.parts)

  @property
  def batch_size(self):
    """Samples of all parts in a global batch."""
    return len(self.layout)

  def plan(self):
    """Returns lines of text: what every part uses, and what the sources have to say."""
    lines = [f"{part.label}: {len(ids)} samples"
             + (f" (drawn by seed {part.subset_seed})" if part.count else "")
             + f", supervision {part.kinds}, "
             f"{part.batch_size} of every {self.batch_size} in a batch, weight {part.weight:g}"
             for part, ids in zip(self.parts, self.ids)]
    sources = dict.fromkeys(part.source for part in self.parts)
    return lines + [f"{entry.name}: {note}" for entry in sources for note in entry.notes]

  def batches(self, start=0, input_context=None):
    """Returns the infinite dataset of batches, from a step on.

    Args:
      start: first step, >= 0.
      input_context: `tf.distribute.InputContext` or None. With it, batches are those of the
        replicas of this pipeline in turn, each a slice of the global batch; other samples are not
        loaded.

    Returns:
      `tf.data.Dataset` of dicts with a leading axis, all with the same keys: `mask` is 255, `tags`
      are 0 and boxes padding where a sample may not read them.

    Raises:
      ValueError: the batch size is not divisible by the number of replicas.
    """
    replicas = input_context.num_replicas_in_sync if input_context else 1
    pipelines = input_context.num_input_pipelines if input_context else 1
    if self.batch_size % replicas or replicas % pipelines:
      raise errors.value_error(
          "The global batch cannot be shared equally among the replicas.",
          expected=f"a multiple of {replicas} samples",
          received=" + ".join(str(part.batch_size) for part in self.parts),
          fix="Change batch_size of the parts, or the number of devices.")
    rows = self.batch_size // pipelines
    first = rows * (input_context.input_pipeline_id if input_context else 0)
    streams, choices = self._streams(first, first + rows, start)
    samples = tf.data.Dataset.choose_from_datasets(
        streams, tf.data.Dataset.from_tensor_slices(choices).repeat())
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return self._batched(samples, self.batch_size // replicas).with_options(options).prefetch(
        tf.data.AUTOTUNE)

  def _batched(self, samples, size):
    shapes = {name: spec.shape for name, spec in samples.element_spec.items()}
    if fields.BOXES not in shapes:
      return samples.batch(size, drop_remainder=True)
    padding = {name: tf.zeros([], spec.dtype) for name, spec in samples.element_spec.items()}
    padding[fields.BOX_CLASSES] = tf.constant(-1)
    return samples.padded_batch(size, shapes, padding, drop_remainder=True)

  def _streams(self, first, last, start):
    """Returns a stream per part that has rows in first..last-1, and the stream of every row."""
    streams, numbers = [], {}
    for index, part in enumerate(self.parts):
      own = [draw for owner, draw in self.layout[first:last] if owner == index]
      if own:
        numbers[index] = len(streams)
        streams.append(part.source.samples(
            part.split, ids=self.ids[index], grant=part.supervision,
            wanted=part.fields(self.extra_fields), seed=self._stream_seed(index),
            start=start * part.batch_size, window=(part.batch_size, own[0], own[-1] + 1),
            transform=self._finisher(index)))
    choices = tf.constant([numbers[owner] for owner, _ in self.layout[first:last]], tf.int64)
    return streams, choices

  def _stream_seed(self, index):
    return order.seed_of("part", self.seed, index)

  @functools.cached_property
  def _found(self):
    """Specs of the fields that only some parts deliver and others leave blank: those of video."""
    found = {}
    for part, ids in zip(self.parts, self.ids):
      wanted = part.fields(self.extra_fields)
      if wanted & {*_CAMERAS, *_PICTURES}:
        found.update(part.source.samples(part.split, ids=ids[:1], grant=part.supervision,
                                         wanted=wanted).element_spec)
    return {name: found[name] for name in {*_CAMERAS, *_PICTURES, *_PER_FRAME} & found.keys()}

  def _finisher(self, index):
    padding = self.num_classes - self.parts[index].source.num_classes

    def finish(sample):
      if self.sees_depth:
        sample = {**sample, fields.DEPTH: _seen_depth(sample)}
      sample = self.augmentation(sample, *self._swaps[index])
      for name in {fields.TAGS, fields.NOISY_TAGS} & sample.keys():
        sample[name] = tf.pad(sample[name], [[0, padding]]) if padding else sample[name]
      sample[fields.PART] = tf.constant(index)
      for name in sorted(self._fields - set(sample)):
        sample[name] = self._blank(name, tf.shape(sample[fields.IMAGE])[:2])
      sample = {name: sample[name] for name in (*sorted(self._fields), *_ADDED) if name in sample}
      size = self.augmentation.crop or self.augmentation.resize
      if size is not None:
        for name in fields.UNKNOWN.keys() & sample.keys():
          sample[name] = tf.ensure_shape(sample[name], size)
      for name in {fields.TAGS, fields.NOISY_TAGS} & sample.keys():
        sample[name] = tf.ensure_shape(sample[name], [self.num_classes])
      if {fields.FRAMES, fields.FRAME_OFFSETS} <= sample.keys():
        # A stored sequence has lost its length; the graph of a method wants to know it.
        count = sample[fields.FRAME_OFFSETS].shape[0]
        sample[fields.FRAMES] = tf.ensure_shape(
            sample[fields.FRAMES], [count, *sample[fields.FRAMES].shape[1:]])
      return sample

    return finish

  def _blank(self, name, size):
    spec = fields.SPECS[name]
    if name in fields.UNKNOWN:
      return tf.fill(size, tf.constant(fields.UNKNOWN[name], spec.dtype))
    if name in (fields.TAGS, fields.NOISY_TAGS):
      return tf.zeros([self.num_classes])
    if name == fields.BOX_CLASSES or name == fields.BOXES:
      return tf.zeros([0, *spec.shape[1:]], spec.dtype)
    if name in self._found:
      lead = [self._found[name].shape[0]] if name in _PER_FRAME else []
      if name in _CAMERAS:
        return tf.eye(spec.shape[-1], batch_shape=lead)
      return tf.zeros([*lead, size[0], size[1], 3] if name in _PICTURES else lead, spec.dtype)
    raise errors.value_error(
        f"Not every part of the bundle delivers the field '{name}'.",
        expected="an input that all sources have", received=f"a part without '{name}'",
        fix="Remove the field from extra_fields, or use sources that have it.")

  def sample_ids(self, step):
    """Returns the ids of the samples of a step's global batch, in the order of its rows.

    Args:
      step: number of the step, >= 0.
    """
    drawn = []
    for index, part in enumerate(self.parts):
      positions = range(step * part.batch_size, (step + 1) * part.batch_size)
      drawn.append(part.source.draws(
          part.split, self.ids[index], self._stream_seed(index), list(positions),
          part.batch_size))
    return [drawn[owner][draw] for owner, draw in self.layout]

  def explain(self, step, error):
    """Returns the error that a user should see for an error of the pipeline at a step.

    Args:
      step: the step whose batch could not be made.
      error: `tf.errors.OpError`.

    Returns:
      `ValueError` in the form of the house, naming the sample if one of the batch is at fault.
    """
    names = self.sample_ids(step)
    for index, part in enumerate(self.parts):
      own = tuple(name for (owner, _), name in zip(self.layout, names) if owner == index)
      known = broken.explained(part.source, part.split, own, error, grant=part.supervision,
                               wanted=part.fields(self.extra_fields))
      if known is not None:
        return known
    return errors.value_error(
        f"The batch of step {step} cannot be made.", expected="readable samples",
        received=decode.reason(error), fix="Run 'keras-weakseg check-data' on the data.")


def _swaps_of(part):
  """Returns the pairs of classes and of parts that a mirror exchanges in a part."""
  swaps = part.source.flip_swaps
  if fields.granted(part.supervision) & fields.Supervision.TAGS:
    flip_swaps.check_sides(part.source.name, part.source.classes, swaps)
  return swaps, part.source.part_swaps


def _seen_depth(sample):
  """Returns the depth of a sample as it is; before any crop, which may well hold no value."""
  depth = sample[fields.DEPTH]
  good = tf.reduce_all(tf.math.is_finite(depth) & (depth >= 0)) & tf.reduce_any(depth > 0)
  return refusals.where(~good, depth, depth_files.check_seen, depth,
                        tf.shape(sample[fields.IMAGE])[:2], sample[fields.SAMPLE_ID])


def _layout(sizes):
  """Returns (part, draw) of every row, dealt evenly: the j-th of n rows stands at (j + 1/2) / n."""
  rows = [((draw + 0.5) / size, part, draw)
          for part, size in enumerate(sizes) for draw in range(size)]
  return tuple((part, draw) for _, part, draw in sorted(rows))
