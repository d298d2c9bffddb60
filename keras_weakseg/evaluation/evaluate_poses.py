"""Errors of predicted camera motion against true poses, beside those of trivial motions."""
import re

import numpy as np

from keras_weakseg import errors, fields
from keras_weakseg.evaluation import pose_metrics
from keras_weakseg.evaluation import samples as samples_lib

_SNIPPET = 5
# A camera that moves less than this (in the unit of the poses) goes in no direction.
_STANDS = 1e-4
_NUMBERED = re.compile(r"(.*?)(\d+)$", re.DOTALL)
_WHAT = "frames and true poses (grant 'depth')"
_NEEDED = (fields.IMAGE, fields.FRAMES, fields.FRAME_OFFSETS, fields.POSES)


def evaluate_poses(pose_fn, samples, progress=True):
  """Returns the errors of predicted camera motion on a set of samples, beside those of baselines.

  Rotation and direction are compared per neighbour; the trajectory error (ATE, see
  `pose_metrics.trajectory_error`) over all snippets of five consecutive frames of a clip, known by
  ids that end in the number of the frame: `clip/0000000007`.

  Args:
    pose_fn: sample (dict: `image` uint8 [H, W, 3], `frames` uint8 [F, H, W, 3], `frame_offsets` int
      [F], maybe `intrinsics`) -> float [F, 4, 4], coordinates of the image's camera to the frames'.
    samples: `tf.data.Dataset` of single samples (no batch axis): dicts with `image`, `frames`,
      `frame_offsets` (0 = no frame: skipped), `poses` float [F, 4, 4] and `sample_id`.
    progress: show a progress bar on a terminal.

  Returns:
    dict of plain JSON values: `rotation` and `translation`, median errors in degrees; `ate`, the
    mean over snippets, in the unit of the true poses, and `ate_spread` (standard deviation), None
    without snippets; of the camera that stands still `rotation_identity`, `translation_identity`
    (90 by definition: no direction), `ate_identity`; of the one that goes straight ahead at an
    even speed (its rotation is the identity's) `translation_straight`, `ate_straight`; `samples`,
    `pairs`, `snippets`; `notes`.

  Raises:
    ValueError: there is nothing to evaluate, or `pose_fn` gives another shape or values that are
      no numbers (names the sample).
  """
  labelled = samples_lib.needed(samples, _NEEDED, _WHAT, (fields.INTRINSICS,))
  count, names, offsets, true, found = 0, [], [], [], []
  for number, sample in enumerate(samples_lib.bar(labelled, "evaluate poses", progress)):
    count, name = count + 1, samples_lib.name_of(sample, number)
    sample = {key: value.numpy() for key, value in sample.items()}
    steps, poses = sample[fields.FRAME_OFFSETS], sample[fields.POSES]
    predicted = _checked(np.asarray(pose_fn(sample), np.float64), poses, name)
    for kept in np.flatnonzero(steps):
      names.append(name)
      offsets.append(int(steps[kept]))
      true.append(poses[kept].astype(np.float64))
      found.append(predicted[kept])
  if not names:
    raise samples_lib.nothing_to_evaluate(
        "samples with neighbours and true poses", f"{count} samples without any",
        "Evaluate a split of video whose poses may be read (grant 'depth').")
  true, found = np.stack(true), np.stack(found)
  straight = straight_ahead(offsets)
  snippets = _snippets(names, offsets)
  moving = np.linalg.norm(true[:, :3, 3], axis=-1) > _STANDS
  result = {"rotation": _median(pose_metrics.rotation_error(true, found)),
            "rotation_identity": _median(pose_metrics.rotation_error(true, np.eye(4))),
            "translation_identity": 90.0}
  for ending, poses in (("", found), ("_straight", straight)):
    result["translation" + ending] = _median(
        pose_metrics.translation_angle(true[moving], poses[moving]))
  stands = np.broadcast_to(np.eye(4), true.shape)
  for ending, poses in (("", found), ("_identity", stands), ("_straight", straight)):
    values = [_trajectory_error(true, poses, steps) for steps in snippets]
    result["ate" + ending] = float(np.mean(values)) if values else None
    if not ending:
      result["ate_spread"] = float(np.std(values)) if values else None
  return {**result, "samples": count, "pairs": len(names), "snippets": len(snippets),
          "notes": _notes(snippets, moving)}


def straight_ahead(offsets):
  """Returns the transforms of a camera that goes along its optical axis, one unit per frame.

  Args:
    offsets: int [F], of the frames that the transforms lead to.

  Returns:
    float64 [F, 4, 4].

  Example:
    >>> straight_ahead([1, -1])[:, 2, 3].tolist()
    [-1.0, 1.0]
  """
  poses = np.tile(np.eye(4), [len(offsets), 1, 1])
  poses[:, 2, 3] = -np.asarray(offsets, np.float64)
  return poses


def _checked(predicted, poses, name):
  if predicted.shape != poses.shape or not np.isfinite(predicted).all():
    raise errors.value_error(
        f"The predicted poses of '{name}' cannot be evaluated.",
        expected=f"finite numbers of shape {poses.shape}, one transform per frame",
        received=(f"shape {predicted.shape}" if predicted.shape != poses.shape
                  else "values that are not finite"),
        fix="Return one 4x4 matrix per frame, in the order of the frames.")
  return predicted


def _snippets(names, offsets):
  """Returns lists of (index of a pair, inverted) whose transforms chain five consecutive frames.

  A step from frame t + 1 to frame t is the pose of sample t to its next frame, inverted, or else
  that of sample t + 1 to the one before.
  """
  steps = {}
  for index, (name, offset) in enumerate(zip(names, offsets)):
    numbered = _NUMBERED.match(name)
    if numbered and abs(offset) == 1:
      frame = int(numbered[2]) - (offset < 0)
      if offset > 0:
        steps[numbered[1], frame] = index, True
      else:
        steps.setdefault((numbered[1], frame), (index, False))
  chains = ([steps.get((clip, frame + ahead)) for ahead in range(_SNIPPET - 1)]
            for clip, frame in sorted(steps))
  return [chain for chain in chains if None not in chain]


def _trajectory_error(true, poses, steps):
  chains = ([np.linalg.inv(each[index]) if inverted else each[index] for index, inverted in steps]
            for each in (true, poses))
  return pose_metrics.trajectory_error(*map(pose_metrics.positions, chains))


def _median(values):
  return float(np.median(values)) if len(values) else None


def _notes(snippets, moving):
  notes = []
  if not snippets:
    notes.append(f"no trajectory error: no ids of {_SNIPPET} consecutive frames of one clip")
  if not moving.all():
    notes.append(f"{np.sum(~moving)} of {len(moving)} pairs do not move: without direction, they "
                 "do not count in 'translation'")
  return notes
