"""The results of depth: on KITTI, on the embedded scenes, and what segmentation gains from it.

  scripts/depth_table.py kitti --model_dir runs/depth_kitti_clips --data_dir DATA
  scripts/depth_table.py scenes --model_dir runs/depth
  scripts/depth_table.py gains_scenes --model_dir runs/depth
  scripts/depth_table.py gains_camvid --model_dir runs/depth --depth_run runs/depth_kitti_clips \
      --data_dir DATA

`kitti` evaluates a trained run; the others also train, one run per seed, in
`MODEL_DIR/<experiment>/seed_<n>`. Runs that are finished are not repeated; an interrupted table
continues where it stopped. `--finished` prints what is there and trains nothing.
"""
import argparse
import pathlib

import table_gains
import table_kitti
import table_scenes


def parse(arguments=None):
  """Returns the arguments of the command line."""
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  tables = parser.add_subparsers(dest="table", required=True)
  kitti = tables.add_parser("kitti", help="a trained run, trivial answers, untrained networks")
  kitti.add_argument("--model_dir", type=pathlib.Path, nargs="+", required=True,
                     help="of a run of depth on KITTI, or of one per seed")
  kitti.add_argument("--pictures", type=pathlib.Path, help="PNG to draw: image, truth, prediction")
  kitti.set_defaults(run=table_kitti.run)
  scenes = tables.add_parser("scenes", help="depth and motion of the embedded scenes")
  scenes.add_argument("--stereo", action="store_true",
                      help="also stereo_depth_scenes, whose depth is metric")
  scenes.set_defaults(run=table_scenes.run)
  for name, text in (("gains_scenes", "embedded scenes, from their own video"),
                     ("gains_camvid", "CamVid, from depth of KITTI")):
    gains = tables.add_parser(name, help=f"what segmentation gains: {text}")
    gains.add_argument("--depth_run", type=pathlib.Path,
                       help="finished run of depth, or a folder of seed_<n>, to start from; for "
                       "scenes the default is to train it within every run")
    gains.add_argument("--rows", nargs="+", help="keys of rows; default: all of the table")
    gains.set_defaults(run=table_gains.run)
    if name == "gains_camvid":
      gains.add_argument("--teacher_size", type=int, nargs=2, metavar=("HEIGHT", "WIDTH"),
                         help="at which the depth network sees CamVid; default: as in training, "
                         "which changes the aspect ratio")
  for name, table in tables.choices.items():
    table.add_argument("--data_dir", default=None)
    table.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    if name != "kitti":
      table.add_argument("--model_dir", type=pathlib.Path, default=pathlib.Path("runs/depth_table"))
      table.add_argument("--finished", action="store_true",
                         help="print the rows that are finished, train nothing")
  return parser.parse_args(arguments)


def main():
  """Prints the table that the command line names."""
  arguments = parse()
  print("\n".join(["", *arguments.run(arguments)]))


if __name__ == "__main__":
  main()
