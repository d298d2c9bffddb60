"""What segmentation gains from depth: the same masks with and without it, paired by seed."""
import dataclasses

import run_tables

import keras_weakseg as kw
from keras_weakseg import errors
from keras_weakseg import runs

COUNTS = (50, 100)
# Titles, experiments and the row that each is compared with.
ROWS = {
    "gains_scenes": [
        ("from scratch", "unet_scenes", ""),
        ("depth first (transfer)", "depth_transfer_scenes", "unet_scenes"),
        ("depth first, then beside the classes (multi-task)", "joint_depth_scenes", "unet_scenes"),
    ],
    "gains_camvid": [row for count in COUNTS for row in (
        (f"{count} masks, encoder from ImageNet", f"imagenet_{count}_camvid", ""),
        (f"{count} masks, depth of KITTI first (transfer)", f"depth_transfer_{count}_camvid",
         f"imagenet_{count}_camvid"),
        (f"{count} masks, encoder alone from depth of KITTI", f"depth_encoder_{count}_camvid",
         f"imagenet_{count}_camvid"),
        (f"{count} masks, all of it and depth beside the classes (multi-task)",
         f"joint_depth_{count}_camvid", f"imagenet_{count}_camvid"))],
}


def run(arguments):
  """Returns the tables as lines; trains what is missing, unless only what is there is asked for."""
  rows = [(title, name, None, name) for title, name, _ in ROWS[arguments.table]
          if not arguments.rows or name in arguments.rows]
  if arguments.finished:
    rows, found = run_tables.finished(rows, arguments.seeds, arguments.model_dir)
  else:
    found = {name: [run_tables.train(name, name, overrides(arguments, name, seed), seed,
                                     arguments.model_dir, arguments.data_dir)
                    for seed in arguments.seeds] for _, name, _, _ in rows}
  if not found:
    return ["Nothing is finished."]
  pairs = [(name, base) for _, name, base in ROWS[arguments.table] if base]
  return [run_tables.caption(f"depth_table.py {arguments.table}", arguments.seeds,
                             found[rows[0][-1]][0]), "",
          *run_tables.table(rows, found, arguments.seeds), "",
          *gain_table(pairs, found, arguments.seeds)]


def gain_table(pairs, found, seeds):
  """Returns the gains in mIoU, paired by seed, as Markdown lines."""
  lines = run_tables.header(("gain of", "over", "mIoU"), seeds, ("holds",))
  for better, worse, values in run_tables.gains(pairs, found):
    lines.append(f"| `{better}` | `{worse}` | **{run_tables.cell(values)}** | "
                 + " | ".join(f"{100 * value:+.1f}" for value in values)
                 + f" | {run_tables.verdict(values)} |")
  return lines


def overrides(arguments, name, seed):
  """Returns the overrides, a dict, by which a row starts from a finished run of depth.

  Args:
    arguments: of the command line; without `depth_run`, scenes train depth within every run.
    name: experiment.
    seed: of the run.

  Raises:
    ValueError: CamVid needs a run of depth.
    FileNotFoundError: that run is not finished.
  """
  on_camvid, joint = arguments.table == "gains_camvid", name.startswith("joint_depth")
  if not (joint or name.startswith(("depth_transfer", "depth_encoder"))):
    return None
  if arguments.depth_run is None:
    if not on_camvid:
      return None
    raise errors.value_error(
        f"'{name}' starts from depth that was learned before.", expected="--depth_run",
        received="none", fix="Train depth_kitti_clips, and pass its model_dir.")
  folder = depth_run(arguments.depth_run, seed)
  found = {"network.pretrained": str(folder / "train" / "depth.npz")}
  if not on_camvid:
    found.update({"recipe": "single_phase", "stages": []})
    if joint:
      found["pose.pretrained"] = str(folder / "train" / "pose.npz")
  elif joint:
    found["data.sources.0.disparity"] = str(teach(arguments, folder))
  return found


def depth_run(folder, seed):
  """Returns the absolute path of a run of depth: that of the seed where there is one per seed.

  Args:
    folder: `pathlib.Path` of a run, or of runs named `seed_<n>`.
    seed: int.

  Raises:
    FileNotFoundError: there is none, or it is not finished.
  """
  own = folder / f"seed_{seed}"
  chosen = (own if own.is_dir() else folder).resolve()
  if not (chosen / "train" / "depth.npz").exists():
    raise errors.missing(
        "There is no finished run of depth to start from.",
        expected=f"'{chosen / 'train' / 'depth.npz'}'", received="no such file",
        fix="Wait until the run is finished, or pass another --depth_run.")
  return chosen


def teach(arguments, folder):
  """Returns the folder of what a depth network says of CamVid's training images; makes it."""
  result, name = runs.load(folder), "camvid_disparity"
  if arguments.teacher_size:
    name += "_{}x{}".format(*arguments.teacher_size)
    model = dataclasses.replace(result.model, size=tuple(arguments.teacher_size))
    result = dataclasses.replace(result, model=model)
  # One folder per run of depth: a folder holds the maps of one network.
  output = (arguments.model_dir / name / folder.name).resolve()
  return kw.make_disparity_maps(result, kw.data.camvid(data_dir=arguments.data_dir), output)
