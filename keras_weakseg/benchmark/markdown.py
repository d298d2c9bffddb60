"""The table of a suite for people: Markdown."""
from keras_weakseg.benchmark import figures
from keras_weakseg.benchmark import tables


def text(report):
  """Returns a `Report` as Markdown."""
  blocks = [caption(report), "\n".join(rows(report))]
  if report.verdicts:
    blocks.append("\n".join(orderings(report)))
  missing = [f"`{line.row.key}` ({', '.join(str(seed) for seed in line.missing)})"
             for line in report.lines if line.missing]
  if missing:
    blocks.append("Not measured (seeds): " + ", ".join(missing) + ".")
  made = environments(report)
  if made:
    blocks.append("Made with " + "; ".join(made) + ".")
  return "\n\n".join(blocks) + "\n"


def caption(report):
  """Returns the line above the table: what made it, and on what where all rows agree."""
  suite = report.suite
  groups = measured_on(report)
  shared = f"; {next(iter(groups))}" if len(groups) == 1 else ""
  spread = "; mean ± sample standard deviation" if len(report.seeds) > 1 else ""
  description = f"{suite.description.rstrip('.')}. " if suite.description else ""
  return (f"{description}`keras-weakseg benchmark {suite.name}`, seeds "
          f"{', '.join(map(str, report.seeds))}{shared}{spread}.")


def measured_on(report):
  """Returns a dict of samples, split and protocol, in words, to the keys of the rows on them."""
  found = {}
  for line in report.lines:
    for record in line.records.values():
      if line.row.shown and record:
        known = record["figures"]
        words = ", ".join([
            *([f"{known['samples']} images of `{known['split']}`"]
              if "samples" in known and "split" in known else []),
            *([f"protocol `{known['protocol_hash']}`"] if "protocol_hash" in known else [])])
        keys = found.setdefault(words, [])
        if line.row.key not in keys:
          keys.append(line.row.key)
  return found


def rows(report):
  """Returns the table as lines, of rows of which something is measured.

  The seeds are listed for the first figure.
  """
  first, *others = report.suite.figures
  groups, published = measured_on(report), _published(report)
  heading = ["row", "key", first.title, *(f"seed {seed}" for seed in report.seeds),
             *(figure.title for figure in others),
             *(f"{figure.title} (published)" for figure in published),
             *(["on"] if len(groups) > 1 else [])]
  lines = [_line(heading), "|" + "---|" * len(heading)]
  for line in report.lines:
    if line.row.shown and len(line.missing) < len(line.records):
      on = [words for words, keys in groups.items() if line.row.key in keys]
      lines.append(_line([
          line.row.title or line.row.key, f"`{line.row.key}`",
          f"**{figures.cell(line.values(first), first.decimals)}**",
          *(_number(figures.value(line.records.get(seed), first), first) for seed in report.seeds),
          *(figures.cell(line.values(figure), figure.decimals) for figure in others),
          *(_number(line.row.published.get(figure.name), figure) for figure in published),
          *(["; ".join(on)] if len(groups) > 1 else [])]))
  return lines


def orderings(report):
  """Returns the orderings as lines: the differences paired by seed, and whether they hold."""
  lines = [_line(["ordering", "difference, paired by seed", "seeds", "holds"]),
           "|" + "---|" * 4]
  for verdict in report.verdicts:
    decimals = report.suite.figure(verdict.ordering.figure).decimals
    lines.append(_line([
        tables.describe(verdict.ordering), figures.cell(verdict.gains, decimals),
        ", ".join(f"{gain:+.{decimals}f}" for gain in verdict.gains) or "-",
        verdict.verdict + (" (it should in every seed)" if verdict.fails
                           and verdict.verdict == tables.MEAN else "")]))
  return lines


def environments(report):
  """Returns what the rows were made with, in words, each once."""
  found = {}
  for line in report.lines:
    for record in line.records.values():
      made = (record or {}).get("environment")
      if made:
        versions = ", ".join(f"{name} {version}" for name, version in made["packages"].items()
                             if version)
        on = ", ".join(made["gpus"]) or f"{made['cores']} cores"
        commit = f"commit {made['commit']}, " if made["commit"] else ""
        found[f"{commit}Python {made['python']}, {versions} on {made['machine']}, {on}"] = None
  return list(found)


def _published(report):
  return [figure for figure in report.suite.figures
          if any(figure.name in line.row.published for line in report.lines)]


def _number(value, figure):
  return "-" if value is None else f"{value:.{figure.decimals}f}"


def _line(cells):
  return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"
