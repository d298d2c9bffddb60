"""The report of a data check, as values and as a table."""
import dataclasses
from typing import Dict, List, Tuple

from keras_weakseg import errors
from keras_weakseg.data.checks import findings


@dataclasses.dataclass(frozen=True)
class Report:
  """What a check found.

  Attributes:
    name: of the source.
    classes: class names.
    splits: dict of split to dict of counts: samples, mask, boxes, tags.
    histogram: dict of split to a list of C + 1 pixel counts, the last one of ignored pixels.
    tagged: dict of split to a list of C counts of tagged images.
    sizes: (smallest, largest) image as ((height, width), (height, width)), or None.
    problems: list of `findings.Problem`, errors first.
    quick: whether only headers and a sample of the masks were looked at.
    notes: what the source says of itself in the plan of a training.
  """
  name: str
  classes: Tuple[str, ...]
  splits: Dict[str, Dict[str, int]]
  histogram: Dict[str, List[int]]
  tagged: Dict[str, List[int]]
  sizes: Tuple
  problems: List[findings.Problem]
  quick: bool
  notes: Tuple[str, ...] = ()

  @property
  def ok(self):
    """False if training would go wrong."""
    return all(problem.severity != findings.ERROR for problem in self.problems)

  def text(self):
    """Returns the report as a table for people."""
    lines = [f"{self.name}: {len(self.classes)} classes"
             + (" (quick look: headers and a sample of the masks)" if self.quick else "")]
    for split, counts in self.splits.items():
      kinds = ", ".join(f"{kind} {count}" for kind, count in counts.items() if kind != "samples")
      lines.append(f"  {split:<12}{counts['samples']:>8} samples   {kinds}")
    if self.sizes:
      (low, high) = self.sizes
      lines.append(f"  sizes (height x width): {low[0]}x{low[1]} to {high[0]}x{high[1]}")
    lines += [f"  {note}" for note in self.notes]
    lines += self._table()
    for problem in self.problems:
      lines += [f"{problem.severity.upper()}: {problem.what}.", f"  {problem.fix}"]
    lines.append("The data can be trained on." if self.ok else "Training would go wrong.")
    return "\n".join(lines)

  def _table(self):
    shown = [split for split in self.splits if sum(self.histogram.get(split, ()))
             or sum(self.tagged.get(split, ()))]
    if not shown:
      return []
    width = max(len(name) for name in (*self.classes, "(unknown)")) + 2
    lines = ["  " + "".ljust(width) + "".join(f"{split[:22]:>24}" for split in shown),
             "  " + "class".ljust(width) + "".join(f"{'pixels':>14}{'tagged':>10}" for _ in shown)]
    for label, name in enumerate((*self.classes, "(unknown)")):
      cells = ""
      for split in shown:
        pixels, tags = self.histogram.get(split, ()), self.tagged.get(split, ())
        share = f"{100 * pixels[label] / sum(pixels):.2f} %" if sum(pixels) else "-"
        count = tags[label] if sum(tags) and label < len(tags) else "-"
        cells += f"{share:>14}{count:>10}"
      lines.append("  " + name.ljust(width) + cells)
    return lines

  def error(self):
    """Returns the `ValueError` that stops training, or None if the data can be trained on."""
    if self.ok:
      return None
    worst = [problem for problem in self.problems if problem.severity == findings.ERROR]
    return errors.value_error(
        f"The data of '{self.name}' cannot be trained on.", expected="data without errors",
        received="; ".join(problem.what for problem in worst),
        fix=" ".join(dict.fromkeys(problem.fix for problem in worst))
        + " 'keras-weakseg check-data' shows all.")
