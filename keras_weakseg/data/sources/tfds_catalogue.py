"""The builders of tensorflow_datasets that are read as they are: one table of what they hold.

Their conventions differ, so no other module interprets them:

* `oxford_iiit_pet`: the trimap has 1 = animal, 2 = background, 3 = border (unknown). The species
  is the class. `head_bbox` is the head of the animal, not the animal: it is no box of ours.
* `voc`: the builder divides the corners of the XML, pixels counted from 1 and inclusive, by the
  sides. Half-open boxes begin one pixel before that.
* `coco`: boxes are half-open as they are; labels 0..79 are the 80 things by increasing category. A
  crowd is 255; boxes without any width or height, of which the files hold a few, are left out.
* `cityscapes`: the masks hold `labelIds` 0..33.
* `scene_parse150`: in spite of its name, the builder downloads the *instance* annotations of the
  Places Challenge 2017: red is one of 100 categories of objects, green the number of the object,
  0 is not labelled. The 150 classes of scene parsing are not in it.
* `nyu_depth_v2`: metres, 0 where there is none.
"""
import dataclasses
from typing import Any, Callable, Mapping, NamedTuple

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import cityscapes_video
from keras_weakseg.data.sources import tfds_adapters
from keras_weakseg.data.sources import tfds_values as values
from keras_weakseg.datasets import labels

_REVISION = 1  # raised when the same files would be read otherwise than before

ADE_OBJECTS = (
    "bed", "windowpane", "cabinet", "person", "door", "table", "curtain", "chair", "car",
    "painting", "sofa", "shelf", "mirror", "armchair", "seat", "fence", "desk", "wardrobe", "lamp",
    "bathtub", "railing", "cushion", "box", "column", "signboard", "chest of drawers", "counter",
    "sink", "fireplace", "refrigerator", "stairs", "case", "pool table", "pillow", "screen door",
    "bookcase", "coffee table", "toilet", "flower", "book", "bench", "countertop", "stove", "palm",
    "kitchen island", "computer", "swivel chair", "boat", "arcade machine", "bus", "towel", "light",
    "truck", "chandelier", "awning", "streetlight", "booth", "television receiver", "airplane",
    "apparel", "pole", "bannister", "ottoman", "bottle", "van", "ship", "fountain", "washer",
    "plaything", "stool", "barrel", "basket", "bag", "minibike", "oven", "ball", "food", "step",
    "trade name", "microwave", "pot", "animal", "bicycle", "dishwasher", "screen", "sculpture",
    "hood", "sconce", "vase", "traffic light", "tray", "ashcan", "fan", "plate", "monitor",
    "bulletin board", "radiator", "glass", "clock", "flag")
_SPECIES = ("Cat", "Dog")
_YXYX = "REL_YXYX"  # what TFDS calls (ymin, xmin, ymax, xmax) as fractions of the image


class Rule(NamedTuple):
  """How a field is read.

  Attributes:
    paths: of the features that it is read from; the first one names it in errors.
    read: function of (example, image uint8 [H, W, 3], id) to its tensor.
  """
  paths: tuple
  read: Callable


@dataclasses.dataclass
class Known(tfds_adapters.Adapter):
  """A builder whose conventions are known.

  Attributes:
    rules: dict of field to `Rule`.
    image: name of the feature with the image.
    id_path, classes, palette: see `tfds_adapters.Adapter`.
    names: dict of path to the names that its class label must have.
    bare: dict of configuration to the splits without annotations; "" stands for every one.
  """
  rules: Mapping[str, Rule]
  image: str = "image"
  id_path: tuple = ()
  classes: tuple = ()
  palette: Any = None
  names: Mapping[tuple, tuple] = dataclasses.field(default_factory=dict)
  bare: Mapping[str, tuple] = dataclasses.field(default_factory=dict)
  configuration: str = ""
  aliases = {}
  settings = {"reading": _REVISION}

  def labels(self, split):
    bare = (*self.bare.get("", ()), *self.bare.get(self.configuration, ()))
    return () if split in bare else (fields.IMAGE, *self.rules)

  def paths(self, names):
    found = {path for name in names if name in self.rules for path in self.rules[name].paths}
    own = {fields.IMAGE: (self.image,), fields.SAMPLE_ID: self.id_path}
    return sorted(found | {own[name] for name in names if own.get(name)})

  def is_encoded(self, feature):
    return feature == self.image or (
        fields.MASK in self.rules and (feature,) == self.rules[fields.MASK].paths[0])

  def decode(self, example, names, name):
    image = decode.decode_image(example[self.image], name)
    return {field: image if field == fields.IMAGE else self.rules[field].read(example, image, name)
            for field in names}

  def sample_id(self, example):
    return tf.strings.regex_replace(super().sample_id(example), r"\.(jpg|jpeg|png)$", "")

  def check(self, info):
    """Refuses a builder of this name with other features, class names or form of boxes."""
    for path in self.paths((fields.IMAGE, fields.SAMPLE_ID, *self.rules)):
      feature, place = info.features, "/".join(path)
      try:
        for key in path:
          feature = feature[key]
      except (KeyError, TypeError):
        raise self._other(info, f"the feature '{place}'", ", ".join(info.features)) from None
      legend = self.names.get(path)
      # Numbers in place of names: the builder finds them when it prepares its files.
      if legend and list(feature.names) not in (list(legend), [str(n) for n in range(len(legend))]):
        wrong = [name for name in feature.names if name not in legend]
        raise self._other(info, f"'{place}' to be one of {', '.join(legend)}",
                          ", ".join(wrong) or f"{feature.num_classes} of them, in another order")
      form = getattr(feature, "bbox_format", _YXYX)
      if getattr(form, "value", form) != _YXYX:
        raise self._other(info, f"boxes {_YXYX} in '{place}'", form)

  def _other(self, info, expected, received):
    return errors.value_error(
        f"The data set '{info.full_name}' has other features than the one that is known.",
        expected=expected, received=received,
        fix="Choose another configuration or version, or say what it holds with map= and classes=.")


# === How features are read ===

def _trimap(example, image, name):
  stored = values.known_values(
      decode.decode_index_png(example["segmentation_mask"], name), (1, 2, 3), name,
      "segmentation_mask", "1 (animal), 2 (background) or 3 (border)")
  label = 1 + values.known_labels(example["species"], len(_SPECIES), name, "species")
  unknown = fields.IGNORE_LABEL
  table = tf.cast(tf.stack([unknown, label, 0, unknown]), tf.uint8)
  return decode.check_size(tf.gather(table, tf.cast(stored, tf.int32)), tf.shape(image), name)


def _species(example, image, name):
  del image
  label = values.known_labels(example["species"], len(_SPECIES), name, "species")
  return values.tags_of(1 + label[None], 1 + len(_SPECIES))


def _label_ids(example, image, name):
  stored = values.known_values(
      decode.decode_index_png(example["segmentation_label"], name), range(34), name,
      "segmentation_label", "labelIds 0..33")
  mask = tf.gather(tf.constant(cityscapes_video.train_ids()), tf.cast(stored, tf.int32))
  return decode.check_size(mask, tf.shape(image), name)


def _ade_objects(example, image, name):
  stored = decode.decode_colours(example["annotation"], name)[..., 0]
  stored = values.known_values(stored, range(len(ADE_OBJECTS) + 1), name, "annotation",
                               "0 (not labelled) or a category 1..100 in the red channel")
  table = np.full(256, fields.IGNORE_LABEL, np.uint8)
  table[1:len(ADE_OBJECTS) + 1] = np.arange(len(ADE_OBJECTS))
  mask = tf.gather(tf.constant(table), tf.cast(stored, tf.int32))
  return decode.check_size(mask, tf.shape(image), name)


def _metres(example, image, name):
  depth = values.known_depth(example["depth"], name, "depth", values.INDOORS)
  return decode.check_size(depth, tf.shape(image), name)


_OBJECTS = "objects"
_BOX, _LABEL, _CROWD = ((_OBJECTS, key) for key in ("bbox", "label", "is_crowd"))


def _object_rules(space, one_based=False, crowds=False):
  """Returns the rules of boxes, their classes, and the tags that they prove.

  Args:
    space: `labels.LabelSpace`; label k is its class k + 1.
    one_based: see `tfds_values.known_boxes`.
    crowds: whether there are crowds, and boxes without any area that are to be left out.
  """

  def solid(example):
    box = example[_OBJECTS]["bbox"]
    return tf.reduce_all(box[:, 2:] != box[:, :2], -1) if crowds else tf.ones(
        tf.shape(box)[:1], bool)

  def label_of(example, name):
    return 1 + values.known_labels(
        example[_OBJECTS]["label"], space.num_classes - 1, name, "objects/label")

  def boxes(example, image, name):
    there = tf.boolean_mask(example[_OBJECTS]["bbox"], solid(example))
    return values.known_boxes(there, name, "objects/bbox", tf.shape(image), one_based)

  def classes(example, image, name):
    del image
    label = label_of(example, name)
    if crowds:
      label = tf.where(example[_OBJECTS]["is_crowd"], fields.IGNORE_LABEL, label)
    return tf.boolean_mask(label, solid(example))

  def tags(example, image, name):
    del image
    return values.tags_of(label_of(example, name), space.num_classes)

  return {fields.BOXES: Rule((_BOX,), boxes),
          fields.BOX_CLASSES: Rule((_LABEL, _BOX) + (_CROWD,) * crowds, classes),
          fields.TAGS: Rule((_LABEL,), tags)}


def _objects(space, **options):
  """Returns what VOC and COCO share."""
  return dict(id_path=("image/filename",), classes=space.classes,
              palette=space.palette, rules=_object_rules(space, **options),
              names={_LABEL: space.classes[1:]})


# By the name of the builder: what `kw.data.Tfds` is called with.
TABLE = {
    "cityscapes": lambda: Known(
        {fields.MASK: Rule((("segmentation_label",),), _label_ids)}, "image_left", ("image_id",),
        cityscapes_video.CLASSES, cityscapes_video.PALETTE, bare={"": ("test",)}),
    "coco": lambda: Known(**_objects(labels.COCO, crowds=True), bare={"": ("test", "test2015")}),
    "nyu_depth_v2": lambda: Known({fields.DEPTH: Rule((("depth",),), _metres)}),
    "oxford_iiit_pet": lambda: Known(
        {fields.MASK: Rule((("segmentation_mask",), ("species",)), _trimap),
         fields.TAGS: Rule((("species",),), _species)}, id_path=("file_name",),
        classes=("background", "cat", "dog"), names={("species",): _SPECIES}),
    "scene_parse150": lambda: Known(
        {fields.MASK: Rule((("annotation",),), _ade_objects)}, classes=ADE_OBJECTS),
    "voc": lambda: Known(**_objects(labels.VOC, one_based=True), bare={"2012": ("test",)}),
}


def find(builder):
  """Returns the `Known` of a builder, None if it is not in the table."""
  if builder.name not in TABLE:
    return None
  known = TABLE[builder.name]()
  known.configuration = builder.builder_config.name if builder.builder_config else ""
  return known
