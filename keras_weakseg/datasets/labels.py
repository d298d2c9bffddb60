"""Label spaces of the data sets that ship with a reader, and the tables between them."""
import dataclasses

import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields


@dataclasses.dataclass(frozen=True)
class LabelSpace:
  """The classes of a data set: names and colours by class id, and the id that means "unknown".

  Attributes:
    name: what the space is called in reports.
    classes: class names; the index is the class id. Where tags are used, index 0 is background.
    palette: one (red, green, blue) in 0..255 per class, for pictures and palette PNGs.
    ignore: the mask value of pixels without a label.
    background: whether class 0 is the background, which is in every image and in all its tags.

  Example:
    >>> VOC_ANIMALS.num_classes, VOC_ANIMALS.index("horse")
    (7, 4)
  """
  name: str
  classes: tuple
  palette: tuple
  ignore: int = fields.IGNORE_LABEL
  background: bool = True

  @property
  def num_classes(self):
    """Number of classes, background included."""
    return len(self.classes)

  def index(self, class_name):
    """Returns the id of a class name; raises `ValueError` with the nearest name otherwise."""
    errors.check_name(f"class of {self.name}", class_name, self.classes)
    return self.classes.index(class_name)

  def tags(self, present):
    """Returns float32 [C] multi-hot tags of an iterable of class ids and of the background."""
    tags = np.zeros([self.num_classes], np.float32)
    tags[[int(index) for index in present]] = 1
    tags[0] = max(tags[0], self.background)
    return tags

  def tags_of_names(self, names):
    """Returns float32 [C] multi-hot tags; names of other spaces' classes are dropped."""
    return self.tags(self.classes.index(name) for name in names if name in self.classes)

  def mask_tags(self, mask):
    """Returns float32 [C] multi-hot tags of the classes in a mask uint8 [H, W]."""
    return self.tags(index for index in np.unique(mask) if index != self.ignore)


def remap_table(source, target, other=fields.IGNORE_LABEL):
  """Returns the table that turns masks of one space into masks of another, by class name.

  Args:
    source: `LabelSpace` of the mask.
    target: `LabelSpace` wanted.
    other: id given to classes of `source` that `target` does not have: its ignore id by default.

  Returns:
    uint8 [256]; `table[mask]` is the new mask. `source.ignore` becomes `target.ignore`; ids that
    `source` does not have stay as they are, so that a check can still find them.

  Example:
    >>> table = remap_table(VOC, VOC_ANIMALS)
    >>> table[[0, 8, 12, 7, 255]].tolist()
    [0, 1, 3, 255, 255]
  """
  table = np.arange(256, dtype=np.uint8)
  for index, name in enumerate(source.classes):
    table[index] = target.classes.index(name) if name in target.classes else other
  table[source.ignore] = target.ignore
  return table


def check_mask(mask, space, sample_id):
  """Raises `ValueError` if a mask uint8 [H, W] has ids that `space` does not have."""
  unknown = np.setdiff1d(np.unique(mask), [*range(space.num_classes), space.ignore])
  if unknown.size:
    raise errors.value_error(
        f"The mask of '{sample_id}' has labels that {space.name} does not have.",
        expected=f"0..{space.num_classes - 1} or {space.ignore}", received=unknown.tolist(),
        fix="Check that the folder holds the masks of this data set, not colours or instances.")


def voc_palette(count):
  """Returns the first `count` colours of the VOC devkit's colour map as (red, green, blue).

  Example:
    >>> voc_palette(3)
    ((0, 0, 0), (128, 0, 0), (0, 128, 0))
  """
  bits = np.arange(count)[:, None] >> np.arange(0, 24, 3)[None]  # lowest three bits of each
  weights = 128 >> np.arange(8)
  return tuple(tuple(int(((row >> channel & 1) * weights).sum()) for channel in range(3))
               for row in bits)


VOC = LabelSpace("VOC 2012", (
    "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair",
    "cow", "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa",
    "train", "tvmonitor"), voc_palette(21))

_ANIMALS = ("background", "cat", "cow", "dog", "horse", "person", "sheep")
VOC_ANIMALS = LabelSpace(
    "VOC12-animals", _ANIMALS, tuple(VOC.palette[VOC.index(name)] for name in _ANIMALS))

# Persons have no boxes in this subset, so experiments with boxes leave them out.
_BOXED = tuple(name for name in _ANIMALS if name != "person")
VOC_ANIMALS_BOXES = LabelSpace(
    "VOC12-animals with boxes", _BOXED, tuple(VOC.palette[VOC.index(name)] for name in _BOXED))

CAMVID = LabelSpace("CamVid", (
    "sky", "building", "pole", "road", "pavement", "tree", "signsymbol", "fence", "car",
    "pedestrian", "bicyclist"), (
        (128, 128, 128), (128, 0, 0), (192, 192, 128), (128, 64, 128), (60, 40, 222),
        (128, 128, 0), (192, 128, 128), (64, 64, 128), (64, 0, 128), (64, 64, 0), (0, 128, 192)),
    background=False)
CAMVID_VOID = 11  # in the files; `fields.IGNORE_LABEL` in samples

SCENES = LabelSpace("weakseg_scenes", ("background", "person", "car", "bus", "dog", "horse"), (
    (0, 0, 0), (220, 60, 90), (60, 120, 220), (240, 180, 40), (150, 90, 200), (60, 180, 120)))

SCENE_PARTS = LabelSpace("person parts", (
    "background", "head", "torso", "upper_arms", "lower_arms", "upper_legs", "lower_legs"), (
        (0, 0, 0), (230, 70, 70), (240, 170, 60), (90, 190, 90), (60, 190, 200), (80, 110, 220),
        (170, 90, 200)))

# The 80 things of COCO in increasing category id; ten ids between 1 and 90 are not used.
_THINGS = (
    "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat",
    "traffic light", "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog",
    "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella",
    "handbag", "tie", "suitcase", "frisbee", "skis", "snowboard", "sports ball", "kite",
    "baseball bat", "baseball glove", "skateboard", "surfboard", "tennis racket", "bottle",
    "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple", "sandwich", "orange",
    "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch", "potted plant",
    "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
    "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors",
    "teddy bear", "hair drier", "toothbrush")
_UNUSED = (12, 26, 29, 30, 45, 66, 68, 69, 71, 83)
_FIRST_STUFF, _LAST_STUFF = 92, 200

# Category id by class id; 0 stands for the background, which has none.
COCO_CATEGORY_IDS = (0, *(index for index in range(1, 91) if index not in _UNUSED))

# Names of the classes of VOC that COCO calls otherwise; all 20 classes of VOC are in COCO.
VOC_COCO_SYNONYMS = {
    "aeroplane": "airplane", "diningtable": "dining table", "motorbike": "motorcycle",
    "pottedplant": "potted plant", "sofa": "couch", "tvmonitor": "tv"}


def coco_table():
  """Returns the table of raw COCO category ids to class ids of `COCO`.

  The categories are those of the panoptic label maps: 1..90 are the 80 things, 92..200 stuff, which
  is background here; 0 is unlabelled.

  Returns:
    uint8 [256]; `table[mask]` is the new mask. 0 and ids of no category become 255.

  Example:
    >>> coco_table()[[0, 1, 90, 92, 200, 12]].tolist()
    [255, 1, 80, 0, 0, 255]
  """
  table = np.full(256, fields.IGNORE_LABEL, np.uint8)
  table[_FIRST_STUFF:_LAST_STUFF + 1] = 0
  table[list(COCO_CATEGORY_IDS[1:])] = np.arange(1, len(COCO_CATEGORY_IDS))
  return table


def _coco_palette():
  """Returns VOC's colour for what VOC has too, so that pictures of both agree; else a free one."""
  shared = {VOC_COCO_SYNONYMS.get(name, name): colour
            for name, colour in zip(VOC.classes, VOC.palette)}
  free = iter(voc_palette(1 + len(_THINGS))[VOC.num_classes:])
  return tuple(shared.get(name) or next(free) for name in ("background", *_THINGS))


COCO = LabelSpace("COCO", ("background", *_THINGS), _coco_palette())
