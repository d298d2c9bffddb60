"""Does what a row of a suite asks for, once per seed, and keeps the record of it."""
import os
import pathlib
import time

from keras_weakseg import api
from keras_weakseg import errors
from keras_weakseg.benchmark import costs
from keras_weakseg.benchmark import makers
from keras_weakseg.benchmark import measures
from keras_weakseg.benchmark import places
from keras_weakseg.benchmark import planning
from keras_weakseg.benchmark import records
from keras_weakseg.benchmark import references
from keras_weakseg.recipes import outputs
from keras_weakseg.recipes import planning as recipes

DONE, STALE, BEGUN, MISSING = "done", "to do again", "to continue", "to do"


class Bench:
  """The folder in which a suite is measured.

  Args:
    plan: `planning.Plan`.
    model_dir: its folder; runs lie in `<row>/seed_<n>`, records beside them.
    data_dir: where data lies.
    progress: whether to draw progress bars.
    said: dict of row key to `planning.said_of`, as far as it is known already.
  """

  def __init__(self, plan, model_dir, data_dir=None, progress=True, said=None):
    self.plan = plan
    self.folder = pathlib.Path(os.path.abspath(model_dir))
    self.data_dir = data_dir
    self.progress = progress
    self.said = {} if said is None else said

  def run_dir(self, unit):
    """Returns the `pathlib.Path` of the run, or of the files, of a unit."""
    return self.folder / unit.row.key / f"seed_{unit.seed}"

  def record_path(self, unit):
    """Returns the `pathlib.Path` of the record of a unit."""
    return self.folder / unit.row.key / f"seed_{unit.seed}.json"

  def identity(self, unit):
    """Returns what a unit is, as its record must say it."""
    if unit.row.key not in self.said:
      self.said[unit.row.key] = planning.said_of(unit.row)
    return records.digest([unit.seed, self.said[unit.row.key]])

  def record(self, unit):
    """Returns the finished record of a unit, None if it is not finished or of something else."""
    found = records.read(self.record_path(unit))
    fits = (found and found.get("finished") and found["identity"] == self.identity(unit)
            and found["upstream"] == self._upstream(unit))
    return found if fits else None

  def state(self, unit):
    """Returns how far a unit is: `done`, `to continue`, `to do again` or `to do`."""
    if self.record(unit):
      return DONE
    found = records.read(self.record_path(unit))
    if found and found.get("finished"):
      return STALE
    return BEGUN if found or self.run_dir(unit).exists() else MISSING

  def _upstream(self, unit):
    """Returns a dict of the units that one starts from to what they left; None if not finished."""
    found = {}
    for key in references.decisive(unit.row):
      record = self.record(self.plan.unit(key, unit.seed))
      found[key] = record and record["left"]
    return found

  def perform(self, unit):
    """Does a unit and returns its record; what it starts from must be finished.

    Raises:
      ValueError: the run was started from other weights than those that are there now.
    """
    started = time.perf_counter()
    upstream, path = self._upstream(unit), self.record_path(unit)
    self._refuse_other_start(unit, upstream)
    record = {"row": unit.row.key, "seed": unit.seed, "kind": unit.row.kind,
              "identity": self.identity(unit), "upstream": upstream}
    if unit.row.kind == "train":
      # Before the first step: a killed training continues only from the weights it started from.
      records.write(path, {**record, "finished": False})
    figures, left = getattr(self, f"_{unit.row.kind}")(unit)
    for name in unit.row.also:
      target = unit if unit.row.kind == "train" else self._of(unit)
      figures = {**measures.MEASURES[name](self._call(unit, target, {})), **figures}
    record.update(
        finished=True, figures=figures, left=left or records.digest([record["identity"], upstream]),
        seconds=round(time.perf_counter() - started, 1), environment=records.environment())
    records.write(path, record)
    return record

  def _refuse_other_start(self, unit, upstream):
    found = records.read(self.record_path(unit))
    if unit.row.kind != "train" or not found or found["upstream"] == upstream:
      return
    if self.run_dir(unit).exists():
      raise errors.value_error(
          f"The run of {unit.name} was started from other weights.",
          expected=f"what {', '.join(upstream)} has left now: {upstream}",
          received=found["upstream"],
          fix=f"Delete '{self.run_dir(unit)}', so that it is trained again.")

  def _of(self, unit):
    return self.plan.unit(unit.row.of, unit.seed)

  def _train(self, unit):
    folder = lambda key: self.run_dir(self.plan.unit(key, unit.seed))
    weights = lambda key, network: outputs.Outputs(
        recipes.LAST, str(folder(key) / recipes.LAST)).weights(network)[0]
    seeded, own, start = planning.configuration(unit)
    start = references.expanded(start, folder, weights, unit.seed, self.data_dir)
    shared = str(folder(references.row_of(unit.row.from_run))) if unit.row.from_run else None
    result = api.fit(
        unit.row.experiment, params_override=[seeded, own, start], from_run=shared,
        model_dir=str(self.run_dir(unit)), data_dir=self.data_dir, progress=self.progress)
    return ({**costs.costs(result, shared), **result.metrics},
            records.digest_files(self.run_dir(unit)))

  def _evaluate(self, unit):
    row, target = unit.row, self._of(unit)
    return api.evaluate(
        str(self.run_dir(target)), places.source_of(row.data, self.data_dir),
        split=row.split or None, protocol=self._protocol(unit, target) if row.protocol else None,
        progress=self.progress), None

  def _measure(self, unit):
    target = self._of(unit) if unit.row.of else None
    call = self._call(unit, target, unit.row.options)
    return measures.MEASURES[unit.row.measure](call), None

  def _read(self, unit):
    given = self.record(self._of(unit))["figures"]
    lacking = [name for name in unit.row.read.values() if name not in given]
    if lacking:
      raise errors.unknown_name(f"figure of '{unit.row.of}' called", lacking[0], given)
    kept = ("split", "samples", "protocol_hash")
    return {**{name: given[name] for name in kept if name in given},
            **{name: given[other] for name, other in unit.row.read.items()}}, None

  def _make(self, unit):
    row, target = unit.row, self._of(unit)
    source, _ = self._data(row, target)
    found = makers.MAKERS[row.make](
        self.run_dir(target), source, row.split or "train", self.run_dir(unit), row.options,
        self.progress)
    return found, records.digest_files(self.run_dir(unit), ("**/*.png",))

  def _protocol(self, unit, target):
    """Returns the protocol of the run that a row looks at, with what the row says over it."""
    before = self.record(target)["figures"].get("protocol", {}) if target else {}
    return {**before, **unit.row.protocol}

  def _data(self, row, target):
    source, split = places.source_of(row.data, self.data_dir), row.split
    if target and (source is None or not split):
      own, own_split = places.of_run(self.run_dir(target))
      source, split = own if source is None else source, split or own_split
    if source is None:
      raise errors.value_error(f"The row '{row.key}' has no data.", expected="`data` or `of`",
                               received="neither", fix="Add `data: EXPERIMENT`.")
    return source, split or "train"

  def _call(self, unit, target, options):
    source, split = self._data(unit.row, target)
    own = target if target is not unit else None  # Its record is still to come.
    return measures.Call(
        target=self.run_dir(target) if target else None, source=source, split=split,
        protocol=self._protocol(unit, own), options=options, output=self.run_dir(unit),
        data_dir=self.data_dir, progress=self.progress)
