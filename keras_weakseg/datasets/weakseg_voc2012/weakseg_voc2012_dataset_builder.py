"""TFDS builder of PASCAL VOC 2012 segmentation with the masks of SBD, and of its animals subset."""
import dataclasses
import pathlib

import tensorflow_datasets as tfds

from keras_weakseg import fields
from keras_weakseg.data.readers import box_files
from keras_weakseg.datasets import builder
from keras_weakseg.datasets import features
from keras_weakseg.datasets import labels
from keras_weakseg.datasets.weakseg_voc2012 import voc_tree


@dataclasses.dataclass
class VocConfig(tfds.core.BuilderConfig):
  """Which classes, and which lists of the tree.

  Attributes:
    space: `labels.LabelSpace` of the stored masks and tags.
    splits: names of the stored splits, which share no sample.
    aliases: dict of further split names to stored splits joined by `+`.
  """
  space: labels.LabelSpace = labels.VOC
  splits: tuple = voc_tree.SPLITS
  aliases: dict = dataclasses.field(default_factory=dict)


_ANIMALS = ("train", "val", voc_tree.WEAK)


class Builder(builder.LocalBuilder):
  """VOC 2012: `train` 1464, `val` 1449 and `extra` 9118 images that only SBD labels.

  `train_aug` is `train+extra`, `trainval` is `train+val`, `trainval_aug` all three.
  """

  VERSION = tfds.core.Version("1.0.0")
  RELEASE_NOTES = {"1.0.0": "First release."}
  MANUAL_DOWNLOAD_INSTRUCTIONS = voc_tree.INSTRUCTIONS
  BUILDER_CONFIGS = [
      VocConfig(name="voc", description="All 21 classes.", aliases={
          "train_aug": "train+extra", "trainval": "train+val",
          "trainval_aug": "train+extra+val"}),
      VocConfig(name="voc_train_val", splits=("train", "val"),
                description="21 classes without the masks of SBD.",
                aliases={"trainval": "train+val"}),
      VocConfig(name="animals", space=labels.VOC_ANIMALS, splits=_ANIMALS,
                description="VOC12-animals: 7 classes, splits train, val and weak."),
      VocConfig(name="animals_boxes", space=labels.VOC_ANIMALS_BOXES, splits=_ANIMALS,
                description="VOC12-animals without persons, which have no boxes: 6 classes."),
  ]

  def _info(self):
    config = self.builder_config
    return self.dataset_info_from_configs(
        features=features.sample_features(
            (fields.MASK, fields.TAGS, fields.BOXES, fields.BOX_CLASSES), config.space.num_classes),
        supervised_keys=(fields.IMAGE, fields.MASK),
        metadata=features.metadata(config.space, config.aliases))

  def _split_generators(self, dl_manager):
    tree = voc_tree.open_tree(pathlib.Path(dl_manager.manual_dir), self.builder_config.splits,
                              dl_manager.extract)
    return {split: self._generate_examples(tree, ids) for split, ids in tree.ids.items()}

  def _generate_examples(self, tree, ids):
    space = self.builder_config.space
    table = labels.remap_table(labels.VOC, space)
    for name in ids:
      raw = tree.read_mask(name)
      labels.check_mask(raw, labels.VOC, name)
      mask = table[raw]
      boxes, classes = box_files.read_voc_boxes(
          tree.annotation(name), space.classes, unknown="drop", size=raw.shape)
      named = tree.tags.get(name)
      yield name, {
          fields.IMAGE: tree.image(name), fields.SAMPLE_ID: name, fields.MASK: mask[..., None],
          fields.TAGS: space.mask_tags(mask) if named is None else space.tags_of_names(named),
          fields.BOXES: features.boxes(boxes), fields.BOX_CLASSES: classes}
