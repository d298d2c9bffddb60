"""The camera motion of a trained run."""
import copy
import pathlib
import shutil

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import api
from keras_weakseg import runs
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.weights import weights
from keras_weakseg.ops import alignment
from keras_weakseg.ops import cameras
from keras_weakseg.ops import geometry
from keras_weakseg.training import motion


@pytest.fixture(scope="module")
def pose_fn(tiny_video_run):
  return motion.load_motion(tiny_video_run.model_dir, tiny_video_run.experiment)


def said(pose_fn, image, frames, offsets, **more):
  """Returns what is said of a sample."""
  return pose_fn({"image": image, "frames": frames, "frame_offsets": offsets, **more})


@pytest.fixture(scope="module")
def sample(tiny_video):
  return next(tiny_video.samples("validation").as_numpy_iterator())


def test_motion_is_that_of_the_trained_network(tiny_video_run, pose_fn, sample):
  """The network, its file and its pixels, put together by hand."""
  options = tiny_video_run.experiment.networks.get("pose").get().as_dict()
  pose = networks.build_network("light_pose", (None, None, 3), **options)
  weights.load_pretrained(pose, "light_pose", str(
      pathlib.Path(tiny_video_run.model_dir, "train", "pose.npz")))
  image, after = (np.float32(x) for x in (sample["image"], sample["frames"][1]))
  pair = np.concatenate([image, after], -1) / np.float32(127.5) - 1
  found = pose(pair[None], training=False)
  wanted = geometry.pose_to_matrix(found["axis_angle"][:, 0], found["translation"][:, 0])
  assert np.abs(wanted[0] - np.eye(4)).max() > 1e-5
  np.testing.assert_allclose(pose_fn(sample)[1], wanted[0], atol=1e-6)


def test_the_way_back_is_the_inverse(pose_fn, sample):
  image, after = sample["image"], sample["frames"][1]
  there = said(pose_fn, image, after[None], [1])[0]
  back = said(pose_fn, after, image[None], [-1])[0]
  assert there.shape == (4, 4) and there.dtype == np.float32
  np.testing.assert_allclose(there @ back, np.eye(4), atol=1e-5)
  np.testing.assert_allclose(there[:3, :3] @ there[:3, :3].T, np.eye(3), atol=1e-5)


def test_frames_are_seen_at_the_size_of_the_training(pose_fn, sample):
  large = lambda pictures: np.repeat(np.repeat(pictures, 2, -3), 2, -2)
  small = said(pose_fn, sample["image"], sample["frames"], [-1, 1])
  np.testing.assert_allclose(
      said(pose_fn, large(sample["image"]), large(sample["frames"]), [-1, 1]), small, atol=2e-4)


def test_any_number_of_frames_is_taken(pose_fn, sample):
  both = said(pose_fn, sample["image"], sample["frames"], [-1, 1])
  one = said(pose_fn, sample["image"], sample["frames"][:1], [-1])
  assert both.shape == (2, 4, 4)
  np.testing.assert_allclose(one[0], both[0], atol=1e-6)


def test_aligned_motion_is_that_at_the_predicted_depth(tiny_video_run, pose_fn, sample):
  """Of frames of another size with their own intrinsics, it is that at the size of the training."""
  config = copy.deepcopy(tiny_video_run.experiment)
  config.method.get().align = 2
  aligned = motion.load_motion(tiny_video_run.model_dir, config, tiny_video_run.model)
  every = lambda x: np.repeat(x[None], 2, 0)
  for factor in (1, 2):
    larger = lambda x: x.repeat(factor, -3).repeat(factor, -2)  # pylint: disable=cell-var-from-loop
    image, frames = larger(sample["image"]), larger(sample["frames"])
    camera = cameras.resized(sample["intrinsics"], (32, 64), image.shape[:2])
    found = said(aligned, image, frames, [-1, 1], intrinsics=camera)
    image, frames = (np.round(tf.image.resize(x, (32, 64), antialias=True))
                     for x in (image, frames))
    depth = tiny_video_run.model.depth(image[None].astype(np.uint8))[0, ..., None]
    first = said(pose_fn, image, frames, [-1, 1])
    wanted = alignment.align_motion(
        every(image) / 255, frames / 255, every(depth), first, every(sample["intrinsics"]), steps=2)
    np.testing.assert_allclose(found, wanted, atol=5e-4)
    assert np.abs(found - first).max() > 2e-3
  without = {name: value for name, value in sample.items() if name != "intrinsics"}
  np.testing.assert_array_equal(aligned(without), pose_fn(sample))


@pytest.mark.slow
def test_a_shared_encoder_comes_back_with_its_network(tiny_video, depth_overrides, tmp_path):
  given = depth_overrides()
  for key in ("networks.pose.pretrained", "networks.pose.light_pose"):
    del given[key]
  result = api.fit(method="self_supervised_depth", data=tiny_video, model_dir=tmp_path / "run",
                   progress=False, params_override={
                       **given, "networks.pose.pretrained": "", "networks.pose.type": "shared",
                       "networks.pose.shared.filters": 4, "training.steps": 1})
  with np.load(tmp_path / "run" / "train" / "pose.npz") as arrays:
    assert any("conv_pw_12" in name for name in arrays.files)
  sample = next(tiny_video.samples("train").as_numpy_iterator())
  found = [motion.load_motion(tmp_path / "run", config)(sample)
           for config in (result.experiment, runs.load(tmp_path / "run").experiment)]
  assert np.abs(found[0] - np.eye(4)).max() > 1e-6
  np.testing.assert_array_equal(found[0], found[1])


def test_the_file_of_another_network_is_refused(tiny_video_run):
  other = copy.deepcopy(tiny_video_run.experiment)
  other.networks.get("pose").light_pose.alpha *= 2
  with pytest.raises(ValueError, match="(?s)of another pose network.*experiment.yaml"):
    motion.load_motion(tiny_video_run.model_dir, other)


@pytest.mark.parametrize("removed", ["train/pose.npz", "record.json"])
def test_a_run_without_motion_is_refused(tiny_video_run, tmp_path, removed):
  folder = shutil.copytree(tiny_video_run.model_dir, tmp_path / "run")
  (folder / removed).unlink()
  with pytest.raises(FileNotFoundError, match="(?s)Expected: .*" + removed.rsplit("/")[-1]):
    motion.load_motion(folder, tiny_video_run.experiment)
