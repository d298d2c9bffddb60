"""TFDS builder of COCO as semantic segmentation, from instances or from panoptic PNGs."""
import dataclasses
import pathlib

import numpy as np
import tensorflow_datasets as tfds

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import coco_files
from keras_weakseg.datasets import builder
from keras_weakseg.datasets import features
from keras_weakseg.datasets import labels
from keras_weakseg.datasets.weakseg_coco import coco_tree
from keras_weakseg.datasets.weakseg_coco import painting


@dataclasses.dataclass
class CocoConfig(tfds.core.BuilderConfig):
  """Which release, and what the masks are made of.

  Attributes:
    year: "2014" or "2017": the same images, split otherwise.
    panoptic: masks of the panoptic PNGs instead of the instances JSON.
  """
  year: str = "2017"
  panoptic: bool = False


class Builder(builder.LocalBuilder):
  """COCO with 81 classes: `train` and `val` of 2014 (82,783 / 40,504) or 2017 (118,287 / 5,000).

  `trainval` is `train+val`: 123,287 images, the same in both years.
  """

  VERSION = tfds.core.Version("1.2.0")
  RELEASE_NOTES = {"1.0.0": "First release.", "1.1.0": "Crowds count as tags.",
                   "1.2.0": "Crowds are among the boxes, with class 255: unknown."}
  MANUAL_DOWNLOAD_INSTRUCTIONS = coco_tree.INSTRUCTIONS
  BUILDER_CONFIGS = [
      CocoConfig(name="2017", description="118,287 / 5,000 images, masks from instances."),
      CocoConfig(name="2014", year="2014",
                 description="82,783 / 40,504 images, masks from instances."),
      CocoConfig(name="2017_panoptic", panoptic=True,
                 description="118,287 / 5,000 images, masks from panoptic PNGs."),
  ]

  def _info(self):
    return self.dataset_info_from_configs(
        features=features.sample_features(
            (fields.MASK, fields.TAGS, fields.BOXES, fields.BOX_CLASSES), labels.COCO.num_classes),
        supervised_keys=(fields.IMAGE, fields.MASK),
        metadata=features.metadata(labels.COCO, {"trainval": "train+val"}))

  def _split_generators(self, dl_manager):
    config = self.builder_config
    records = coco_tree.open_tree(pathlib.Path(dl_manager.manual_dir), config.year,
                                  config.panoptic, dl_manager.extract)
    return {split: self._generate_examples(found) for split, found in records.items()}

  def _generate_examples(self, records):
    table = labels.coco_table()
    for record in records:
      mask = _mask(record, table)
      boxes, classes = _boxes(record, table)
      yield record.name, {
          fields.IMAGE: record.image, fields.SAMPLE_ID: record.name, fields.MASK: mask[..., None],
          fields.TAGS: _tags(record, mask, table), fields.BOXES: features.boxes(boxes),
          fields.BOX_CLASSES: classes}


def _mask(record, table):
  if record.mask is None:
    return painting.semantic_mask(record.objects, record.size, table, record.name)
  from PIL import Image  # pylint: disable=g-import-not-at-top
  with Image.open(record.mask) as image:
    colours = np.asarray(image.convert("RGB"))
  if colours.shape[:2] != tuple(record.size):
    raise errors.value_error(
        f"The panoptic mask '{record.mask}' has another size than its image.",
        expected="{}x{} (height x width)".format(*record.size),
        received="{}x{}".format(*colours.shape), fix="Extract the PNGs again.")
  return painting.panoptic_mask(colours, record.objects, table, record.name)


def _tags(record, mask, table):
  """Returns the tags of the mask and of the crowds: 255 in the mask, but they are there."""
  crowds = {int(table[item["category_id"]]) for item in record.objects if item.get("iscrowd", 0)}
  present = {int(label) for label in np.unique(mask)} | crowds
  return labels.COCO.tags(present - {fields.IGNORE_LABEL})


def _boxes(record, table):
  """Returns float64 [N, 4] and int32 [N] of the things that have an area; 255 of crowds.

  Without its box, what is made from boxes would show the crowd as background.
  """
  boxes, classes = [], []
  for item in record.objects:
    label = int(table[item["category_id"]])
    if not 0 < label < labels.COCO.num_classes:
      continue
    box = coco_files.coco_box(item["bbox"], record.size, labels.COCO.classes[label], record.name)
    if box is not None:
      boxes.append(box)
      classes.append(fields.IGNORE_LABEL if item.get("iscrowd", 0) else label)
  return np.reshape(boxes, [-1, 4]), np.array(classes, np.int32)
