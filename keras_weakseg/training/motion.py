"""The camera motion that a trained run predicts."""
import os

import numpy as np
import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import video_loss
from keras_weakseg.networks import weights
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads
from keras_weakseg.training import restore

_FILE = "pose.npz"


def load_motion(model_dir, experiment):
  """Returns the function that predicts how the camera moved between frames.

  Args:
    model_dir: directory of a finished run that learned depth from video.
    experiment: its `schema.Experiment`.

  Returns:
    Function of image uint8 [H,W,3], frames uint8 [F,H,W,3] and offsets int [F] to float32 [F,4,4]:
    transforms from the camera of the image to those of the frames, translations in the unit of
    the predicted depth.

  Raises:
    FileNotFoundError: the run has no pose network, or is not finished.
    ValueError: its file is of another network than the experiment's.
  """
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
  loss = video_loss.VideoLoss(
      pose, mode, compiled=False,
      symmetric=experiment.method.get().as_dict().get("symmetric", False))
  size = record.get("depth", {}).get("size") or list(experiment.data.augmentation.resize)

  @tf.function
  def transforms(image, frames, offsets):
    return loss.transforms({fields.IMAGE: image[None], fields.FRAMES: frames[None],
                            fields.FRAME_OFFSETS: offsets[None]}, training=False)[0]

  def predict(image, frames, offsets):
    # Before the graph, which is made anew for every size it meets.
    image, frames = (tf.image.resize(x, size, antialias=True) if size else tf.cast(x, tf.float32)
                     for x in (image, frames))
    return transforms(image, frames, tf.constant(np.asarray(offsets, np.int32))).numpy()

  return predict


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
