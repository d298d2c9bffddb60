"""The reader of tables of numbers, such as poses: lines of finite numbers between blanks."""
import math

import numpy as np

from keras_weakseg.files import text as texts


def read_numbers(path, columns, noun="table of numbers"):
  """Returns the numbers of a text file, float64 [lines, columns].

  Args:
    path: of the file.
    columns: how many numbers stand in every line.
    noun: what the file is called in errors.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: a line holds something else; names it.
  """
  rows = []
  for number, line in texts.read_lines(path, noun):
    try:
      row = [float(word) for word in line.split()]
    except ValueError:
      row = []
    if len(row) != columns or not all(map(math.isfinite, row)):
      raise texts.unreadable(noun, path, f"{columns} numbers in every line",
                             f"line {number}: {line[:60]!r}", "Download the file again.")
    rows.append(row)
  if not rows:
    raise texts.unreadable(noun, path, f"lines of {columns} numbers", "an empty file",
                           "Download the file again.")
  return np.array(rows)
