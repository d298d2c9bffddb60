"""The camera motion that a trained run predicts."""
import os

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import video_loss
from keras_weakseg.networks.weights import weights
from keras_weakseg.ops import alignment
from keras_weakseg.ops import cameras
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads
from keras_weakseg.training import restore

_FILE = "pose.npz"


def load_motion(model_dir, experiment, model=None):
  """Returns the function that predicts how the camera moved between frames.

  Args:
    model_dir: directory of a finished run that learned depth from video.
    experiment: its `schema.Experiment`.
    model: its `DepthModel`, at whose depth motions are aligned if they were in training (option
      `align`); None, or a model of something else = what the pose network says.

  Returns:
    Function of a sample, a dict with `image` uint8 [H,W,3], `frames` uint8 [F,H,W,3] and
    `frame_offsets` int [F], to be aligned with `intrinsics` float [3,3] too, to float32 [F,4,4]:
    transforms from the camera of the image to those of the frames, translations in the unit of
    the predicted depth.

  Raises:
    FileNotFoundError: the run has no pose network, or is not finished.
    ValueError: its file is of another network than the experiment's.
  """
  pose, mode, record = _restored(model_dir, experiment)
  options = experiment.method.get().as_dict()
  loss = video_loss.VideoLoss(
      pose, mode, compiled=False, symmetric=options.get("symmetric", False))
  size = record.get("depth", {}).get("size") or list(experiment.data.augmentation.resize)
  depth_fn = getattr(model, "depth", None)  # A model of segmentation has none.
  steps = options.get("align", 0) if depth_fn else 0

  @tf.function(autograph=False)
  def transforms(image, frames, offsets):
    return loss.transforms({fields.IMAGE: image[None], fields.FRAMES: frames[None],
                            fields.FRAME_OFFSETS: offsets[None]}, training=False)[0]

  def predict(sample):
    # Before the graph, which is made anew for every size it meets.
    image, frames = (tf.image.resize(x, size, antialias=True) if size else tf.cast(x, tf.float32)
                     for x in (sample[fields.IMAGE], sample[fields.FRAMES]))
    offsets = np.asarray(sample[fields.FRAME_OFFSETS], np.int32)
    found = transforms(image, frames, tf.constant(offsets))
    if steps and fields.INTRINSICS in sample:
      camera = cameras.resized(
          sample[fields.INTRINSICS], sample[fields.IMAGE].shape[:2], image.shape[:2])
      found = _aligned(found, image, frames, depth_fn, camera, steps)
    return found.numpy()

  return predict


def _restored(model_dir, experiment):
  """Returns the trained pose network of a run, its mode of preprocessing, and the run's record."""
  record = restore.read_record(model_dir)
  path = os.path.join(model_dir, record["phase"], _FILE)
  if not os.path.exists(path):
    raise errors.missing(
        f"The run '{model_dir}' cannot tell how the camera moved.", expected=f"'{path}'",
        received="no such file",
        fix="Pass a finished run of self_supervised_depth or joint_depth from video.")
  network, *_ = building.build_predictor(
      experiment.network, heads.Head.from_dict(record["head"]))
  pose, mode = building.build_pose(experiment, network)
  _restore(pose, path)
  return pose, mode, record


def _aligned(transforms, image, frames, depth_fn, camera, steps):
  """Returns motions [F,4,4] after direct alignment at the depth that a model says of the image."""
  depth = depth_fn(np.round(image[None]).astype(np.uint8))[..., None]
  every = lambda x: tf.repeat(tf.cast(x, tf.float32), len(frames), 0)
  return alignment.align_motion(every(image[None]) / 255, frames / 255, every(depth), transforms,
                                every(camera[None]), steps=steps)


def _restore(network, path):
  """Sets all weights of a network, which may share some with another one, to those of its file."""
  arrays = weights.read_npz(path)
  for variable in network.weights:
    name = variable.name.split(":")[0]
    if name not in arrays or arrays[name].shape != variable.shape:
      raise errors.value_error(
          f"The file '{path}' is of another pose network.", expected=f"'{name}' {variable.shape}",
          received=f"{arrays[name].shape if name in arrays else 'no such weight'}",
          fix="Check that experiment.yaml and the file belong to the same run.")
    variable.assign(arrays[name])
