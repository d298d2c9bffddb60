"""`kw.benchmark`: what is missing of a suite is trained or evaluated; tables are made of it all."""
import os

from keras_weakseg import arguments
from keras_weakseg import paths
from keras_weakseg.benchmark import figures
from keras_weakseg.benchmark import measuring
from keras_weakseg.benchmark import needs
from keras_weakseg.benchmark import planning
from keras_weakseg.benchmark import reading
from keras_weakseg.benchmark import tables
from keras_weakseg.benchmark import writing


def benchmark(suite: str, model_dir: arguments.Path = "runs/benchmark", *,
              seeds: arguments.Ints | None = None, rows: arguments.Texts | None = None,
              shard: str | None = None, data_dir: arguments.Path | None = None,
              dry_run: bool = False, progress: bool = True):
  """Trains or evaluates what is missing of a suite and writes its tables.

  The same call continues after a kill, and repeats nothing that is finished. Suites that share a
  `model_dir` share rows of the same name. `kw.suites()` lists the names.

  Args:
    suite: name (`em/scenes`), path of a YAML file, or `Suite`.
    model_dir: folder of all runs, `<row>/seed_<n>`, their records and the tables. A finished run
      of the same experiment that is put in its place is taken as it is.
    seeds: list of ints in place of the suite's.
    rows: keys of the rows to do, and of what they start from; the tables show all that is there.
    shard: `"1/4"`: the first of four parts, for several machines. When the folders of all of them
      are brought together, the call without it makes the whole table.
    data_dir: where data lies; default: `KERAS_WEAKSEG_DATA`.
    dry_run: print what there is to do, and write nothing.
    progress: whether to draw progress bars and print a line per run.

  Returns:
    `Report`: `.ok` is False if an ordering does not hold, `.failures` says which, `.text()` is the
    table, `.paths` are the files.

  Raises:
    ValueError, FileNotFoundError: something is wrong with the suite, a row or the data; the error
      names the place. What is finished stays.

  Example:
    ```python
    report = kw.benchmark("em/scenes", model_dir="runs/em")
    print(report.text())
    ```
  """
  suite = reading.read_suite(suite)
  plan = planning.Plan(suite, seeds, rows, shard)
  bench = measuring.Bench(plan, os.fspath(paths.expand(model_dir)), paths.expand(data_dir),
                          progress)
  for unit in plan.everything:
    bench.identity(unit)  # A row that cannot be trained is told before the first one is.
    planning.check_shared(unit.row, suite)
  listing = _listing(plan, bench)
  if dry_run:
    print(listing, _needed(plan), sep="\n", flush=True)
    return report_of(plan, bench, listing)
  for unit in plan.units:
    if not bench.record(unit):
      record = bench.perform(unit)
      if progress:
        print(_done(unit, record, suite), flush=True)
  return writing.write(report_of(plan, bench, listing), bench.folder)


def report_of(plan, bench, listing=""):
  """Returns the `Report` of all that is finished in a folder.

  Args:
    plan: `planning.Plan`; the report has all rows of its suite.
    bench: `measuring.Bench`.
    listing: text of what there was to do.
  """
  everything = planning.Plan(plan.suite, plan.seeds)
  bench = measuring.Bench(everything, bench.folder, bench.data_dir, said=bench.said)
  lines, todo = [], []
  for row in plan.suite.rows:
    units = [planning.Unit(row, seed) for seed in everything.seeds_of(row)]
    found = {unit.seed: bench.record(unit) for unit in units}
    todo += [unit.name for unit in units if not found[unit.seed]]
    lines.append(tables.Line(row, found))
  by_key = {line.row.key: line for line in lines}
  return tables.Report(
      plan.suite, plan.seeds, lines,
      [tables.judge(ordering, plan.suite, by_key) for ordering in plan.suite.orderings], todo,
      plan=listing)


def _listing(plan, bench):
  own = {unit.name for unit in plan.units}
  lines = [f"suite '{plan.suite.name}' in {bench.folder}"]
  for unit in plan.everything:
    elsewhere = "" if unit.name in own else ", by another shard"
    lines.append(f"  {unit.name}: {unit.row.kind}, {bench.state(unit)}{elsewhere}")
  return "\n".join(lines)


def _needed(plan):
  data, weights = needs.needs(list({unit.row.key: unit.row for unit in plan.everything}.values()))
  return (f"data: {', '.join(data) or 'none'}; pretrained weights: {', '.join(weights) or 'none'}\n"
          "None of it was looked for: `keras-weakseg check-data EXPERIMENT --quick` does that.")


def _done(unit, record, suite):
  values = [(figure, figures.value(record, figure)) for figure in suite.figures]
  shown = ", ".join(f"{figure.title} {value:.{figure.decimals}f}" for figure, value in values
                    if value is not None)
  return f"{unit.name}: {shown or 'done'} ({record['seconds']:.0f} s)"
