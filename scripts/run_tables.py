"""What the scripts of results tables share: a run per row and seed, mean and spread, paired gains.

A row is (title, experiment, overrides, key); its run of a seed lies in `MODEL_DIR/<key>/seed_<n>`.
Runs that are finished are not repeated; an interrupted table continues where it stopped.
"""
import json
import statistics
import time

import keras_weakseg as kw


def override(name, seed, own=None):
  """Returns the overrides of a row's seed: where masks are counted, the seed also draws them.

  Args:
    name: experiment.
    seed: of the run.
    own: overrides of the row, text or dict.
  """
  parts = kw.configs.registry.build(name).data.parts
  drawn = [f"data.parts.{i}.subset_seed={seed}" for i, part in enumerate(parts) if part.count]
  return [",".join([f"seed={seed}", *drawn]), *([own] if own else [])]


def run_dir(model_dir, key, seed):
  """Returns the `pathlib.Path` of a run."""
  return model_dir / key / f"seed_{seed}"


def train(key, name, own, seed, model_dir, data_dir, figure="mean_iou", factor=100):
  """Trains the run of a row and a seed, or continues it, prints a line, and returns its metrics."""
  started = time.perf_counter()
  result = kw.fit(name, model_dir=str(run_dir(model_dir, key, seed)), data_dir=data_dir,
                  params_override=override(name, seed, own), progress=False)
  print(f"{key} seed {seed}: {figure} {factor * result.metrics[figure]:.4g} "
        f"({time.perf_counter() - started:.0f} s)", flush=True)
  return result.metrics


def metrics_paths(key, seeds, model_dir):
  """Returns the paths of the metrics of a row, one per seed; they are there after training."""
  return [run_dir(model_dir, key, seed) / "metrics.json" for seed in seeds]


def finished(rows, seeds, model_dir):
  """Returns the rows whose runs are all finished, and their metrics by key; trains nothing."""
  found = {}
  for *_, key in rows:
    paths = metrics_paths(key, seeds, model_dir)
    if all(path.exists() for path in paths):
      found[key] = [json.loads(path.read_text()) for path in paths]
  return [row for row in rows if row[-1] in found], found


def cell(values, factor=100, digits=1):
  """Returns mean and sample standard deviation, by default in percent."""
  spread = f" ± {factor * statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
  return f"{factor * statistics.fmean(values):.{digits}f}{spread}"


def header(first, seeds, last=()):
  """Returns the two Markdown lines above a table with a column per seed."""
  names = [*first, *(f"seed {seed}" for seed in seeds), *last]
  return [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]


def caption(command, seeds, metrics, unit="percent", note=""):
  """Returns the line above a table: what printed it, how often, on what.

  Args:
    command: name of the script and its arguments.
    seeds: list of ints.
    metrics: of one of the runs.
    unit: of the numbers; empty = none.
    note: what else the numbers are of.
  """
  return (f"`scripts/{command}`{note and f' ({note})'}, seeds {', '.join(map(str, seeds))}; "
          f"{metrics['samples']} images of `{metrics['split']}`, protocol "
          f"`{metrics['protocol_hash']}`; mean ± sample standard deviation{unit and ', ' + unit}.")


def table(rows, found, seeds):
  """Returns the mIoU of every row as Markdown lines."""
  lines = header(("trained from", "experiment", "mIoU"), seeds)
  for title, name, own, key in rows:
    values = [metrics["mean_iou"] for metrics in found[key]]
    shown = f", `{own}`" if own and isinstance(own, str) else ""
    lines.append(f"| {title} | `{name}`{shown} | **{cell(values)}** | "
                 + " | ".join(f"{100 * value:.1f}" for value in values) + " |")
  return lines


def gains(pairs, found):
  """Returns a list of (better, worse, their differences paired by seed) of rows that are there.

  Args:
    pairs: list of (better, worse), keys of rows.
    found: dict of key to metrics, one per seed.
  """
  return [(better, worse, [a["mean_iou"] - b["mean_iou"]
                           for a, b in zip(found[better], found[worse])])
          for better, worse in pairs if {better, worse} <= set(found)]


def verdict(values):
  """Returns whether differences paired by seed are gains.

  Example:
    >>> verdict([0.1, 0.2]), verdict([-0.1, 0.2]), verdict([0.1, -0.2])
    ('in every seed', 'in the mean', 'no')
  """
  return "in every seed" if min(values) > 0 else (
      "in the mean" if statistics.fmean(values) > 0 else "no")
