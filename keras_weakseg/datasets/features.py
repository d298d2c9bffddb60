"""TFDS features by the names of the sample contract, and what a builder records about itself.

Label maps are stored with a channel axis, [H, W, 1], as TFDS has it; a source drops it. Images keep
the bytes of their file. Everything else has the dtype and shape of `fields.SPECS`.
"""
import numpy as np

from keras_weakseg import fields

# Keys of `builder.info.metadata`, all JSON.
CLASSES = "classes"               # class names by id
PALETTE = "palette"               # [red, green, blue] by id
SPLIT_ALIASES = "split_aliases"   # names of joined splits -> "one+other"


def sample_features(names, num_classes, size=(None, None), frames=None):
  """Returns the `tfds.features.FeaturesDict` of samples with some fields of the contract.

  Args:
    names: names of `fields`; the image and the id are always there.
    num_classes: number of classes C of the tags.
    size: (height, width) in pixels, `None` where it varies.
    frames: number of neighbours, needed for the fields of frames.

  Raises:
    KeyError: a name that has no feature.
  """
  import tensorflow_datasets as tfds  # pylint: disable=g-import-not-at-top
  features = tfds.features

  def label_map():
    return features.Image(shape=(*size, 1), encoding_format="png", use_colormap=True)

  known = {
      fields.IMAGE: lambda: features.Image(shape=(*size, 3)),
      fields.SAMPLE_ID: features.Text,
      fields.MASK: label_map,
      fields.PARTS: label_map,
      fields.TAGS: lambda: features.Tensor(shape=(num_classes,), dtype=np.float32),
      fields.NOISY_TAGS: lambda: features.Tensor(shape=(num_classes,), dtype=np.float32),
      fields.BOXES: lambda: features.Sequence(features.BBoxFeature()),
      fields.BOX_CLASSES: lambda: features.Sequence(np.int32),
      fields.DEPTH: lambda: features.Tensor(shape=size, dtype=np.float32, encoding="zlib"),
      fields.ORDINAL: lambda: features.Tensor(shape=size, dtype=np.float32, encoding="zlib"),
      fields.FRAMES: lambda: features.Sequence(features.Image(shape=(*size, 3)), length=frames),
      fields.FRAME_OFFSETS: lambda: features.Tensor(shape=(frames,), dtype=np.int32),
      fields.INTRINSICS: lambda: features.Tensor(shape=(3, 3), dtype=np.float32),
      fields.POSES: lambda: features.Tensor(shape=(frames, 4, 4), dtype=np.float32),
      fields.STEREO_IMAGE: lambda: features.Image(shape=(*size, 3)),
      fields.STEREO_POSE: lambda: features.Tensor(shape=(4, 4), dtype=np.float32),
  }
  return features.FeaturesDict({
      name: known[name]() for name in (fields.IMAGE, fields.SAMPLE_ID, *names)})


def boxes(values):
  """Returns the TFDS boxes of float32 [N, 4] (ymin, xmin, ymax, xmax) in 0..1."""
  import tensorflow_datasets as tfds  # pylint: disable=g-import-not-at-top
  return [tfds.features.BBox(*(float(side) for side in box)) for box in values]


def metadata(space, split_aliases=None):
  """Returns the `tfds.core.MetadataDict` that lets a source use the data without knowing it.

  Args:
    space: `labels.LabelSpace` of the stored masks.
    split_aliases: dict of further split names to stored splits joined by `+`.
  """
  import tensorflow_datasets as tfds  # pylint: disable=g-import-not-at-top
  return tfds.core.MetadataDict({
      CLASSES: list(space.classes), PALETTE: [list(colour) for colour in space.palette],
      SPLIT_ALIASES: dict(split_aliases or {})})
