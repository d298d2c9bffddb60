"""Streaming sources: the same guarantees as random access, by shuffling and skipping."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.pipeline import augment
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.data.pipeline import parts
from keras_weakseg.data.sources import dataset_source

CLASSES = ("background", "cat", "dog")


def make(count=12, buffer=5, first=0):
  """A source of `count` samples; the image of number k holds k."""
  def sample(k):
    return {fields.IMAGE: tf.fill([4, 6, 3], tf.cast(k, tf.uint8)),
            fields.SAMPLE_ID: tf.strings.join(["s", tf.strings.as_string(k)]),
            fields.MASK: tf.fill([4, 6], tf.cast(k % 3, tf.uint8)),
            fields.TAGS: tf.one_hot(tf.stack(0), 3),
            fields.SUPERVISION: tf.where(k < 8, 4 + 1, 1)}
  data = tf.data.Dataset.range(first, first + count).map(
      lambda k: sample(tf.cast(k, tf.int32)))
  return dataset_source.Dataset({"train": data}, CLASSES, buffer=buffer)


def ids(data, count):
  return [s[fields.SAMPLE_ID].decode() for s in data.take(count).as_numpy_iterator()]


@pytest.mark.parametrize("buffer", [1, 5, 100])
def test_stream_resumes_anywhere_and_epochs_are_complete(buffer):
  source = make(buffer=buffer)
  whole = ids(source.samples("train", seed=2), 36)
  for epoch in range(3):
    assert sorted(whole[12 * epoch:12 * (epoch + 1)]) == sorted(source.ids("train"))
  for start in (1, 12, 17):
    assert ids(source.samples("train", seed=2, start=start), 36 - start) == whole[start:]
  assert source.draws("train", None, 2, [3, 14, 15]) == [whole[k] for k in (3, 14, 15)]
  if buffer > 1:
    assert whole[:12] != whole[12:24] and whole[:12] != list(source.ids("train"))


def test_order_ignores_the_global_seed():
  tf.random.set_seed(1)
  first = ids(make().samples("train", seed=2), 20)
  tf.random.set_seed(77)
  assert ids(make().samples("train", seed=2), 20) == first
  assert ids(make().samples("train", seed=3), 20) != first


def test_windows_share_positions_and_keys():
  source = make()
  draw = lambda window, count: [
      (s[fields.SAMPLE_ID], tuple(s[fields.SAMPLE_KEY])) for s in
      source.samples("train", seed=2, window=window).take(count).as_numpy_iterator()]
  whole = draw((1, 0, 1), 12)
  assert draw((4, 1, 3), 6) == [whole[k] for k in (1, 2, 5, 6, 9, 10)]
  assert len({key for _, key in whole}) == 12


def test_subsets_stream_only_their_ids():
  source = make()
  chosen = ("s1", "s4", "s7")
  drawn = ids(source.samples("train", ids=chosen, seed=0), 9)
  assert all(sorted(drawn[k:k + 3]) == list(chosen) for k in (0, 3, 6))


def test_flags_of_the_samples_close_labels():
  samples = list(make().samples("train", grant=fields.Supervision.MASK).as_numpy_iterator())
  assert [int(s[fields.SUPERVISION]) for s in samples] == [7] * 8 + [1] * 4
  assert (samples[9][fields.MASK] == 255).all() and (samples[7][fields.MASK] == 1).all()
  assert samples[9][fields.TAGS].tolist() == [1, 0, 0]
  weak = next(make().samples("train", grant=fields.Supervision.TAGS).as_numpy_iterator())
  assert fields.MASK not in weak and weak[fields.SUPERVISION] == 1


def test_bundle_of_streams_equals_itself_after_resume_and_in_slices():
  def build():
    source = make(buffer=6)
    return bundle.Bundle([parts.Part(source, supervision="mask", count=4, batch_size=2),
                          parts.Part(source, supervision="tags", rest=True, batch_size=2)],
                         augment.Augmentation(crop=(3, 3), scales=(0.5, 2.0)), seed=9)
  whole = list(build().batches().take(6).as_numpy_iterator())
  for one, other in zip(whole[4:], build().batches(4).take(2).as_numpy_iterator()):
    for name in one:
      np.testing.assert_array_equal(one[name], other[name])
  halves = [list(build().batches(input_context=tf.distribute.InputContext(2, k, 2)).take(6)
                 .as_numpy_iterator()) for k in range(2)]
  for batch, first, second in zip(whole, *halves):
    for name in batch:
      np.testing.assert_array_equal(batch[name], np.concatenate([first[name], second[name]]))
  assert build().sample_ids(5) == [name.decode() for name in whole[5][fields.SAMPLE_ID]]
