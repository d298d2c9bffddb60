"""A small sample of COCO 2017 as plain files, with masks, boxes and tags."""
import functools

from keras_weakseg.data.readers import file_index
from keras_weakseg.data.readers import locations
from keras_weakseg.data.sources import folder
from keras_weakseg.datasets import labels

_SPLITS = {"train": "train2017", "val": "val2017"}


def coco_sample(root="coco128", *, data_dir=None, **options):
  """Returns the source of a small sample of COCO: splits `train` and `val`, 81 classes.

  The folder holds `train2017/*.jpg`, `train2017_masks/*.png` (COCO's panoptic category ids: things
  keep their class, stuff is background, unlabelled is 255), `train2017_boxes/*.txt` (YOLO) and the
  same for `val2017`. Masks and boxes are granted where they exist. Tags are the names of the boxes,
  so an image without a box file has none but those of its mask. The full data set is read by
  `Tfds("weakseg_coco/2017")`.

  Args:
    root: the folder, or its name in the data locations.
    data_dir: folder of data sets, see `locations.find`.
    **options: further arguments of `folder.Folder`, such as `manifest`.

  Raises:
    FileNotFoundError: the folder is in none of the data locations, or lacks a subfolder.
  """
  place = locations.find(root, data_dir)
  splits = {split: tuple(file_index.list_ids(place / images, file_index.IMAGE_SUFFIXES))
            for split, images in _SPLITS.items()}
  joined = {kind: "+".join(images + suffix for images in _SPLITS.values())
            for kind, suffix in (("images", ""), ("masks", "_masks"), ("boxes", "_boxes"))}
  return _CocoSample(place, **{
      **joined, "classes": labels.COCO.classes, "palette": labels.COCO.palette, "tags": None,
      "remap": labels.coco_table(), "splits": splits, "name": "coco_sample", **options})


class _CocoSample(folder.Folder):
  """The folder, whose box files are its tag files too; they are opened when tags are granted."""

  @functools.cached_property
  def _tags(self):
    return {name: self.box_names(name) for name in self._box_files}
