"""`keras-weakseg benchmark SUITE`: tables of many runs on the command line."""
import sys

from keras_weakseg import cli_own_data


def add_commands(command):
  """Adds `benchmark` to the command line.

  Args:
    command: function (name, run) that returns the parser of a new command.
  """
  parser = command("benchmark", _benchmark)
  parser.add_argument("suite", nargs="?", metavar="SUITE",
                      help="a name such as em/scenes, or a YAML file; without it, all names")
  parser.add_argument("--model_dir", help="folder of all runs, default: runs/benchmark")
  parser.add_argument("--rows", type=cli_own_data.names, help="keys between commas, default: all")
  parser.add_argument("--seeds", type=cli_own_data.numbers(int), help="default: the suite's")
  parser.add_argument("--shard", metavar="1/4", help="the first of four parts of the work")
  parser.add_argument("--data_dir", help="where data lies, default: KERAS_WEAKSEG_DATA")
  parser.add_argument("--dry_run", action="store_true", help="print what there is to do")


def _benchmark(options):
  """Trains or evaluates what is missing of a suite, and writes its tables."""
  from keras_weakseg import benchmark
  if not options.suite:
    print("\n".join(benchmark.suites()))
    return 0
  report = benchmark.benchmark(
      options.suite, options.model_dir or "runs/benchmark", seeds=options.seeds, rows=options.rows,
      shard=options.shard, data_dir=options.data_dir, dry_run=options.dry_run)
  if not options.dry_run:
    print("\n" + report.text())
    print("\n".join(f"{kind}: {path}" for kind, path in report.paths.items()))
  for failure in report.failures:
    print(f"failed: {failure}", file=sys.stderr)
  return 0 if report.ok else 1
