"""Depth and exports on the command line: flags, `evaluate-poses`, `metric-factor`."""
import json

from keras_weakseg import cli_own_data

PROTOCOL = ("crop", "min_depth", "max_depth", "scale")


def add_protocol(parser):
  """Adds the flags of the protocol that only models of depth have."""
  group = parser.add_argument_group(
      "protocol of depth", "Like the others; --flip and --size hold for depth too.")
  group.add_argument("--crop", help="the part of the image that counts: none, garg or eigen")
  group.add_argument("--min_depth", type=float, help="predictions are cut there; default: 0.001")
  group.add_argument("--max_depth", type=float, help="metres; default: 80")
  group.add_argument("--scale", help="median (of every image), metric, or a number such as 5.4")


def add_predict(parser):
  """Adds the flags of `predict` that only models of depth understand."""
  group = parser.add_argument_group("depth")
  group.add_argument("--point_clouds", action="store_true", help="write PLY files too")
  group.add_argument("--intrinsics", metavar="'FX FY CX CY'",
                     help="of the images, in pixels, or a file of these numbers, for point clouds")
  group.add_argument("--field_of_view", type=float, metavar="DEGREES",
                     help="or: horizontal angle, for point clouds: about 65 for phones")
  group.add_argument("--scale", help="metres per unit of the model's depth: see metric-factor")


def predict_options(options):
  """Returns the arguments of `api.predict` that the flags ask for, as a dict."""
  given = {"point_clouds": options.point_clouds or None, "intrinsics": options.intrinsics,
           "field_of_view": options.field_of_view, "trace": options.trace or None}
  return {name: value for name, value in given.items() if value is not None}


def add_export(parser):
  """Adds the flags of `export`."""
  parser.add_argument("--factor", type=float,
                      help="depth: metres per unit of the model's depth, see metric-factor")
  parser.add_argument("--max_pixels", type=int, help="the largest image that is answered; 0 = any")
  parser.add_argument("--broken_images", choices=("refuse", "answer"),
                      help="answer: one that cannot be read does not fail its whole request")
  parser.add_argument("--precision", choices=("float32", "trained"), help="default: float32")
  parser.add_argument("--fixed_size", type=int, nargs=2, metavar=("HEIGHT", "WIDTH"),
                      help="of the signature predict_fixed, for converters")


def export_options(options):
  """Returns the arguments of `api.export` that the flags ask for, as a dict."""
  names = ("factor", "max_pixels", "broken_images", "precision", "fixed_size")
  return {name: value for name in names if (value := getattr(options, name)) is not None}


def add_commands(command, add_target, add_data, data_of):
  """Adds `evaluate-poses` and `metric-factor` to the command line.

  Args:
    command: function (name, run) that returns the parser of a new command.
    add_target: function that adds the argument of a trained model.
    add_data: function that adds the flags of the data of an experiment: no folder has poses.
    data_of: function of the parsed options that returns this source, None if there are no flags.
  """
  parser = command("evaluate-poses", _evaluate_poses)
  parser.allow_abbrev = False  # Or --data, which other commands have, would be --data_dir.
  add_target(parser)
  add_data(parser)
  parser.set_defaults(data_of=data_of)
  parser.add_argument("--split", help="default: the split of the run")
  parser.add_argument("--json", action="store_true", help="print everything as JSON")
  parser = command("metric-factor", _metric_factor)
  add_target(parser)
  parser.add_argument("--data", metavar="FOLDER",
                      help="of frames or films; default: the data of the run")
  parser.add_argument("--camera_height", type=float, metavar="METRES", help="over the road")
  parser.add_argument("--distance", type=float, metavar="METRES",
                      help="or: that the camera goes between neighbouring frames")
  cli_own_data.add_video(parser)
  parser.add_argument("--data_dir", help="where data lies, default: KERAS_WEAKSEG_DATA")
  parser.add_argument("--split", default="train", help="default: train")
  parser.add_argument("--count", type=int, default=50, help="frames to look at, default: 50")


def _metric_factor(options):
  """Tells metres per unit of a model's depth, from the camera's height or speed."""
  from keras_weakseg import api
  factor = api.metric_factor(
      options.target, cli_own_data.video_of(options) if options.data else None,
      split=options.split, camera_height=options.camera_height, distance=options.distance,
      count=options.count)
  print(f"factor: {factor:.6g}")


def _evaluate_poses(options):
  """Compares the camera motion that a run of video predicts with true poses."""
  from keras_weakseg import api
  found = api.evaluate_poses(options.target, options.data_of(options), split=options.split)
  print(json.dumps(found, indent=1) if options.json else report(found))


def report(found):
  """Returns the errors of camera motion as text for people.

  Args:
    found: dict of `evaluation.evaluate_poses`.

  Example:
    >>> print(report({"rotation": 0.25, "rotation_identity": 1.0, "translation": 8.0,
    ...               "translation_straight": 12.5, "ate": None, "samples": 3, "pairs": 6,
    ...               "notes": ["no snippets"]}))
    rotation: 0.2500 degrees; without a turn 1.0000
    translation: 8.0000 degrees; straight ahead 12.5000
    3 samples, 6 pairs
    note: no snippets
  """
  lines = [
      f"rotation: {_figure(found['rotation'])} degrees; without a turn "
      + _figure(found["rotation_identity"]),
      f"translation: {_figure(found['translation'])} degrees; straight ahead "
      + _figure(found["translation_straight"])]
  if found["ate"] is not None:
    lines.append(f"ate: {_figure(found['ate'])} +- {_figure(found['ate_spread'])} over "
                 f"{found['snippets']} snippets; standing {_figure(found['ate_identity'])}, "
                 f"straight ahead {_figure(found['ate_straight'])}")
  lines.append(f"{found['samples']} samples, {found['pairs']} pairs")
  return "\n".join([*lines, *(f"note: {note}" for note in found["notes"])])


def _figure(value):
  return "-" if value is None else f"{value:.4f}"
