"""Tests of the pose networks: published sizes, first motions, order of frames, sharing."""
import re

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import pose_network, registry, unet_decoder
from keras_weakseg.networks.backbones import depth_encoder
from keras_weakseg.networks.weights import weights
from keras_weakseg.ops import geometry

PAIR = tf.random.stateless_normal([2, 33, 49, 6], [1, 2])


def split(network):
  head = [bool(re.search(registry.HEAD_PATTERN, w.name)) for w in network.weights]
  return ([w for w, new in zip(network.weights, head) if not new],
          [w for w, new in zip(network.weights, head) if new])


def test_sizes_are_the_published_ones(check_size):
  trunk, head = split(pose_network.pose_network((96, 160, 3)))
  for prefix in ("monodepth_", ""):
    check_size(trunk, f"{prefix}pose_encoder_resnet18")
    check_size(head, f"{prefix}pose_decoder_resnet18")


def test_size_of_posecnn():
  """1,586,774 parameters: the fact sheet's count of Monodepth2's PoseCNN for pairs."""
  assert pose_network.pose_network((64, 96, 3), kind="posecnn").count_params() == 1586774


@pytest.mark.parametrize("kind, alpha, frames", [
    ("resnet18", 1.0, 2), ("posecnn", 0.25, 2), ("posecnn", 0.25, 3), ("mobilenet_v1", 0.25, 2),
    ("mobilenet_v1", 0.25, 4)])
def test_motions_are_small_and_one_per_neighbour(kind, alpha, frames):
  network = pose_network.pose_network((None, None, 3), kind=kind, alpha=alpha, frames=frames)
  motion = network(tf.random.stateless_normal([2, 33, 49, 3 * frames], [1, 2]))
  assert set(motion) == {"axis_angle", "translation"}
  for value in motion.values():
    assert value.shape == (2, frames - 1, 3) and value.dtype == tf.float32
    assert 0 < np.abs(value).max() < 0.1


def test_the_last_layer_is_averaged_and_scaled():
  network = pose_network.pose_network((None, None, 3), kind="posecnn", alpha=0.25)
  maps = keras.Model(network.input, network.get_layer("head_motion").output)(PAIR)
  assert maps.shape[1:] == (1, 1, 6)
  wider = tf.tile(PAIR, [1, 8, 8, 1])
  maps = keras.Model(network.input, network.get_layer("head_motion").output)(wider)
  assert maps.shape[1] > 1
  motion = network(wider)
  np.testing.assert_allclose(motion["axis_angle"][:, 0], 0.01 * np.mean(maps, (1, 2))[:, :3],
                             rtol=1e-5, atol=1e-8)
  np.testing.assert_allclose(motion["translation"][:, 0], 0.01 * np.mean(maps, (1, 2))[:, 3:],
                             rtol=1e-5, atol=1e-8)


def test_frames_reach_the_end_of_posecnn_before_it_is_trained():
  """Motions differ by more than a hundredth of those of a video (.01); else only biases learn."""
  network = pose_network.pose_network((64, 96, 3), kind="posecnn", alpha=0.5)
  frames = np.random.RandomState(0).uniform(-1, 1, (8, 64, 96, 6)).astype(np.float32)
  motion = tf.concat(list(network(frames).values()), -1).numpy()[:, 0]
  assert motion.std(0).max() > 1e-4


def test_the_second_motion_of_a_pair_is_left_out():
  network = pose_network.pose_network((None, None, 3), kind="mobilenet_v1", alpha=0.25)
  layer = network.get_layer("head_motion")
  kernel, bias = layer.get_weights()
  assert bias.shape == (12,)
  before = network(PAIR)
  kernel[..., 6:], bias[6:] = 9.0, 9.0
  layer.set_weights([kernel, bias])
  after = network(PAIR)
  for key, value in before.items():
    np.testing.assert_array_equal(after[key], value)


def test_motions_become_transforms():
  motion = pose_network.light_pose((None, None, 3), alpha=0.25)(PAIR)
  matrix = geometry.pose_to_matrix(motion["axis_angle"][:, 0], motion["translation"][:, 0])
  assert matrix.shape == (2, 4, 4)
  np.testing.assert_allclose(matrix, np.tile(np.eye(4), (2, 1, 1)), atol=0.1)


def test_shared_encoder_sees_one_frame_after_the_other():
  depth = unet_decoder.light_unet((None, None, 3), 0, alpha=0.25, disparity_scales=(0,))
  network = pose_network.shared_pose_network(depth, filters=16)
  encoder = depth_encoder.encoder_model(depth)
  shared = {id(w) for w in encoder.weights}
  assert shared <= {id(w) for w in network.weights}
  assert len(network.weights) == len(encoder.weights) + 8
  assert network(PAIR)["translation"].shape == (2, 1, 3)
  joined = keras.Model(network.input, network.get_layer("head_join").output)
  one, other = joined(PAIR), joined(tf.concat([PAIR[..., 3:], PAIR[..., :3]], -1))
  np.testing.assert_allclose(one[..., :16], other[..., 16:], atol=1e-6)
  assert np.abs(one[..., :16] - one[..., 16:]).max() > 0.1 * np.abs(one).max() > 0
  with tf.GradientTape() as tape:
    loss = tf.reduce_sum(network(PAIR)["translation"] ** 2)
  assert not any(g is None for g in tape.gradient(loss, network.trainable_variables))


def test_stacked_frames_start_from_weights_of_one_image(shared_data):
  """Equal frames give at first what one image gives."""
  path = shared_data("weights") / "mobilenet_v1_1.0_224_imagenet_fp16.npz"
  network = pose_network.pose_network((None, None, 3), kind="mobilenet_v1", filters=16)
  report = weights.load_pretrained(network, "light_pose", path)
  assert report.missing == () and "conv1/kernel" in report.loaded
  single = pose_network.mobilenet_trunk.mobilenet_trunk(
      image := keras.Input((None, None, 3)), symmetric=True).deep
  single = keras.Model(image, single)
  weights.load_pretrained(single, "light_pose", path)
  pair = keras.Model(network.input, network.get_layer("conv_pw_12_relu").output)
  x = PAIR[..., :3]
  np.testing.assert_allclose(pair(tf.concat([x, x], -1)), single(x), atol=1e-3)


def test_shrunk_frames_are_averages_of_blocks():
  """The same weights on frames that were averaged before say the same."""
  shrunk = pose_network.light_pose((32, 64, 3), kind="mobilenet_v1", shrink=2)
  whole = pose_network.light_pose((16, 32, 3), kind="mobilenet_v1")
  whole.set_weights(shrunk.get_weights())
  frames = np.random.RandomState(0).uniform(-1, 1, (2, 32, 64, 6)).astype(np.float32)
  blocks = frames.reshape(2, 16, 2, 32, 2, 6).mean((2, 4))
  for name, value in shrunk(frames).items():
    np.testing.assert_allclose(value, whole(blocks)[name], rtol=1e-4, atol=1e-7)


def test_half_precision_and_config():
  keras.mixed_precision.set_global_policy("mixed_bfloat16")
  try:
    network = pose_network.light_pose((33, 49, 3), alpha=0.25)
  finally:
    keras.mixed_precision.set_global_policy("float32")
  copy = keras.Model.from_config(network.get_config())
  copy.set_weights(network.get_weights())
  for key, value in network(PAIR).items():
    assert value.dtype == tf.float32
    np.testing.assert_array_equal(copy(PAIR)[key], value)


def test_wrong_options():
  with pytest.raises(ValueError, match="Did you mean 'posecnn'"):
    pose_network.pose_network((32, 32, 3), kind="posecn")
  with pytest.raises(ValueError, match="needs two frames"):
    pose_network.pose_network((32, 32, 3), frames=1)
  with pytest.raises(ValueError, match="Expected: shrink >= 1"):
    pose_network.light_pose((32, 32, 3), shrink=0)
