"""CamVid: 701 labelled street scenes in the tree of the SegNet tutorial."""
from keras_weakseg.data.sources import folder
from keras_weakseg.datasets import labels

_SPLITS = ("train", "val", "test")


def camvid(root="camvid", *, data_dir=None, **options):
  """Returns the source CamVid: splits `train` (367), `val` (101), `test` (233), 11 classes.

  Void is 255. It has no class "background": class 0 is the sky.

  Args:
    root: the folder with `train`, `trainannot`, `train.txt` and so on, or its name in the data
      locations.
    data_dir: folder of data sets, see `locations.find`.
    **options: further arguments of `folder.Folder`, such as `manifest`.

  Raises:
    FileNotFoundError: the folder is in none of the data locations.
  """
  space = labels.CAMVID
  return folder.Folder(
      root, images="+".join(_SPLITS), masks="+".join(f"{split}annot" for split in _SPLITS),
      tags=None, boxes=None, classes=space.classes, palette=space.palette,
      remap={label: label for label in range(space.num_classes)},
      splits={split: f"{split}.txt" for split in _SPLITS}, data_dir=data_dir,
      **{"name": "camvid", **options})
