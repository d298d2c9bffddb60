"""VOC12-animals: real photographs in the layout of PASCAL VOC with seven classes."""
from keras_weakseg.data import folder
from keras_weakseg.data import palette

ANIMALS = {"background": 0, "cat": 8, "cow": 10, "dog": 12, "horse": 13, "person": 15, "sheep": 17}


def voc_animals(root="voc_animals", *, data_dir=None, **options):
  """Returns the source VOC12-animals: splits `train` (437), `val` (295), `weak` (700).

  Every other class of VOC becomes 255 in masks and is dropped from tags and boxes. Persons have no
  boxes. Numbers on it are reported as "VOC12-animals", never as VOC 2012.

  Args:
    root: the folder `voc_animals`, or its name in the data locations.
    data_dir: folder of data sets, see `locations.find`.
    **options: further arguments of `folder.Folder`, such as `manifest`.

  Raises:
    FileNotFoundError: the folder is in none of the data locations.
  """
  colours = palette.default_palette()
  lists = {split: f"ImageSets/Segmentation/{split}.txt" for split in ("train", "val", "weak")}
  return folder.Folder(
      root, images="JPEGImages", masks="SegmentationClassAug", boxes="Annotations",
      classes=tuple(ANIMALS), palette=[colours[raw] for raw in ANIMALS.values()],
      remap={raw: label for label, raw in enumerate(ANIMALS.values())}, splits=lists,
      unknown_names="drop", data_dir=data_dir, **{"name": "voc_animals", **options})
