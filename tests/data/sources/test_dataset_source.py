"""Datasets of sample dicts: contract, numbering, refusals."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.readers import decode
from keras_weakseg.data.sources import dataset_source

CLASSES = ("background", "cat")


def samples(count=3, **more):
  masks = np.arange(count * 20).reshape(count, 4, 5) % 2
  return tf.data.Dataset.from_tensor_slices({
      fields.IMAGE: np.zeros((count, 4, 5, 3), np.uint8),
      fields.MASK: masks.astype(np.uint8), **more})


def test_samples_are_numbered_and_teach_what_they_hold():
  source = dataset_source.Dataset({"train": samples(), "val": samples(2)}, CLASSES)
  assert source.ids("train") == ("train_000000", "train_000001", "train_000002")
  assert source.ids("validation") == ("val_000000", "val_000001")
  assert source.supervision("train").tolist() == [4, 4, 4]
  sample = next(source.samples("train").as_numpy_iterator())
  assert sample[fields.SUPERVISION] == 7 and sample[fields.MASK].shape == (4, 5)


def test_inputs_stay_without_any_grant():
  data = samples(**{fields.DISPARITY: np.ones((3, 4, 5), np.float32),
                    fields.DEPTH: np.ones((3, 4, 5), np.float32)})
  source = dataset_source.Dataset(data, CLASSES)
  assert set(next(source.samples("train", grant=fields.Supervision.NONE).as_numpy_iterator())) == {
      fields.IMAGE, fields.DISPARITY, fields.SAMPLE_ID, fields.SUPERVISION}
  assert source.supervision("train").tolist() == [12] * 3


def test_wrong_labels_name_the_sample():
  data = samples().map(lambda s: {**s, fields.MASK: s[fields.MASK] + 4})
  with pytest.raises(tf.errors.InvalidArgumentError) as caught:
    list(dataset_source.Dataset(data, CLASSES).samples("train"))
  assert "'train_000000' holds labels" in str(decode.house_error(caught.value))


@pytest.mark.parametrize("change, text", [
    (lambda d: d.repeat(), "no end"), (lambda d: d.batch(2), "does not follow"),
    (lambda d: d.map(lambda s: s[fields.IMAGE]), "no image"),
    (lambda d: d.map(lambda s: {**s, "label": 1}), "no sample field 'label'")])
def test_datasets_against_the_contract_are_refused(change, text):
  with pytest.raises(ValueError, match=text):
    dataset_source.Dataset(change(samples()), CLASSES)


def test_shuffled_datasets_and_double_ids_are_refused():
  names = np.array([f"n{k}" for k in range(30)])
  data = samples(30, **{fields.SAMPLE_ID: names})
  with pytest.raises(ValueError, match="does not repeat itself"):
    dataset_source.Dataset(data.shuffle(30), CLASSES).ids("train")
  data = samples(2, **{fields.SAMPLE_ID: np.array(["a", "a"])})
  with pytest.raises(ValueError, match="an id twice"):
    dataset_source.Dataset(data, CLASSES).ids("train")


@pytest.mark.parametrize("count", [2, 4, 12, 40])
@pytest.mark.parametrize("named", [False, True])
def test_another_order_is_seen_by_contents(count, named):
  """Ids that were made here say nothing; and ids of the user not, where contents change."""
  images = np.random.RandomState(0).randint(0, 255, (count, 4, 5, 3)).astype(np.uint8)
  data = tf.data.Dataset.from_tensor_slices({fields.IMAGE: images}).shuffle(count)
  if named:
    data = data.enumerate().map(
        lambda number, each: {**each, fields.SAMPLE_ID: tf.strings.as_string(number)})
  source = dataset_source.Dataset({"train": data.skip(1), "validation": data.take(1)}, CLASSES)
  with pytest.raises(ValueError, match="(?s)does not repeat itself.*reshuffle_each_iteration"):
    source.ids("train" if count > 2 else "validation")


def test_a_fixed_order_and_random_pixels():
  images = np.random.RandomState(0).randint(0, 255, (9, 4, 5, 3)).astype(np.uint8)
  data = tf.data.Dataset.from_tensor_slices({fields.IMAGE: images})
  fixed = data.shuffle(9, seed=1, reshuffle_each_iteration=False)
  assert len(dataset_source.Dataset(fixed, CLASSES).ids("train")) == 9
  # Not a random operation of TensorFlow: with a global seed it repeats itself at every pass.
  random = np.random.RandomState(1)
  flip = lambda image: image[:, ::-1] if random.rand() < 0.5 else image
  flipped = data.map(lambda each: {fields.IMAGE: tf.ensure_shape(
      tf.numpy_function(flip, [each["image"]], tf.uint8), [4, 5, 3])})
  with pytest.raises(ValueError, match="random augmentation"):
    dataset_source.Dataset(flipped, CLASSES).ids("train")
