"""Tests of depth from video: its terms by hand, what it may not read, what it learns."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.configs.sections import schema
from keras_weakseg.framework import keras
from keras_weakseg.methods import self_supervised_depth
from keras_weakseg.methods import updates
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.backbones import depth_encoder
from keras_weakseg.ops import color
from keras_weakseg.ops import geometry
from keras_weakseg.ops import photometric
from keras_weakseg.training import optimizers

NAME = "self_supervised_depth"


@pytest.fixture(scope="module")
def video(room):
  """Returns a video of two samples."""
  return room()


def seen(pixels):
  """Returns pictures as the small networks want them."""
  return tf.cast(pixels, tf.float32) / 127.5 - 1


def by_hand(method, batch, images=None, frames=None, **options):
  """Returns what `reprojection_loss` says of the networks' answers; pictures may be jittered."""
  images = batch["image"] if images is None else images
  frames = batch["frames"] if frames is None else frames
  outputs = method.networks["depth"](seen(images), training=True)
  before, after = frames[:, 0], frames[:, 1]
  motions = [method.networks["pose"](seen(tf.concat(pair, -1)), training=True)
             for pair in ((before, images), (images, after))]
  transforms = tf.stack([geometry.pose_to_matrix(
      motion["axis_angle"][:, 0], motion["translation"][:, 0], invert=invert)
                         for motion, invert in zip(motions, (True, False))], 1)
  found = photometric.reprojection_loss(
      tf.cast(batch["image"], tf.float32) / 255, tf.cast(batch["frames"], tf.float32) / 255,
      [outputs[f"disparity_{scale}"] for scale in range(4)], transforms, batch["intrinsics"],
      **options)
  return (float(found["photometric"] / found["pixels"]),
          float(found["smoothness"] / found["samples"]))


# Against the op and the networks called by hand.


def test_terms_are_those_of_the_op(video, tensors, depth_built, figures_of):
  batch = tensors(video.batch)
  method = depth_built(NAME, auto_mask=False, smoothness=0.1)
  # Networks start near no motion at all: here the camera drives forwards.
  method.networks["pose"].get_layer("head_motion").bias.assign([0.1, -0.1, 0, 0.1, 0, -1.5])
  terms, health = figures_of(method, batch)[0], {"moving", "translation"}
  assert set(terms) == {"photometric", "smoothness"} | health
  wanted = by_hand(method, batch, auto_mask=False, smoothness=0.1)
  np.testing.assert_allclose([terms["photometric"], terms["smoothness"]], wanted, rtol=1e-4)
  # The order counts: the frames exchanged are another video.
  swapped = by_hand(method, {**batch, "frames": batch["frames"][:, ::-1]}, auto_mask=False)
  assert swapped[0] > 1.1 * wanted[0]


def test_auto_mask_is_on_unless_it_is_told(video, tensors, depth_built, figures_of):
  batch = tensors(video.batch)
  method = depth_built(NAME)
  found, _ = figures_of(method, batch)
  np.testing.assert_allclose(found["photometric"], by_hand(method, batch)[0], atol=2e-5)
  assert 0.02 < found["moving"] < 0.98


def test_a_pose_network_may_see_all_frames_at_once(video, tensors, depth_built, figures_of):
  batch = tensors(video.batch)
  method = depth_built(NAME, pose={"frames": 3}, auto_mask=False)
  motion = method.networks["pose"](seen(tf.concat(
      [batch["image"], batch["frames"][:, 0], batch["frames"][:, 1]], -1)), training=True)
  assert motion["translation"].shape == (2, 2, 3)
  np.testing.assert_allclose(
      method.video_loss.transforms(batch),
      geometry.pose_to_matrix(motion["axis_angle"], motion["translation"]), atol=1e-6)
  _, gradients = figures_of(method, batch)
  assert all(np.abs(gradient).max() > 0 for gradient in gradients)


def test_jitter_is_what_networks_see_and_not_what_is_compared(
    video, tensors, depth_built, figures_of):
  amounts = np.float32([[0.6, -0.4, 0.3], [-0.8, 0.2, -0.5]])
  batch = tensors({**video.batch, "jitter": amounts})
  method = depth_built(NAME, auto_mask=False)
  images, frames = (color.jitter_color(tf.cast(batch[name], tf.float32), amounts)
                    for name in ("image", "frames"))
  found, _ = figures_of(method, batch)
  wanted = by_hand(method, batch, images, frames, auto_mask=False)
  np.testing.assert_allclose(found["photometric"], wanted[0], rtol=1e-4)
  compared_too = by_hand(method, {**batch, "image": images, "frames": frames}, auto_mask=False)
  assert abs(compared_too[0] - wanted[0]) > 0.02 * wanted[0]


def test_parts_have_weights(video, tensors, depth_built, figures_of):
  image = video.batch["image"] // np.uint8([1, 3])[:, None, None, None]  # Else both are equal.
  batch = tensors(video.batch, part=np.array([0, 1], np.int32), image=image)
  method = depth_built(NAME, parts=("far", "near"), part_weights=(1.0, 0.25), auto_mask=False)
  found, _ = figures_of(method, batch)
  wanted = by_hand(method, batch, auto_mask=False, weights=np.float32([1.0, 0.25]))
  np.testing.assert_allclose([found["photometric"], found["smoothness"]], wanted, rtol=1e-4)
  even = by_hand(method, batch, auto_mask=False)
  assert all(abs(a - b) > 1e-3 * b for a, b in zip(even, wanted))


def test_features_may_be_held_where_they_were(video, tensors, depth_built, figures_of):
  batch = tensors(video.batch)
  first = depth_built(NAME)
  encoder = depth_encoder.encoder_model(first.networks["depth"])
  frozen = keras.models.clone_model(encoder)
  frozen.set_weights(encoder.get_weights())
  frozen.trainable = False
  method = depth_built(NAME, reference=frozen, feature_distance=0.01)
  inputs = seen(batch["image"])
  distance = np.linalg.norm(encoder(inputs, training=True) - frozen(inputs, training=False))
  encoder.set_weights(frozen.get_weights())
  found, with_distance = figures_of(method, batch)
  np.testing.assert_allclose(found["feature_distance"], distance, rtol=1e-5)
  _, without = figures_of(depth_built(NAME), batch)
  names = [v.name for v in method.updater.variables_in_order]
  changed = {name for name, a, b in zip(names, with_distance, without) if np.abs(a - b).max() > 0}
  assert changed and not any(name.startswith("head_") for name in changed)
  before = frozen.get_weights()
  method.train_step(batch)
  for old, new in zip(before, frozen.get_weights()):
    np.testing.assert_array_equal(old, new)


# What it may read.


def stepped(method, batches):
  """Returns the weights of both networks and the losses after a step on each batch."""
  losses = [float(method.train_step(batch)["loss"]) for batch in batches]
  return [w for network in method.networks.values() for w in network.get_weights()], losses


def test_frames_of_a_sample_without_video_change_nothing(video, tensors, depth_built):
  offsets = np.array([[-1, 1], [0, 0]], np.int32)
  dirty = video.batch["frames"].copy()
  dirty[1] = np.random.RandomState(0).randint(0, 255, dirty[1].shape)
  weights, losses = zip(*(
      stepped(depth_built(NAME), [tensors(video.batch, frame_offsets=offsets, frames=frames)] * 2)
      for frames in (video.batch["frames"], dirty)))
  assert losses[0] == losses[1] and losses[0][0] > 0
  for one, other in zip(*weights, strict=True):
    np.testing.assert_array_equal(one, other)


def test_labels_change_nothing(video, tensors, depth_built):
  """Not even those that a sample grants: depth, motion and masks are no part of this method."""
  random = np.random.RandomState(0)
  labels = {"depth": random.rand(2, 32, 64).astype(np.float32), "poses": video.transforms,
            "mask": random.randint(0, 4, (2, 32, 64)).astype(np.uint8),
            "supervision": np.array([15, 0], np.int32)}
  weights, losses = zip(*(stepped(depth_built(NAME), [tensors({**video.batch, **extra})])
                          for extra in ({}, labels)))
  assert losses[0] == losses[1]
  for one, other in zip(*weights, strict=True):
    np.testing.assert_array_equal(one, other)


def test_a_batch_without_video_teaches_nothing(video, tensors, depth_built):
  method = depth_built(NAME)
  before = [v.numpy() for v in method.updater.variables_in_order]
  logs = method.train_step(tensors(video.batch, frame_offsets=np.zeros([2, 2], np.int32)))
  assert float(logs["loss"]) == 0.0
  for old, variable in zip(before, method.updater.variables_in_order):
    np.testing.assert_array_equal(old, variable, err_msg=variable.name)


def test_fields_follow_the_options():
  cls = self_supervised_depth.SelfSupervisedDepth
  frames = {fields.FRAMES, fields.FRAME_OFFSETS, fields.INTRINSICS}
  pair = {fields.STEREO_IMAGE, fields.STEREO_POSE}
  assert set(cls.inputs({})) == frames
  assert set(cls.inputs({"stereo": True})) == frames | pair
  assert set(cls.inputs({"stereo": True, "video": False})) == pair | {fields.INTRINSICS}
  assert cls.needed({}) == fields.Supervision.NONE and cls.role == networks.DEPTH


def test_the_pose_network_is_no_part_of_what_is_evaluated(video, depth_built):
  method = depth_built(NAME)
  assert method.main is method.networks["depth"]
  pixels = tf.constant(video.batch["image"])
  assert method(pixels).shape == (2, 32, 64, 1)


# What is trained.


def test_stereo_alone_needs_no_pose_network(video, tensors, depth_built):
  pose = np.stack([video.matrix(np.zeros(3), [-0.3, 0, 0])] * 2).astype(np.float32)
  batch = {name: value for name, value in video.batch.items() if "frame" not in name}
  batch.update(stereo_image=np.stack([video.seen(x)[0] for x in pose]), stereo_pose=pose)
  method = depth_built(NAME, pose=None, stereo=True, video=False)
  assert list(method.networks) == ["depth"]
  batch = tensors(batch)
  variables = method.networks["depth"].trainable_variables
  before = [variable.numpy() for variable in variables]
  logs = [method.train_step(batch) for _ in range(2)]
  assert all(0 < float(log["photometric"]) < 1 for log in logs)
  still = {new.name for old, new in zip(before, variables, strict=True)
           if np.array_equal(old, new.numpy())}
  # Pooled to one value per sample, batch statistics of two leave a sign, whatever the kernel is.
  assert still <= {"head_pool_project/kernel:0"}
  assert float(logs[0]["translation"]) == pytest.approx(0.3)


def multiplied(*multipliers):
  """Returns `make_updater` of plain gradient descent, rate 1, with these multipliers."""
  training = schema.Training(weight_decay=0.0, multipliers=[
      schema.Multiplier(pattern=pattern, learning_rate=rate) for pattern, rate in multipliers])
  return optimizers.updater_maker(
      training, networks.network_record("light_depth"), keras.optimizers.SGD(1.0))


def test_parts_learn_at_their_own_rates(video, tensors, depth_built, figures_of):
  batch = tensors(video.batch)
  method = depth_built(NAME, make_updater=multiplied(("^pose/", 0.5), ("head", 0.25)))
  names = {v.ref(): f"{name}/{v.name}" for name, network in method.networks.items()
           for v in network.trainable_variables}
  order = method.updater.variables_in_order
  before = [v.numpy() for v in order]
  _, gradients = figures_of(method, batch)
  method = depth_built(NAME, make_updater=multiplied(("^pose/", 0.5), ("head", 0.25)))
  method.train_step(batch)
  rates = [0.5 if names[v.ref()].startswith("pose/") else
           0.25 if "/head_" in names[v.ref()] else 1.0 for v in order]
  assert set(rates) == {0.25, 0.5, 1.0}
  for old, gradient, rate, variable in zip(before, gradients, rates, order):
    np.testing.assert_allclose(variable, old - rate * gradient, rtol=1e-3, atol=2e-5,
                               err_msg=variable.name)


def test_a_frozen_encoder_keeps_its_weights_and_moves_its_statistics(video, tensors, depth_built):
  """The paper's first stage; its code freezes no batch normalisation either."""
  method = depth_built(NAME, make_updater=multiplied(("encoder", 0.0)))
  encoder = depth_encoder.encoder_model(method.main)
  others = [v for v in method.updater.variables_in_order]
  names = {v.name for v in others}
  assert not names & {v.name for v in encoder.trainable_variables}
  heads = [v for v in method.main.trainable_variables if "head_" in v.name]
  assert len(others) == len(heads) + len(method.networks["pose"].trainable_variables)
  kept = [v.numpy() for v in encoder.trainable_variables]
  statistics = [v.numpy() for v in encoder.non_trainable_variables]
  start = [v.numpy() for v in others]
  method.train_step(tensors(video.batch))
  for old, variable in zip(kept, encoder.trainable_variables):
    np.testing.assert_array_equal(old, variable, err_msg=variable.name)
  assert all(np.abs(old - v).max() > 0 for old, v in zip(statistics,
                                                        encoder.non_trainable_variables))
  assert sum(np.abs(old - v).max() > 0 for old, v in zip(start, others)) > 0.9 * len(others)


# What it learns.


@pytest.mark.slow
def test_sixty_steps_explain_the_video_and_find_the_direction_of_travel(
    video, tensors, depth_built):
  batch = tensors(video.batch)
  method = depth_built(NAME, compiled=True, make_updater=lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.Adam(2e-3 * m)))
  true = video.transforms[..., :3, 3]

  def agreement():
    found = method.video_loss.transforms(batch, training=False).numpy()[..., :3, 3]
    return ((found * true).sum(-1) / np.linalg.norm(found, axis=-1)
            / np.linalg.norm(true, axis=-1))

  before, step = agreement(), tf.function(method.train_step, autograph=False)
  logs = [{name: float(value) for name, value in step(batch).items()} for _ in range(60)]
  assert logs[-1]["photometric"] < 0.5 * logs[0]["photometric"]
  assert before.max() < 0.7 and agreement().min() > 0.9
  assert logs[-1]["moving"] > logs[0]["moving"]
  # Depth is known up to a factor: the walls to the sides are nearer than that at the end.
  depth = 1 / (method.predictor(batch["image"], training=True)[..., 0].numpy() + 1e-3)
  assert np.corrcoef(np.log(depth).ravel(), np.log(video.depth).ravel())[0, 1] > 0.3


def test_a_network_with_masks_learns_them(video, tensors, depth_built, figures_of):
  """They are pulled towards 1, and lowered where a source cannot explain the image."""
  batch = tensors(video.batch)
  method = depth_built(NAME, small={"mask_sources": 2}, auto_mask=False)
  outputs = method.networks["depth"](seen(batch["image"]), training=True)
  masks = self_supervised_depth.masks_of(outputs)
  assert [mask.shape[-1] for mask in masks] == [2] * 4
  assert self_supervised_depth.masks_of({"disparity_0": 0}) is None
  _, gradients = figures_of(method, batch)
  learned = [np.abs(gradient).max() > 0 for gradient, variable in zip(
      gradients, method.updater.variables_in_order, strict=True) if "head_mask_" in variable.name]
  assert len(learned) > 10 and np.mean(learned) > 0.9
