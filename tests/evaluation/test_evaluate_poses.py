"""Tests of pose evaluation: known errors, baselines, snippets across samples, real odometry."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data, fields
from keras_weakseg.evaluation import evaluate_poses as evaluation

NAMES = ("image", "frames", "frame_offsets", "poses", "sample_id")


def turned(degrees, shift=(0, 0, 0)):
  """Returns a transform that turns about the vertical axis."""
  angle, matrix = np.radians(degrees), np.eye(4)
  matrix[0, 0] = matrix[2, 2] = np.cos(angle)
  matrix[0, 2], matrix[2, 0] = np.sin(angle), -np.sin(angle)
  matrix[:3, 3] = shift
  return matrix


def drive(frames, turn=2.0, speed=0.8, wobble=0.0):
  """Returns the cameras of a drive around a bend, camera to world."""
  cameras = [np.eye(4)]
  for step in range(frames - 1):
    shift = (wobble * np.sin(step), 0.3 * wobble * np.cos(2 * step), speed)
    cameras.append(cameras[-1] @ turned(turn, shift))
  return cameras


def dataset(cameras, offsets=(-1, 1), clip="clip/", first=0):
  def generate():
    for index in range(len(cameras)):
      around = [index + offset for offset in offsets]
      if min(around) < 0 or max(around) >= len(cameras):
        continue
      yield {
          "image": np.full([2, 3, 3], index, np.uint8),
          "frames": np.stack([np.full([2, 3, 3], other, np.uint8) for other in around]),
          "frame_offsets": np.array(offsets, np.int32),
          "poses": np.float32([np.linalg.inv(cameras[other]) @ cameras[index]
                               for other in around]),
          "sample_id": f"{clip}{index + first:06d}"}

  spec = {key: fields.SPECS[key] for key in NAMES}
  return tf.data.Dataset.from_generator(generate, output_signature=spec)


def of_frames(step):
  """Returns a pose function that knows which frames it sees, by their grey."""

  def pose_fn(sample):
    image, frames, offsets = (sample[name] for name in NAMES[:3])
    assert image.dtype == frames.dtype == np.uint8 and len(frames) == len(offsets)
    return np.stack([step(int(image[0, 0, 0]), int(frame[0, 0, 0])) for frame in frames])

  return pose_fn


def relative(cameras, scale=1.0):
  def step(index, other):
    pose = np.linalg.inv(cameras[other]) @ cameras[index]
    pose[:3, 3] *= scale
    return pose
  return of_frames(step)


def evaluate(pose_fn, samples):
  return evaluation.evaluate_poses(pose_fn, samples, progress=False)


@pytest.mark.parametrize("offsets", [(-1, 1), (1,), (-1,)])
def test_a_right_answer_up_to_scale_has_no_error(offsets):
  cameras = drive(9, wobble=0.2)
  result = evaluate(relative(cameras, 0.01), dataset(cameras, offsets))
  for name in ("rotation", "translation", "ate", "ate_spread"):
    assert result[name] == pytest.approx(0, abs=1e-4), name
  assert result["rotation_identity"] == pytest.approx(2.0, abs=1e-4)
  assert result["translation_identity"] == 90
  assert result["ate_identity"] > result["ate_straight"] > 0.01
  assert result["notes"] == [] and result["pairs"] == result["samples"] * len(offsets)
  # 9 frames have 5 snippets; without the first and last sample's own neighbour none is lost.
  assert result["snippets"] == 5
  assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_a_known_error_is_measured():
  cameras = drive(6, turn=0.0)
  wrong = of_frames(lambda index, other: np.linalg.inv(turned(0.5, (0.8, 0, 0.8)))
                    if other > index else turned(0.5, (0.8, 0, 0.8)))
  result = evaluate(wrong, dataset(cameras))
  assert result["rotation"] == pytest.approx(0.5, abs=1e-4)
  assert result["translation"] == pytest.approx(45, abs=1.0)
  assert result["ate"] > 0.3


def test_straight_ahead_is_right_for_a_straight_drive_and_standing_still_is_not():
  cameras = drive(8, turn=0.0)
  still = of_frames(lambda index, other: np.eye(4))
  result = evaluate(still, dataset(cameras))
  assert result["translation_straight"] == pytest.approx(0, abs=1e-4)
  assert result["ate_straight"] == pytest.approx(0, abs=1e-5)
  assert result["rotation"] == result["rotation_identity"] == pytest.approx(0, abs=1e-4)
  assert result["translation"] == 90
  wanted = np.sqrt(np.sum((0.8 * np.arange(5)) ** 2)) / 5
  assert result["ate"] == result["ate_identity"] == pytest.approx(wanted, rel=1e-4)


def test_straight_ahead_is_along_the_axis_for_every_offset():
  cameras = drive(9, turn=0.0)
  for offset in (-2, -1, 1, 3):
    found = evaluation.straight_ahead([offset])[0]
    wanted = np.linalg.inv(cameras[4 + offset]) @ cameras[4]
    np.testing.assert_allclose(0.8 * found[:3, 3], wanted[:3, 3], atol=1e-12)


def test_snippets_do_not_reach_over_gaps_or_from_clip_to_clip():
  cameras = drive(5)
  one, other = dataset(cameras, (1,), "a/"), dataset(cameras, (1,), "b/", first=4)
  assert evaluate(relative(cameras), one.concatenate(other))["snippets"] == 2
  cut = one.filter(lambda sample: sample["sample_id"] != "a/000002").concatenate(other)
  assert evaluate(relative(cameras), cut)["snippets"] == 1


def test_ids_without_numbers_have_no_trajectory():
  cameras = drive(6)
  nameless = dataset(cameras).map(
      lambda sample: {**sample, "sample_id": tf.strings.join([sample["sample_id"], "x"])})
  result = evaluate(relative(cameras), nameless)
  assert result["ate"] is result["ate_identity"] is result["ate_spread"] is None
  assert result["snippets"] == 0 and "no trajectory error" in result["notes"][0]
  assert result["rotation"] == pytest.approx(0, abs=1e-4)


def test_places_without_a_frame_are_skipped():
  cameras = drive(7)
  padded = dataset(cameras).map(lambda sample: {
      **sample, "frame_offsets": sample["frame_offsets"] * [1, 0],
      "poses": sample["poses"] * tf.constant([1.0, float("nan")])[:, None, None]})
  right = relative(cameras)
  result = evaluate(lambda *args: np.nan_to_num(right(*args)), padded)
  assert result["pairs"] == result["samples"] == 5
  assert result["rotation"] == pytest.approx(0, abs=1e-4)


def test_a_camera_that_stands_has_no_direction():
  cameras = drive(4) + [drive(4)[-1]] * 2
  result = evaluate(relative(cameras), dataset(cameras, (1,)))
  assert result["pairs"] == 5 and result["translation"] == pytest.approx(0, abs=1e-3)
  assert "2 of 5 pairs do not move" in result["notes"][0]


@pytest.mark.parametrize("pose_fn, words", [
    (lambda sample: np.eye(4), "shape .4, 4."),
    (lambda sample: np.full([2, 4, 4], np.nan), "not finite")])
def test_other_answers_are_refused_by_name(pose_fn, words):
  with pytest.raises(ValueError, match=f"(?s)poses of 'clip/000001' cannot be evaluated.*{words}"):
    evaluate(pose_fn, dataset(drive(3)))


def test_nothing_to_evaluate_is_told():
  with pytest.raises(ValueError, match="nothing to evaluate"):
    evaluate(relative([]), dataset([]))
  no_poses = dataset(drive(3)).map(lambda sample: {"image": sample["image"]})
  with pytest.raises(ValueError, match="frames and true poses"):
    evaluate(relative([]), no_poses)


def test_intrinsics_are_handed_on_where_they_are_known():
  seen = []
  still = lambda sample: seen.append(set(sample)) or np.tile(np.eye(4), [2, 1, 1])
  plain = dataset(drive(3))
  evaluate(still, plain)
  evaluate(still, plain.map(lambda sample: {**sample, "intrinsics": tf.eye(3), "other": 1}))
  assert seen == [set(NAMES), {*NAMES, "intrinsics"}]


@pytest.mark.slow
def test_real_odometry(shared_data):
  """A car goes nearly straight ahead: a model has to beat that."""
  source = data.kitti_odometry(shared_data("kitti"))
  samples = source.samples("test", grant=fields.Supervision.DEPTH)
  still = lambda sample: np.tile(np.eye(4), [len(sample["frames"]), 1, 1])
  result = evaluate(still, samples)
  print(result)
  assert result["samples"] == 98 and result["snippets"] == 94
  assert result["rotation"] == result["rotation_identity"] < 2
  assert result["translation"] == 90 > 10 > result["translation_straight"]
  assert result["ate"] == result["ate_identity"] > 5 * result["ate_straight"]
