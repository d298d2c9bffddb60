"""`keras-weakseg`: the library's calls on the command line.

Everything heavy is imported when a command runs, so `--help` answers at once.
"""
import argparse
import functools
import json
import os
import sys

from keras_weakseg import cli_benchmark, cli_cluster, cli_depth, cli_disparity_maps, cli_label_maps
from keras_weakseg import cli_own_data, cli_prune, cli_records, cli_sentences

# Errors that a user can mend; everything else is a bug and keeps its traceback.
_USER_ERRORS = (ValueError, OSError, ArithmeticError, ImportError)
# Commands that keep what is done when they are stopped.
_CONTINUED = ("fit", "benchmark", "make-label-maps", "make-disparity-maps", "make-records")
_numbers = cli_own_data.numbers


def main(arguments=None):
  """Runs one command.

  Args:
    arguments: list of str, None = those of the process. `--model-dir` equals `--model_dir`.

  Returns:
    Exit code: 0, 1 if `check-data` found that training would go wrong or an ordering of
    `benchmark` does not hold, 2 after an error of the user, 130 after an interruption.
  """
  arguments = [_underscored(argument) for argument in
               (sys.argv[1:] if arguments is None else arguments)]
  options = _parser().parse_args(arguments)
  os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
  try:
    return options.run(options) or 0
  except KeyboardInterrupt:
    goes_on = " The same command continues." if options.command in _CONTINUED else ""
    print(f"\nStopped.{goes_on}", file=sys.stderr)
    return 130
  except _USER_ERRORS as error:
    if getattr(options, "debug", False):
      raise
    print(f"keras-weakseg {options.command}: {error}\n(--debug shows where.)", file=sys.stderr)
    return 2


def _underscored(argument):
  """Returns the flag `--model-dir=x` as `--model_dir=x`; values stay."""
  if not argument.startswith("--") or " " in argument.partition("=")[0]:
    return argument
  flag, equals, value = argument.partition("=")
  return "--" + flag[2:].replace("-", "_") + equals + value


# === Commands ===


def _experiments(options):
  """Lists the registered experiments."""
  from keras_weakseg.configs import registry
  known = registry.descriptions()
  width = max(len(name) for name in known)
  for name, description in known.items():
    print(f"{name:{width}}  {description}")


def _show(options):
  """Prints an experiment as YAML."""
  print(_overrides().to_yaml(_resolved(options)), end="")


def _options(options):
  """Prints the reference of all options as Markdown."""
  del options
  from keras_weakseg.configs import reference
  print(reference.text(), end="")


def _fit(options):
  """Trains, evaluates and records."""
  from keras_weakseg import api
  from keras_weakseg.methods import registry as methods
  if options.method:
    methods.method_class(options.method)  # Which source the folder becomes depends on it.
  own = cli_own_data.fit_options(options)
  _check_one(options.experiment, options.config_file or options.method or options.recipe,
             "EXPERIMENT", "--config_file, or --method and --data")
  name = options.experiment or options.method or options.recipe or os.path.splitext(
      os.path.basename(options.config_file))[0]
  model_dir = options.model_dir or os.path.join("runs", name)
  result = api.fit(
      options.experiment, config_file=options.config_file, params_override=options.params_override,
      model_dir=model_dir, data_dir=options.data_dir, seeds=options.seeds,
      strategy=options.strategy, until=options.until or "", from_run=options.from_run, **own)
  if options.until:
    print(f"stopped after the step '{options.until}'; without --until it goes on")
  else:
    _print_metrics(result.metrics)
  print(f"model_dir: {model_dir}")


def _evaluate(options):
  """Evaluates a run or an artifact."""
  from keras_weakseg import api
  metrics = api.evaluate(options.target, _evaluated(options), split=options.split,
                         protocol=_protocol(options))
  if options.json:
    print(json.dumps(metrics, indent=1))
  else:
    _print_metrics(metrics)


def _predict(options):
  """Writes masks, depth or tags of photographs, and pictures to look at."""
  from keras_weakseg import api
  records = api.predict(options.target, options.inputs, options.output,
                        protocol=_protocol(options), **cli_depth.predict_options(options))
  print(f"{len(records)} predicted: {options.output}")


def _tune_crf(options):
  """Searches the parameters of a dense CRF on held-out masks."""
  from keras_weakseg import api
  from keras_weakseg.tasks.segmentation import crf_search
  given = options.data or options.experiment or options.config_file
  found = api.tune_crf(
      options.target, _source(options) if given else None, split=options.split,
      count=options.count, seed=options.seed, rounds=options.rounds, protocol=_protocol(options),
      output=options.output, allow_evaluation_split=options.allow_evaluation_split)
  if found["learned"]:
    print("note: the run has learned from these masks, so this CRF may be too weak for others")
  print(crf_search.report(found))


def _export(options):
  """Writes a SavedModel for TF Serving."""
  from keras_weakseg import api
  print(api.export(options.target, options.base, **cli_depth.export_options(options)))


def _check_data(options):
  """Looks for everything that would make training go wrong."""
  from keras_weakseg import api
  report = api.check_data(_source(options), options.splits, quick=options.quick)
  print(report.text())
  return 0 if report.ok else 1


# === What flags mean ===


def _overrides():
  from keras_weakseg.configs import overrides
  return overrides


def _resolved(options):
  """Returns the experiment of a name, a file and overrides, checked."""
  overrides = _overrides()
  _check_one(options.experiment, options.config_file, "EXPERIMENT", "--config_file")
  experiment = overrides.resolve(options.experiment, options.config_file, options.params_override)
  return overrides.validate(experiment)


def _source(options, evaluated=False):
  """Returns the data source that the flags describe: a folder, or that of an experiment."""
  from keras_weakseg import data
  from keras_weakseg.recipes import sources
  given = cli_own_data.given_of(options, cli_own_data.FOLDER)
  if options.data:
    return data.Folder(options.data, data_dir=options.data_dir, **given)
  experiment = _resolved(options)
  if options.data_dir:
    experiment.data.data_dir = options.data_dir
  made = sources.make_sources(experiment.data)
  first = next(iter(made.values()))
  return sources.evaluation_source(experiment, made, first) if evaluated else first


def _evaluated(options):
  """Returns the source to evaluate on, None if no flag describes one."""
  given = options.data or options.experiment or options.config_file
  return _source(options, evaluated=True) if given else None


def _protocol(options):
  """Returns the protocol that the flags describe as a dict, None if there are none."""
  names = ("scales", "window", "window_stride", "size", "crf", "threshold", "inference_steps",
           *cli_depth.PROTOCOL)
  given = {name: getattr(options, name) for name in names
           if getattr(options, name, None) is not None}
  return {**given, **({"flip": True} if options.flip else {})} or None


def _check_one(first, second, first_name, second_name):
  from keras_weakseg import errors
  if not first and not second:
    raise errors.value_error(
        "Nothing to work on was named.", expected=f"{first_name} or {second_name}",
        received="neither", fix="`keras-weakseg experiments` lists the names.")


def _print_metrics(metrics):
  """Prints figures; those of several seeds as mean and spread."""
  for name, value in metrics.items():
    if name in ("class_iou", "class_ap"):
      for label, figure in value.items():
        print(f"  {label:20} {_figure(figure)}")
    elif isinstance(value, dict) and "spread" in value:
      print(f"{name}: {value['mean']:.4f} +- {value['spread']:.4f} ({len(value['values'])} seeds)")
    elif isinstance(value, (int, float, str)):
      print(f"{name}: {_figure(value)}")
  for note in metrics.get("notes", ()):
    print(f"note: {note}")


def _figure(value):
  if value is None or value != value:
    return "-"
  return f"{value:.4f}" if isinstance(value, float) else str(value)


# === Flags ===


def _parser():
  """Returns the parser of all commands. Long because it is the list of them."""
  common = argparse.ArgumentParser(add_help=False)
  # Suppressed: a default of the sub-command would undo `--debug` before the command.
  common.add_argument("--debug", action="store_true", default=argparse.SUPPRESS,
                      help="show the traceback of an error")
  parser = argparse.ArgumentParser(
      prog="keras-weakseg", parents=[common],
      description="Train a segmentation model from whatever labels you have.")
  commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

  def command(name, run):
    added = commands.add_parser(name, parents=[common], help=run.__doc__, description=run.__doc__)
    added.set_defaults(run=run)
    return added

  command("experiments", _experiments)
  _add_experiment(command("show", _show))
  command("options", _options)
  fit = command("fit", _fit)
  _add_experiment(fit)
  fit.add_argument("--model_dir", help="directory of the run, default: runs/<experiment>")
  fit.add_argument("--data_dir", help="where data lies, default: KERAS_WEAKSEG_DATA")
  fit.add_argument("--seeds", type=_numbers(int), help="1,2,3: one run per seed, mean and spread")
  fit.add_argument("--strategy", help="auto, one_device, mirrored or multi_worker_mirrored")
  fit.add_argument("--until", help="name of a step after which to stop")
  fit.add_argument("--from_run", help="another run, whose finished steps are taken where the same")
  cli_own_data.add_fit(fit)
  evaluate = command("evaluate", _evaluate)
  _add_target(evaluate)
  evaluate.add_argument("--data", help="a folder; default: the data of the run")
  _add_data(evaluate)
  evaluate.add_argument("--split", help="default: the split of the run")
  evaluate.add_argument("--json", action="store_true", help="print everything as JSON")
  _add_protocol(evaluate)
  cli_depth.add_protocol(evaluate)
  predict = command("predict", _predict)
  _add_target(predict)
  predict.add_argument("inputs", nargs="+", metavar="INPUT", help="a file, folder or glob")
  predict.add_argument("--output", required=True, help="folder for masks, overlays, contact sheet")
  predict.add_argument("--trace", action="store_true", help="dual networks: pictures by step")
  _add_protocol(predict)
  cli_depth.add_predict(predict)
  _add_tune(command("tune-crf", _tune_crf))
  export = command("export", _export)
  _add_target(export)
  export.add_argument("base", metavar="BASE", help="directory of the served model")
  cli_depth.add_export(export)
  check = command("check-data", _check_data)
  check.add_argument("data", nargs="?", metavar="FOLDER", help="a folder of images")
  _add_data(check)
  check.add_argument("--splits", type=cli_own_data.names, help="between commas, default: all")
  check.add_argument("--quick", action="store_true", help="only a sample of the masks")
  for module in (cli_benchmark, cli_cluster, cli_sentences):
    module.add_commands(command)
  cli_label_maps.add_commands(command, _add_data, _source)
  cli_records.add_commands(command, _add_data, _source)
  cli_depth.add_commands(
      command, _add_target, functools.partial(_add_data, folder=False), _evaluated)
  cli_prune.add_commands(command, _add_target)
  cli_disparity_maps.add_commands(
      command, _add_target, functools.partial(_add_data, experiment=False), _source)
  return parser


def _add_tune(parser):
  _add_target(parser)
  parser.add_argument("--data", help="a folder; default: the data of the run")
  _add_data(parser)
  parser.add_argument("--split", default="train", help="its masks are used, default: train")
  parser.add_argument("--count", type=int, default=100, help="number of images, default: 100")
  parser.add_argument("--seed", type=int, default=1, help="of the choice of images")
  parser.add_argument("--rounds", type=int, help="refinements after the grid, default: 2")
  parser.add_argument("--output", help="JSON table of what was tried; a stopped search continues")
  parser.add_argument("--allow_evaluation_split", action="store_true",
                      help="tune on the split of the final numbers, which makes them too good")
  _add_protocol(parser, crf=False)


def _add_experiment(parser):
  parser.add_argument("experiment", nargs="?", metavar="EXPERIMENT", help="a registered name")
  _add_config(parser)


def _add_config(parser):
  parser.add_argument("--config_file", help="YAML over the experiment; may name it itself")
  parser.add_argument("--params_override", action="append", metavar="KEY=VALUE,...",
                      help="text or YAML over both, may be given several times")


def _add_target(parser):
  parser.add_argument("target", metavar="TARGET", help="a model_dir or an exported artifact")


def _add_data(parser, experiment=True, folder=True):
  if experiment:
    parser.add_argument("--experiment", help="the data of this experiment instead")
  else:
    parser.set_defaults(experiment=None)
  _add_config(parser)
  parser.add_argument("--data_dir", help="where data lies, default: KERAS_WEAKSEG_DATA")
  if folder:
    cli_own_data.add_folder(parser)
  else:
    parser.set_defaults(data=None, **dict.fromkeys(cli_own_data.FOLDER))


def _add_protocol(parser, crf=True):
  group = parser.add_argument_group(
      "protocol", "Any of these replaces the protocol of the run or artifact.")
  group.add_argument("--scales", type=_numbers(float), help="0.75,1,1.25")
  group.add_argument("--flip", action="store_true", help="also the mirrored image")
  group.add_argument("--window", type=_numbers(int), help="height,width of a sliding window")
  group.add_argument("--window_stride", type=_numbers(int), help="its step")
  group.add_argument("--size", type=_numbers(int), help="height,width to resize the image to first")
  group.add_argument("--inference_steps", type=int, help="dual networks: steps of inference")
  group.add_argument("--threshold", type=float, help="tags: least probability, default: 0.5")
  if crf:
    group.add_argument("--crf", metavar="NAME",
                       help="dense CRF: deeplab_largefov, deeplab_msc, ... or what tune-crf prints")


if __name__ == "__main__":
  sys.exit(main())
