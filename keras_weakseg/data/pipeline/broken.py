"""Samples as arrays; and which one is broken, as the error of a pipeline does not tell."""
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.readers import decode


def read_samples(source, split, ids, **options):
  """Yields samples as dicts of arrays.

  Args:
    source: `source.Source`.
    split: of it.
    ids: ids of the split.
    **options: `grant` and `wanted` of `source.Source.samples`.

  Raises:
    ValueError: a sample cannot be read; names it.
  """
  data = source.samples(split, ids=ids, **options).prefetch(tf.data.AUTOTUNE)
  rest = data.as_numpy_iterator()
  while True:
    try:
      sample = next(rest)
    except StopIteration:
      return
    except tf.errors.OpError as error:
      raise explained(source, split, ids, error, **options) or error from error
    yield sample


def broken(source, split, ids, **options):
  """Yields (id, `tf.errors.OpError`) of every sample that cannot be read, one after the other.

  Args:
    source: `source.Source`.
    split: of it.
    ids: ids to try.
    **options: `grant` and `wanted` of `source.Source.samples`.
  """
  left = dict.fromkeys(ids)
  rest = source.samples(split, ids=tuple(left), **options).as_numpy_iterator() if left else ()
  for _ in range(len(left)):
    try:
      left.pop(next(rest)[fields.SAMPLE_ID].decode(), None)
    except StopIteration:
      break
    except tf.errors.OpError:
      # Nearly always the first that has not come, as sources keep the order.
      yield from _alone(source, split, _taken(left), **options)
  while left:
    yield from _alone(source, split, _taken(left), **options)


def _taken(names):
  """Takes the first of a dict and returns it."""
  name = next(iter(names))
  del names[name]
  return name


def _alone(source, split, name, **options):
  """Yields (id, error) of a sample that cannot be read alone."""
  try:
    for _ in source.samples(split, ids=(name,), **options):
      pass
  except tf.errors.OpError as error:
    yield name, error


def explained(source, split, ids, error, files="image and label files", **options):
  """Returns the error that a user should see for an error while samples are read.

  Args:
    source: `source.Source`.
    split: of it.
    ids: ids among which the broken sample is.
    error: `tf.errors.OpError` of the pipeline.
    files: what must be whole.
    **options: `grant` and `wanted` of `source.Source.samples`.

  Returns:
    `ValueError` in the form of the house that names the sample; None if no sample is at fault.
  """
  known = decode.house_error(error)
  if known is not None:
    return known
  for name, cause in broken(source, split, ids, **options):
    alone = {**options, "wanted": (fields.IMAGE, fields.SAMPLE_ID)}
    neighbour = fields.FRAMES in (options.get("wanted") or ()) and not any(
        broken(source, split, (name,), **alone))
    what = f"A neighbour of the frame '{name}'" if neighbour else f"The sample '{name}'"
    return decode.house_error(cause) or errors.value_error(
        f"{what} cannot be read.", expected=f"whole {files}",
        received=decode.reason(cause),
        fix="Replace or remove the file; 'keras-weakseg check-data' lists all broken ones.")
  return None
