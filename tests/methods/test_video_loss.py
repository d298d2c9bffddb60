"""Tests of the loss of video: against the op called by hand, its properties, and truth."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import ratio
from keras_weakseg.methods import video_loss
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import randomness
from keras_weakseg.ops import alignment
from keras_weakseg.ops import color
from keras_weakseg.ops import photometric

STILL = (np.zeros(3), np.zeros(3))


def run(loss, disparities, batch, weights=None, seed=(1, 2)):
  """Returns the terms and figures of a `VideoLoss` as floats, and gradients by the disparities."""
  with tf.GradientTape() as tape, randomness.random_scope(seed):
    tape.watch(disparities)
    terms, health = loss(disparities, batch, weights)
    values = ratio.evaluate(terms)
    counts = ratio.global_sums([term.denominator for term in terms.values()])
    total = tf.add_n([tf.math.divide_no_nan(term.numerator, count)
                      for term, count in zip(terms.values(), counts)])
  figures = {name: float(value) for name, value in {**values, **ratio.evaluate(health)}.items()}
  return figures, [tf.convert_to_tensor(g).numpy() for g in tape.gradient(total, disparities)]


def by_hand(batch, disparities, sources, transforms, **options):
  """Returns the two terms as `reprojection_loss` says them."""
  found = photometric.reprojection_loss(
      tf.cast(batch["image"], tf.float32) / 255, tf.cast(sources, tf.float32) / 255, disparities,
      transforms, batch["intrinsics"], **options)
  return (float(found["photometric"] / found["pixels"]),
          float(found["smoothness"] / found["samples"]))


@pytest.fixture
def video(room):
  """Returns a video of two samples."""
  return room()


@pytest.fixture
def plain(video, known_motion):
  """Returns a function: options -> a loss that is not compiled and knows the motions."""
  return lambda motions=None, **options: video_loss.VideoLoss(
      known_motion(motions or video.motions), compiled=False, **options)


def assert_same(found, wanted):
  """Compares two results of `run`."""
  for name, value in wanted[0].items():
    np.testing.assert_allclose(found[0][name], value, rtol=1e-5, atol=1e-8, err_msg=name)
  for one, other in zip(found[1], wanted[1], strict=True):
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-7)


# Against the op.


@pytest.mark.parametrize("options", [
    {"auto_mask": False}, {"auto_mask": False, "average": True, "smoothness": 0.1},
    {"auto_mask": False, "ssim_weight": 0.0, "min_depth": 1.0, "max_depth": 50.0}])
def test_terms_are_those_of_the_op_with_transforms_to_the_neighbours(
    video, tensors, plain, options):
  batch, disparities = tensors(video.batch), video.disparities(2)
  found, _ = run(plain(**options), disparities, batch)
  photometric_term, smooth = by_hand(
      batch, disparities, batch["frames"], video.transforms, **options)
  np.testing.assert_allclose(found["photometric"], photometric_term, rtol=1e-4)
  np.testing.assert_allclose(found["smoothness"], smooth, rtol=1e-5)
  np.testing.assert_allclose(
      found["translation"], np.linalg.norm(video.transforms[..., :3, 3], axis=-1).mean(),
      rtol=1e-5)
  assert found["moving"] == 1.0


def test_noise_decides_between_equal_errors_alone(video, tensors, plain):
  batch, disparities = tensors(video.batch), video.disparities()
  found, _ = run(plain(), disparities, batch)
  wanted, _ = by_hand(batch, disparities, batch["frames"], video.transforms)
  np.testing.assert_allclose(found["photometric"], wanted, atol=2e-5)
  # Nothing moves, neither the camera nor the picture: all errors are equal, and noise decides.
  still = tensors(video.batch, frames=np.stack([video.batch["image"]] * 2, 1))
  found, _ = run(plain([[STILL] * 2] * 2), disparities, still)
  assert 0.1 < found["moving"] < 0.4  # Above both of two draws: a quarter.


def test_compiled_loss_is_the_same(video, tensors, plain, known_motion):
  batch, disparities = tensors(video.batch), video.disparities(2)
  compiled = video_loss.VideoLoss(known_motion(video.motions), align=2)
  assert_same(run(compiled, disparities, batch), run(plain(align=2), disparities, batch))


def test_weights_are_those_of_samples_in_both_terms(video, tensors, plain):
  valid = video.batch["valid"].copy()
  valid[0, :9] = False
  batch = tensors(video.batch, valid=valid)
  # Both samples show the room from one place; another depth is not as smooth.
  disparities = [x + [[[[0.0]]], [[[0.1]]]] for x in video.disparities()]
  found, _ = run(plain(auto_mask=False), disparities, batch, tf.constant([0.3, 2.0]))
  counted = valid * np.float32([0.3, 2.0])[:, None, None]
  wanted, _ = by_hand(batch, disparities, batch["frames"], video.transforms, auto_mask=False,
                      valid=counted)
  np.testing.assert_allclose(found["photometric"], wanted, rtol=1e-4)
  even, _ = run(plain(auto_mask=False), disparities, batch)
  assert abs(found["photometric"] - even["photometric"]) > 1e-3 * even["photometric"]
  first, second = (by_hand(tensors({name: x[i:i + 1] for name, x in batch.items()}),
                           [x[i:i + 1] for x in disparities], batch["frames"][i:i + 1],
                           video.transforms[i:i + 1])[1] for i in range(2))
  np.testing.assert_allclose(found["smoothness"], (0.3 * first + 2.0 * second) / 2.3, rtol=1e-5)
  assert abs(found["smoothness"] - even["smoothness"]) > 1e-3 * even["smoothness"]


# What the pose network sees, and what becomes of its answer.


def test_pairs_are_in_temporal_order_sample_by_sample(video, tensors, plain):
  order = np.array([0, 1]), np.array([1, 0])  # The second sample has its later frame first.
  frames = np.stack([video.batch["frames"][i][order[i]] for i in range(2)])
  offsets = np.array([[-1, 1], [2, -1]], np.int32)
  motions = [[video.motions[order[i][f]][i] for i in range(2)] for f in range(2)]
  loss = plain(motions)
  transforms = loss.transforms(tensors(video.batch, frames=frames, frame_offsets=offsets))
  image = video.batch["image"] / np.float32(127.5) - 1
  others = frames / np.float32(127.5) - 1
  first, second = loss.pose.inputs
  np.testing.assert_allclose(first, np.stack([
      np.concatenate([others[0, 0], image[0]], -1), np.concatenate([image[1], others[1, 0]], -1)]),
                             atol=1e-6)
  np.testing.assert_allclose(second, np.stack([
      np.concatenate([image[0], others[0, 1]], -1), np.concatenate([others[1, 1], image[1]], -1)]),
                             atol=1e-6)
  wanted = np.stack([video.transforms[i][order[i]] for i in range(2)])
  np.testing.assert_allclose(transforms, wanted, atol=1e-5)


def test_a_network_may_see_all_frames_at_once(video, tensors, known_motion):
  """Then its motions go from the image to each neighbour, and none is inverted."""
  pose = known_motion(video.motions, frames=3)
  loss = video_loss.VideoLoss(pose, "depth", compiled=False)
  transforms = loss.transforms(tensors(video.batch))
  seen, = pose.inputs
  frames = (video.batch["frames"] / np.float32(255) - 0.45) / 0.225
  image = (video.batch["image"] / np.float32(255) - 0.45) / 0.225
  np.testing.assert_allclose(
      seen, np.concatenate([image, frames[:, 0], frames[:, 1]], -1), atol=1e-5)
  for frame, motions in enumerate(video.motions):
    wanted = np.stack([video.matrix(*motion) for motion in motions])
    np.testing.assert_allclose(transforms[:, frame], wanted, atol=1e-5)


def test_translation_can_follow_the_scale_of_depth(video, tensors, plain):
  batch, (disparity,) = tensors(video.batch), video.disparities()
  plainly = plain().transforms(batch)
  scaled = plain(scale_translation=True).transforms(batch, disparity)
  factor = (1 / video.depth).mean((1, 2))
  np.testing.assert_allclose(scaled[..., :3, 3], plainly[..., :3, 3] * factor[:, None, None],
                             rtol=1e-4)
  np.testing.assert_allclose(scaled[..., :3, :3], plainly[..., :3, :3], atol=1e-6)


def test_jitter_changes_what_networks_see_and_nothing_that_is_compared(video, tensors, plain):
  amounts = np.float32([[0.6, -0.4, 0.3], [-0.8, 0.2, -0.5]])
  batch = tensors(video.batch)
  jittered = tensors({**video.batch, "jitter": amounts})
  losses, disparities = [plain(), plain()], video.disparities()
  assert_same(run(losses[0], disparities, jittered), run(losses[1], disparities, batch))
  seen, unseen = losses[0].pose.inputs[1], losses[1].pose.inputs[1]
  assert np.abs(seen - unseen).mean() > 0.1
  image, later = (color.jitter_color(tf.cast(x, tf.float32), amounts)
                  for x in (batch["image"], batch["frames"][:, 1]))
  np.testing.assert_allclose(seen, tf.concat([image, later], -1) / 127.5 - 1, atol=1e-5)
  np.testing.assert_allclose(video_loss.seen(jittered, fields.IMAGE), image, atol=1e-5)
  np.testing.assert_array_equal(video_loss.seen(batch, fields.IMAGE), batch["image"])


# Sources that are there, or not.


def with_stereo(video):
  """Returns the batch with a second camera, 0.3 m to the right of the first."""
  pose = np.stack([video.matrix(np.zeros(3), [-0.3, 0, 0])] * 2).astype(np.float32)
  return {**video.batch, "stereo_image": np.stack([video.seen(x)[0] for x in pose]),
          "stereo_pose": pose}


def test_the_pose_of_the_other_camera_is_used_as_it_is(video, tensors):
  batch = with_stereo(video)
  alone = {name: value for name, value in batch.items() if "frame" not in name}
  loss = video_loss.VideoLoss(None, auto_mask=False, compiled=False)
  found, _ = run(loss, video.disparities(), tensors(alone))
  wanted, _ = by_hand(tensors(batch), video.disparities(), batch["stereo_image"][:, None],
                      batch["stereo_pose"][:, None], auto_mask=False)
  np.testing.assert_allclose(found["photometric"], wanted, rtol=1e-4)
  np.testing.assert_allclose(found["translation"], 0.3, rtol=1e-6)
  # The unit is the metre, so a wrong scale of depth has a price that no motion could pay.
  near, _ = run(loss, [2 * x for x in video.disparities()], tensors(alone))
  assert near["photometric"] > 3 * found["photometric"]


@pytest.mark.parametrize("compiled", [False, True])
def test_a_single_source_is_compared_in_graphs_too(video, tensors, compiled):
  """There the noise of its one unwarped error had any number of frames: it could not unstack."""
  alone = {name: value for name, value in with_stereo(video).items() if "frame" not in name}
  loss = video_loss.VideoLoss(None, compiled=compiled)
  with randomness.random_scope((1, 2)):
    wanted = loss(video.disparities(2), tensors(alone))[0]["photometric"]
    found = tf.function(lambda: loss(video.disparities(2), tensors(alone))[0]["photometric"],
                        autograph=False)()
  np.testing.assert_allclose(found.numerator, wanted.numerator, rtol=1e-4)


def test_the_other_camera_joins_the_neighbours(video, tensors, plain):
  batch = with_stereo(video)
  found, _ = run(plain(auto_mask=False), video.disparities(), tensors(batch))
  wanted, _ = by_hand(
      tensors(batch), video.disparities(),
      np.concatenate([batch["frames"], batch["stereo_image"][:, None]], 1),
      np.concatenate([video.transforms, batch["stereo_pose"][:, None]], 1), auto_mask=False)
  np.testing.assert_allclose(found["photometric"], wanted, rtol=1e-4)
  without, _ = run(plain(auto_mask=False), video.disparities(), tensors(video.batch))
  assert found["photometric"] < without["photometric"]


def garbage(value, index, seed=1):
  """Returns the array with noise in the rows of one sample."""
  value = value.copy()
  value[index] = np.random.RandomState(seed).randint(0, 255, value[index].shape)
  return value


@pytest.mark.parametrize("auto_mask", [True, False])
def test_pixels_of_a_sample_without_video_change_nothing(video, tensors, plain, auto_mask):
  batch = {**video.batch, "frame_offsets": np.array([[-1, 1], [0, 0]], np.int32)}
  dirty = {**batch, "frames": garbage(batch["frames"], 1), "image": garbage(batch["image"], 1)}
  wanted = run(plain(auto_mask=auto_mask), video.disparities(2), tensors(batch))
  found = run(plain(auto_mask=auto_mask), video.disparities(2), tensors(dirty))
  assert_same(found, wanted)
  for gradient in found[1]:
    assert np.abs(gradient[0]).max() > 0 and not gradient[1].any()


def test_a_sample_without_video_does_not_count(video, tensors, plain):
  batch = {**video.batch, "frame_offsets": np.array([[-1, 1], [0, 0]], np.int32)}
  found, gradients = run(plain(), video.disparities(), tensors(batch))
  alone = plain([motions[:1] for motions in video.motions])
  wanted, single = run(alone, [x[:1] for x in video.disparities()],
                       tensors({name: value[:1] for name, value in batch.items()}))
  assert found == pytest.approx(wanted, rel=1e-5)
  np.testing.assert_allclose(gradients[0][:1], single[0], rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("average", [False, True])
def test_a_sample_may_lack_one_neighbour(video, tensors, plain, average):
  batch = {**video.batch, "frame_offsets": np.array([[-1, 0]] * 2, np.int32)}
  dirty = {**batch, "frames": batch["frames"].copy()}
  dirty["frames"][:, 1] = garbage(batch["frames"][:, 1], slice(None))
  found, _ = run(plain(auto_mask=False, average=average), video.disparities(), tensors(dirty))
  wanted, _ = by_hand(tensors(batch), video.disparities(), batch["frames"][:, :1],
                      video.transforms[:, :1], auto_mask=False)
  np.testing.assert_allclose(found["photometric"], wanted, rtol=1e-4)
  np.testing.assert_allclose(
      found["translation"], np.linalg.norm(video.transforms[:, 0, :3, 3], axis=-1).mean(),
      rtol=1e-5)


def test_a_batch_without_video_says_nothing(video, tensors, plain):
  batch = tensors(video.batch, frame_offsets=np.zeros([2, 2], np.int32))
  found, gradients = run(plain(), video.disparities(2), batch)
  assert set(found.values()) == {0.0}
  assert not any(gradient.any() for gradient in gradients)


def test_batches_with_nothing_to_compare_are_refused(video, tensors):
  with pytest.raises(ValueError, match="nothing that a depth could be compared with"):
    run(video_loss.VideoLoss(None), video.disparities(), tensors(video.batch))


@pytest.mark.parametrize("pictures", [2, 3])
def test_pose_networks_see_the_image_where_a_frame_is_missing(
    video, tensors, known_motion, pictures):
  """Others of the batch are seen as before, and keep their transforms."""
  offsets = np.array([[-1, 1], [0, 0]], np.int32)
  amounts = np.float32([[0.6, -0.4, 0.3], [-0.8, 0.2, -0.5]])
  whole = {**video.batch, "jitter": amounts}
  blank = {**whole, "frame_offsets": offsets, "frames": whole["frames"].copy()}
  blank["frames"][1] = 0
  poses = [known_motion(video.motions, frames=pictures) for _ in range(2)]
  wanted, found = (video_loss.VideoLoss(pose, compiled=False).transforms(tensors(batch))
                   for pose, batch in zip(poses, (whole, blank)))
  np.testing.assert_array_equal(found[0], wanted[0])
  for before, after in zip(*(pose.inputs for pose in poses)):
    np.testing.assert_array_equal(after[0], before[0])
    own = color.jitter_color(tf.cast(whole["image"], tf.float32), amounts)[1] / 127.5 - 1
    np.testing.assert_allclose(after[1], tf.concat([own] * pictures, -1), atol=1e-5)


def test_black_frames_leave_the_statistics_of_a_pose_network_alone(video, tensors):
  """They are those of a sample whose camera stands still."""
  offsets = np.array([[-1, 1], [0, 0]], np.int32)
  statistics = []
  for frames in (0, video.batch["image"][1]):
    batch = {**video.batch, "frame_offsets": offsets, "frames": video.batch["frames"].copy()}
    batch["frames"][1] = frames
    keras.utils.set_random_seed(1)
    pose = registry.build_network("light_pose", (None, None, 3), kind="mobilenet_v1", alpha=0.25,
                                  filters=8)
    video_loss.VideoLoss(pose, compiled=False).transforms(tensors(batch))
    statistics.append([v.numpy() for v in pose.non_trainable_variables])
  assert len(statistics[0]) > 10
  for one, other in zip(*statistics):
    np.testing.assert_array_equal(one, other)


# Randomness.


def test_noise_belongs_to_the_sample_not_to_its_place(video, tensors, plain):
  """So two replicas, or micro-batches, draw what one device draws."""
  sources = tf.zeros([2, 2, 4, 6, 3])
  keys = np.array([[3, 4], [5, 6]], np.int32)
  draw = lambda keys: plain()._noise(3, tensors(video.batch, sample_key=keys), sources).numpy()
  both = draw(keys)
  assert both.shape == (3, 2, 4, 6, 2) and both.dtype == np.float32
  np.testing.assert_array_equal(draw(keys[::-1]), both[:, ::-1])
  assert 4e-6 < both.std() < 8e-6 and np.abs(both[:, 0] - both[:, 1]).min() > 0
  compiled = tf.function(lambda keys: plain()._noise(
      3, {fields.SAMPLE_KEY: keys}, sources), jit_compile=True)
  np.testing.assert_allclose(compiled(keys), both, rtol=1e-6)
  assert plain(auto_mask=False)._noise(3, {}, sources) is None


# Truth.


@pytest.mark.parametrize("auto_mask", [True, False])
def test_truth_explains_the_video_best(video, tensors, plain, known_motion, auto_mask):
  batch, disparities = tensors(video.batch), video.disparities()
  truth = run(plain(auto_mask=auto_mask), disparities, batch)[0]["photometric"]
  random = np.random.RandomState(4)
  worse = []
  for _ in range(6):
    slope = 1 + random.choice([-1, 1]) * np.linspace(0.1, 0.4, 64, dtype=np.float32)[:, None]
    wrong = [tf.clip_by_value(x * slope, 0.0, 1.0) for x in disparities]
    worse.append(run(plain(auto_mask=auto_mask), wrong, batch)[0]["photometric"])
    moved = [[(turn + random.normal(0, 0.02, 3), move + random.normal(0, 0.1, 3))
              for turn, move in motions] for motions in video.motions]
    worse.append(run(plain(moved, auto_mask=auto_mask), disparities, batch)[0]["photometric"])
  assert truth < 0.006 < min(worse)
  still = run(plain([[STILL] * 2] * 2, auto_mask=auto_mask), disparities, batch)[0]
  assert truth < 0.2 * still["photometric"]


def test_gradient_points_to_the_true_depth(video, tensors, plain):
  batch, (truth,) = tensors(video.batch), video.disparities()
  for factor in (0.8, 1.25):
    _, (gradient,) = run(plain(), [truth * factor], batch)
    slope = (gradient * truth.numpy()).sum()
    assert slope * (factor - 1) > 0


def test_depth_range_is_that_of_the_options(video, tensors, plain):
  """The same depths, said in another range, cost the same."""
  batch = tensors(video.batch)
  wide, _ = run(plain(), video.disparities(), batch)
  narrow, _ = run(plain(min_depth=1.0, max_depth=20.0), video.disparities(1, 1.0, 20.0), batch)
  np.testing.assert_allclose(narrow["photometric"], wide["photometric"], rtol=1e-3)


# The motion of mirrored pairs.


def test_a_mirrored_video_has_the_mirrored_motion(video, tensors):
  """Whatever the network says: a camera cannot turn to one side for every video."""
  pose = registry.build_network("light_pose", (None, None, 3), alpha=0.1)
  pose.get_layer("head_motion").bias.assign(tf.range(1.0, 7.0))  # A network with a strong habit.
  loss = video_loss.VideoLoss(pose, compiled=False, symmetric=True)
  batch = tensors(video.batch)
  mirrored = {**batch, "image": tf.reverse(batch["image"], [2]),
              "frames": tf.reverse(batch["frames"], [3])}
  found, other = loss.transforms(batch), loss.transforms(mirrored)
  signs = tf.constant([-1.0, 1.0, 1.0, 1.0])
  np.testing.assert_allclose(other, found * signs[:, None] * signs, atol=1e-5)
  habit = video_loss.VideoLoss(pose, compiled=False)
  assert np.abs(habit.transforms(mirrored) - habit.transforms(batch) * signs[:, None] * signs
                ).max() > 1e-2


def test_a_network_that_already_mirrors_is_left_as_it_is(video, tensors):
  """Half of the sum of equal parts: nothing but the habit goes away."""
  def still(frames, training):
    del training
    return {"axis_angle": tf.zeros([len(frames), 1, 3]) + [0.1, 0.0, 0.0],
            "translation": tf.zeros([len(frames), 1, 3]) + [0.0, 0.2, 0.3]}
  still.input_shape = (None, None, None, 6)
  batch = tensors(video.batch)
  np.testing.assert_allclose(
      video_loss.VideoLoss(still, compiled=False, symmetric=True).transforms(batch),
      video_loss.VideoLoss(still, compiled=False).transforms(batch), atol=1e-7)


# Direct alignment.


class Camera:
  """A pose network that says one motion of everything: variables `turn` and `move`."""
  input_shape = (None, None, None, 6)

  def __init__(self, turn, move):
    self.turn, self.move = (tf.Variable(np.float32(x)) for x in (turn, move))

  def __call__(self, frames, training):
    every = lambda x: tf.ones([len(frames), 1, 1]) * x
    return {"axis_angle": every(self.turn), "translation": every(self.move)}


def test_alignment_finds_the_motion_that_the_network_misses(video, tensors, plain):
  batch, disparities = tensors(video.batch), video.disparities()
  wrong = [[(turn + [0.0, 0.006, -0.004], move) for turn, move in motions]
           for motions in video.motions]
  truth, missed, found = (run(loss, disparities, batch)[0] for loss in (
      plain(auto_mask=False), plain(wrong, auto_mask=False),
      plain(wrong, auto_mask=False, align=3)))
  assert missed["photometric"] > 2 * truth["photometric"]
  assert found["photometric"] < truth["photometric"] + 0.1 * (
      missed["photometric"] - truth["photometric"])
  # Three times the ten thousandths of a radian, plus the moves that are a little wrong.
  assert 0.02 < found["alignment"] < 0.06 and "alignment" not in missed


def test_the_network_is_pulled_to_the_aligned_motion(video, tensors):
  """By the term alone: what it says is changed until the video agrees."""
  batch, disparities = tensors(video.batch), video.disparities()
  turn, move = (np.mean([[m[part] for m in motions] for motions in video.motions], (0, 1))
                for part in (0, 1))
  pose = Camera(turn + [0.0, 0.006, 0.0], move)
  loss = video_loss.VideoLoss(pose, compiled=False, align=3)
  with tf.GradientTape() as tape, randomness.random_scope((1, 2)):
    tape.watch(disparities)
    term = loss(disparities, batch)[0]["alignment"].numerator
  by_turn, by_depth = tape.gradient(term, [pose.turn, disparities[0]])
  assert by_turn[1] > 0 and by_depth is None


def test_aligned_motion_still_tells_the_network_where_to_go(video, tensors):
  batch = tensors(video.batch)
  pose = Camera([0.0, 0.004, 0.0], [0.0, 0.0, 0.01])
  loss = video_loss.VideoLoss(pose, compiled=False, align=1)
  with tf.GradientTape() as tape, randomness.random_scope((1, 2)):
    term = loss(video.disparities(), batch)[0]["photometric"].numerator
  assert all(np.abs(g).max() > 0 for g in tape.gradient(term, [pose.turn, pose.move]))


def test_known_poses_and_missing_frames_are_not_aligned(video, tensors, plain):
  batch = {**with_stereo(video), "frame_offsets": np.array([[-1, 1], [0, 0]], np.int32)}
  dirty = {**batch, "frames": garbage(batch["frames"], 1)}
  wanted = run(plain(align=2), video.disparities(2), tensors(batch))
  assert_same(run(plain(align=2), video.disparities(2), tensors(dirty)), wanted)
  assert "unit" not in wanted[0] and wanted[0]["alignment"] > 0
  loss = plain(align=2)
  _, transforms, present, _ = loss._sources(tensors(batch), video.disparities()[0], tf.ones([2]))
  np.testing.assert_array_equal(transforms[:, 2], batch["stereo_pose"])
  np.testing.assert_array_equal(present, [[True, True, True], [False, False, True]])


@pytest.mark.parametrize("unit", [0.5, 10.0])
def test_alignment_keeps_the_unit_of_depth(video, tensors, plain, unit):
  """The error of pictures does not: motions follow. The term alone pulls it back."""
  batch = tensors(video.batch)
  loss = plain([[(turn, unit * move) for turn, move in motions] for motions in video.motions],
               align=1, auto_mask=False)
  depth = unit * video.depth[..., None]
  disparity = tf.constant((1 / depth - 0.01) / 9.99, tf.float32)
  truth, _ = run(plain(auto_mask=False), video.disparities(), batch)
  with tf.GradientTape() as tape, randomness.random_scope((1, 2)):
    tape.watch(disparity)
    terms, _ = loss([disparity], batch)
  found = {name: float(value) for name, value in ratio.evaluate(terms).items()}
  assert found["photometric"] == pytest.approx(truth["photometric"], rel=0.2)
  texture = alignment.texture(tf.cast(batch["image"], tf.float32) / 255).numpy()
  typical = [np.average(np.log(one), weights=shown) for one, shown in zip(depth, texture)]
  np.testing.assert_allclose(
      found["unit"], 1e-3 * ((typical - np.log(0.3)) ** 2).mean(), rtol=1e-3)
  slope = tape.gradient(terms["unit"].numerator, disparity).numpy()
  assert (slope <= 0).all() and (slope < 0).mean() > 0.9  # All too far: more disparity.


def test_what_has_no_texture_has_no_say_in_the_unit(video, tensors, plain):
  """A sky costs nothing wherever it is, so that a term that pulls on it takes it along."""
  image, valid = video.batch["image"].copy(), video.batch["valid"].copy()
  image[:, :10] = 90
  valid[0, :, :20] = False
  loss, disparity = plain(align=1), video.disparities()[0]
  with tf.GradientTape() as tape, randomness.random_scope((1, 2)):
    tape.watch(disparity)
    term = loss([disparity], tensors(video.batch, image=image, valid=valid))[0]["unit"]
  slope = tape.gradient(term.numerator, disparity).numpy()[..., 0]
  assert (slope[:, :8] == 0).all() and (slope[0, :, :20] == 0).all()
  assert (slope[:, 12:-1, 20:-1] != 0).mean() > 0.9


def test_pictures_without_any_texture_have_no_unit(video, tensors, plain):
  batch = tensors(video.batch, **{name: np.full_like(video.batch[name], 90)
                                  for name in ("image", "frames")})
  figures, (slope,) = run(plain(align=1, smoothness=0.0), video.disparities(), batch)
  assert np.isfinite(list(figures.values())).all() and (slope == 0).all()


def test_weights_of_samples_count_in_the_terms_of_alignment(video, tensors, plain):
  scaled = [video.disparities()[0] * [[[[1.0]]], [[[0.5]]]]]
  both, first = (run(plain(align=1), scaled, tensors(video.batch), tf.constant(weights))[0]
                 for weights in ([1.0, 1.0], [1.0, 0.0]))
  alone, _ = run(plain([motions[:1] for motions in video.motions], align=1), [scaled[0][:1]],
                 tensors({name: value[:1] for name, value in video.batch.items()}))
  for name in ("alignment", "unit"):
    assert first[name] == pytest.approx(alone[name], rel=1e-3)
    assert both[name] != pytest.approx(alone[name], rel=1e-2)


# === The ablations of Monodepth2 ===


def test_every_scale_may_be_compared_at_its_own_size(video, tensors, plain):
  batch, disparities = tensors(video.batch), video.disparities(scales=3)
  disparities = [tf.constant(x) for x in disparities]
  found, _ = run(plain(own_size=True, auto_mask=False), disparities, batch)
  transforms = plain().transforms(batch)
  wanted = by_hand(batch, disparities, batch["frames"], transforms, own_size=True, auto_mask=False)
  np.testing.assert_allclose([found["photometric"], found["smoothness"]], wanted, rtol=1e-4)
  whole, _ = run(plain(auto_mask=False), disparities, batch)
  assert abs(whole["photometric"] - found["photometric"]) > 1e-4


def test_masks_of_the_network_weigh_the_errors(video, tensors, plain):
  batch, disparities = tensors(video.batch), [tf.constant(x) for x in video.disparities(scales=2)]
  loss = plain(auto_mask=False)
  masks = lambda value, sources=2: [
      tf.fill([*x.shape[:3], sources], tf.constant(value, tf.float32)) for x in disparities]
  with randomness.random_scope((1, 2)):
    values = {value: ratio.evaluate(loss(disparities, batch, masks=masks(value))[0])
              for value in (1.0, 0.5)}
    plainly = ratio.evaluate(loss(disparities, batch)[0])
  np.testing.assert_allclose(values[1.0]["photometric"], plainly["photometric"], rtol=1e-5)
  np.testing.assert_allclose(
      values[0.5]["photometric"], 0.5 * plainly["photometric"] - 0.2 * np.log(0.5), rtol=1e-4)
  with pytest.raises(ValueError, match="(?s)masks do not fit.*`mask_sources`.* 2"):
    loss(disparities, batch, masks=masks(1.0, 3))
  with pytest.raises(ValueError, match="auto-masking exclude each other"):
    plain()(disparities, batch, masks=masks(1.0))
