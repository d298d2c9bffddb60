"""Samples for evaluation: one ordered pass at original size."""
import tensorflow as tf

from keras_weakseg import fields


def evaluation_samples(source, split="val", grant=fields.Supervision.MASK, *, ids=None,
                       wanted=None):
  """Returns every sample of a split once, in stored order, one per batch, not augmented.

  Args:
    source: `source.Source`.
    split: name of a split.
    grant: flags or text of the labels that may be read.
    ids: ids to use, None = all.
    wanted: names of the fields, None = all that are granted.

  Returns:
    `tf.data.Dataset` of dicts with a leading axis of 1.
  """
  flags = fields.parse_supervision(grant) if isinstance(grant, str) else grant
  samples = source.samples(split, ids=ids, grant=flags, wanted=wanted)
  return samples.batch(1).prefetch(tf.data.AUTOTUNE)
