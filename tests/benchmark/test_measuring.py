"""One unit at a time: what is read, measured and made of a run, and the states of a unit."""
import pytest

from keras_weakseg.benchmark import makers
from keras_weakseg.benchmark import measures
from keras_weakseg.benchmark import measuring
from keras_weakseg.benchmark import places
from keras_weakseg.benchmark import planning

TEXT = """
seeds: [3]
rows:
  run: {experiment: unet_scenes, also: [poses]}
  trivial: {of: run, measure: mean_depth_map, protocol: {scale: 2}, options: {train_split: weak}}
  still: {of: run, read: {mean_iou: ate_identity}}
  maps: {of: run, make: disparity_maps, data: other, options: {size: [3, 4]}}
"""


@pytest.fixture
def bench(suite, pretend, tmp_path, monkeypatch):
  """Returns a `Bench` whose runs and measurements are pretended; `.asked` has what was called."""
  asked = []

  def measured(name, answer):
    def call(given):
      asked.append((name, given))
      return answer
    monkeypatch.setitem(measures.MEASURES, name, call)

  def make(target, source, split, output, options, progress):
    asked.append(("maps", target, source, split, output, options))
    output.mkdir(parents=True)
    (output / "a.png").write_bytes(b"map")
    return {"maps": 1}

  measured("poses", {"ate_identity": 0.75, "samples": 1})
  measured("mean_depth_map", {"mean_iou": 0.1})
  monkeypatch.setitem(makers.MAKERS, "disparity_maps", make)
  monkeypatch.setattr(places, "of_run", lambda folder: (f"data of {folder.name}", "test"))
  monkeypatch.setattr(places, "source_of", lambda given, data_dir: given or None)
  found = measuring.Bench(planning.Plan(suite(TEXT)), tmp_path, progress=False)
  found.asked = asked
  return found


def unit(bench, key):
  return bench.plan.unit(key, 3)


def test_measurements_of_a_run_join_its_figures(bench):
  record = bench.perform(unit(bench, "run"))
  assert record["figures"]["ate_identity"] == 0.75
  assert record["figures"]["samples"] == 100  # Those of the evaluation stay.
  (name, call), = bench.asked
  assert name == "poses" and call.source == "data of seed_3" and call.split == "test"
  assert call.target == bench.folder / "run" / "seed_3"


def test_rows_look_at_the_run_they_are_of(bench):
  bench.perform(unit(bench, "run"))
  assert bench.perform(unit(bench, "still"))["figures"] == {
      "mean_iou": 0.75, "split": "test", "samples": 100, "protocol_hash": "abc"}
  bench.perform(unit(bench, "trivial"))
  call = bench.asked[-1][1]
  assert call.protocol == {"flip": False, "size": [2, 3], "scale": 2}
  assert call.options == {"train_split": "weak"} and call.source == "data of seed_3"


def test_what_is_made_is_told_by_its_content(bench):
  bench.perform(unit(bench, "run"))
  first = bench.perform(unit(bench, "maps"))
  assert bench.asked[-1] == ("maps", bench.folder / "run" / "seed_3", "other", "train",
                             bench.folder / "maps" / "seed_3", {"size": [3, 4]})
  assert first["figures"] == {"maps": 1} and len(first["left"]) == 16


def test_a_figure_that_is_not_there_is_named(bench, suite):
  bench.perform(unit(bench, "run"))
  other = suite(TEXT.replace("ate_identity", "ate_identiy"))
  again = measuring.Bench(planning.Plan(other), bench.folder, progress=False)
  with pytest.raises(ValueError, match="Did you mean 'ate_identity'"):
    again.perform(unit(again, "still"))


def test_states_of_a_unit(bench, suite):
  run = unit(bench, "run")
  assert bench.state(run) == measuring.MISSING
  bench.run_dir(run).mkdir(parents=True)
  assert bench.state(run) == measuring.BEGUN
  bench.perform(run)
  assert bench.state(run) == measuring.DONE
  other = suite(TEXT.replace("also: [poses]", "overrides: {training.steps: 9}"))
  changed = measuring.Bench(planning.Plan(other), bench.folder)
  assert changed.state(unit(changed, "run")) == measuring.STALE


def test_a_row_needs_data(suite, tmp_path):
  bench = measuring.Bench(planning.Plan(suite("rows: {a: {measure: label_maps}}\nseeds: [1]")),
                          tmp_path)
  with pytest.raises(ValueError, match="has no data"):
    bench.perform(bench.plan.units[0])
