"""Binary masks as COCO stores them: run lengths in column-major order, plain or as a short text.

The format is that of the COCO API (github.com/cocodataset/cocoapi, `common/maskApi.c`).
"""
import numpy as np

from keras_weakseg import errors

_FIRST_CHARACTER = 48  # '0'
_BITS, _MORE, _SIGN = 5, 0x20, 0x10


def parse_counts(text):
  """Returns the run lengths of a compressed text, list of int.

  Every character holds 5 bits, lowest first, and a flag that more follow; the last one is
  sign-extended. From the fourth run on, the difference to the run before the last is stored.

  Args:
    text: str or bytes.

  Raises:
    ValueError: the text ends within a number.

  Example:
    >>> parse_counts("52203")
    [5, 2, 2, 2, 5]
  """
  data = text.encode("ascii", "replace") if isinstance(text, str) else bytes(text)
  counts, value, shift = [], 0, 0
  for character in data:
    bits = character - _FIRST_CHARACTER
    value |= (bits & (_MORE - 1)) << shift
    shift += _BITS
    if bits & _MORE:
      continue
    if bits & _SIGN:
      value -= 1 << shift
    counts.append(value + (counts[-2] if len(counts) > 2 else 0))
    value, shift = 0, 0
  if shift:
    raise errors.value_error(
        "A compressed mask ends within a number.", expected="a text as the COCO API writes it",
        received=repr(text)[:80], fix="Extract the annotations again.")
  return counts


def decode_runs(segmentation):
  """Returns the mask of a COCO run-length object.

  Args:
    segmentation: dict with `size` [H, W] and `counts`: a list of run lengths or a compressed text.
      The first run is outside of the object.

  Returns:
    bool [H, W].

  Raises:
    ValueError: the runs do not fill the size.

  Example:
    >>> decode_runs({"size": [2, 3], "counts": [1, 2, 3]}).astype(int).tolist()
    [[0, 1, 0], [1, 0, 0]]
  """
  height, width = segmentation["size"]
  counts = segmentation["counts"]
  counts = parse_counts(counts) if isinstance(counts, (str, bytes)) else counts
  if sum(counts) != height * width or min(counts, default=0) < 0:
    raise errors.value_error(
        "The run lengths of a mask do not fill its size.",
        expected=f"{height} x {width} = {height * width} pixels", received=sum(counts),
        fix="Extract the annotations again; `size` is [height, width].")
  inside = np.arange(len(counts)) % 2 == 1
  return np.repeat(inside, counts).reshape(width, height).T
