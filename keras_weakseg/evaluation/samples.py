"""Samples to evaluate on: checked, reduced to what is needed, named, behind a progress bar."""
import tensorflow as tf

from keras_weakseg import errors, fields
from keras_weakseg.files import progress as progress_lib


def needed(samples, names, what, optional=()):
  """Returns the dataset with only what is needed, read ahead while the network works.

  Args:
    samples: `tf.data.Dataset` of single samples (no batch axis), dicts.
    names: fields that every sample must have; `sample_id` is kept where it is there.
    what: what a split must have, for the error, such as "masks".
    optional: further fields that are kept where they are there.

  Returns:
    `tf.data.Dataset` of dicts of these fields.

  Raises:
    ValueError: a field is missing, or the samples are batched.
  """
  spec = samples.element_spec
  if not isinstance(spec, dict) or any(name not in spec for name in names):
    raise errors.value_error(
        "The samples cannot be evaluated.",
        expected="dicts with " + " and ".join(f"'{name}'" for name in names),
        received=sorted(spec) if isinstance(spec, dict) else spec,
        fix=f"Evaluate a split that has {what}.")
  if spec[fields.IMAGE].shape.rank not in (None, 3):
    raise errors.value_error(
        "The samples are batched.", expected="images [H, W, 3]", received=spec[fields.IMAGE].shape,
        fix="Call .unbatch() on the dataset.")
  keys = [key for key in (*names, *optional, fields.SAMPLE_ID) if key in spec]
  return samples.map(lambda sample: {key: sample[key] for key in keys}).prefetch(tf.data.AUTOTUNE)


def name_of(sample, number):
  """Returns the id of a sample as text, `#number` where it has none.

  Args:
    sample: dict of eager tensors.
    number: its place in the data set.

  Example:
    >>> name_of({"sample_id": tf.constant("a")}, 3), name_of({}, 3)
    ('a', '#3')
  """
  return sample[fields.SAMPLE_ID].numpy().decode() if fields.SAMPLE_ID in sample else f"#{number}"


def bar(items, name, progress, total=None):
  """Returns the items behind a bar of `progress.bar`, which knows how many a dataset has."""
  total = int(items.cardinality()) if total is None else total
  return progress_lib.bar(items, name, total if total >= 0 else None, show=progress)


def nothing_to_evaluate(expected="at least one sample", received="an empty split",
                        fix="Check the split and its id list."):
  """Returns the error of a set that gives no number; the caller raises it."""
  return errors.value_error("There is nothing to evaluate.", expected=expected, received=received,
                            fix=fix)
