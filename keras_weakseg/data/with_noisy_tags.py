"""A source whose samples also carry tags with mistakes, to see what these do."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data import source as source_lib
from keras_weakseg.data import wrapper


class WithNoisyTags(wrapper.Wrapper):
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
    """Returns the fingerprint of the source and of the mistakes."""
    return f"{self.inner.fingerprint()}-noisy-{self.share:g}-{self.seed}"

  def samples(self, split, *, ids=None, grant=fields.Supervision.MASK, wanted=None, seed=None,
              start=0, window=source_lib.EVERY, transform=None):
    """Returns the samples of the source with `noisy_tags`, see `Source.samples`."""
    adds = fields.may_read(fields.NOISY_TAGS, grant) and (
        wanted is None or fields.NOISY_TAGS in wanted)
    if not adds:
      return self.inner.samples(split, ids=ids, grant=grant, wanted=wanted, seed=seed, start=start,
                                window=window, transform=transform)

    def finish(sample):
      sample = {**sample, fields.NOISY_TAGS: self._spoilt(
          sample[fields.TAGS], sample[fields.SAMPLE_ID])}
      if wanted is not None and fields.TAGS not in wanted:
        del sample[fields.TAGS]
      return transform(sample) if transform else sample

    if wanted is not None:
      wanted_inside = {*wanted, fields.TAGS} - {fields.NOISY_TAGS}
    return self.inner.samples(
        split, ids=ids, grant=grant, wanted=None if wanted is None else wanted_inside, seed=seed,
        start=start, window=window, transform=finish)

  def _spoilt(self, tags, name):
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
