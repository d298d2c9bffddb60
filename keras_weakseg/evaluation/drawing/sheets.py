"""Contact sheets: rows of images, truth and predictions with names and a legend, in one PNG."""
import io

import numpy as np

from keras_weakseg import errors, fields
from keras_weakseg.evaluation.drawing import pictures
from keras_weakseg.files import staging

_GAP, _MARGIN, _TEXT = 8, 16, 14
_INK, _FAINT, _PAPER = (30, 30, 30), (110, 110, 110), (255, 255, 255)


def contact_sheet(rows, path, columns=("image", "truth", "prediction"), *, classes, palette,
                  tile=240, across=1, title=""):
  """Draws samples in rows with a legend below, and writes them as one PNG, whole or not at all.

  Args:
    rows: dicts: `image` uint8 RGB [H, W, 3]; per further column a mask uint8 [H, W], drawn over
      the image, or a picture uint8 [H, W, 3], or None for an empty place; `name`: the caption.
    path: of the PNG.
    columns: keys of `rows`, left to right; they are also the headings.
    classes: class names.
    palette: (red, green, blue) 0..255 per class.
    tile: width in pixels of one picture.
    across: samples beside each other.
    title: line above everything.

  Returns:
    uint8 [H, W, 3], the sheet.

  Raises:
    ValueError: there are no rows, or the file cannot be written.
  """
  if not rows:
    raise errors.value_error("There is nothing to draw.", expected="at least one row",
                             received="none", fix="Pass the samples that shall be shown.")
  across = min(across, len(rows))
  rows = [_drawn(row, columns, palette, tile) for row in rows]
  group = len(columns) * (tile + _GAP) - _GAP
  width = across * (group + _MARGIN) + _MARGIN
  key = legend(_shown(classes, rows), [palette[index] for index in _indices(classes, rows)],
               width - 2 * _MARGIN)
  lines = [rows[start:start + across] for start in range(0, len(rows), across)]
  heights = [max(row["height"] for row in line) + 2 * _TEXT for line in lines]
  top = _MARGIN + (2 * _TEXT if title else 0) + 2 * _TEXT
  sheet = _Canvas(width, top + sum(heights) + len(key) + _MARGIN)
  sheet.text(_MARGIN, _MARGIN, title, _TEXT + 2)
  for number in range(across):
    for place, column in enumerate(columns):
      sheet.text(_MARGIN + number * (group + _MARGIN) + place * (tile + _GAP), top - 2 * _TEXT,
                 column, _TEXT, width=tile)
  for line, height in zip(lines, heights):
    for number, row in enumerate(line):
      left = _MARGIN + number * (group + _MARGIN)
      for place, picture in enumerate(row["pictures"]):
        sheet.paste(left + place * (tile + _GAP), top, picture)
      sheet.text(left, top + row["height"] + 2, row["name"], _TEXT - 2, _FAINT, group)
    top += height
  sheet.paste(_MARGIN, top, key)
  staging.write_whole(path, sheet.png())
  return sheet.pixels()


def legend(classes, palette, width=480):
  """Returns a picture of the class names beside their colours, in as many lines as needed.

  Args:
    classes: names.
    palette: (red, green, blue) 0..255 per name.
    width: of the picture in pixels.

  Returns:
    uint8 [H, width, 3].
  """
  swatch, line = _TEXT, 2 * _TEXT - 6
  places, left, top = [], 0, 0
  for name in classes:
    needed = swatch + 6 + _text_width(name, _TEXT) + _MARGIN
    if left and left + needed > width:
      left, top = 0, top + line
    places.append((left, top))
    left += needed
  canvas = _Canvas(width, top + line)
  for name, color, (left, top) in zip(classes, palette, places):
    canvas.box(left, top + 3, swatch, tuple(int(value) for value in color))
    canvas.text(left + swatch + 6, top + 1, name, _TEXT, width=width - left - swatch - 6)
  return canvas.pixels()


def shrunk(picture, tile):
  """Returns an image [H, W, 3] or a mask [H, W] at `tile` pixels width, or height where taller.

  Images are resampled, class ids are picked; a picture of the right size comes back unchanged.
  """
  from PIL import Image  # pylint: disable=import-outside-toplevel
  picture = np.asarray(picture, np.uint8)
  height, width = picture.shape[:2]
  factor = tile / max(width, height)
  size = max(round(width * factor), 1), max(round(height * factor), 1)
  if size == (width, height):
    return picture
  method = Image.Resampling.NEAREST if picture.ndim == 2 else Image.Resampling.LANCZOS
  return np.asarray(Image.fromarray(picture).resize(size, method))


def _drawn(row, columns, palette, tile):
  """Returns a row's pictures at their final size, its height, name and class ids."""
  image = shrunk(row["image"], tile)
  drawn, found = [], set()
  for column in columns:
    value = row.get(column)
    if value is None:
      value = np.full_like(image, 240)
    elif np.ndim(value) == 2:
      found |= set(np.unique(value).tolist())
      # The sizes of image and mask agree, so both shrink to the same size.
      value = pictures.overlay(image, shrunk(value, tile), palette)
    drawn.append(shrunk(value, tile))
  return {"pictures": drawn, "height": max(len(picture) for picture in drawn),
          "name": str(row.get("name", "")), "ids": found - {fields.IGNORE_LABEL}}


def _indices(classes, rows):
  """Returns the ids for the legend: all of a short list, else those that are drawn."""
  return range(len(classes)) if len(classes) <= 24 else sorted(
      set().union(*(row["ids"] for row in rows)))


def _shown(classes, rows):
  return [classes[index] for index in _indices(classes, rows)]


def _font(size):
  from PIL import ImageFont  # pylint: disable=import-outside-toplevel
  try:
    return ImageFont.load_default(size)
  except TypeError:  # Pillow < 10.1 has one size only
    return ImageFont.load_default()


def _text_width(text, size):
  return int(_font(size).getlength(text) + 0.5)


class _Canvas:
  """White paper to write and paste on."""

  def __init__(self, width, height):
    from PIL import Image, ImageDraw  # pylint: disable=import-outside-toplevel
    self.image = Image.new("RGB", (int(width), int(height)), _PAPER)
    self.draw = ImageDraw.Draw(self.image)

  def text(self, left, top, text, size, ink=_INK, width=None):
    """Writes one line, cut with an ellipsis where it is wider than `width`."""
    while width and len(text) > 1 and _text_width(text, size) > width:
      text = text[:-4] + "..." if text.endswith("...") else text[:-3] + "..."
    self.draw.text((left, top), text, ink, _font(size))

  def paste(self, left, top, picture):
    """Puts a picture uint8 [H, W, 3] at a place."""
    from PIL import Image  # pylint: disable=import-outside-toplevel
    self.image.paste(Image.fromarray(np.asarray(picture, np.uint8)), (int(left), int(top)))

  def box(self, left, top, side, color):
    """Draws a square with a thin frame, so that white is seen on paper."""
    self.draw.rectangle([left, top, left + side, top + side], color, _FAINT)

  def pixels(self):
    """Returns uint8 [H, W, 3]."""
    return np.asarray(self.image)

  def png(self):
    """Returns the bytes of a PNG."""
    buffer = io.BytesIO()
    self.image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
