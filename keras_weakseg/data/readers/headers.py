"""What the first and last bytes of an image file say, without decoding it."""
import dataclasses
import struct

from keras_weakseg.ops import image_formats

_PNG_KINDS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGBA"}
_JPEG_KINDS = {1: "grey", 3: "RGB", 4: "CMYK"}
_BMP_KINDS = {8: "palette", 24: "RGB", 32: "RGBA"}
_IHDR, _TAIL = 33, 1 << 12  # bytes
_APP1 = 0xE1
_FILL, _ALONE = 0xFF, {0x01, *range(0xD0, 0xD8)}  # markers without a length
_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOF0..SOF15; the others are tables
_ORIENTATION = 0x0112


@dataclasses.dataclass(frozen=True)
class Header:
  """What a file claims to be.

  Attributes:
    form: `png`, `jpeg`, `gif`, `bmp` or `other`, by the contents, whatever the file is called.
    size: (height, width), or None where it is not known.
    kind: `grey`, `RGB`, `RGBA`, `palette`, `grey with alpha`, `CMYK` or `other`.
    bits: bits per channel.
    orientation: EXIF orientation, 1 = as stored.
    complete: whether the end is where it should be. If not, only the decoder knows: there may be
      data behind it.
    fault: why no decoder here takes such a file, "" where there is no reason.
  """
  form: str
  size: tuple
  kind: str
  bits: int
  orientation: int
  complete: bool
  fault: str = ""


def read_header(path):
  """Returns the `Header` of a file; reads a few bytes and the last 4 KiB.

  Args:
    path: path of an image.

  Raises:
    OSError: the file cannot be opened.
  """
  with open(path, "rb") as file:
    head = file.read(image_formats.HEAD)
    length = file.seek(0, 2)
    file.seek(max(0, length - _TAIL))
    complete = not image_formats.may_be_cut(head, file.read(), length)
    form, fault = image_formats.form_of(head), image_formats.words_of(head)
    if form == "jpeg":
      return _jpeg(file, complete)
  if form == "png" and len(head) >= _IHDR:
    width, height, bits, kind = struct.unpack(">IIBB", head[16:26])
    return Header("png", (height, width), _PNG_KINDS.get(kind, "other"), bits, 1, complete, fault)
  if form == "bmp" and len(head) == image_formats.HEAD and not fault:
    kind = _BMP_KINDS[image_formats.bitmap_bits(head)]
    return Header("bmp", image_formats.bitmap_size(head), kind, 8, 1, complete)
  # An animation's first picture may be smaller than what the header says.
  return Header(form, None, "other", 8, 1, bool(head), fault)


def _jpeg(file, complete):
  """Walks from segment to segment up to the one that holds the size."""
  orientation, place = 1, 2
  while True:
    file.seek(place)
    start = file.read(4)
    if len(start) < 4 or start[0] != 0xFF:
      return Header("jpeg", None, "other", 8, orientation, False)
    marker, length = start[1], int.from_bytes(start[2:], "big")
    if marker == _FILL or marker in _ALONE:
      place += 1 if marker == _FILL else 2
      continue
    if marker == _APP1:
      body = file.read(length - 2)
      if body.startswith(b"Exif\0\0"):
        orientation = _exif_orientation(body[6:])
    if marker in _FRAMES:
      body = file.read(6)
      if len(body) == 6:
        bits, height, width, channels = struct.unpack(">BHHB", body)
        kind = _JPEG_KINDS.get(channels, "other")
        return Header("jpeg", (height, width), kind, bits, orientation, complete)
    place += 2 + length


def _exif_orientation(tiff):
  """Returns the orientation of an EXIF block, 1 if it has none or is damaged."""
  order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
  try:
    first = struct.unpack(order + "I", tiff[4:8])[0]
    for entry in range(struct.unpack(order + "H", tiff[first:first + 2])[0]):
      start = first + 2 + 12 * entry
      tag, _, _, value = struct.unpack(order + "HHIH", tiff[start:start + 10])
      if tag == _ORIENTATION:
        return value if 1 <= value <= 8 else 1
  except (struct.error, TypeError):
    pass
  return 1
