"""VOC12-animals: real photographs in the layout of PASCAL VOC with seven classes."""
from keras_weakseg.data.readers import palette
from keras_weakseg.data.sources import folder

PERSON = "person"
ANIMALS = {"background": 0, "cat": 8, "cow": 10, "dog": 12, "horse": 13, "person": 15, "sheep": 17}


def voc_animals(root="voc_animals", *, boxes=False, data_dir=None, **options):
  """Returns the source VOC12-animals: splits `train` (437), `val` (295), `weak` (700).

  Every other class of VOC becomes 255 in masks and is dropped from tags and boxes. Numbers on it
  are reported as "VOC12-animals", never as VOC 2012.

  Args:
    root: the folder `voc_animals`, or its name in the data locations.
    boxes: for experiments with boxes, which persons do not have: 6 classes, persons are 255 in
      masks. In label maps made from boxes they are background, which is noise of these labels.
    data_dir: folder of data sets, see `locations.find`.
    **options: further arguments of `folder.Folder`, such as `manifest`.

  Raises:
    FileNotFoundError: the folder is in none of the data locations.
  """
  colours = palette.default_palette()
  classes = {name: raw for name, raw in ANIMALS.items() if not boxes or name != PERSON}
  lists = {split: f"ImageSets/Segmentation/{split}.txt" for split in ("train", "val", "weak")}
  return folder.Folder(
      root, images="JPEGImages", masks="SegmentationClassAug", boxes="Annotations",
      classes=tuple(classes), palette=[colours[raw] for raw in classes.values()],
      remap={raw: label for label, raw in enumerate(classes.values())}, splits=lists,
      unknown_names="drop", data_dir=data_dir,
      **{"name": "voc_animals_boxes" if boxes else "voc_animals", **options})
