"""The picture of a table: a bar per row, its spread, its seeds, and what was published."""
import io
import statistics


def draw(report):
  """Returns a PNG as bytes: the first figure of every row, with error bars over the seeds.

  Args:
    report: `Report`.
  """
  # Not pyplot: it would choose a backend for the whole process.
  from matplotlib.backends import backend_agg  # pylint: disable=g-import-not-at-top
  from matplotlib.figure import Figure  # pylint: disable=g-import-not-at-top
  wanted = report.suite.figures[0]
  lines = [line for line in report.lines if line.row.shown]
  figure = Figure(figsize=(9, 1.2 + 0.45 * max(1, len(lines))), dpi=100)
  backend_agg.FigureCanvasAgg(figure)
  axes = figure.add_subplot()
  for place, line in enumerate(lines):
    values = [value for value in line.values(wanted) if value is not None]
    if values:
      mean = statistics.fmean(values)
      spread = statistics.stdev(values) if len(values) > 1 else 0
      axes.barh(place, mean, xerr=spread or None, color="#9db8d9", ecolor="#333333", capsize=3)
      axes.plot(values, [place] * len(values), "o", color="#1f4e79", markersize=4)
    if wanted.name in line.row.published:
      axes.plot([line.row.published[wanted.name]], [place], "D", color="#c0392b", markersize=6)
  axes.set_yticks(range(len(lines)), [line.row.title or line.row.key for line in lines])
  axes.set_ylim(max(1, len(lines)) - 0.5, -0.5)
  axes.set_xlabel(wanted.title)
  axes.set_title(report.suite.name)
  axes.grid(axis="x", alpha=0.3)
  figure.tight_layout()
  content = io.BytesIO()
  # Without the version of the writer, equal tables are equal files.
  figure.savefig(content, format="png", metadata={"Software": None})
  return content.getvalue()
