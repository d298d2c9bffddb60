"""Colours of classes for pictures and palette PNGs."""


def default_palette(count=256):
  """Returns the palette of PASCAL VOC: distinct colours for any number of classes.

  The bits of the class id are dealt in turn to red, green and blue, highest bit first.

  Args:
    count: number of colours, 1..256.

  Returns:
    List of `count` tuples (red, green, blue), 0..255; index 0 is black.

  Example:
    >>> default_palette(3)
    [(0, 0, 0), (128, 0, 0), (0, 128, 0)]
  """
  colours = []
  for index in range(count):
    colour = [0, 0, 0]
    for bit in range(8):
      colour[bit % 3] |= ((index >> bit) & 1) << (7 - bit // 3)
    colours.append(tuple(colour))
  return colours
