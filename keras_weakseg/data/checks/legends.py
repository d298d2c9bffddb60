"""Palette masks trust that a value is the same class in every file; their palettes may deny it."""
import threading

import numpy as np

_PNG = b"\x89PNG\r\n\x1a\n"
_MOST = 1 << 16  # bytes before the palette


class Legend:
  """Compares the colours of the used values of palette masks between files.

  A tool that quantises every mask by itself numbers the colours of that file: value 1 is another
  class in every file, though all of them are valid. Grey masks have no colours and are not judged.

  Args:
    found: `findings.Findings`, takes the problems.
    count: values below it are judged: 255, "unknown", may have any colour.
  """

  def __init__(self, found, count=255):
    self._found, self._count = found, count
    self._first = {}
    self._lock = threading.Lock()

  def add(self, name, path, histogram):
    """Compares the mask of a sample with those before.

    Args:
      name: id of the sample.
      path: of its mask, a whole PNG.
      histogram: int [256], how many pixels have each value.
    """
    palette = read_palette(path)
    if palette is None:
      return
    for value in np.flatnonzero(histogram[:self._count]):
      colour = palette[value] if value < len(palette) else None
      with self._lock:
        other, known = self._first.setdefault(value, (name, colour))
      if colour != known:
        self._found.add("other palette", f"value {value}",
                        f"{_shown(known)} in {other}, {_shown(colour)} in {name}")


def _shown(colour):
  return "no colour" if colour is None else "rgb {} {} {}".format(*colour)


def read_palette(path):
  """Returns the colours of a palette PNG as a list of (red, green, blue); None of another file.

  Args:
    path: of the file; its first 64 KiB are read.
  """
  with open(path, "rb") as file:
    head = file.read(_MOST)
  place = len(_PNG)
  while head.startswith(_PNG) and place + 8 <= len(head):
    length, name = int.from_bytes(head[place:place + 4], "big"), head[place + 4:place + 8]
    if name == b"PLTE":
      colours = head[place + 8:place + 8 + length]
      return [tuple(colours[at:at + 3]) for at in range(0, len(colours) - 2, 3)]
    if name == b"IDAT":
      return None
    place += 12 + length
  return None
