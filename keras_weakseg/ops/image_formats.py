"""Which image files can be read: one rule, for bytes on the host and for graphs that decode them.

Training, prediction and exported artifacts decode JPEG, PNG, BMP and GIF with 8 bits per channel
and nothing else, whatever a file is called and whichever release of TensorFlow decodes it.
"""
import struct

import tensorflow as tf

from keras_weakseg.ops import gif_frames
from keras_weakseg.ops import tracing

HEAD = 66  # bytes that the rule looks at; of a bitmap up to its colour masks
FORMATS = "JPEG, PNG, BMP or GIF with 8 bits per channel"
FIX = ("Convert it, for example with OpenCV: cv2.imwrite('image.png', cv2.imread(path)); of 16 "
       "bits write (image // 257).astype('uint8').")
FINE, DEEP, BITMAP, WEBP, EMPTY, OTHER = range(6)
WORDS = ("", "16 bits per channel",
         "a BMP that is compressed or has other than 8, 24 or 32 bits per pixel",
         "WebP, no JPEG, PNG, BMP or GIF", "empty file", "no JPEG, PNG, BMP or GIF")
REFUSED = (DEEP, BITMAP, WEBP)  # Of the others every decoder says so itself.

# Names that pictures have which are not looked at; of what has another name nobody expects it.
SUFFIXES = (".webp", ".tif", ".tiff", ".heic", ".heif", ".avif", ".jxl", ".jp2", ".j2k", ".jfif",
            ".jpe", ".jpg_large", ".ppm", ".pgm", ".pnm", ".pbm", ".tga", ".exr", ".hdr", ".psd",
            ".svg", ".ico", ".dib", ".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2")

_PNG, _JPEG, _GIF, _BMP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"BM"
STARTS = {"png": _PNG, "jpeg": _JPEG, "gif": _GIF, "bmp": _BMP}
_DEPTH = 24                                        # offset in a PNG
_DIB, _BITS, _PACKING, _MASKS = 14, 28, 30, 54     # offsets in a BMP
_PLAIN, _MASKED = 0, 3                             # packing of a BMP
_BGR_MASKS = struct.pack("<3I", 0xFF0000, 0xFF00, 0xFF)
_RIFF, _WEBP = b"RIFF", b"WEBP"
_OTHERS = ((b"II*\0", "TIFF"), (b"MM\0*", "TIFF"), (b"\0\0\0\x0cJXL ", "JPEG XL"),
           (b"\0\0\0\x0cjP  ", "JPEG 2000"), (b"%PDF", "PDF"), (b"8BPS", "PSD"))


def form_of(head):
  """Returns `png`, `jpeg`, `gif`, `bmp` or `other` by the first bytes of a file.

  Example:
    >>> form_of(b"GIF89a")
    'gif'
  """
  return next((name for name, start in STARTS.items() if head.startswith(start)), "other")


def fault_of(head):
  """Returns the fault of a file by its first `HEAD` bytes: `FINE`, or what is in the way.

  Args:
    head: bytes; fewer where the file is shorter.
  """
  if not head:
    return EMPTY
  form = form_of(head)
  head = head + bytes(HEAD)
  if form == "png":
    return DEEP if head[_DEPTH] > 8 else FINE
  if form == "bmp":
    return FINE if _plain_bitmap(head) else BITMAP
  if head[:4] == _RIFF and head[8:12] == _WEBP:
    return WEBP
  return FINE if form != "other" else OTHER


def words_of(head):
  """Returns the fault of a file in words, "" where it can be decoded; names formats that are known.

  Example:
    >>> words_of(b"II*" + bytes(40))
    'TIFF, no JPEG, PNG, BMP or GIF'
  """
  fault = fault_of(head)
  known = next((name for start, name in _OTHERS if head.startswith(start)), "")
  if head[4:8] == b"ftyp":
    known = "AVIF" if head[8:11] == b"avi" else "HEIC or a film"
  return f"{known}, {WORDS[fault]}" if fault == OTHER and known else WORDS[fault]


def may_be_cut(head, tail, length):
  """Returns whether the end of a file is not where it should be, so that its decoder must judge.

  Data behind the end of an image (zeros, a film, a second image) is no fault, and an end inside of
  a thumbnail is none of the file: only decoding tells.

  Args:
    head: the first `HEAD` bytes.
    tail: the last bytes, some thousand.
    length: of the file, bytes.
  """
  form = form_of(head)
  if form == "png":
    return b"IEND" not in tail
  if form == "jpeg":
    return b"\xff\xd9" not in tail
  if form == "bmp" and len(head) >= HEAD:
    return length != bitmap_length(head)
  return True


def bitmap_size(head):
  """Returns (height, width) of a bitmap by its first bytes."""
  width, height = struct.unpack("<ii", head[18:26])
  return abs(height), abs(width)


def bitmap_length(head):
  """Returns how many bytes the file of a bitmap should have."""
  height, width = bitmap_size(head)
  bits = int.from_bytes(head[_BITS:_BITS + 2], "little")
  return int.from_bytes(head[10:14], "little") + height * ((width * bits + 31) // 32 * 4)


def bitmap_bits(head):
  """Returns the bits per pixel of a bitmap: 8 is a palette."""
  return int.from_bytes(head[_BITS:_BITS + 2], "little")


def _plain_bitmap(head):
  dib = int.from_bytes(head[_DIB:_DIB + 4], "little")
  packing = int.from_bytes(head[_PACKING:_PACKING + 4], "little")
  bits = bitmap_bits(head)
  return dib >= 40 and ((packing == _PLAIN and bits in (8, 24, 32)) or (
      packing == _MASKED and bits == 32 and head[_MASKS:_MASKS + 12] == _BGR_MASKS))


@tracing.once
def fault_in_graph(contents):
  """Returns `fault_of` as a graph operation, as far as it is `REFUSED`; else `FINE`.

  Args:
    contents: string tensor [], the bytes of the file.

  Returns:
    int32 tensor [].
  """
  head = tf.strings.substr(tf.strings.join([contents, bytes(HEAD)]), 0, HEAD)
  at = lambda place, text: tf.equal(tf.strings.substr(head, place, len(text)), text)
  values = tf.cast(tf.io.decode_raw(head, tf.uint8), tf.int32)
  number = lambda place: tf.reduce_sum(values[place:place + 2] * [1, 256])
  is_png, is_bmp = at(0, _PNG), at(0, _BMP)
  bits, packing = number(_BITS), number(_PACKING)
  plain = (packing == _PLAIN) & ((bits == 8) | (bits == 24) | (bits == 32))
  masked = (packing == _MASKED) & (bits == 32) & at(_MASKS, _BGR_MASKS)
  upper = at(_DIB + 2, bytes(2)) & at(_PACKING + 2, bytes(2))
  bitmap = (number(_DIB) >= 40) & upper & (plain | masked)
  fault = tf.where(is_png & (values[_DEPTH] > 8), DEEP, FINE)
  fault = tf.where(is_bmp & ~bitmap, BITMAP, fault)
  return tf.where(at(0, _RIFF) & at(8, _WEBP), WEBP, fault)


def decode(contents):
  """Returns the pixels of a file without a fault, see `fault_in_graph`.

  Args:
    contents: string tensor [], the bytes of the file.

  Returns:
    uint8 [H, W, 3], RGB as stored.

  Raises:
    tf.errors.InvalidArgumentError: the file is broken, or none of these formats.
  """
  start = tf.strings.substr(tf.strings.join([contents, bytes(HEAD)]), 0, HEAD)
  contents = tf.cond(tf.equal(tf.strings.substr(start, 0, len(_GIF)), _GIF),
                     lambda: gif_frames.first_frame(contents)[1], lambda: tf.identity(contents))
  coloured = tf.equal(tf.strings.substr(start, 0, 2), _BMP) & tf.equal(
      tf.strings.substr(start, _BITS, 2), b"\x08\0")
  image = tf.cond(coloured, lambda: _decode_palette_bitmap(contents, start),
                  lambda: tf.io.decode_image(contents, channels=3, expand_animations=False))
  return tf.ensure_shape(image, [None, None, 3])


def _decode_palette_bitmap(contents, head):
  """Returns uint8 [H, W, 3]: TensorFlow's decoder gives indices of the palette as grey values."""
  indices = tf.io.decode_bmp(contents, channels=0)[..., 0]
  first = 14 + tf.io.decode_raw(tf.strings.substr(head, _DIB, 4), tf.int32)[0]
  pixels = tf.io.decode_raw(tf.strings.substr(head, 10, 4), tf.int32)[0]
  stored = tf.strings.substr(contents, first, tf.clip_by_value(pixels - first, 0, 1024))
  stored = tf.strings.substr(tf.strings.join([stored, bytes(1024)]), 0, 1024)
  palette = tf.reshape(tf.io.decode_raw(stored, tf.uint8), [256, 4])
  return tf.gather(palette[:, 2::-1], tf.cast(indices, tf.int32))
