"""Whether the parts of a suite fit together, before anything is trained."""
from keras_weakseg import errors
from keras_weakseg.benchmark import makers
from keras_weakseg.benchmark import measures
from keras_weakseg.benchmark import references
from keras_weakseg.configs import validation

# What a row of a kind may say besides its key, title, seeds, published numbers and `shown`.
_ALLOWED = {
    "train": {"experiment", "overrides", "start", "from_run", "draws", "also"},
    "evaluate": {"of", "protocol", "split", "data", "also"},
    "measure": {"of", "protocol", "split", "data", "measure", "options"},
    "read": {"of", "read"},
    "make": {"of", "split", "data", "make", "options"},
}
_ORIGINS = ("experiment", "measure", "read", "make")


def checked(suite):
  """Returns a suite whose rows, figures and orderings fit together.

  Raises:
    ValueError: an unknown row, figure, measurement, maker or reference, a row with no or several
      origins or with keys that have no effect, rows in a circle, or seeds that repeat.
  """
  if not suite.rows or not suite.figures:
    raise errors.value_error(f"The suite '{suite.name}' is empty.", expected="rows and figures",
                             received=f"{len(suite.rows)} rows, {len(suite.figures)} figures",
                             fix="Add what it shall measure.")
  keys = [row.key for row in suite.rows]
  for row in suite.rows:
    _check_row(row, suite, keys)
  for seeds in (suite.seeds, *(row.seeds for row in suite.rows if row.seeds)):
    check_seeds(seeds)
  for ordering in suite.orderings:
    _check_ordering(ordering, suite, keys)
  _check_circles(suite)
  return suite


def check_seeds(seeds):
  """Raises `ValueError` unless there is a seed, and none is given twice."""
  listed = isinstance(seeds, (list, tuple)) and all(map(validation.is_seed, seeds))
  if not listed or not seeds or len(set(seeds)) < len(seeds):
    raise errors.value_error(
        "The seeds cannot be used.",
        expected=f"one or more different integers, {validation.SEEDS}",
        received=repr(seeds), fix="Write seeds: [1, 2, 3].")


def known(name, names, what):
  """Raises `ValueError` with the nearest name unless `names` holds a name."""
  errors.check_name(what, name, names)


def _check_row(row, suite, keys):
  where = f"row '{row.key}' of the suite '{suite.name}'"
  origins = [name for name in _ORIGINS if getattr(row, name)]
  if len(origins) > 1 or not (origins or row.of):
    raise errors.value_error(
        f"It is not clear where {where} comes from.",
        expected="one of " + ", ".join(_ORIGINS) + ", or `of` alone",
        received=", ".join(origins) or "none", fix="Keep one of them.")
  blank = type(row)(row.key)
  said = {name for allowed in _ALLOWED.values() for name in allowed
          if getattr(row, name) != getattr(blank, name)}
  unused = sorted(said - _ALLOWED[row.kind])
  if unused:
    raise errors.value_error(
        f"Keys of {where} would have no effect.",
        expected="of a row of this kind: " + ", ".join(sorted(_ALLOWED[row.kind])),
        received=", ".join(unused), fix="Leave them out.")
  if row.kind in ("read", "make") and not row.of:
    raise errors.value_error(f"{where} has no `of`.", expected="the row that is read",
                             received="none", fix="Add `of: ROW`.")
  if row.of:
    known(row.of, keys, f"row for `of` of {where}:")
    if row.kind != "read" and suite.row(row.of).kind != "train":
      raise errors.value_error(
          f"{where} is not of a run.", expected="a row with `experiment`",
          received=f"'{row.of}', a row of the kind {suite.row(row.of).kind}",
          fix="Name the row that is trained.")
  for name in (*row.also, *([row.measure] if row.measure else [])):
    known(name, measures.MEASURES, f"measurement for {where}:")
  if row.make:
    known(row.make, makers.MAKERS, f"maker for {where}:")
  for name in references.rows_of(row.start, where):
    known(name, keys, f"row for `start` of {where}:")
  for name, _ in references.weights_of(row.start):
    _check_trained(suite.row(name), f"`start` of {where}")
  if row.from_run:
    _check_from_run(row, suite, keys, f"`from_run` of {where}")
  names = {figure.name for figure in suite.figures}
  for name in row.published:
    known(name, names, f"figure for `published` of {where}:")


def _check_from_run(row, suite, keys, where):
  key = references.row_of(row.from_run)
  if not key:
    raise errors.value_error(f"{where} names no row.", expected='"{row:KEY}"',
                             received=repr(row.from_run), fix="Name the row whose steps are taken.")
  known(key, keys, f"row for {where}:")
  other = suite.row(key)
  _check_trained(other, where)
  if other.from_run:
    raise errors.value_error(
        f"{where} names a row that takes its steps from elsewhere.",
        expected="the row that trains them", received=key, fix=f"Write {other.from_run!r}.")


def _check_trained(row, where):
  if row.kind != "train":
    raise errors.value_error(
        f"{where} wants the weights of a row that is not trained.",
        expected="a row with `experiment`", received=f"'{row.key}', a row of the kind {row.kind}",
        fix="Name the row that is trained.")


def _check_ordering(ordering, suite, keys):
  where = f"an ordering of the suite '{suite.name}':"
  known(ordering.better, keys, f"row for {where}")
  if isinstance(ordering.worse, str):
    known(ordering.worse, keys, f"row for {where}")
  if ordering.figure:
    known(ordering.figure, [figure.name for figure in suite.figures], f"figure for {where}")
  if ordering.better == ordering.worse:
    raise errors.value_error(f"A row of the suite '{suite.name}' is compared with itself.",
                             expected="two rows", received=ordering.better, fix="Name another.")


def _check_circles(suite):
  done = []
  while len(done) < len(suite.rows):
    ready = [row.key for row in suite.rows if row.key not in done
             and set(references.upstream(row)) <= set(done)]
    if not ready:
      left = [row.key for row in suite.rows if row.key not in done]
      raise errors.value_error(
          f"Rows of the suite '{suite.name}' wait for each other.",
          expected="rows that start from earlier ones", received=", ".join(left),
          fix="Break the circle.")
    done += ready
