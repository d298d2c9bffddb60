"""Sources of noise with every label, in place of the data that registered experiments name.

A new kind of data joins by a line in `SPLITS`, in `CLASSES` and, for its size, in `SIZES`.
"""
import numpy as np
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.pipeline import flip_swaps
from keras_weakseg.data.sources import cityscapes_video
from keras_weakseg.data.sources import regroup
from keras_weakseg.data.sources import source as source_lib
from keras_weakseg.datasets import body_labels
from keras_weakseg.datasets import groups
from keras_weakseg.datasets import labels

# Kind or data set: samples of every split. Those of VOC lie within each other.
SPLITS = {
    "weakseg_voc2012": {"train": 1464, "trainval": 2913, "train_aug": 10582,
                        "trainval_aug": 12031, "val": 1449},
    "weakseg_coco": {"trainval": 5500}, "coco_sample": {"train": 100, "val": 28},
    "voc_animals": {"train": 437, "weak": 700, "val": 295},
    "voc_animals_boxes": {"train": 437, "weak": 700, "val": 295},
    "weakseg_scenes": {"train": 400, "validation": 100, "test": 100},
    "camvid": {"train": 367, "val": 101, "test": 233},
    "cityscapes_video": {"train": 2975, "validation": 500},
    "person_part": {"train": 1716, "val": 1817}, "lip": {"train": 30462, "val": 10000},
    "ccp": {"train": 195, "val": 30, "test": 75, "tags": 150},
    "nyuv2": {"train": 239, "val": 26, "test": 150}, "megadepth": {"train": 40000, "val": 400},
    "folder": {"train": 40000}, "kitti_clips": {"train": 437}, "kitti_stereo": {"test": 90}}
CLASSES = {
    "weakseg_voc2012": labels.VOC.classes, "weakseg_coco": labels.COCO.classes,
    "coco_sample": labels.COCO.classes, "voc_animals": labels.VOC_ANIMALS.classes,
    "voc_animals_boxes": labels.VOC_ANIMALS_BOXES.classes,
    "folder": labels.VOC.classes,
    "person_part": labels.SCENE_PARTS.classes, "lip": body_labels.LIP.classes,
    "ccp": body_labels.CCP.classes, "nyuv2": body_labels.NYU40.classes[:39],
    "weakseg_scenes": labels.SCENES.classes, "camvid": labels.CAMVID.classes}
SWAPS = {"lip": body_labels.LIP_SWAPS}  # classes that a mirror exchanges
NESTED = {"weakseg_voc2012", "weakseg_coco"}
SMALL = {"train": 4, "trainval": 6, "train_aug": 8, "trainval_aug": 10}
# Height and width of the real images, those of most where they differ.
SIZES = {"weakseg_voc2012": (375, 500), "weakseg_coco": (480, 640), "camvid": (360, 480),
         "cityscapes_video": (512, 1024), "megadepth": (480, 640), "nyuv2": (480, 640),
         "kitti_clips": (375, 1242)}


def named(config):
  """Returns the key of a source in the tables."""
  return config.dataset.split("/")[0] if config.kind == "tfds" else config.kind


def real_size(config):
  """Returns the height and width of a source's images, those of most where they differ."""
  return tuple(config.video.size) or SIZES.get(named(config), SIZES["weakseg_voc2012"])


class Stub(source_lib.RandomAccess):
  """A source of noise with every label: one object in a box, a camera that stands still.

  Args:
    config: `schema.Source`, whose data it stands for.
    size: height and width of the images.
    full: as many samples as that has, not a few.
  """

  def __init__(self, config, size, full):
    key = named(config)
    classes = CLASSES.get(key, ())
    if key == "cityscapes_video" and config.video.masks:
      classes = cityscapes_video.CLASSES
    if config.parts:
      classes = labels.SCENE_PARTS.classes
    self.labelled = bool(classes)
    super().__init__(key, classes)
    self.flip_swaps, _ = flip_swaps.pairs_of(SWAPS.get(key, ()), self.classes)
    self._size = tuple(size)
    self._counts = {split: count if full else SMALL.get(split, 4)
                    for split, count in SPLITS[key].items()}
    self._nested, self._teacher = key in NESTED, bool(config.disparity)
    self.mapped = False  # whether label maps of tags have been made

  def splits(self):
    return tuple(self._counts)

  def _split_ids(self, split):
    start = "" if self._nested else f"{split}/"
    return tuple(f"{start}{number}" for number in range(self._counts[split]))

  def _available(self, ids, flags):
    known = fields.Supervision.DEPTH
    if self.labelled:
      known |= (fields.Supervision.MASK | fields.Supervision.BOXES | fields.Supervision.TAGS)
    return np.full(len(ids), int(known & flags), np.int32)

  def _arrays(self):
    random, count = np.random.RandomState(3), 4
    height, width = self._size
    every = lambda value: np.repeat(np.asarray(value)[None], count, 0)
    focal = 0.625 * width
    camera = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], np.float32)
    aside = np.eye(4, dtype=np.float32)
    aside[0, 3] = 0.3
    found = {
        fields.IMAGE: random.randint(0, 256, (count, *self._size, 3)).astype(np.uint8),
        fields.DEPTH: random.uniform(2, 50, (count, *self._size)).astype(np.float32),
        fields.FRAMES: random.randint(0, 256, (count, 2, *self._size, 3)).astype(np.uint8),
        fields.FRAME_OFFSETS: every(np.array([-1, 1], np.int32)), fields.INTRINSICS: every(camera),
        fields.STEREO_IMAGE: random.randint(0, 256, (count, *self._size, 3)).astype(np.uint8),
        fields.STEREO_POSE: every(aside)}
    if self._teacher:
      found[fields.DISPARITY] = random.uniform(0.1, 1, (count, *self._size)).astype(np.float32)
    if self.labelled:
      mask = np.zeros((count, *self._size), np.uint8)
      # Of VOC: aeroplane, cat, person, bicycle; every split of categories has some of each kind.
      owner = 1 + 7 * np.arange(count) % (self.num_classes - 1)
      mask[:, height // 8:-(height // 8), width // 16:-(width // 16)] = owner[:, None, None]
      found.update({
          fields.MASK: mask, fields.BOX_LABELS: mask, fields.BOX_CLASSES: owner[:, None],
          fields.BOXES: every([[1 / 8, 1 / 16, 7 / 8, 15 / 16]]).astype(np.float32),
          fields.TAGS: np.eye(self.num_classes, dtype=np.float32)[[0] * count]
                       + np.eye(self.num_classes, dtype=np.float32)[owner]})
      found[fields.BOX_CLASSES] = found[fields.BOX_CLASSES].astype(np.int32)
      found[fields.NOISY_TAGS] = found[fields.TAGS]
      if self.mapped:
        found[fields.TAG_LABELS] = mask
    return found

  def _loader(self, ids, grant, wanted):
    values = {name: tf.constant(value) for name, value in self._arrays().items()
              if fields.may_read(name, grant) and (wanted is None or name in wanted)}
    names, flags = tf.constant(ids), tf.constant(int(fields.granted(grant)))
    rows = tf.constant([int(name.rsplit("/", 1)[-1]) % 4 for name in ids], tf.int64)
    return lambda index: {
        **{name: tf.gather(value, rows[index]) for name, value in values.items()},
        fields.SAMPLE_ID: tf.gather(names, index), fields.SUPERVISION: flags}


def stub(size=(), full=False):
  """Returns a function that takes the place of `recipes.sources.make_source`.

  Args:
    size: height and width of the images; empty = those of the real ones.
    full: as many samples as the real data has, not a few.
  """
  def make(config, data_dir=None):
    del data_dir
    made = Stub(config, size or real_size(config), full)
    return regroup.Regrouped(made, groups=groups.parse_groups(config.groups),
                             other=config.other) if config.groups else made
  return make
