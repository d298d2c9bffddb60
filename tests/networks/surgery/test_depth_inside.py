"""A network of depth inside one of classes: what it sees, what is frozen, that nothing changes."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import hourglass_inference
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.surgery import depth_inside
from keras_weakseg.networks.surgery import stem
from keras_weakseg.networks.weights import weights

IMAGES = np.random.RandomState(0).randint(0, 256, (2, 33, 65, 3)).astype(np.float32)


def flat_depth():
  """Returns a network of depth that takes the red channel of 0..1 for log depth."""
  image = keras.Input((None, None, 3))
  layer = keras.layers.Conv2D(1, 1, name="red")
  model = keras.Model(image, layer(image), name="flat")
  layer.set_weights([np.float32([1, 0, 0]).reshape(1, 1, 3, 1), np.zeros(1, np.float32)])
  return model


@pytest.fixture(scope="module")
def network():
  return registry.build_network("light_tiny", (None, None, 3), 4, head_filters=8, skip_filters=4)


@pytest.fixture(scope="module")
def hourglass():
  keras.utils.set_random_seed(1)
  return hourglass_inference.fast_hourglass(
      registry.build_network("light_hourglass", (None, None, 3), width=0.05))


def joined(network, depth, **options):
  return depth_inside.with_depth(network, "tf", depth, "unit", "log_depth", multiple=16, **options)


@pytest.fixture(scope="module")
def joined_once(network, hourglass):
  """Returns the network with the hourglass inside, by what its kernels of depth start from."""
  return {start: joined(network, hourglass, start=start) for start in (stem.ZERO, stem.MEAN)}


@pytest.fixture
def wide(joined_once):
  """Returns them; their weights are put back after the test."""
  values = {start: model.get_weights() for start, model in joined_once.items()}
  yield joined_once
  for start, model in joined_once.items():
    model.set_weights(values[start])


def test_zero_kernels_leave_the_answer_as_it_was_bit_for_bit(network, wide):
  seen = preprocessing.Preprocess("tf")(IMAGES)
  np.testing.assert_array_equal(wide[stem.ZERO](seen), network(seen))
  assert not np.array_equal(wide[stem.MEAN](seen), network(seen))


@pytest.mark.quick("depth", "imagenet")
@pytest.mark.parametrize("mode", preprocessing.MEAN_RGB)
def test_one_network_answers_what_two_in_a_row_do(network, hourglass, mode):
  """The predictor of pixels against the two steps: depth first, then the network of 4 channels."""
  wide = depth_inside.with_depth(network, mode, hourglass, "unit", "log_depth", multiple=16,
                                 start=stem.MEAN)
  record = registry.network_record("light_tiny")
  import dataclasses
  predictor = preprocessing.predictor(wide, dataclasses.replace(record, preprocessing=mode))
  found = predictor(IMAGES, training=False)
  view = tf.image.resize(IMAGES, (32, 64)) / 255.0
  nearness = np.exp(-hourglass(view).numpy())
  nearness /= nearness.max((1, 2, 3), keepdims=True)
  channel = tf.image.resize(nearness, (33, 65)).numpy()
  channel = 255 * channel - 127.5 if mode == "caffe" else 2 * channel - 1
  four = np.concatenate([preprocessing.Preprocess(mode)(IMAGES), channel], -1)
  wanted = stem.widen_stem(network, 4, start=stem.MEAN)(four)
  np.testing.assert_allclose(found, wanted, rtol=1e-3, atol=2e-4 * np.abs(wanted).max())


def test_only_the_network_of_classes_is_trained(network, wide):
  wide = wide[stem.ZERO]
  assert len(wide.trainable_variables) == len(network.trainable_variables)
  assert not any(v.name.startswith("depth_") for v in wide.trainable_variables)
  frozen = [v.numpy() for v in wide.variables if v.name.startswith("depth_")]
  with tf.GradientTape() as tape:
    loss = tf.reduce_mean(wide(preprocessing.Preprocess("tf")(IMAGES), training=True) ** 2)
  kernel = next(v for v in wide.trainable_variables if v.name == "conv1/kernel:0")
  gradient = tape.gradient(loss, kernel).numpy()
  assert np.abs(gradient[:, :, 3]).max() > 0, "the depth channel teaches its kernel"
  for old, new in zip(frozen, [v for v in wide.variables if v.name.startswith("depth_")]):
    np.testing.assert_array_equal(old, new.numpy())


def test_the_architecture_is_all_that_is_needed(wide):
  wide = wide[stem.MEAN]
  again = keras.models.model_from_json(wide.to_json())
  report = weights.carry_over(wide, again, same_classes=True)
  assert not report.missing and not report.unused
  seen = preprocessing.Preprocess("tf")(IMAGES)
  np.testing.assert_array_equal(again(seen), wide(seen))
  assert len(again.trainable_variables) == len(wide.trainable_variables)


def test_networks_of_disparity_say_their_finest_one(network):
  depth = registry.build_network("light_depth", (None, None, 3), alpha=0.25)
  wide = depth_inside.with_depth(network, "tf", depth, "tf", "disparity", multiple=32,
                                 start="copy")
  assert wide(preprocessing.Preprocess("tf")(IMAGES)).shape == (2, 5, 9, 4)


@pytest.mark.parametrize("answers, values", [
    ("disparity", [0.5, 0.25]), ("depth", [2.0, 4.0]), ("log_depth", np.log([2.0, 4.0]))])
def test_all_answers_mean_the_same_channel(answers, values):
  answer = tf.constant(np.float32(values).reshape(1, 1, 2, 1))
  found = depth_inside.relative_nearness(answer, answers)
  np.testing.assert_allclose(np.ravel(found), [1.0, 0.5], rtol=1e-6)


def test_far_depth_does_not_overflow():
  answer = tf.constant([[[[-200.0], [200.0]]]])
  np.testing.assert_array_equal(
      np.ravel(depth_inside.relative_nearness(answer, "log_depth")), [1.0, 0.0])


def test_a_mirrored_image_has_the_mirrored_channel(network):
  wide = joined(network, flat_depth())
  channel = keras.Model(wide.input, wide.get_layer("depth_channel").output)
  seen = preprocessing.Preprocess("tf")(IMAGES)
  np.testing.assert_allclose(channel(seen[:, :, ::-1])[:, :, ::-1], channel(seen), atol=1e-5)


# === The depth of the data ===

METRES = np.random.RandomState(1).uniform(0.7, 9, (2, 33, 65, 1)).astype(np.float32)
METRES[0, :4] = 0  # No value.


def shown(mode, metres=METRES):
  """Returns what the predictor shows a network: preprocessed colours, and metres as they are."""
  return np.concatenate([preprocessing.Preprocess(mode)(IMAGES), metres], -1)


def test_with_zeros_the_depth_of_the_data_changes_nothing_bit_for_bit(network):
  deep = depth_inside.with_depth_of_data(network, "tf")
  np.testing.assert_array_equal(deep(shown("tf")), network(shown("tf")[..., :3]))
  again = keras.models.model_from_json(deep.to_json())
  assert depth_inside.takes_depth(again) and not depth_inside.takes_depth(network)
  assert not weights.carry_over(deep, again, same_classes=True).missing


@pytest.mark.parametrize("mode", ["tf", "caffe"])
def test_the_channel_is_inverse_depth_by_its_maximum_and_holes_are_far(network, mode):
  near = np.divide(1, METRES, where=METRES > 0, out=np.zeros_like(METRES))
  near /= near.max((1, 2, 3), keepdims=True)
  channel = 255 * near - 127.5 if mode == "caffe" else 2 * near - 1
  wide = stem.widen_stem(network, 4, start=stem.MEAN)
  wanted = wide(np.concatenate([shown(mode)[..., :3], channel], -1)).numpy()
  deep = depth_inside.with_depth_of_data(network, mode, start=stem.MEAN)
  found = deep(shown(mode)).numpy()
  np.testing.assert_allclose(found, wanted, atol=1e-4 * np.abs(wanted).max())
  # Other units of depth are the same channel; disparity in place of depth is another one.
  np.testing.assert_allclose(deep(shown(mode, 25 * METRES)), wanted,
                             atol=1e-4 * np.abs(wanted).max())
  assert np.abs(deep(shown(mode, near)) - wanted).max() > 0.01 * np.abs(wanted).max()


def test_data_and_a_network_that_says_the_same_give_the_same_channel():
  metres = np.maximum(METRES, 0.5)
  own = depth_inside.DepthOfData("tf")(shown("tf", metres))[..., 3:]
  for answers, said in (("depth", metres), ("log_depth", np.log(metres)),
                        ("disparity", 0.3 / metres)):
    other = depth_inside.DepthChannel(answers, "tf")([said, IMAGES])
    np.testing.assert_allclose(other, own, atol=2e-6)


def test_depth_is_seen_once(network, hourglass):
  with pytest.raises(ValueError, match="sees depth already"):
    joined(depth_inside.with_depth_of_data(network, "tf"), hourglass)
