"""A source whose samples also carry tags with mistakes: made on purpose, or of a file."""
import hashlib
import pathlib

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import paths
from keras_weakseg.data.readers import tag_files
from keras_weakseg.data.sources import wrapper

_SHOWN = 5
_ANY = fields.Supervision.MASK | fields.Supervision.BOXES | fields.Supervision.TAGS


class _Noisy(wrapper.Wrapper):
  """A source with `noisy_tags` where tags may be read; a subclass says which, by `_noisy`."""

  def samples(self, split, *, grant=fields.Supervision.MASK, wanted=None, transform=None,
              **options):
    """Returns the samples of the source with `noisy_tags`, see `Source.samples`."""
    adds = fields.may_read(fields.NOISY_TAGS, grant) and (
        wanted is None or fields.NOISY_TAGS in wanted)
    if not adds:
      return self.inner.samples(split, grant=grant, wanted=wanted, transform=transform, **options)

    def finish(sample):
      sample = {**sample, fields.NOISY_TAGS: self._noisy(
          sample[fields.TAGS], sample[fields.SAMPLE_ID])}
      if wanted is not None and fields.TAGS not in wanted:
        del sample[fields.TAGS]
      return transform(sample) if transform else sample

    needed = None if wanted is None else {*wanted, fields.TAGS} - {fields.NOISY_TAGS}
    return self.inner.samples(split, grant=grant, wanted=needed, transform=finish, **options)

  def _noisy(self, tags, name):
    raise NotImplementedError


class WithNoisyTags(_Noisy):
  """Any source, with `noisy_tags` beside its tags: a share of them is exchanged for wrong ones.

  Every tag but the background is dropped with this probability, and for every dropped one another
  class that the image does not show is added. A sample's mistakes depend on its id and the seed
  alone. They are read where tags may be.

  Args:
    inner: `source.Source`.
    share: of the tags that are exchanged, 0..1.
    seed: of the mistakes, not negative.

  Raises:
    ValueError: the share is none.
  """

  def __init__(self, inner, share=0.3, seed=0):
    super().__init__(inner)
    if not 0 <= share <= 1:
      raise errors.value_error(
          "The share of wrong tags cannot be used.", expected="0..1", received=share,
          fix="Pass share=0.3 for three of ten.")
    self.share, self.seed = float(share), int(seed)
    self.notes.append(f"{100 * share:g} % of the tags are exchanged for wrong ones in noisy_tags")

  def fingerprint(self):
    return f"{self.inner.fingerprint()}-noisy-{self.share:g}-{self.seed}"

  def _noisy(self, tags, name):
    """Returns tags float32 [C] with mistakes; no tags at all stay none."""
    number = tf.strings.to_hash_bucket_strong(name, 2 ** 31 - 1, key=[self.seed, 4177])
    chance = tf.random.stateless_uniform(
        [2, self.num_classes], tf.stack([number, tf.cast(self.seed, tf.int64)]))
    foreground = tf.range(self.num_classes) > 0
    dropped = (tags > 0) & foreground & (chance[0] < self.share)
    # The classes that are not shown, in random order; the others behind them.
    rank = tf.argsort(tf.argsort(tf.where((tags > 0) | ~foreground, -1.0, chance[1]),
                                 direction="DESCENDING"))
    added = (rank < tf.reduce_sum(tf.cast(dropped, tf.int32))) & (tags <= 0) & foreground
    return tf.cast(((tags > 0) & ~dropped) | added, tf.float32)


class NoisyTagFile(_Noisy):
  """Any source, with the tags of a file as `noisy_tags` beside its own, which are the true ones.

  For images whose true tags are known too: then dual learning can say how well it cleans. Tags of
  which nobody knows the truth are the tags of the images (`tags=` of a folder): they are cleaned as
  well. An image without an entry has no noisy tags.

  Args:
    inner: `source.Source` with tags, or with labels that give some.
    file: JSON `{id: [names]}` or CSV `id,tags`, see `tag_files.read_tags`.

  Raises:
    FileNotFoundError: there is no such file.
    ValueError: it has another form, a name is no class, or no entry is of an image of the source.
  """

  def __init__(self, inner, file):
    super().__init__(inner)
    path = pathlib.Path(paths.expand(file))
    rows, orphans = {}, []
    identities = getattr(inner, "_identities", None)  # A folder knows an id by several spellings.
    known = {name for split in inner.splits() for name in self._split_ids(split)}
    for text, names in tag_files.read_tags(path).items():
      name = identities.find(text) if identities else text
      if name not in known:
        orphans.append(text)
        continue
      tags = tag_files.multi_hot(names, inner.classes, name,
                                 getattr(inner, "unknown_names", "error"))
      rows[name] = np.maximum(tags, rows.get(name, 0.0))
    if not rows:
      raise errors.value_error(
          f"The noisy tags '{path.name}' are of no image of '{inner.name}'.",
          expected="ids such as " + ", ".join(sorted(known)[:_SHOWN]),
          received=", ".join(orphans[:_SHOWN]) or "no entries", fix="Correct the ids.")
    self._names = tuple(rows)
    self._rows = tf.constant(np.stack([np.zeros(inner.num_classes, np.float32), *rows.values()]))
    self._table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(
        tf.constant(self._names), tf.range(1, len(rows) + 1)), 0)
    self._content = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    self._describe(path.name, known, orphans)

  def _describe(self, file, known, orphans):
    """Adds lines for plans: how many have noisy tags, and which entries teach nothing."""
    names = self._names
    alone = [name for name, flags in zip(names, self._available(names, _ANY)) if not flags]
    for lost, what in ((orphans, "belong to no image"),
                       (alone, "are of images without true tags and not read: pass the file as "
                        "tags= of the folder to learn from them")):
      if lost:
        self.notes.append(f"{len(lost)} entries of '{file}' {what}: " + ", ".join(lost[:_SHOWN])
                          + (" ..." if len(lost) > _SHOWN else ""))
    self.notes.append(f"{len(names) - len(alone)} of {len(known)} images have noisy tags ({file})")

  def fingerprint(self):
    return f"{self.inner.fingerprint()}-noisy-{self._content}"

  def _noisy(self, tags, name):
    """Returns the tags float32 [C] that the file has of a sample; zeros without an entry."""
    del tags
    return self._rows[self._table.lookup(name)]
