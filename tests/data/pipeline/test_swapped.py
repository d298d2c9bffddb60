"""Samples of video seen from a neighbour."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data.pipeline import swapped
from keras_weakseg.datasets.scenes import render
from keras_weakseg.ops import geometry

SIZE = (48, 96)


def sample_of(seed=5, supervision=fields.Supervision.NONE, **other):
  rendered = render.render_scene(seed, SIZE)
  names = (fields.IMAGE, fields.FRAMES, fields.FRAME_OFFSETS, fields.INTRINSICS)
  return {**{name: tf.constant(rendered[name]) for name in names},
          fields.SUPERVISION: tf.constant(int(supervision)), **other}


def equal(found, expected):
  return all(np.array_equal(found[name], value) for name, value in expected.items())


@pytest.mark.parametrize("draw, number, offsets", [(0.2, 0, [1, 2]), (0.7, 1, [-2, -1])])
def test_the_neighbour_and_the_image_change_places(draw, number, offsets):
  sample = sample_of()
  found = swapped.swap_frames(sample, tf.constant([0.0, draw]), 0.5)
  assert found[fields.FRAME_OFFSETS].numpy().tolist() == offsets
  np.testing.assert_array_equal(found[fields.IMAGE], sample[fields.FRAMES][number])
  np.testing.assert_array_equal(found[fields.FRAMES][number], sample[fields.IMAGE])
  np.testing.assert_array_equal(found[fields.FRAMES][1 - number], sample[fields.FRAMES][1 - number])
  assert all(found[name].dtype == sample[name].dtype for name in sample)


@pytest.mark.parametrize("number", [0, 1])
def test_offsets_say_where_the_frames_were_taken(number):
  # The true depth of the neighbour, which no sample holds, explains each frame by the motion
  # between the moments that the offsets name, and by no other.
  scene = render.build_scene(5, SIZE)
  path = dict(zip((0, *render.FRAME_OFFSETS), scene.path))
  moment = render.FRAME_OFFSETS[number]
  depth = render.truth(scene, path[moment]).depth
  found = swapped.swap_frames(sample_of(), tf.constant([0.0, 0.3 + 0.4 * number]), 1.0)
  known = depth > 0

  def error(frame, other):
    pose = np.linalg.inv(path[other]) @ path[moment]
    warped = geometry.warp(
        tf.cast(frame, tf.float32)[None], np.maximum(depth, 0.1)[None, ..., None],
        pose[None].astype("f"), found[fields.INTRINSICS][None])
    away = np.abs(warped[0] - tf.cast(found[fields.IMAGE], tf.float32)).mean(-1)
    return away[known].mean()

  for frame, offset in zip(found[fields.FRAMES], found[fields.FRAME_OFFSETS].numpy()):
    errors = {other: error(frame, other) for other in path}
    assert min(errors, key=errors.get) == moment + offset


def test_a_share_is_swapped_and_each_neighbour_equally_often():
  sample = sample_of()
  draws = np.random.RandomState(0).uniform(size=[200, 2]).astype(np.float32)
  first = [int(swapped.swap_frames(sample, draw, 0.6)[fields.FRAME_OFFSETS][0]) for draw in draws]
  counts = [first.count(offset) for offset in (-1, 1, -2)]  # as it is, from -1, from +1
  assert sum(counts) == 200
  np.testing.assert_allclose(counts, [80, 60, 60], atol=20)


@pytest.mark.parametrize("changes", [
    {"supervision": fields.Supervision.MASK}, {"supervision": fields.Supervision.TAGS},
    {fields.DISPARITY: np.zeros(SIZE)}, {fields.FRAME_OFFSETS: np.zeros(2, np.int32)}])
def test_what_belongs_to_its_image_keeps_it(changes):
  sample = sample_of(**changes)
  assert equal(swapped.swap_frames(sample, tf.constant([0.0, 0.3]), 1.0), sample)


def test_images_without_video_stay():
  sample = {fields.IMAGE: tf.zeros([4, 4, 3], tf.uint8), fields.SUPERVISION: tf.constant(0)}
  assert swapped.swap_frames(sample, tf.constant([0.0, 0.3]), 1.0) is sample


def test_a_missing_neighbour_stays_missing():
  found = swapped.swap_frames(sample_of(**{fields.FRAME_OFFSETS: tf.constant([-1, 0])}),
                              tf.constant([0.0, 0.3]), 1.0)
  assert found[fields.FRAME_OFFSETS].numpy().tolist() == [1, 0]


def test_the_second_camera_is_absent_from_another_moment():
  pose = np.eye(4, dtype=np.float32)
  pose[0, 3] = -0.3
  sample = sample_of(**{fields.STEREO_IMAGE: tf.zeros([*SIZE, 3], tf.uint8),
                        fields.STEREO_POSE: tf.constant(pose)})
  kept = swapped.swap_frames(sample, tf.constant([0.9, 0.3]), 0.5)
  assert equal(kept, sample)
  found = swapped.swap_frames(sample, tf.constant([0.1, 0.3]), 0.5)
  np.testing.assert_array_equal(found[fields.STEREO_POSE], np.eye(4))
