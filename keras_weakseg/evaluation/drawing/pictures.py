"""Masks drawn for people: colours, overlays with contours, rows for TensorBoard."""
import io

import numpy as np

from keras_weakseg import fields

# Where nothing is known: the colour of the borders in PASCAL VOC's pictures.
IGNORE_COLOR = (224, 224, 192)
_GAP = 4


def colorize(mask, palette):
  """Returns the colours of a mask.

  Args:
    mask: uint8 [H, W], class ids; ids without a class (255 = ignore) get `IGNORE_COLOR`.
    palette: (red, green, blue) 0..255 per class id.

  Returns:
    uint8 [H, W, 3].

  Example:
    >>> colorize(np.array([[1, 255]], np.uint8), [(0, 0, 0), (128, 0, 0)]).tolist()
    [[[128, 0, 0], [224, 224, 192]]]
  """
  colors = np.tile(np.uint8(IGNORE_COLOR), (256, 1))
  colors[:len(palette)] = palette
  return colors[np.asarray(mask, np.uint8)]


def overlay(image, mask, palette, strength=0.55, contour=1):
  """Returns an image tinted with the colours of a mask, and white lines between classes.

  A class whose colour is black (the background of most palettes) is left untinted.

  Args:
    image: uint8 RGB [H, W, 3].
    mask: uint8 [H, W], class ids, 255 = ignore.
    palette: (red, green, blue) 0..255 per class id.
    strength: of the tint, 0..1.
    contour: width of the lines in pixels, 0 = none.

  Returns:
    uint8 [H, W, 3].
  """
  image, colors = np.asarray(image, np.uint8), colorize(mask, palette)
  tinted = colors.any(-1, keepdims=True)
  mixed = np.where(tinted, image * (1.0 - strength) + colors * strength, image)
  mixed = (mixed + 0.5).astype(np.uint8)
  if contour:
    mixed[borders(mask, contour)] = 255
  return mixed


def borders(mask, width=1):
  """Returns the pixels at which one class meets another.

  No line is drawn against unknown pixels: their edge is none of the prediction.

  Args:
    mask: uint8 [H, W], 255 = ignore.
    width: of the lines in pixels.

  Returns:
    bool [H, W].
  """
  mask = np.asarray(mask, np.uint8)
  found = np.zeros(mask.shape, bool)
  for step in range(1, width + 1):
    for axis in (0, 1):
      if mask.shape[axis] <= step:
        continue
      first, second = (np.take(mask, range(*ends), axis) for ends in (
          (0, mask.shape[axis] - step), (step, mask.shape[axis])))
      meets = (first != second) & (first != fields.IGNORE_LABEL) & (second != fields.IGNORE_LABEL)
      found[:meets.shape[0], :meets.shape[1]] |= meets
  return found


def draw_predictions(images, masks, predictions, palette):
  """Returns one picture per sample: the image, the truth and the prediction, side by side.

  Args:
    images: uint8 RGB [N, H, W, 3], or a list of N images of different sizes.
    masks: uint8 [N, H, W] or a list; None where there is no truth (for all, or for one of a list).
    predictions: uint8 [N, H, W] or a list.
    palette: (red, green, blue) 0..255 per class id.

  Returns:
    uint8 [N, max H, 3 max W + 2 gaps, 3] (two panels if `masks` is None), as TensorBoard's image
    summaries take it; smaller images have a white margin, a missing truth is light grey.
  """
  if masks is not None:
    masks = [np.full_like(image, 240) if mask is None else overlay(image, mask, palette)
             for image, mask in zip(images, masks)]
  predictions = [overlay(*pair, palette) for pair in zip(images, predictions)]
  return beside([images, predictions] if masks is None else [images, masks, predictions])


def beside(columns):
  """Returns one picture per sample: its pictures of all columns, side by side.

  Args:
    columns: list of lists of N pictures uint8 RGB [H, W, 3]; sizes may differ.

  Returns:
    uint8 [N, max H, K max W + K - 1 gaps, 3]; smaller pictures have a white margin.

  Example:
    >>> beside([np.zeros([2, 3, 5, 3], np.uint8)] * 2).shape
    (2, 3, 14, 3)
  """
  height, width = (max(picture.shape[axis] for column in columns for picture in column)
                   for axis in (0, 1))
  step = width + _GAP
  canvas = np.full([len(columns[0]), height, step * len(columns) - _GAP, 3], 255, np.uint8)
  for number, column in enumerate(columns):
    for row, picture in enumerate(column):
      canvas[row, :picture.shape[0], step * number:step * number + picture.shape[1]] = picture
  return canvas


def encode_jpeg(image):
  """Returns the bytes of a JPEG of an image uint8 RGB [H, W, 3]."""
  from PIL import Image  # pylint: disable=import-outside-toplevel
  buffer = io.BytesIO()
  Image.fromarray(image).save(buffer, "JPEG", quality=90)
  return buffer.getvalue()
