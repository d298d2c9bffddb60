"""A suite from start to table: nothing twice, kills, shards, orderings that fail, stale weights."""
import json
import shutil

import pytest

import keras_weakseg as kw
from keras_weakseg.benchmark import running
from keras_weakseg.training import logs


def run(suite, folder, **options):
  return running.benchmark(suite, folder, progress=False, **options)


def trained(made):
  return [(call[1], call[2].seed) for call in made.calls if call[0] == "fit"]


def test_the_package_is_the_function():
  assert callable(kw.benchmark) and kw.benchmark.benchmark is running.benchmark


def test_rows_start_from_the_run_of_their_seed_and_draw_its_masks(suite, pretend, tmp_path):
  report = run(suite(), tmp_path, data_dir="photos")
  assert report.ok and not report.todo
  after = [call for call in pretend.calls if call[1] == "depth_transfer_scenes"]
  for seed, (_, _, experiment, model_dir, options) in enumerate(after, 1):
    assert model_dir == str(tmp_path / "after" / f"seed_{seed}")
    assert experiment.network.pretrained == str(
        tmp_path / "depth" / f"seed_{seed}" / "train" / "depth.npz")
    assert (experiment.seed, experiment.data.parts[0].subset_seed) == (seed, seed)
    assert options["data_dir"] == "photos"
  flipped = [call[4] for call in pretend.calls if call[0] == "evaluate"]
  assert flipped == [{"flip": True, "size": [2, 3]}] * 2  # over the protocol of the run


def test_what_is_finished_is_not_done_again(suite, pretend, tmp_path):
  first = run(suite(), tmp_path)
  count = len(pretend.calls)
  again = run(suite(), tmp_path)
  assert len(pretend.calls) == count == 8 and again.text() == first.text()


def test_a_killed_suite_goes_on_where_it_stopped(suite, pretend, tmp_path):
  whole = run(suite(), tmp_path / "whole")
  pretend.calls.clear()
  pretend.fails = ("depth_transfer_scenes", 2)
  with pytest.raises(KeyboardInterrupt):
    run(suite(), tmp_path / "killed")
  before = trained(pretend)
  pretend.fails, pretend.calls = None, []
  report = run(suite(), tmp_path / "killed")
  assert before[-1] == ("depth_transfer_scenes", 2) and trained(pretend) == [before[-1]]
  assert report.text() == whole.text()
  assert sorted(path.name for path in (tmp_path / "killed").glob("pretended.*")) == [
      "pretended.csv", "pretended.json", "pretended.md", "pretended.png"]


def test_shards_share_the_work_and_their_folders_make_the_same_table(suite, pretend, tmp_path):
  whole = run(suite(), tmp_path / "whole")
  pretend.calls.clear()
  parts = [run(suite(), tmp_path / f"shard_{number}", shard=f"{number}/3") for number in (1, 2, 3)]
  work = trained(pretend)
  assert len(work) == len(set(work)) == 6
  assert all(part.todo for part in parts)
  for number in (1, 2, 3):
    shutil.copytree(tmp_path / f"shard_{number}", tmp_path / "merged", dirs_exist_ok=True)
  merged = run(suite(), tmp_path / "merged")
  assert trained(pretend) == work and merged.text() == whole.text() and not merged.todo
  for name in ("pretended.csv", "pretended.md", "pretended.png"):
    assert (tmp_path / "merged" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_chosen_rows_bring_what_they_start_from(suite, pretend, tmp_path):
  report = run(suite(), tmp_path, rows=["after"], seeds=[7])
  assert trained(pretend) == [("depth_scenes", 7), ("depth_transfer_scenes", 7)]
  assert report.todo == ["alone seed 7", "after_flip seed 7"] and report.ok
  assert [verdict.verdict for verdict in report.verdicts] == ["not measured"] * 2
  with pytest.raises(ValueError, match="Did you mean 'alone'"):
    run(suite(), tmp_path, rows=["aloen"])


def test_a_dry_run_writes_nothing(suite, pretend, tmp_path, capsys):
  report = run(suite(), tmp_path / "none", dry_run=True, shard="1/2")
  assert not pretend.calls and not (tmp_path / "none").exists() and not report.paths
  printed = capsys.readouterr().out
  assert "depth seed 1: train, to do" in printed and "by another shard" in printed
  assert "data: weakseg_scenes" in printed and "None of it was looked for" in printed
  run(suite(), tmp_path / "some", rows=["alone"])
  run(suite(), tmp_path / "some", dry_run=True)
  assert "alone seed 2: train, done" in capsys.readouterr().out


def test_orderings_that_fail_are_reported(suite, pretend, tmp_path):
  pretend.scores["depth_transfer_scenes"] = 0.505
  report = run(suite(), tmp_path)
  assert not report.ok
  assert report.failures == ["`after` > `alone` + 1 does not hold: +0.5, +0.5"]
  assert "| `after` > `alone` + 1 | 0.5 ± 0.0 | +0.5, +0.5 | no |" in report.text()


def test_a_start_from_other_weights_is_refused(suite, pretend, tmp_path):
  run(suite(), tmp_path)
  shutil.rmtree(tmp_path / "depth")
  pretend.weights = b"other weights"
  with pytest.raises(ValueError, match="(?s)after seed 1 was started from other.*Delete"):
    run(suite(), tmp_path)
  for seed in (1, 2):
    shutil.rmtree(tmp_path / "after" / f"seed_{seed}")
  pretend.calls.clear()
  assert run(suite(), tmp_path).ok
  assert trained(pretend) == [("depth_transfer_scenes", 1), ("depth_transfer_scenes", 2)]
  # What was evaluated of the old weights is evaluated again.
  assert len([call for call in pretend.calls if call[0] == "evaluate"]) == 2


def test_what_a_suite_changes_is_done_again_and_nothing_else(suite, pretend, tmp_path):
  run(suite(), tmp_path)
  pretend.calls.clear()
  run(suite(**{"{flip: true}": "{flip: true, crf: deeplab_msc}"}), tmp_path)
  assert [call[0] for call in pretend.calls] == ["evaluate", "evaluate"]
  assert pretend.calls[0][4]["crf"] == "deeplab_msc"


def test_a_row_that_cannot_be_trained_is_told_first(suite, pretend, tmp_path):
  broken = suite(**{"{of: after, protocol: {flip: true}}":
                    "{experiment: unet_scenes, overrides: {training.stpes: 5}}"})
  with pytest.raises(ValueError, match="(?s)Row 'after_flip'.*Did you mean.*steps"):
    run(broken, tmp_path / "none")
  assert not pretend.calls and not (tmp_path / "none").exists()


SHARED = """
seeds: [1, 2]
rows:
  after: {experiment: depth_transfer_scenes}
  joint: {experiment: joint_depth_scenes, from_run: "{row:after}"}
"""


def test_rows_take_the_steps_of_another_row(suite, pretend, tmp_path):
  run(suite(SHARED), tmp_path)
  given = {call[1]: [] for call in pretend.calls}
  for call in pretend.calls:
    given[call[1]].append(call[4]["from_run"])
  assert given == {"depth_transfer_scenes": [None, None], "joint_depth_scenes": [
      str(tmp_path / "after" / f"seed_{seed}") for seed in (1, 2)]}
  # What the other row's own training leaves decides nothing here.
  count = len(pretend.calls)
  shutil.rmtree(tmp_path / "after")
  pretend.weights = b"other weights"
  run(suite(SHARED), tmp_path)
  assert [call[1] for call in pretend.calls[count:]] == ["depth_transfer_scenes"] * 2


def test_a_row_with_nothing_to_share_is_told_first(suite, pretend, tmp_path):
  other = suite(SHARED.replace("joint_depth_scenes", "unet_scenes"))
  with pytest.raises(ValueError, match="(?s)'joint' has no step that 'after' has too"):
    run(other, tmp_path / "none")
  assert not pretend.calls and not (tmp_path / "none").exists()


# === Training for real ===

SCENES = """
description: A few scenes
seeds: [2]
figures: {mean_iou: {decimals: 3}, masks_seen: {}, epochs: {}}
rows:
  few:
    title: four masks
    experiment: supervised_scenes
    overrides: &tiny
      training.steps: 4
      training.log_every: 2
      training.checkpoint_every: 2
      data.augmentation.crop: [49, 97]
      data.parts.0.count: 4
      data.parts.0.batch_size: 2
      network.light_tiny: {alpha: 0.25, head_filters: 16}
  few_flip: {of: few, protocol: {flip: true}}
  maps: {measure: label_maps, data: bbox_rect_scenes, split: test, options: {kind: rect}}
orderings:
- {better: maps, worse: few}
- {better: few, worse: 99}
"""


@pytest.fixture(scope="module")
def few_scenes(tmp_path_factory):
  """Gives a data_dir in which `weakseg_scenes` has few and small scenes."""
  pytest.importorskip("tensorflow_datasets")
  from keras_weakseg import datasets
  config = datasets.register()["weakseg_scenes"].builder_configs["192x96"]
  with pytest.MonkeyPatch.context() as patch:
    patch.setenv("KERAS_WEAKSEG_CACHE", str(tmp_path_factory.mktemp("cache")))
    for name, value in {"size": (48, 96), "train": 8, "validation": 2, "test": 3,
                        "workers": 1}.items():
      patch.setattr(config, name, value)
    yield str(tmp_path_factory.mktemp("scenes"))


@pytest.fixture(scope="module")
def killed(few_scenes, tmp_path_factory):
  """Returns the report of a suite that was killed inside and between its runs, and its folder."""
  folder = tmp_path_factory.mktemp("killed")
  path = folder / "suites" / "few.yaml"
  path.parent.mkdir()
  path.write_text(SCENES)
  written, write, done, started = [], logs.RunLog.write, running._done, []

  def interrupted(self, step, figures):
    if step == 4 and "first" not in written:
      written.append("first")
      raise KeyboardInterrupt  # Inside a run, two steps after its checkpoint.
    started.append(step)
    write(self, step, figures)

  def between(*given):
    if "second" not in written:
      written.append("second")
      raise KeyboardInterrupt  # Between two runs.
    return done(*given)

  options = {"data_dir": few_scenes, "progress": False}
  with pytest.MonkeyPatch.context() as patch:
    patch.setattr(logs.RunLog, "write", interrupted)
    patch.setattr(running, "_done", between)
    with pytest.raises(KeyboardInterrupt):
      running.benchmark(path, folder / "runs", **options)
    with pytest.raises(KeyboardInterrupt):
      running.benchmark(path, folder / "runs", **{**options, "progress": True})
    report = running.benchmark(path, folder / "runs", **options)
  assert written == ["first", "second"] and started == [2, 4]
  return path, folder / "runs", report


@pytest.mark.slow
def test_killed_and_sharded_suites_end_with_the_same_table(killed, few_scenes, tmp_path):
  path, folder, report = killed
  for number in (1, 2):
    running.benchmark(path, tmp_path / "runs", shard=(number, 2), data_dir=few_scenes,
                      progress=False)
  name = report.suite.name.replace("/", "_")
  for suffix in (".md", ".csv", ".png"):
    ours, theirs = ((place / (name + suffix)).read_bytes() for place in (folder, tmp_path / "runs"))
    assert ours == theirs, suffix
  summary = json.loads((folder / f"{name}.json").read_text())
  assert not summary["ok"] and not summary["todo"]


@pytest.mark.slow
def test_a_trained_table_holds_what_the_runs_say(killed):
  _, folder, report = killed
  metrics = json.loads((folder / "few" / "seed_2" / "metrics.json").read_text())
  few, flip, maps = report.lines
  assert few.values(report.suite.figures[0])[0] == pytest.approx(100 * metrics["mean_iou"])
  assert few.values(report.suite.figures[1]) == [8.0]  # four steps of two masks
  assert few.values(report.suite.figures[2]) == [2.0]  # of four masks
  assert flip.records[2]["figures"]["protocol_hash"] != metrics["protocol_hash"]
  # Rectangles are no masks, but much better than four steps of training.
  assert 40 < maps.values(report.suite.figures[0])[0] < 95
  assert [verdict.verdict for verdict in report.verdicts] == ["in every seed", "no"]
  assert len(report.failures) == 1 and "99" in report.failures[0]
