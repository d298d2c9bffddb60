"""Writes a report as Markdown, CSV, JSON and a picture; all of them or none."""
import csv
import dataclasses
import io
import json
import pathlib

from keras_weakseg.benchmark import figures
from keras_weakseg.benchmark import picture
from keras_weakseg.files import staging

_SUFFIXES = {"markdown": ".md", "csv": ".csv", "json": ".json", "picture": ".png"}
_COLUMNS = ("row", "title", "seed", "figure", "value", "published", "split", "samples",
            "protocol_hash", "commit")


def write(report, folder):
  """Returns the report with the paths of what was written.

  Args:
    report: `Report`.
    folder: where; files are named after the suite.
  """
  name = report.suite.name.replace("/", "_")
  contents = {"markdown": report.text().encode(), "csv": table(report).encode(),
              "json": (json.dumps(summary(report), indent=1) + "\n").encode(),
              "picture": picture.draw(report)}
  with staging.staged(folder) as place:
    for kind, content in contents.items():
      staging.write_whole(place / (name + _SUFFIXES[kind]), content)
  return dataclasses.replace(report, paths={
      kind: str(pathlib.Path(folder) / (name + suffix)) for kind, suffix in _SUFFIXES.items()})


def table(report):
  """Returns the values as CSV text: one line per row, seed and figure, as they are printed."""
  text = io.StringIO(newline="")
  writer = csv.writer(text, lineterminator="\n")
  writer.writerow(_COLUMNS)
  for line in report.lines:
    for seed, record in line.records.items():
      known = (record or {}).get("figures", {})
      for figure in report.suite.figures:
        value = figures.value(record, figure)
        if value is not None:
          writer.writerow([
              line.row.key, line.row.title, seed, figure.name, repr(value),
              line.row.published.get(figure.name, ""), known.get("split", ""),
              known.get("samples", ""), known.get("protocol_hash", ""),
              record.get("environment", {}).get("commit") or ""])
  return text.getvalue()


def summary(report):
  """Returns everything as plain JSON values."""
  return {
      "suite": report.suite.name, "description": report.suite.description, "seeds": report.seeds,
      "figures": [dataclasses.asdict(figure) for figure in report.suite.figures],
      "rows": [{"key": line.row.key, "title": line.row.title, "published": line.row.published,
                "runs": {str(seed): _run(record) for seed, record in line.records.items()},
                "values": {figure.name: line.values(figure) for figure in report.suite.figures}}
               for line in report.lines],
      "orderings": [{**dataclasses.asdict(verdict.ordering), "gains": verdict.gains,
                     "holds": verdict.verdict} for verdict in report.verdicts],
      "ok": report.ok, "todo": report.todo}


def _run(record):
  if not record:
    return None
  known = record["figures"]
  return {"identity": record["identity"], "environment": record.get("environment"),
          **{name: known[name] for name in ("split", "samples", "protocol", "protocol_hash",
                                            "checkpoint") if name in known}}
