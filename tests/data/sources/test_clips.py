"""Samples of clips: neighbours, sizes, what may be read, bundles and exact resume."""
import dataclasses

import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.data.pipeline import augment
from keras_weakseg.data.pipeline import bundle
from keras_weakseg.data.pipeline import parts
from keras_weakseg.data.readers import intrinsics
from keras_weakseg.data.sources import clip as clip_lib
from keras_weakseg.data.sources import clips as clips_lib
from keras_weakseg.data.sources import folder

Kind = fields.Supervision
CAMERA = intrinsics.camera_matrix(12.0, 12.0, 7.0, 5.0)


@pytest.fixture
def clip(tmp_path, frames):
  """Six frames of 12x16 with numbers 0, 1, 2, 3, 5, 6: one is missing."""
  paths = sorted(frames(tmp_path / "clip", count=7).glob("*.png"))
  del paths[4]
  keys = tuple(path.stem for path in paths)
  return clip_lib.Clip("drive", keys, tuple(map(str, paths)), (12, 16), CAMERA,
                       tuple(int(key) for key in keys))


@pytest.fixture
def full(clip, tmp_path, png):
  """The same with everything that a clip may have; depth is missing for frame 1."""
  import cv2
  depth = np.full((12, 16), 512, np.uint16)
  depth[:2] = 0
  cv2.imwrite(str(tmp_path / "depth.png"), depth)
  png(tmp_path / "cars.png", np.pad(np.ones((2, 3), np.uint8), ((10, 0), (0, 13))))
  png(tmp_path / "mask.png", np.full((12, 16), 7, np.uint8))
  poses = np.tile(np.eye(4), [6, 1, 1])
  poses[:, 2, 3] = clip.numbers
  pose = np.eye(4)
  pose[0, 3] = -0.5
  some = lambda name: tuple("" if number == 1 else str(tmp_path / name) for number in clip.numbers)
  return dataclasses.replace(
      clip, depth=some("depth.png"), hidden=(str(tmp_path / "cars.png"),) * 6, poses=poses,
      partners=clip.frames[::-1], partner_pose=pose, masks=some("mask.png"))


def read(source, split="train", **options):
  return list(source.samples(split, **options).as_numpy_iterator())


def test_only_frames_with_all_neighbours_are_samples(clip):
  source = clips_lib.Clips("mine", {"train": [clip]})
  assert source.ids("train") == ("drive/000001", "drive/000002")
  assert source.notes == ["train: 4 frames without all neighbours [-1, 1]"]
  assert clips_lib.Clips("mine", {"train": [clip]}, offsets=(1,)).ids("train") == (
      "drive/000000", "drive/000001", "drive/000002", "drive/000005")
  chosen = dataclasses.replace(clip, targets=frozenset(["000002", "000003"]))
  assert clips_lib.Clips("mine", {"train": [chosen]}).ids("train") == ("drive/000002",)


def test_frames_come_in_the_order_of_the_offsets(clip):
  source = clips_lib.Clips("mine", {"train": [clip]}, offsets=(1, -2))
  first, = [sample for sample in read(source) if sample[fields.SAMPLE_ID] == b"drive/000002"]
  assert first[fields.IMAGE].shape == (12, 16, 3) and first[fields.IMAGE][0, 0, 0] == 50
  assert first[fields.FRAMES][:, 0, 0, 0].tolist() == [75, 0]
  assert first[fields.FRAME_OFFSETS].tolist() == [1, -2]
  np.testing.assert_allclose(first[fields.INTRINSICS], CAMERA)
  assert first[fields.SUPERVISION] == 0


def test_samples_follow_the_contract_and_the_working_size(full):
  source = clips_lib.Clips("mine", {"train": [full]}, size=(24, 8), classes=("road", "car"),
                           remap=np.where(np.arange(256) == 7, 1, 255))
  data = source.samples("train", grant=Kind.DEPTH | Kind.MASK)
  fields.check_spec(data.element_spec)
  sample = list(data.as_numpy_iterator())[1]
  assert sample[fields.IMAGE].shape == (24, 8, 3) and sample[fields.FRAMES].shape == (2, 24, 8, 3)
  np.testing.assert_allclose(sample[fields.INTRINSICS],
                             intrinsics.resized(CAMERA, (12, 16), (24, 8)), rtol=1e-6)
  depth = sample[fields.DEPTH]
  assert depth.shape == (24, 8) and (depth[:4] == 0).all() and (depth[4:, 2:] == 2.0).all()
  assert (depth[20:, 0] == 0).all()  # hidden
  assert (sample[fields.MASK] == 1).all() and sample[fields.TAGS].tolist() == [1, 1]
  assert sample[fields.SUPERVISION] == int(fields.granted(Kind.DEPTH | Kind.MASK))


def test_poses_lead_from_this_camera_to_the_neighbours(full):
  sample = read(clips_lib.Clips("mine", {"train": [full]}), grant=Kind.DEPTH)[1]
  # Forward by 1 m per frame: a point 5 m ahead is 6 m ahead of the frame before.
  point = np.array([0, 0, 5, 1.0])
  assert [(pose @ point)[2] for pose in sample[fields.POSES]] == [6, 4]
  assert sample[fields.STEREO_POSE][0, 3] == -0.5
  assert sample[fields.STEREO_IMAGE][0, 0, 0] == 75


def test_samples_without_a_label_are_blank_and_teach_nothing(full):
  source = clips_lib.Clips("mine", {"train": [dataclasses.replace(full, poses=None)]},
                           classes=("road", "car"), remap=np.arange(256) % 2)
  sample = read(source, grant=Kind.DEPTH | Kind.MASK)[0]
  assert sample[fields.SUPERVISION] == 0 and (sample[fields.DEPTH] == 0).all()
  assert (sample[fields.MASK] == 255).all() and (sample[fields.TAGS] == 0).all()
  assert source.supervision("train", Kind.DEPTH).tolist() == [0, 8]


def test_what_is_not_granted_or_wanted_is_not_opened(full, tmp_path):
  for name in ("depth.png", "mask.png", "cars.png"):
    (tmp_path / name).write_bytes(b"garbage")
  source = clips_lib.Clips("mine", {"train": [full]}, classes=("road", "car"))
  sample = read(source, grant=Kind.NONE)[0]
  assert not {fields.DEPTH, fields.POSES, fields.MASK, fields.TAGS} & sample.keys()
  assert {fields.STEREO_IMAGE, fields.STEREO_POSE} <= sample.keys()
  for path in full.frames[:1] + full.frames[2:]:
    open(path, "wb").write(b"garbage")
  alone = read(source, ids=("drive/000001",), grant=Kind.DEPTH, wanted={fields.IMAGE})[0]
  assert set(alone) == {fields.IMAGE, fields.SAMPLE_ID, fields.SUPERVISION}


def test_a_standing_camera_is_left_out(tmp_path, frames):
  moving = sorted(frames(tmp_path / "c", count=4).glob("*.png"))
  standing = sorted(frames(tmp_path / "d", count=4, step=1).glob("*.png"))
  paths = tuple(map(str, moving + standing))
  clip = clip_lib.Clip("c", tuple("abcdefgh"), paths, (12, 16), CAMERA)
  source = clips_lib.Clips("mine", {"train": [clip]}, static_threshold=2.0)
  assert source.ids("train") == ("c/b", "c/c", "c/d")
  assert "3 of 6 samples dropped because the camera stands" in source.notes[-1]
  assert len(clips_lib.Clips("mine", {"train": [clip]}).ids("train")) == 6
  with pytest.raises(ValueError, match=r"'mine' stands in every sample(.*\n)*.*larger offsets="):
    clips_lib.Clips("mine", {"train": [clip]}, static_threshold=200.0)


def test_what_hides_the_scene_is_not_valid_in_any_batch(clip):
  source = clips_lib.Clips("mine", {"train": [clip]},
                           occluders=[(0, 0.75), (1, 0.75), (1, 1), (0, 1)])
  made = bundle.Bundle([parts.Part(source, supervision="none", batch_size=2)],
                       augment.Augmentation(crop=(14, 16)), extra_fields=(fields.FRAMES,))
  valid = next(iter(made.batches()))[fields.VALID].numpy()
  assert valid[:, :9].all() and not valid[:, 9:].any()


def test_bundles_of_video_resume_exactly(full):
  def make():
    source = clips_lib.Clips("mine", {"train": [full]}, size=(16, 24))
    return bundle.Bundle(
        [parts.Part(source, supervision="depth", batch_size=1)],
        augment.Augmentation(crop=(8, 16), scales=(0.7, 1.3), color=0.3), seed=4,
        extra_fields=(fields.FRAMES, fields.FRAME_OFFSETS, fields.INTRINSICS, fields.POSES))

  whole = list(make().batches().take(5).as_numpy_iterator())
  rest = list(make().batches(start=3).take(2).as_numpy_iterator())
  assert whole[0][fields.FRAMES].shape == (1, 2, 8, 16, 3)
  for one, other in zip(whole[3:], rest):
    assert set(one) == set(other) and fields.POSES in one
    for name in one:
      np.testing.assert_array_equal(one[name], other[name])


def test_photographs_without_video_join_a_bundle(full, mini):
  video = clips_lib.Clips("mine", {"train": [full]})
  photos = folder.Folder(mini, held_out=0.0)
  extra = (fields.FRAMES, fields.FRAME_OFFSETS, fields.INTRINSICS, fields.STEREO_IMAGE,
           fields.STEREO_POSE)
  made = bundle.Bundle([parts.Part(video, supervision="none", batch_size=1),
                        parts.Part(photos, supervision="mask", batch_size=1)],
                       augment.Augmentation(crop=(8, 8)), extra_fields=extra)
  assert made.num_classes == 3
  batch = next(iter(made.batches()))
  photo = int(np.argmax(batch[fields.PART]))
  assert batch[fields.FRAME_OFFSETS].numpy()[[1 - photo, photo]].tolist() == [[-1, 1], [0, 0]]
  assert not batch[fields.FRAMES].numpy()[photo].any()
  np.testing.assert_array_equal(batch[fields.INTRINSICS][photo], np.eye(3))
  np.testing.assert_array_equal(batch[fields.STEREO_POSE][photo], np.eye(4))
  assert (batch[fields.MASK].numpy()[1 - photo] == 255).all()


def test_the_fingerprint_follows_camera_and_size(clip):
  prints = {clips_lib.Clips("mine", {"train": [given]}, **options).fingerprint()
            for given in (clip, dataclasses.replace(clip, intrinsics=CAMERA * [[2], [1], [1]]))
            for options in ({}, {"size": (24, 32)}, {"offsets": (-1,)})}
  assert len(prints) == 6


@pytest.mark.parametrize("options, words", [
    ({"offsets": (-9, 9)}, "smaller offsets"), ({"offsets": (0, 1)}, "none of them 0"),
    ({"offsets": (1, 1)}, "different offsets"), ({"size": (4, 640)}, "each 8 or more"),
    ({"size": (192,)}, "each 8 or more"), ({"size": 64}, "each 8 or more. Received: 64"),
    ({"offsets": 1}, "different offsets, none of them 0. Received: 1"),
    ({"offsets": (0.5, 1)}, "different offsets"), ({"classes": ("one",)}, "at least one class")])
def test_wrong_options_are_refused(clip, options, words):
  with pytest.raises(ValueError, match=words):
    clips_lib.Clips("mine", {"train": [clip]}, **options)


def test_cameras_of_other_sizes_are_refused(clip):
  wrong = dataclasses.replace(clip, intrinsics=CAMERA * [[40], [40], [1]])
  with pytest.raises(ValueError, match="'mine/drive' do not fit"):
    clips_lib.Clips("mine", {"train": [wrong]})
