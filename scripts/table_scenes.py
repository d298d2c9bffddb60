"""Depth and motion learned from the video of the embedded scenes, beside what costs nothing."""
import run_tables
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg.evaluation import depth_baselines
from keras_weakseg import runs
from keras_weakseg import targets
from keras_weakseg.tasks.depth import evaluate as evaluate_depth
from keras_weakseg.tasks.depth.protocol import METRIC, DepthProtocol

MONO, STEREO = "depth_scenes", "stereo_depth_scenes"


def run(arguments):
  """Returns the tables as lines; trains what is missing, unless only what is there is asked for."""
  keys = [MONO, STEREO] if arguments.stereo else [MONO]
  rows = [("", key, None, key) for key in keys]
  if arguments.finished:
    rows, _ = run_tables.finished(rows, arguments.seeds, arguments.model_dir)
  else:
    for key in keys:
      for seed in arguments.seeds:
        run_tables.train(key, key, None, seed, arguments.model_dir, arguments.data_dir,
                         "abs_rel", 1)
  lines = []
  for *_, key in rows:
    results = [runs.load(run_tables.run_dir(arguments.model_dir, key, seed))
               for seed in arguments.seeds]
    lines += [*_tables(key, arguments.seeds, results), ""]
  return lines or ["Nothing is finished."]


def _tables(key, seeds, results):
  source = targets.data_of(None, results[0].experiment)
  split = targets.evaluation_split(results[0].experiment)
  mean = depth_baselines.mean_depth_map(
      source.samples("train", grant=kw.fields.Supervision.DEPTH), progress=True)
  lines = []
  for scale in ("median", METRIC) if key == STEREO else ("median",):
    protocol = DepthProtocol.from_dict({**results[0].protocol.as_dict(), "scale": scale})
    found = [kw.evaluate(result, source, split=split, protocol=protocol) for result in results]
    trivial = evaluate_depth.evaluate_depth(mean, source.samples(
        split, grant=kw.fields.Supervision.DEPTH), protocol)
    lines += [run_tables.caption("depth_table.py scenes", seeds, found[0], "",
                                 f"`{key}`, {scale} scale"), "",
              *table(depth_rows(found, trivial), seeds), ""]
  poses = [kw.evaluate_poses(result, source, split=split) for result in results]
  times = [seconds(result.model_dir) for result in results]
  return [*lines, f"Motion of `{key}`, {poses[0]['pairs']} pairs of `{split}`, and its cost:", "",
          *table([*pose_rows(poses), ("training, seconds", times, 0, "")], seeds)]


def depth_rows(found, trivial):
  """Returns (figure, values of the seeds, digits, what stands beside it) of depth.

  Args:
    found: results of `evaluate_depth`, one per seed.
    trivial: that of the mean training depth map.
  """
  beside = lambda name: f"mean training depth map: {trivial[name]:.3f}"
  rows = [(name, [each[name] for each in found], 3, beside(name)) for name in (
      "abs_rel", "rmse", "a1")]
  ratios = [each["abs_rel"] / trivial["abs_rel"] for each in found]
  return [rows[0], ("abs_rel / that of the mean training depth map", ratios, 3, ""), *rows[1:]]


def pose_rows(found):
  """Returns rows, as `depth_rows`, of the results of `evaluate_poses`, one per seed."""
  first, stands, straight = found[0], "standing still: {:.3f}", ", straight ahead: {:.3f}"
  rows = [
      ("rotation, median error in degrees", "rotation", stands.format(first["rotation_identity"])),
      ("direction, median error in degrees", "translation",
       (stands + straight).format(first["translation_identity"], first["translation_straight"]))]
  if first["ate"] is not None:
    rows.append(("trajectory error over 5 frames", "ate",
                 (stands + straight).format(first["ate_identity"], first["ate_straight"])))
  return [(title, [each[name] for each in found], 3, beside) for title, name, beside in rows]


def table(rows, seeds):
  """Returns rows (figure, values, digits, beside) as Markdown lines."""
  lines = run_tables.header(("figure", "mean"), seeds, ("beside it",))
  for title, values, digits, beside in rows:
    cells = [f"{value:.{digits}f}" for value in values]
    lines.append("| " + " | ".join(
        [title, f"**{run_tables.cell(values, 1, digits)}**", *cells, beside]) + " |")
  return lines


def seconds(model_dir):
  """Returns how long a run has trained: the sum of all sessions of its phases.

  Steps that were done twice count twice.
  """
  spent = 0.0
  for path in tf.io.gfile.glob(tf.io.gfile.join(model_dir, "*", "tensorboard", "events.*")):
    times = [event.wall_time for event in tf.compat.v1.train.summary_iterator(path)]
    spent += max(times) - min(times)
  return spent
