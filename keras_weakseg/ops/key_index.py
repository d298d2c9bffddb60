"""Numbers distinct integer keys: a hash table whose every step works on whole arrays.

`numpy.unique` with its inverse sorts all keys; in a lattice of pixels a key occurs dozens of times,
and a table with one entry per distinct key stays in the processor's cache.
"""
import numpy as np

_FREE = np.iinfo(np.int64).min
# Fibonacci hashing (Knuth, TAOCP 6.4): 2^64 over the golden ratio, the upper bits are the slot.
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class KeyIndex:
  """Distinct int64 keys and their numbers 0, 1, 2, ...; keys of a later call have larger ones.

  Example:
    >>> index = KeyIndex()
    >>> index.number(np.array([70])).tolist(), index.number(np.array([-5, 70, -5])).tolist()
    ([0], [1, 0, 1])
    >>> index.find(np.array([-5, 8])).tolist(), index.keys().tolist()
    ([1, -1], [70, -5])
  """

  def __init__(self):
    self._bits = 0
    self._count = 0
    self._added = []
    self._grow(10)

  def __len__(self):
    return self._count

  def keys(self):
    """Returns the distinct keys, int64 [len(self)], in the order of their numbers."""
    return np.concatenate([np.empty([0], np.int64), *self._added])

  def number(self, keys):
    """Returns the number of every key; a new key gets the next one.

    Args:
      keys: int64 [K], none of them the smallest int64; they may repeat.

    Returns:
      int32 [K].
    """
    # At most two thirds full, even if every key is new: else the search for a free slot is long.
    while 2 << self._bits < 3 * (self._count + len(keys)):
      self._grow(self._bits + 1)
    slots = self._inserted(keys)
    numbers = self._numbers[slots]
    new = np.flatnonzero(numbers < 0)
    if new.size:
      at, order = slots[new], np.arange(len(new), dtype=np.int32)
      self._numbers[at] = order
      winners = self._numbers[at] == order  # one of the calls of every key
      count = int(np.count_nonzero(winners))
      self._numbers[at[winners]] = np.arange(self._count, self._count + count, dtype=np.int32)
      self._added.append(keys[new[winners]])
      self._count += count
      numbers[new] = self._numbers[at]
    return numbers

  def find(self, keys):
    """Returns the number of every key without adding any.

    Args:
      keys: int64 [K].

    Returns:
      int32 [K], -1 where the key is not known.
    """
    slots = self._slots(keys)
    entries = self._table[slots]
    numbers = np.where(entries == keys, self._numbers[slots], np.int32(-1))
    pending = np.flatnonzero((entries != keys) & (entries != _FREE))
    keys, slots = keys[pending], slots[pending]
    while pending.size:
      slots = (slots + 1) & self._mask
      entries = self._table[slots]
      hit = entries == keys
      numbers[pending[hit]] = self._numbers[slots[hit]]
      on = ~hit & (entries != _FREE)
      pending, keys, slots = pending[on], keys[on], slots[on]
    return numbers

  def _slots(self, keys):
    """Returns the first slot of every key, int64 [K]."""
    return ((keys.view(np.uint64) * _MULTIPLIER) >> np.uint64(64 - self._bits)).view(np.int64)

  def _inserted(self, keys):
    """Returns the slot that holds each key, int64 [K], after making those of new keys."""
    result = self._slots(keys)
    pending = np.flatnonzero(self._table[result] != keys)
    keys, slots = keys[pending], result[pending]
    while pending.size:
      free = self._table[slots] == _FREE
      # Several keys may claim a slot: one of them is left there, the others see that it is taken.
      self._table[slots[free]] = keys[free]
      hit = self._table[slots] == keys
      result[pending[hit]] = slots[hit]
      on = ~hit
      pending, keys, slots = pending[on], keys[on], (slots[on] + 1) & self._mask
    return result

  def _grow(self, bits):
    """Makes a table of 2^bits slots with what is known."""
    self._bits, self._mask = bits, (1 << bits) - 1
    self._table = np.full([1 << bits], _FREE, np.int64)
    self._numbers = np.full([1 << bits], -1, np.int32)
    if self._count:
      slots = self._inserted(self.keys())
      self._numbers[slots] = np.arange(self._count, dtype=np.int32)
