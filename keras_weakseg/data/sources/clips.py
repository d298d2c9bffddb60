"""Clips of a moving camera as samples: an image, its neighbours, what is known of the camera."""
import dataclasses
import operator
from typing import Tuple

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import archives
from keras_weakseg.data.readers import decode
from keras_weakseg.data.readers import intrinsics as cameras
from keras_weakseg.data.readers import occluders as occluder_lib
from keras_weakseg.data.readers import static_frames
from keras_weakseg.data.sources import clip as clip_lib
from keras_weakseg.data.sources import source
from keras_weakseg.ops import resize

@dataclasses.dataclass(frozen=True)
class _Entry:
  """One sample: a frame with all its neighbours."""
  clip: clip_lib.Clip
  index: int
  neighbours: Tuple[int, ...]

  @property
  def id(self):
    """The name of the sample."""
    return f"{self.clip.name}/{self.clip.keys[self.index]}"

  def path(self, attribute):
    """Returns the path of one of the frame's files, "" where there is none."""
    paths = getattr(self.clip, attribute)
    return "" if paths is None else paths[self.index]


class Clips(source.RandomAccess):
  """Samples of clips. Only frames that have every neighbour are samples.

  Args:
    name: short name for plans and records.
    clips: dict of split name to sequence of `clip.Clip`.
    size: (height, width) that frames are resized to, with their intrinsics; None keeps the stored
      size.
    offsets: neighbours in frames, such as (-1, 1); () for single images.
    static_threshold: samples are dropped where a neighbour's mean absolute difference (0..255) is
      lower: the camera stands. 0 keeps all and reads nothing ahead.
    occluders: what always hides the scene, such as the bonnet: see `occluders.visible`.
    classes: names of the classes of the masks, index 0 = background; without masks those of the
      labelled data it is trained with, or none.
    remap: uint8 [256], class of every value in a mask, 255 = ignore; None = the value itself.

  Raises:
    ValueError: intrinsics do not fit the frames, or no frame has all its neighbours.
  """
  labelled = False

  def __init__(self, name, clips, *, size=None, offsets=(-1, 1), static_threshold=0.0,
               occluders=None, classes=(), remap=None, palette=None):
    super().__init__(name, classes, palette)
    self.remap = remap
    self.size, self.offsets = checked_options(size, offsets)
    self._static, self._occluders = float(static_threshold), occluders
    self._standing = 0  # samples dropped because the camera stands
    self._check_cameras([clip for group in clips.values() for clip in group])
    self._splits = {split: self._entries_of(split, group) for split, group in clips.items()}
    self._entries = {entry.id: entry for group in self._splits.values() for entry in group}
    if not self._entries:
      raise self._no_sample([clip for group in clips.values() for clip in group])

  def _no_sample(self, clips):
    """Returns the error of clips without any sample."""
    if self._standing:
      return errors.value_error(
          f"The camera of '{self.name}' stands in every sample.",
          expected="frames whose mean difference to their neighbours is static_threshold="
          f"{self._static:g} of 255 or more",
          received=f"{self._standing} samples, all dropped because it is less",
          fix="Choose larger offsets= (--frame_offsets=-5,5), or a lower static_threshold= "
          "(--static_threshold).")
    return errors.value_error(
        f"'{self.name}' has no frame with all its neighbours.",
        expected=f"clips with frames at the offsets {list(self.offsets)}",
        received=", ".join(f"{clip.name}: {len(clip.frames)} frames" for clip in clips)[:200]
        or "no clips",
        fix="Add frames, or choose smaller offsets= (frames of a clip are sorted by name).")

  def _check_cameras(self, clips):
    doubts = {}
    for clip in clips:
      cameras.check(clip.intrinsics, clip.size, f"{self.name}/{clip.name}")
      doubts.setdefault(cameras.doubt(clip.intrinsics, clip.size), clip.name)
    self.notes += [f"{name}: {doubt}" for doubt, name in doubts.items() if doubt]

  def _entries_of(self, split, clips):
    entries, lonely = [], 0
    for clip in clips:
      numbers = clip.numbers or tuple(range(len(clip.frames)))
      place = {number: index for index, number in enumerate(numbers)}
      for index, number in enumerate(numbers):
        around = tuple(place.get(number + offset) for offset in self.offsets)
        if clip.targets is not None and clip.keys[index] not in clip.targets:
          continue
        if None in around:
          lonely += 1
        else:
          entries.append(_Entry(clip, index, around))
    if lonely:
      self.notes.append(f"{split}: {lonely} frames without all neighbours {list(self.offsets)}")
    if not self._static or not self.offsets:
      return tuple(entries)
    pairs = lambda entry: [(entry.clip.frames[entry.index], entry.clip.frames[other])
                           for other in entry.neighbours]
    difference = static_frames.differences([pair for entry in entries for pair in pairs(entry)])
    moving = tuple(entry for entry in entries if min(
        difference[pair] for pair in pairs(entry)) >= self._static)
    self._standing += len(entries) - len(moving)
    self.notes.append(
        f"{split}: {len(entries) - len(moving)} of {len(entries)} samples dropped because the "
        f"camera stands (mean difference to a neighbour < {self._static:g} of 255)")
    return moving

  def splits(self):
    return tuple(self._splits)

  def _split_ids(self, split):
    return tuple(entry.id for entry in self._splits[split])

  def _available(self, ids, flags):
    entries = [self._entries[name] for name in ids]
    depth = [bool(entry.clip.poses is not None or entry.path("depth")) for entry in entries]
    mask = [bool(entry.path("masks")) for entry in entries]
    return (np.array(depth, np.int32) * int(fields.Supervision.DEPTH & flags)
            | np.array(mask, np.int32) * int(fields.Supervision.MASK & flags))

  def _settings(self):
    return {"size": self.size, "offsets": self.offsets, "occluders": repr(self._occluders),
            "intrinsics": {entry.clip.name: np.asarray(entry.clip.intrinsics).tolist()
                           for group in self._splits.values() for entry in group[:1]}}

  def size_of(self, name):
    """Returns (height, width) of the images of a sample as they are delivered."""
    return self.size or tuple(self._entries[name].clip.size)

  # === Samples ===

  def _loader(self, ids, grant, wanted):
    grant = fields.granted(grant)
    entries = [self._entries[name] for name in ids]
    wants = lambda name: fields.may_read(name, grant) and (wanted is None or name in wanted)
    flags = source.readable(self._available(ids, grant), grant)
    reads = [self._base(ids, entries, source.taught(flags))]
    if self.offsets and wants(fields.FRAMES):
      reads.append(self._frames(entries))
    clips = [entry.clip for entry in entries]
    have = lambda attribute: [getattr(clip, attribute) is not None for clip in clips]
    if wants(fields.INTRINSICS):
      reads.append(_constant(fields.INTRINSICS, [
          cameras.resized(clip.intrinsics, clip.size, self.size_of(name))
          for name, clip in zip(ids, clips)]))
    if wants(fields.DEPTH) and any(have("depth")):
      reads.append(self._depth(ids, entries))
    masked = (flags & int(fields.Supervision.MASK)) > 0
    if masked.any() and (wants(fields.MASK) or wants(fields.TAGS)):
      reads.append(self._mask(ids, entries, masked, wants))
    # What cannot be left open for one sample is delivered for all or for none.
    if wants(fields.POSES) and self.offsets and all(have("poses")):
      reads.append(_constant(fields.POSES, [_relative(entry) for entry in entries]))
    if wants(fields.STEREO_IMAGE) and all(have("partners")):
      reads.append(self._partner(entries))
      reads.append(_constant(fields.STEREO_POSE, [clip.partner_pose for clip in clips]))
    return lambda index: {name: value for read in reads for name, value in read(index).items()}

  def _base(self, ids, entries, taught):
    names, taught = tf.constant(ids), tf.constant(taught)
    paths = tf.constant([entry.clip.frames[entry.index] for entry in entries])
    visible = occluder_lib.visible(self._occluders)

    def read(index):
      image = self._image(paths[index], names[index])
      sample = {fields.IMAGE: image, fields.SAMPLE_ID: names[index],
                fields.SUPERVISION: taught[index]}
      if visible is not None:
        sample[fields.VALID] = visible(tf.shape(image)[:2])
      return sample

    return read

  def _image(self, path, name):
    image = decode.decode_image(archives.read_file(path), name)
    if self.size is None:
      return image
    same = lambda: tf.cast(image, tf.float32)
    resized = lambda: tf.image.resize(image, self.size, antialias=True)
    image = tf.cond(tf.reduce_all(tf.shape(image)[:2] == self.size), same, resized)
    return tf.ensure_shape(tf.cast(tf.round(image), tf.uint8), [*self.size, 3])

  def _frames(self, entries):
    paths = tf.constant([[entry.clip.frames[other] for other in entry.neighbours]
                         for entry in entries])
    offsets = tf.constant(self.offsets, tf.int32)
    return lambda index: {
        fields.FRAMES: tf.stack([self._image(path, path) for path in tf.unstack(paths[index])]),
        fields.FRAME_OFFSETS: offsets}

  def _partner(self, entries):
    paths = tf.constant([entry.clip.partners[entry.index] for entry in entries])
    return lambda index: {fields.STEREO_IMAGE: self._image(paths[index], paths[index])}

  def _depth(self, ids, entries):
    paths = tf.constant([entry.path("depth") for entry in entries])
    scales = tf.constant([entry.clip.depth_scale for entry in entries], tf.float32)
    sizes = tf.constant([self.size_of(name) for name in ids])
    hidden = tf.constant([entry.path("hidden") for entry in entries])

    def stored(path, dtype):
      values = tf.io.decode_png(archives.read_file(path), channels=1, dtype=dtype)[..., 0]
      return tf.cast(values, tf.float32)

    def read(index):
      size = tf.unstack(sizes[index])
      nothing = lambda: tf.zeros(sizes[index])
      resized = lambda values: resize.resize_labels(values, size)
      depth = tf.cond(paths[index] != "", lambda: resized(
          stored(paths[index], tf.uint16) / scales[index]), nothing)
      cut = tf.cond(hidden[index] != "", lambda: resized(stored(hidden[index], tf.uint8)), nothing)
      return {fields.DEPTH: tf.ensure_shape(tf.where(cut > 0, 0.0, depth), self.size or [None] * 2)}

    return read

  def _mask(self, ids, entries, granted, wants):
    names = tf.constant(ids)
    paths = tf.constant([entry.path("masks") if may else ""
                         for entry, may in zip(entries, granted)])
    sizes = tf.constant([self.size_of(name) for name in ids])

    def read(index):
      size = tf.unstack(sizes[index])
      mask = tf.cond(
          paths[index] != "", lambda: resize.resize_labels(decode.decode_mask(
              archives.read_file(paths[index]), self.num_classes, names[index], self.remap), size),
          lambda: tf.fill(size, tf.constant(fields.IGNORE_LABEL, tf.uint8)))
      tags = tf.where(paths[index] != "", decode.tags_from_mask(mask, self.num_classes), 0.0)
      found = {fields.MASK: tf.ensure_shape(mask, self.size or [None] * 2), fields.TAGS: tags}
      return {name: value for name, value in found.items() if wants(name)}

    return read


def checked_options(size, offsets):
  """Returns the size and the offsets of `Clips` as tuples of int, the size may be None.

  Raises:
    ValueError: they cannot be used.
  """
  sides = None if size is None else _whole(size)
  if size is not None and (sides is None or len(sides) != 2 or min(sides) < 8):
    raise errors.value_error(
        "The working size cannot be used.", expected="(height, width), each 8 or more",
        received=size, fix="Set size, for example (192, 640).")
  whole = _whole(offsets)
  if whole is None or 0 in whole or len(set(whole)) < len(whole):
    raise errors.value_error(
        "The neighbours of a frame cannot be used.", expected="different offsets, none of them 0",
        received=offsets, fix="Set offsets, for example (-1, 1).")
  return sides, whole


def _whole(values):
  """Returns a tuple of int, or None where these are no whole numbers."""
  try:
    return tuple(operator.index(value) for value in values)
  except TypeError:
    return None


def _constant(name, rows):
  values = tf.constant(np.stack(rows), tf.float32)
  return lambda index: {name: values[index]}


def _relative(entry):
  """Returns float64 [F, 4, 4], camera of the image to cameras of the neighbours."""
  poses = np.asarray(entry.clip.poses, np.float64)
  return np.stack([np.linalg.inv(poses[other]) @ poses[entry.index]
                   for other in entry.neighbours])
