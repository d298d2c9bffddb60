"""A source whose classes change places in pairs where training mirrors its pictures."""
from keras_weakseg.data.pipeline import flip_swaps as swaps_lib
from keras_weakseg.data.sources import wrapper


class WithFlipSwaps(wrapper.Wrapper):
  """A source whose classes change places in pairs where training mirrors its pictures.

  ```
  WithFlipSwaps(people, [("left arm", "right arm"), ("left leg", "right leg")])
  ```

  Args:
    inner: `source.Source`.
    swaps: pairs of names of its classes, or of its parts, see `flip_swaps.pairs_of`; in the place
      of those that the source has by itself.

  Raises:
    ValueError: see `flip_swaps.pairs_of`.
  """

  def __init__(self, inner, swaps):
    super().__init__(inner)
    self._swaps = swaps_lib.pairs_of(swaps, inner.classes, tuple(inner.part_classes))
    shown = [" <-> ".join(swaps_lib.names_of(entry)) for entry in swaps]
    self.notes.append("a mirror exchanges " + ", ".join(shown))

  flip_swaps = property(lambda self: self._swaps[0])
  part_swaps = property(lambda self: self._swaps[1])

  def _settings(self):
    return {"inner": self.inner.fingerprint(), "flip_swaps": self._swaps}
