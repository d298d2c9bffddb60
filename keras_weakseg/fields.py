"""The sample contract: names, types and ranges of what a sample may carry, and who may read it.

A sample is a dict of tensors. `supervision` says what the sample may *teach*; a label that it does
not grant is never read. A batch is the same dict with a leading axis.
"""
import enum

import tensorflow as tf

from keras_weakseg import errors

IGNORE_LABEL = 255

IMAGE = "image"                    # uint8 [H, W, 3], RGB 0..255
SAMPLE_ID = "sample_id"            # string []
SUPERVISION = "supervision"        # int32 [], bit flags of Supervision
MASK = "mask"                      # uint8 [H, W], class id, 255 = ignore
TAGS = "tags"                      # float32 [C], multi-hot, index 0 = background
NOISY_TAGS = "noisy_tags"          # float32 [C], the same with missing and wrong tags
BOXES = "boxes"                    # float32 [N, 4], (ymin, xmin, ymax, xmax) in 0..1, half-open
BOX_CLASSES = "box_classes"        # int32 [N], -1 = padding, 255 = a crowd: unknown in its box
BOX_LABELS = "box_labels"          # uint8 [H, W], label map made from the boxes, 255 = unknown
TAG_LABELS = "tag_labels"          # uint8 [H, W], label map made from the tags, 255 = unknown
PARTS = "parts"                    # uint8 [H, W], person part id, 255 = ignore
DEPTH = "depth"                    # float32 [H, W], metres, 0 = no value
ORDINAL = "ordinal"                # float32 [H, W], 1 is closer than all that is -1, 0 = unknown
DISPARITY = "disparity"            # float32 [H, W], larger = closer (predicted: an input)
FRAMES = "frames"                  # uint8 [F, H, W, 3], neighbours without the image itself
FRAME_OFFSETS = "frame_offsets"    # int32 [F], e.g. -1, +1; 0 = no frame (a part without video)
INTRINSICS = "intrinsics"          # float32 [3, 3], pixels of this image
POSES = "poses"                    # float32 [F, 4, 4], target camera to source camera
STEREO_IMAGE = "stereo_image"      # uint8 [H, W, 3], the other camera at the same moment
STEREO_POSE = "stereo_pose"        # float32 [4, 4], this camera to the other: calibration, no label

# False where the picture shows nothing of the scene: the car's own bonnet (a source says so), and
# the padding of crops, which the batch pipeline adds.
VALID = "valid"                    # bool [H, W]

# Added by the batch pipeline, never by a source.
PART = "part"                      # int32 [], index of the bundle part the sample was drawn for
JITTER = "jitter"                  # float32 [3 or 4], -1..1, colour of network inputs: ops.color
SAMPLE_KEY = "sample_key"          # int32 [2], seed of the randomness of this draw of this sample


class Supervision(enum.IntFlag):
  """What a sample may teach. A mask grants the tags and boxes derived from it; boxes grant tags."""
  NONE = 0
  TAGS = 1
  BOXES = 2
  MASK = 4
  DEPTH = 8


# Per field: dtype and shape without the batch axis (None = any size).
SPECS = {
    IMAGE: tf.TensorSpec([None, None, 3], tf.uint8),
    SAMPLE_ID: tf.TensorSpec([], tf.string),
    SUPERVISION: tf.TensorSpec([], tf.int32),
    MASK: tf.TensorSpec([None, None], tf.uint8),
    TAGS: tf.TensorSpec([None], tf.float32),
    NOISY_TAGS: tf.TensorSpec([None], tf.float32),
    BOXES: tf.TensorSpec([None, 4], tf.float32),
    BOX_CLASSES: tf.TensorSpec([None], tf.int32),
    BOX_LABELS: tf.TensorSpec([None, None], tf.uint8),
    TAG_LABELS: tf.TensorSpec([None, None], tf.uint8),
    PARTS: tf.TensorSpec([None, None], tf.uint8),
    DEPTH: tf.TensorSpec([None, None], tf.float32),
    ORDINAL: tf.TensorSpec([None, None], tf.float32),
    DISPARITY: tf.TensorSpec([None, None], tf.float32),
    FRAMES: tf.TensorSpec([None, None, None, 3], tf.uint8),
    FRAME_OFFSETS: tf.TensorSpec([None], tf.int32),
    INTRINSICS: tf.TensorSpec([3, 3], tf.float32),
    POSES: tf.TensorSpec([None, 4, 4], tf.float32),
    STEREO_IMAGE: tf.TensorSpec([None, None, 3], tf.uint8),
    STEREO_POSE: tf.TensorSpec([4, 4], tf.float32),
    VALID: tf.TensorSpec([None, None], tf.bool),
    PART: tf.TensorSpec([], tf.int32),
    JITTER: tf.TensorSpec([None], tf.float32),
    SAMPLE_KEY: tf.TensorSpec([2], tf.int32),
}

# Labels and the flag without which they are never read. Everything else is an input.
GRANTED_BY = {
    MASK: Supervision.MASK,
    PARTS: Supervision.MASK,
    BOXES: Supervision.BOXES,
    BOX_CLASSES: Supervision.BOXES,
    BOX_LABELS: Supervision.BOXES,
    TAG_LABELS: Supervision.TAGS,
    TAGS: Supervision.TAGS,
    NOISY_TAGS: Supervision.TAGS,
    DEPTH: Supervision.DEPTH,
    ORDINAL: Supervision.DEPTH,
    POSES: Supervision.DEPTH,
}

# What a map holds where nothing is known, or nothing may be read.
UNKNOWN = {MASK: IGNORE_LABEL, PARTS: IGNORE_LABEL, BOX_LABELS: IGNORE_LABEL,
           TAG_LABELS: IGNORE_LABEL, DEPTH: 0.0, ORDINAL: 0.0, DISPARITY: 0.0}


def parse_supervision(text):
  """Returns the flags of a text such as `"mask"`, `"tags+depth"` or `"none"`.

  Raises:
    ValueError: a name is not one of none, tags, boxes, mask, depth.

  Example:
    >>> int(parse_supervision("tags+depth"))
    9
  """
  flags = Supervision.NONE
  for name in text.lower().replace("|", "+").split("+"):
    if name.strip().upper() not in Supervision.__members__:
      raise errors.unknown_name("supervision kind", name.strip(),
                                [member.lower() for member in Supervision.__members__])
    flags |= Supervision[name.strip().upper()]
  return flags


def granted(flags):
  """Returns `flags` with everything they imply: a mask grants boxes and tags, boxes grant tags.

  Example:
    >>> int(granted(Supervision.MASK))
    7
  """
  flags = Supervision(int(flags))  # Also a number of a tensor or array.
  if flags & Supervision.MASK:
    flags |= Supervision.BOXES
  if flags & Supervision.BOXES:
    flags |= Supervision.TAGS
  return flags


def may_read(field, flags):
  """Returns whether a sample with these supervision flags may have `field` read.

  Example:
    >>> may_read(MASK, Supervision.TAGS), may_read(TAGS, Supervision.MASK)
    (False, True)
  """
  needed = GRANTED_BY.get(field)
  return needed is None or bool(granted(flags) & needed)


def check_spec(element_spec):
  """Checks the element spec of a dataset of samples against the contract.

  Args:
    element_spec: dict of field name to `tf.TensorSpec`, without a batch axis.

  Raises:
    ValueError: `image` is missing, a field is unknown, or has another dtype or rank.
  """
  if not isinstance(element_spec, dict) or IMAGE not in element_spec:
    raise errors.value_error(
        "The samples have no image.", expected=f"a dict with at least '{IMAGE}'",
        received=element_spec,
        fix="Map every element to a dict of the fields in keras_weakseg.fields.")
  for name, spec in element_spec.items():
    errors.check_name("sample field", name, SPECS)
    wanted = SPECS[name]
    if spec.dtype != wanted.dtype or not spec.shape.is_compatible_with(wanted.shape):
      raise errors.value_error(
          f"The field '{name}' of the samples does not follow the contract.",
          expected=f"{wanted.dtype.name} {wanted.shape}",
          received=f"{spec.dtype.name} {spec.shape}",
          fix=f"Cast or reshape '{name}' in your dataset's map function.")
