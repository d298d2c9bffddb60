"""What a suite says: rows, seeds, figures, orderings. It knows nothing of files or training."""
import dataclasses
from typing import Any, Dict, List, Tuple, Union

BETTER = ("higher", "lower")


@dataclasses.dataclass(frozen=True)
class Figure:
  """A column of the table.

  Attributes:
    name: key of what is measured; `class_iou.person` looks into a dict, `class_iou.dog+horse` is
      the mean of two of its values. Of the training itself: `masks_seen`, `images_seen`, `epochs`
      (passes over the first part), `train_seconds`, `images_per_second`.
    title: its heading.
    scale: what is measured is multiplied by it: 100 for per cent.
    decimals: that are printed.
    better: `higher` or `lower`.
  """
  name: str
  title: str = ""
  scale: float = 1.0
  decimals: int = 3
  better: str = "higher"


@dataclasses.dataclass(frozen=True)
class Row:
  """One row: something that is trained, evaluated, measured or made, once per seed.

  A row has exactly one origin: `experiment` is trained; `of` alone evaluates the run of another
  row anew; `measure` calls a measurement by name (see `benchmark.measures`); `read` takes figures
  of another row under other names; `make` leaves files for rows that start from them.

  Attributes:
    key: its name within the suite, and that of its folder.
    title: its text in the table.
    experiment: name of a registered experiment.
    overrides: over it, as `params_override` of `fit`.
    start: overrides whose texts hold references: `{row:KEY}` is the folder of another row's run
      of the same seed, or of its only seed, and alone in a `pretrained` the weights that the run's
      own training has left of that network; `{seed}`; `{data_dir}`.
    from_run: `{row:KEY}`: a row whose finished steps are taken where they are the same.
    draws: whether the seed also draws the masks of parts with a count.
    of: another row, which is trained, and whose run this one evaluates, measures or reads.
    protocol: fields of the protocol that differ from those of that run.
    split: default: that of the run.
    data: default: that of the run; the name of an experiment, or `{source: NAME, ...}` with a
      function of `keras_weakseg.data` and its arguments.
    measure: name of a measurement.
    make: name of a maker: `disparity_maps`.
    read: dict of figure to the name that it has in the row `of`.
    options: of the measurement or maker.
    also: names of measurements of the same run whose figures are added to the row's.
    seeds: of this row alone; empty = those of the suite. Rows that start from a row of one seed
      all start from that one.
    published: dict of figure to the number that was published, as it is printed.
    shown: whether the row stands in the table.
  """
  key: str
  title: str = ""
  experiment: str = ""
  overrides: Dict[str, Any] = dataclasses.field(default_factory=dict)
  start: Dict[str, Any] = dataclasses.field(default_factory=dict)
  from_run: str = ""
  draws: bool = True
  of: str = ""
  protocol: Dict[str, Any] = dataclasses.field(default_factory=dict)
  split: str = ""
  data: Union[str, Dict[str, Any]] = ""
  measure: str = ""
  make: str = ""
  read: Dict[str, str] = dataclasses.field(default_factory=dict)
  options: Dict[str, Any] = dataclasses.field(default_factory=dict)
  also: List[str] = dataclasses.field(default_factory=list)
  seeds: List[int] = dataclasses.field(default_factory=list)
  published: Dict[str, float] = dataclasses.field(default_factory=dict)
  shown: bool = True

  @property
  def kind(self):
    """`train`, `evaluate`, `measure`, `read` or `make`."""
    return "train" if self.experiment else next(
        (kind for kind in ("measure", "read", "make") if getattr(self, kind)), "evaluate")


@dataclasses.dataclass(frozen=True)
class Ordering:
  """Something that should hold: a row is better than another one, or than a number.

  It holds if `better - ratio * worse` (its negative where lower is better) is more than the margin,
  in the mean of the seeds, which are paired, or in every one of them.

  Attributes:
    better: key of a row.
    worse: key of a row, or a number as it is printed.
    figure: name of a figure of the suite; empty = its first one.
    margin: in the unit in which the figure is printed.
    ratio: factor of the worse one: 0.97 asks for more than 97 per cent of it.
    every_seed: whether it must hold in every seed, and not only in their mean.
  """
  better: str
  worse: Union[str, float]
  figure: str = ""
  margin: float = 0.0
  ratio: float = 1.0
  every_seed: bool = False


@dataclasses.dataclass(frozen=True)
class Suite:
  """A table: see the classes above.

  Attributes:
    name: such as `em/scenes`.
    description: one line.
    rows: in the order of the table.
    figures: columns; orderings are of the first one where they name none.
    seeds: of every row that has none of its own.
    orderings: that should hold.
  """
  name: str
  description: str
  rows: Tuple[Row, ...]
  figures: Tuple[Figure, ...]
  seeds: Tuple[int, ...] = (1, 2, 3)
  orderings: Tuple[Ordering, ...] = ()

  def row(self, key):
    """Returns the row of a key."""
    return next(row for row in self.rows if row.key == key)

  def figure(self, name):
    """Returns the figure of a name; the first one if it is empty."""
    return next(item for item in self.figures if not name or item.name == name)
