"""Depth learned from video of KITTI on the true depth of other scenes, beside trivial answers."""
import os

import run_tables
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg.evaluation import depth
from keras_weakseg.evaluation import depth_baselines
from keras_weakseg.evaluation import depth_pictures
from keras_weakseg.evaluation import sheets
from keras_weakseg.framework import keras
from keras_weakseg.networks import weights
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import sources as source_lib
from keras_weakseg import runs
from keras_weakseg.tasks.depth import evaluate as evaluate_depth
from keras_weakseg.tasks.depth.protocol import DepthProtocol
from keras_weakseg.tasks import registry as tasks
from keras_weakseg.training import restore

# One protocol for all rows: truth > 0, cap 1e-3..80 m, no crop, median scaling of every image.
PROTOCOL, FLIPPED = DepthProtocol(), DepthProtocol(flip=True)
SPLIT, LIDAR = "test", "raw_lidar_78f"
PICTURES = tuple(f"stereo2015/{key}" for key in (
    "000003", "000027", "000049", "000066", "000080", "000097", "000117", "000143"))
_COLUMN = "image | true disparity (grey: unknown) | predicted disparity, at the median of the truth"


def run(arguments):
  """Returns the tables as lines; draws the pictures if they are asked for."""
  results = [runs.load(path) for path in arguments.model_dir]
  data_dir = arguments.data_dir or results[0].experiment.data.data_dir or None
  rows = _rows(results, arguments.seeds, data_dir)
  lines = [f"`scripts/depth_table.py kitti`, {describe(results)}; untrained networks of the seeds "
           f"{', '.join(map(str, arguments.seeds))}; protocol `{PROTOCOL.hash()}` "
           f"({PROTOCOL.describe()}; post-processing `{FLIPPED.hash()}`); mean ± sample standard "
           "deviation over seeds."]
  for title, cars in (("cars included", True), ("cars excluded", False)):
    source = kw.data.kitti_stereo(cars=cars, data_dir=data_dir)
    found = [(name, measured(models, source, protocol)) for name, protocol, models in rows]
    lines += ["", *table(f"depth of, {title}", found)]
  lines += ["", *motion(results, kw.data.kitti_odometry(data_dir=data_dir))]
  if arguments.pictures:
    draw(results[0].model, kw.data.kitti_stereo(data_dir=data_dir), arguments.pictures, PICTURES)
    lines += ["", f"Pictures: {arguments.pictures}"]
  return lines


def describe(results):
  """Returns the experiment, seeds and steps of runs."""
  steps = sorted({step_of(result) for result in results})
  return (f"`{results[0].experiment.name}`, seeds "
          f"{', '.join(str(result.experiment.seed) for result in results)}, after "
          f"{' to '.join(map(str, steps))} of {results[0].experiment.training.steps} steps")


def step_of(result):
  """Returns the step of the checkpoint that a run was brought back from."""
  phase = restore.read_record(result.model_dir)["phase"]
  path = tf.train.latest_checkpoint(os.path.join(
      result.model_dir, phase, "checkpoints", result.experiment.evaluation.checkpoint))
  return int(path.rpartition("-")[2])


def _rows(results, seeds, data_dir):
  """Returns (title, protocol, models of the seeds) of every row."""
  trained = [result.model for result in results]
  lidar = kw.data.kitti_clips(clips=(LIDAR,), data_dir=data_dir).samples(
      "train", grant=kw.fields.Supervision.DEPTH, wanted=(kw.fields.IMAGE, kw.fields.DEPTH))
  return [("**trained**", PROTOCOL, trained),
          ("**trained**, with flip post-processing", FLIPPED, trained),
          ("constant depth", PROTOCOL, [depth_baselines.constant_depth(lidar)]),
          ("mean depth map of the LiDAR frames", PROTOCOL,
           [depth_baselines.mean_depth_map(lidar)]),
          (f"untrained network, {len(seeds)} seeds", PROTOCOL,
           [untrained(results[0], seed, data_dir) for seed in seeds])]


def untrained(result, seed, data_dir=None):
  """Returns the `DepthModel` of a run before its first step.

  Args:
    result: `Result`; where its encoder was pretrained, this one is.
    seed: of the initial weights.
    data_dir: where the pretrained weights lie.
  """
  config = result.experiment.network
  keras.utils.set_random_seed(seed)
  network, _, predictor, record = building.build_predictor(config, heads.Head(()))
  if config.pretrained:
    weights.load_pretrained(network, config.type,
                            source_lib.find_weights(config.pretrained, data_dir))
  return tasks.by_name("depth").model(predictor, restore.read_record(result.model_dir), record,
                               result.experiment)


def measured(models, source, protocol):
  """Returns the figures of `evaluate_depth`, one dict per model."""
  wanted = (kw.fields.IMAGE, kw.fields.DEPTH, kw.fields.SAMPLE_ID)
  return [evaluate_depth.evaluate_depth(
      model, source.samples(SPLIT, grant=kw.fields.Supervision.DEPTH, wanted=wanted), protocol)
          for model in models]


def table(title, found):
  """Returns the errors as Markdown lines.

  Args:
    title: of the first column.
    found: list of (title of the row, list of figures).
  """
  count = found[0][1][0]["samples"]
  lines = run_tables.header((f"{title} ({count} images)", *depth.METRICS), ())
  for name, figures in found:
    lines.append(f"| {name} | " + " | ".join(
        run_tables.cell([each[metric] for each in figures], 1, 3)
        for metric in depth.METRICS) + " |")
  return lines


def motion(results, source):
  """Returns the errors of the predicted camera motion as Markdown lines."""
  if not all(os.path.exists(os.path.join(
      result.model_dir, restore.read_record(result.model_dir)["phase"], "pose.npz"))
             for result in results):
    return ["Camera motion: not known before the run is finished."]
  found = [kw.evaluate_poses(result, source, split=SPLIT) for result in results]
  first = found[0]
  cells = lambda name: run_tables.cell([figures[name] for figures in found], 1, 3)
  rows = [("**trained**", *(cells(name) for name in ("rotation", "translation", "ate")))]
  for title, ending in (("camera stands still", "_identity"), ("camera goes straight ahead",
                                                               "_straight")):
    rows.append((title, *(f"{first[name]:.3f}" for name in (
        "rotation_identity", f"translation{ending}", f"ate{ending}"))))
  return [*run_tables.header((
      f"camera motion ({first['pairs']} pairs, {first['snippets']} snippets of grey odometry)",
      "rotation, median error in degrees", "direction, median error in degrees",
      "ATE over 5 frames, m"), ()), *(f"| {' | '.join(row)} |" for row in rows)]


def draw(model, source, path, ids):
  """Writes image, truth and prediction of some samples as one PNG.

  Args:
    model: `DepthModel`.
    source: data source with true depth.
    path: of the PNG.
    ids: of the samples.
  """
  rows = []
  samples = source.samples(SPLIT, ids=ids, grant=kw.fields.Supervision.DEPTH)
  for sample in samples.as_numpy_iterator():
    image, truth = sample[kw.fields.IMAGE], sample[kw.fields.DEPTH]
    disparity = model.disparity(image[None], PROTOCOL)[0]
    error = depth.depth_metrics(1 / disparity, truth)["abs_rel"]
    picture = depth_pictures.draw_depth([image], [truth], [disparity])[0]
    rows.append({"image": picture, _COLUMN: picture,
                 "name": f"{sample[kw.fields.SAMPLE_ID].decode()}: abs_rel {error:.3f}"})
  path.parent.mkdir(parents=True, exist_ok=True)
  sheets.contact_sheet(rows, path, (_COLUMN,), classes=(), palette=(),
                       tile=max(row["image"].shape[1] for row in rows))
