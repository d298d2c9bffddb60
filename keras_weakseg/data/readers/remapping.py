"""The table that turns the values stored in masks into class ids."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields


def remap_table(remap, num_classes):
  """Returns uint8 [256] from a dict or an array, or None.

  Args:
    remap: dict of raw mask value to class id, 256 class ids, or None. What a dict does not name
      becomes 255.
    num_classes: number of classes C.

  Raises:
    ValueError: a value leads to no class.

  Example:
    >>> remap_table({0: 0, 128: 1}, 2)[[0, 1, 128]].tolist()
    [0, 255, 1]
  """
  if remap is None:
    return None
  if isinstance(remap, dict):
    table = np.full(256, fields.IGNORE_LABEL)
    for raw, label in remap.items():
      table[int(raw)] = label
  else:
    table = np.asarray(remap)
  good = table.shape == (256,) and np.all((table < num_classes) | (table == fields.IGNORE_LABEL))
  if not good or table.min() < 0:
    raise errors.value_error(
        "The mask remapping leads to labels that are no class.",
        expected=f"256 values (or a dict of raw values) in 0..{num_classes - 1} or 255",
        received=remap if isinstance(remap, dict) else sorted(set(table.ravel().tolist())),
        fix="Map every raw value to a class id; values that are not named become 255.")
  return table.astype(np.uint8)
