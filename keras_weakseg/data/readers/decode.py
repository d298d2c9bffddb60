"""From encoded bytes to pixels and labels, in TensorFlow graph operations.

One rule for orientation, here and everywhere else: pixels are taken as stored, the EXIF tag is
ignored. Grey and RGBA images become RGB; which files are refused says `ops.image_formats`, and
pictures in place of index masks are.
"""
import zlib

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import refusals
from keras_weakseg.ops import image_formats
from keras_weakseg.ops import image_headers
from keras_weakseg.ops import images as image_ops
from keras_weakseg.ops import jpeg_ends
from keras_weakseg.ops import tracing

LARGEST = 1 << 26  # pixels; a file of half a megabyte may claim more than memory holds
_PNG = b"\x89PNG\r\n\x1a\n"
_HEADER = 33  # signature (8), length and name (8), IHDR (13), CRC (4)
_GREY, _RGB, _PALETTE = 0, 2, 3
_KINDS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA", -1: "not a PNG"}


def _recolour():
  """Returns the 33 bytes that turn a palette header into a grey one by exclusive or.

  A CRC is affine: for messages of one length, the exclusive or of two CRCs depends only on the
  exclusive or of the messages. So one constant serves every palette PNG.
  """
  zero, changed = b"IHDR" + bytes(13), b"IHDR" + bytes(9) + bytes([_PALETTE]) + bytes(3)
  delta = zlib.crc32(zero) ^ zlib.crc32(changed)
  return bytes(25) + bytes([_PALETTE]) + bytes(3) + delta.to_bytes(4, "big")


_RECOLOUR = np.frombuffer(_recolour(), np.uint8)
_BYTES = np.array([bytes([value]) for value in range(256)], object)


def _text(value):
  return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def _raise_image(name, fault):
  raise ValueError(image_ops.refusal(int(fault), _text(name)))


def _raise_large(name, pixels, largest):
  raise errors.value_error(
      f"The file of '{_text(name)}' is too large to be decoded.",
      expected=f"at most {largest} pixels (height times width)", received=int(pixels),
      fix="Cut it into tiles, or make it smaller, together with its labels.")


def _raise_if_cut(name, contents):
  if jpeg_ends.lacks_a_part(contents if isinstance(contents, bytes) else contents.item()):
    raise errors.value_error(
        f"The image of '{_text(name)}' is cut off.", expected="a whole JPEG",
        received="a JPEG that lacks a part before its end marker: decoders fill it in",
        fix="Replace the file.")
  return False


def _raise_mask(name, kind, depth):
  raise errors.value_error(
      f"The mask of '{_text(name)}' is not an index mask.",
      expected="a PNG with one 8-bit (or smaller) class id per pixel, grey or palette",
      received=f"{_KINDS.get(int(kind), kind)}, {int(depth)} bits",
      fix="Write the class ids themselves, 255 where unknown, not the colours of a legend.")


def _raise_colours(name, kind, depth):
  raise errors.value_error(
      f"The annotation of '{_text(name)}' is no picture of numbers.",
      expected="an RGB PNG with 8 bits per channel",
      received=f"{_KINDS.get(int(kind), kind)}, {int(depth)} bits",
      fix="Prepare the data set again; of masks with one channel, say what they hold with map=.")


def _raise_labels(name, mask, num_classes):
  values = np.unique(mask[(mask >= num_classes) & (mask < fields.IGNORE_LABEL)])
  raise errors.value_error(
      f"The mask of '{_text(name)}' holds labels that are no class.",
      expected=f"0..{int(num_classes) - 1} or {fields.IGNORE_LABEL}",
      received=", ".join(str(value) for value in values),
      fix="List every class (classes.txt or classes=), or map the values with "
          "remap={raw value: class id}.")


def _raise_size(name, mask_size, image_size):
  raise errors.value_error(
      f"The mask of '{_text(name)}' has another size than its image.",
      expected=f"{image_size[0]}x{image_size[1]} (height x width)",
      received=f"{mask_size[0]}x{mask_size[1]}",
      fix="Export the mask at the size of the image (nearest neighbour), or remove the pair.")


def _raise_disparity(name, is_grey, size, image_size):
  shown = "x".join(map(str, size)) if is_grey else "no grey PNG"
  raise errors.value_error(
      f"The disparity map of '{_text(name)}' does not fit its image.",
      expected=f"a grey PNG of {image_size[0]}x{image_size[1]} (height x width)", received=shown,
      fix="Remove it and make it again from images of the size that is trained on.")


@tracing.by_kinds
def decode_image(contents, name="", largest=LARGEST):
  """Returns the pixels of an encoded JPEG, PNG, BMP or GIF (first frame).

  Args:
    contents: string tensor [], the bytes of the file.
    name: string, the sample, for errors.
    largest: pixels that it may have.

  Returns:
    uint8 [H, W, 3], RGB, as stored (EXIF orientation ignored). Grey is repeated, alpha dropped.

  Raises:
    tf.errors.InvalidArgumentError: the file is broken, none of these (`ops.image_formats`), or has
      more than `largest` pixels, by its header.
  """
  fault = image_formats.fault_in_graph(contents)
  contents = refusals.where(fault != image_formats.FINE, contents, _raise_image, name, fault)
  image = image_formats.decode(_small_enough(contents, name, largest))
  return tf.ensure_shape(refusals.where(
      jpeg_ends.may_lack_a_part(contents, image), image, _raise_if_cut, name, contents),
                         [None, None, 3])


def _small_enough(contents, name, largest):
  pixels = image_headers.pixels_of(contents)
  return refusals.where(pixels > tf.cast(largest, tf.int64), contents, _raise_large, name, pixels,
                        largest)


@tracing.by_kinds
def decode_index_png(contents, name="", largest=LARGEST):
  """Returns the stored indices of a grey or palette PNG.

  Decoders of images expand a palette to colours. Here the header is rewritten from palette to
  grey first, so that the indices themselves come out, with no look-up of colours.

  Args:
    contents: string tensor [], the bytes of the file.
    name: string, the sample, for errors.
    largest: pixels that it may have.

  Returns:
    uint8 [H, W], the indices as stored, 0..255.

  Raises:
    tf.errors.InvalidArgumentError: not a PNG, RGB, 16 bits, or of more than `largest` pixels.
  """
  padded = tf.strings.join([contents, tf.constant(b"\x01" * _HEADER)])
  head = tf.io.decode_raw(tf.strings.substr(padded, 0, _HEADER), tf.uint8)
  depth, kind = tf.cast(head[24], tf.int32), tf.cast(head[25], tf.int32)
  is_png = tf.equal(tf.strings.substr(padded, 0, 8), _PNG)
  good = is_png & (depth <= 8) & (tf.equal(kind, _GREY) | tf.equal(kind, _PALETTE))
  contents = refusals.where(~good, contents, _raise_mask, name, tf.where(is_png, kind, -1), depth)
  contents = _small_enough(contents, name, largest)
  head = tf.where(tf.equal(kind, _PALETTE), tf.bitwise.bitwise_xor(head, _RECOLOUR), head)
  head = tf.strings.reduce_join(tf.gather(tf.constant(_BYTES), tf.cast(head, tf.int32)))
  contents = tf.strings.join([head, tf.strings.substr(contents, _pixels(contents), -1)])
  values = tf.io.decode_png(contents, channels=1)[..., 0]
  # Indices of fewer than 8 bits are spread over 0..255 by the decoder: 255 / (2^bits - 1) apart.
  # This may run before the refusal above: files that are no PNG must not divide by zero.
  step = 255 // (tf.bitwise.left_shift(1, tf.clip_by_value(depth, 1, 8)) - 1)
  return tf.cond(step > 1, lambda: values // tf.cast(step, tf.uint8), lambda: values)


def decode_colours(contents, name=""):
  """Returns the pixels of an RGB PNG whose channels are numbers.

  Args:
    contents: string tensor [], the bytes of the file.
    name: string, the sample, for errors.

  Returns:
    uint8 [H, W, 3].

  Raises:
    tf.errors.InvalidArgumentError: not a PNG, or neither RGB nor 8 bits.
  """
  padded = tf.strings.join([contents, tf.constant(b"\x01" * _HEADER)])
  head = tf.cast(tf.io.decode_raw(tf.strings.substr(padded, 0, _HEADER), tf.uint8), tf.int32)
  is_png = tf.equal(tf.strings.substr(padded, 0, 8), _PNG)
  good = is_png & (head[24] == 8) & (head[25] == _RGB)
  contents = refusals.where(~good, contents, _raise_colours, name, tf.where(is_png, head[25], -1),
                            head[24])
  return tf.io.decode_png(contents, channels=3)


def _pixels(contents):
  """Returns where the pixels of a PNG begin: int32 offset of the first IDAT chunk.

  What lies before it (palette, transparency, texts) makes libpng warn about a grey image, once for
  every mask that is read. A damaged file gives the end of the header; decoding then fails.
  """
  end = tf.strings.length(contents)

  def name(offset):
    return tf.strings.substr(contents, tf.minimum(offset + 4, end), 4)

  def following(offset):
    size = tf.io.decode_raw(tf.strings.substr(contents, offset, 4), tf.uint8)
    size = tf.cast(size, tf.int64) * tf.constant([1 << 24, 1 << 16, 1 << 8, 1], tf.int64)
    return tf.cast(tf.minimum(
        tf.cast(offset, tf.int64) + 12 + tf.reduce_sum(size), tf.cast(end, tf.int64)), tf.int32)

  offset, _ = tf.while_loop(
      lambda offset, _: (offset + 8 <= end) & (name(offset) != b"IDAT"),
      lambda offset, passed: (following(offset), passed + 1), (tf.minimum(_HEADER, end), 0))
  return tf.where(offset + 8 <= end, offset, tf.minimum(_HEADER, end))


@tracing.by_kinds
def decode_mask(contents, num_classes, name="", remap=None, image_shape=None):
  """Returns the class ids of an encoded mask, checked against the classes and the image.

  Args:
    contents: string tensor [], the bytes of a grey or palette PNG.
    num_classes: number of classes C.
    name: string, the sample, for errors.
    remap: uint8 [256] or None; the class id of every raw value.
    image_shape: int32 [2] or more, height and width of the image, or None for no check.

  Returns:
    uint8 [H, W], 0..C-1 or 255.

  Raises:
    tf.errors.InvalidArgumentError: other labels, another size, no index mask: in the house's form.
  """
  mask = decode_index_png(contents, name)
  if remap is not None:
    mask = tf.gather(tf.cast(remap, tf.uint8), tf.cast(mask, tf.int32))
  mask = check_labels(mask, num_classes, name)
  return tf.ensure_shape(
      mask if image_shape is None else check_size(mask, image_shape, name), [None, None])


def check_size(mask, image_shape, name=""):
  """Returns the mask; refuses one of another size than its image.

  Args:
    mask: uint8 [H, W].
    image_shape: int32 [2] or more, height and width of the image.
    name: string, the sample, for errors.

  Raises:
    tf.errors.InvalidArgumentError: with the text in the form of the house.
  """
  size, wanted = tf.shape(mask), tf.convert_to_tensor(image_shape)[:2]
  return refusals.where(tf.reduce_any(size != wanted), mask, _raise_size, name, size, wanted)


def decode_disparity(contents, name="", image_shape=None):
  """Returns the disparity of a grey PNG of 8 or 16 bits.

  Args:
    contents: string tensor [], the bytes of the file.
    name: string, the sample, for errors.
    image_shape: int32 [2] or more, height and width of the image, or None for no check.

  Returns:
    float32 [H, W], 0..1: the stored values, divided by the largest that can be stored.

  Raises:
    tf.errors.InvalidArgumentError: no grey PNG, or another size, in the form of the house; broken.
  """
  padded = tf.strings.join([contents, tf.constant(b"\x01" * _HEADER)])
  kind = tf.io.decode_raw(tf.strings.substr(padded, 25, 1), tf.uint8)[0]
  is_grey = tf.equal(tf.strings.substr(padded, 0, 8), _PNG) & (kind == _GREY)
  wanted = tf.zeros([2], tf.int32) if image_shape is None else tf.convert_to_tensor(image_shape)[:2]
  contents = refusals.where(~is_grey, contents, _raise_disparity, name, is_grey, wanted, wanted)
  contents = _small_enough(contents, name, LARGEST)
  # 8 bits are spread over 16 by the decoder: v becomes 257 v, so both divide alike.
  stored = tf.io.decode_png(contents, channels=1, dtype=tf.uint16)[..., 0]
  if image_shape is not None:
    size = tf.shape(stored)
    stored = refusals.where(tf.reduce_any(size != wanted), stored, _raise_disparity, name, is_grey,
                            size, wanted)
  return tf.ensure_shape(tf.cast(stored, tf.float32) / 65535.0, [None, None])


def check_labels(mask, num_classes, name=""):
  """Returns the mask; refuses labels outside 0..C-1 and 255, naming sample and values.

  Args:
    mask: uint8 [H, W].
    num_classes: number of classes C.
    name: string, the sample, for errors.

  Raises:
    tf.errors.InvalidArgumentError: with the text in the form of the house.
  """
  bad = (tf.cast(mask, tf.int32) >= num_classes) & (mask < fields.IGNORE_LABEL)
  return refusals.where(tf.reduce_any(bad), mask, _raise_labels, name, mask, num_classes)


def tags_from_mask(mask, num_classes):
  """Returns the tags of a whole mask: the classes in it, and always the background.

  Args:
    mask: uint8 [H, W], 255 = ignore.
    num_classes: number of classes C.

  Returns:
    float32 [C], multi-hot; index 0 is 1.
  """
  counts = tf.math.bincount(tf.reshape(tf.cast(mask, tf.int32), [-1]), minlength=256, maxlength=256)
  present = tf.cast(counts[:num_classes] > 0, tf.float32)
  return tf.concat([tf.ones([1]), present[1:]], 0)


def reason(error):
  """Returns what is wrong in one line: of an error, the words after the places in the code.

  Args:
    error: a `tf.errors.OpError`.

  Example:
    >>> reason(tf.errors.InvalidArgumentError(None, None, "Graph execution error:\\n\\nDetected "
    ...                                       "at node x\\n\\nInput is empty.\\n\\t [[x]]"))
    'Input is empty.'
  """
  text = str(error).split("\n\t [[", maxsplit=1)[0].strip()
  return errors.plain(text.splitlines()[-1]) if text else type(error).__name__


def house_error(error):
  """Returns the error of the house inside an error of a pipeline, or None.

  TensorFlow wraps what a pipeline raises into operation names and tracebacks; this is the text
  that the user needs.

  Args:
    error: a `tf.errors.OpError`.

  Returns:
    `ValueError` with the three lines of `errors.describe`, or None if the error is another one.
  """
  lines = str(error).splitlines()
  for number, line in enumerate(lines):
    if line.startswith("Expected: ") and number and number + 1 < len(lines):
      what = lines[number - 1].split("ValueError: ", 1)[-1]
      return ValueError("\n".join([what, line, lines[number + 1]]))
  return None
