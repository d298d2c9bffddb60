"""What `api` has for depth besides fit, evaluate, predict and export."""
import numpy as np

from keras_weakseg import arguments
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg import paths
from keras_weakseg import runs
from keras_weakseg import targets
from keras_weakseg.data.pipeline import broken
from keras_weakseg.data.sources import disparity_maps
from keras_weakseg.evaluation import evaluate_poses as poses
from keras_weakseg.evaluation import metric_scale
from keras_weakseg.tasks.depth.model import DepthModel
from keras_weakseg.training import motion


def evaluate_poses(target: arguments.Target, data: arguments.Evaluated | None = None, *,
                   split: str | None = None, progress: bool = True) -> dict:
  """Compares the camera motion that a run of video predicts with true poses.

  Args:
    target: a `Result` or a `model_dir` of `self_supervised_depth`, or of `joint_depth` from video.
    data: a data source with `poses`; default: the one of the run.
    split: default: the split of the run.
    progress: whether to draw a progress bar.

  Returns:
    Dict of `evaluation.evaluate_poses`: `rotation` and `translation` (median errors, degrees),
    `ate`, and the same of a camera that stands still or goes straight ahead.

  Raises:
    ValueError, FileNotFoundError: the run predicts no motion, or the data has no true poses.
  """
  targets.check_types(data)
  result, pose_fn = _motion(target)
  source = targets.data_of(data or result.source, result.experiment)
  split = targets.evaluation_split(result.experiment) if split is None else split
  samples = source.samples(split, grant=fields.Supervision.DEPTH, wanted=(
      fields.IMAGE, fields.SAMPLE_ID, fields.INTRINSICS, fields.FRAMES, fields.FRAME_OFFSETS,
      fields.POSES))
  return {"split": split, **poses.evaluate_poses(pose_fn, samples, progress=progress)}


def _motion(target):
  """Returns the `Result` of a target, and the function that predicts how its camera moves."""
  result = targets.opened(target)
  if not isinstance(result, runs.Result):
    raise errors.value_error(
        "An exported artifact predicts no camera motion.", expected="a Result or a model_dir",
        received="an artifact", fix="Pass the model_dir that was given to fit.")
  return result, motion.load_motion(result.model_dir, result.experiment, result.model)


def _depth_model(target):
  """Returns the `DepthModel` of a target, its experiment and its source, as far as known."""
  model, config, source = targets.loaded(target)
  if not isinstance(model, DepthModel):
    raise errors.value_error(
        "The model knows nothing of depth.", expected="a run or artifact of a depth network",
        received=type(model).__name__, fix="Train one with method='self_supervised_depth'.")
  return model, config, source


def metric_factor(target: arguments.Target, data: arguments.Video | None = None, *,
                  split: str = "train", camera_height: float | None = None,
                  distance: float | None = None, count: int = 50) -> float:
  """Returns metres per unit of a model's depth, from what is known of the vehicle.

  `DepthProtocol(scale=...)` takes it, and so do `evaluate` and `predict`.

  Args:
    target: a `Result` or `model_dir` of a depth model; for `camera_height` an artifact too.
    data: a data source with `intrinsics`; default: the one of the run.
    split: of the data; the factor is no figure, so any will do that has the same camera.
    camera_height: metres of the camera over the road.
    distance: or: metres that the camera goes between neighbouring frames.
    count: images that are looked at.

  Returns:
    float.

  Raises:
    ValueError: the model gives no depth; neither or both are known, or they tell nothing; or an
      image cannot be read.

  Example:
    ```python
    factor = kw.metric_factor("runs/depth", camera_height=1.65)
    kw.predict("runs/depth", "photos/", "depth/", protocol={"scale": factor})
    ```
  """
  if (camera_height is None) == (distance is None):
    raise errors.value_error(
        "It is not clear what is known.", expected="camera_height or distance",
        received=f"camera_height={camera_height}, distance={distance}", fix="Pass one of them.")
  if count < 1:
    raise errors.value_error("There are no images to look at.", expected="count of 1 or more",
                             received=count, fix="Leave count out for 50 images.")
  targets.check_types(data)
  model, config, source = _depth_model(target)
  pose_fn = None if distance is None else _motion(target)[1]
  source = targets.data_of(data or source, config)
  wanted = (fields.IMAGE, fields.SAMPLE_ID, fields.INTRINSICS) + (
      (fields.FRAMES, fields.FRAME_OFFSETS) if distance is not None else ())
  samples = list(broken.read_samples(source, split, source.ids(split)[:count],
                                     grant=fields.Supervision.NONE, wanted=wanted))
  if pose_fn is None:
    # Not `model.depth`: a factor that the model knows already is replaced by this one.
    return metric_scale.factor_from_height([metric_scale.ground_distance(
        1 / np.asarray(model.disparity(sample[fields.IMAGE][None]))[0], sample[fields.INTRINSICS])
                                            for sample in samples], camera_height)
  moves = [pose_fn(sample) for sample in samples]
  steps = [np.abs(sample[fields.FRAME_OFFSETS]) * distance for sample in samples]
  return metric_scale.factor_from_speed(np.concatenate(moves), np.concatenate(steps))


def make_disparity_maps(target: arguments.Target, data: arguments.Images, output: arguments.Path, *,
                        split: str = "train", normalise: str = "none", bits: int = 16,
                        progress: bool = True):
  """Writes what a depth model says of every image of a split: a teacher for later trainings.

  Args:
    target: a `Result`, a `model_dir` or an exported artifact of a depth model.
    data: a data source, a folder of images, or the name of an experiment, whose source is taken.
    output: folder of the maps; a stopped call is continued.
    split: of the source, or several joined by `+`.
    normalise: `none`: the network's disparity, 0..1; `image`: every image stretched to 0..1.
    bits: 8 or 16.
    progress: whether to draw a progress bar.

  Returns:
    `pathlib.Path` of the folder: `kw.data.WithDisparity(source, folder)` reads it.

  Raises:
    ValueError: the model gives no depth, or the folder holds maps of another one.
  """
  source = targets.source_of(data, images_for=output)
  model = _depth_model(target)[0]
  low, high = 1 / model.max_depth, 1 / model.min_depth
  return disparity_maps.write_disparity_maps(
      source, lambda images: (np.asarray(model.disparity(images)) - low) / (high - low),
      paths.expand(output),
      split, model_hash=model.fingerprint(), normalise=normalise, bits=bits,
      progress=progress)
