"""Which channels are the same: numbers that are joined where a graph keeps them together."""
import numpy as np


class Identities:
  """Sets of channels. A sum makes one of two channels; what must stay is `fixed`."""

  def __init__(self):
    self._parents = []
    self._fixed = set()

  def new(self, count, fixed=False):
    """Returns the numbers of new channels, int [count]."""
    ids = np.arange(len(self._parents), len(self._parents) + count)
    self._parents.extend(ids.tolist())
    if fixed:
      self.fix(ids)
    return ids

  def join(self, one, other):
    """Makes the channels of two arrays of one length the same, one by one."""
    for a, b in zip(one.tolist(), other.tolist(), strict=True):
      a, b = self._root(a), self._root(b)
      if a != b:
        self._parents[max(a, b)] = min(a, b)
        if max(a, b) in self._fixed:
          self._fixed.add(min(a, b))

  def fix(self, ids):
    """Says that these channels must stay."""
    self._fixed.update(self._root(index) for index in ids.tolist())

  def roots(self, ids):
    """Returns the number that stands for each channel, int like `ids`."""
    return np.array([self._root(index) for index in ids.tolist()], int)

  def is_fixed(self, root):
    """Returns whether the channels of a root must stay."""
    return root in self._fixed

  def _root(self, index):
    while self._parents[index] != index:
      self._parents[index] = self._parents[self._parents[index]]
      index = self._parents[index]
    return index
