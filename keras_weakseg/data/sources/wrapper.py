"""Sources around sources: what changes the samples leaves splits, ids and order as they are."""
from keras_weakseg.data.sources import source as source_lib


class Wrapper(source_lib.Source):
  """A source with the splits, ids, order and labels of another; a subclass changes its samples.

  Args:
    inner: `source.Source`.
    name: None = that of the source.
    classes: class names, None = those of the source.
    palette: list of RGB tuples, None = that of the source.
  """

  def __init__(self, inner, name=None, classes=None, palette=None):
    self.labelled = inner.labelled
    super().__init__(name or inner.name, inner.classes if classes is None else classes,
                     palette or inner.palette)
    self.inner = inner
    self.notes = list(inner.notes)

  flip_swaps = property(lambda self: self.inner.flip_swaps)
  part_swaps = property(lambda self: self.inner.part_swaps)
  part_classes = property(lambda self: self.inner.part_classes)

  def splits(self):
    return self.inner.splits()

  def split_aliases(self):
    return self.inner.split_aliases()

  def _split_ids(self, split):
    return self.inner._split_ids(split)  # pylint: disable=protected-access

  def _available(self, ids, flags):
    return self.inner._available(ids, flags)  # pylint: disable=protected-access

  def identities(self, split, ids):
    return self.inner.identities(split, ids)

  def lacking(self):
    """Returns what the manifest of the source grants and that is not there."""
    return self.inner.lacking() if hasattr(self.inner, "lacking") else []

  def encoded_images(self, split, ids):
    return self.inner.encoded_images(split, ids)

  def draws(self, split, ids, seed, positions, period=1):
    return self.inner.draws(split, ids, seed, positions, period)

  def samples(self, split, **options):
    return self.inner.samples(split, **options)

  def box_content(self):
    return self.inner.box_content()
