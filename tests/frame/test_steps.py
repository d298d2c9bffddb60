"""The proof of the frame: a maker between two trainings, killed wherever a process can die."""
import json
import os
import shutil

import pytest

import keras_weakseg as kw
from keras_weakseg.derived import results
from keras_weakseg.networks.weights import weights
from keras_weakseg.recipes import planning
from keras_weakseg.training import restore


@pytest.fixture(scope="module")
def whole(experiments, photo_folder, tmp_path_factory):
  """Returns the `Result` of an uninterrupted run."""
  return kw.fit(experiments.guessed(photo_folder), progress=False,
                model_dir=tmp_path_factory.mktemp("runs") / "whole")


def test_the_second_training_reads_ids_and_maps_of_the_maker(whole, experiments, photo_folder):
  marker = json.load(open(f"{whole.model_dir}/guesses/done.json"))
  assert marker["kind"] == "guesses" and len(marker["ids"]) == 9
  plan = planning.make_plan(experiments.guessed(photo_folder))
  assert [step.reads for step in plan.steps] == [(), ("first",), ("first", "guesses")]
  assert plan.last.phase is None and plan.steps[0].phase is not None
  text = "\n".join(plan.text())
  assert "step 'guesses' makes, reads first" in text and "known when it ran" in text
  from keras_weakseg.recipes import outputs
  finished = {name: outputs.Outputs(name, f"{whole.model_dir}/{name}")
              for name in ("first", "guesses")}
  bundle = plan.last.bind(finished).bundle
  assert bundle.ids[0] == tuple(marker["ids"])
  batch = next(bundle.batches().as_numpy_iterator())
  assert (batch["mask"][batch["valid"]] < 255).all(), "guesses where the mask said nothing"


def _while_making(count):
  return lambda kills, patch, toys: patch.setattr(
      toys.Guesses, "hook", kills.at_call(count))


def _in_training(name, step):
  return lambda kills, patch, toys: kills.in_training(patch, name, step)


def _before(module, function, contains):
  return lambda kills, patch, toys: kills.before(patch, module, function, contains)


# Where a process dies: after which step of a training, before which file, after how many maps.
MOMENTS = {
    "in the first training": _in_training("first", 3),
    "after its last step": _in_training("first", 4),
    "before its weights": _before(weights, "write_npz", "first"),
    "before its marker": _before(results, "write", "first"),
    "before the maker's identity": _before(restore, "write_json", "identity.json"),
    "in the middle of making": _while_making(5),
    "before the maker's marker": _before(results, "write", "guesses"),
    "in the second training": _in_training("train", 3),
    "while its weights are renamed": _before(os, "replace", "train/segmenter.npz"),
    "before the last marker": _before(results, "write", "train"),
    "before the metrics": _before(restore, "write_json", "metrics.json"),
}


LEFTOVERS = (
    ".record.json.abcd1234.tmp", "first/.first.npz.abcd1234.tmp",
    "guesses/maps/.a.png.abcd1234.tmp",
    "train/checkpoints/last/ckpt-4_temp/part-00000-of-00001.index",
    "train/checkpoints/last/ckpt-1.index")


def test_killed_at_every_boundary_it_ends_the_same(
    whole, experiments, photo_folder, toys, kills, tmp_path):
  """One chain of kills: each run goes on where the one before died."""
  run = lambda: kw.fit(experiments.guessed(photo_folder), model_dir=tmp_path / "run",
                       progress=False)
  for moment, arm in MOMENTS.items():
    kills.killed(moment, lambda patch, arm=arm: arm(kills, patch, toys), run)
    assert not (tmp_path / "run" / "metrics.json").exists(), moment
  for name in LEFTOVERS:  # A process that really dies cleans up nothing.
    (tmp_path / "run" / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / "run" / name).write_text("x")
  result = run()
  kills.assert_same_files(whole.model_dir, tmp_path / "run")
  assert result.metrics == whole.metrics


def test_what_was_made_with_other_weights_is_refused(whole, experiments, photo_folder, tmp_path):
  """The same settings on another device, or trained anew, leave other weights."""
  shutil.copytree(whole.model_dir, tmp_path / "run")
  path = tmp_path / "run" / "first" / "done.json"
  marker = json.loads(path.read_text())
  path.write_text(json.dumps({**marker, "content": "0" * len(marker["content"])}))
  with pytest.raises(ValueError, match="'guesses' has begun with other data or other steps"):
    kw.fit(experiments.guessed(photo_folder), model_dir=tmp_path / "run", progress=False)


def test_a_run_stops_where_it_is_told_and_goes_on(experiments, photo_folder, tmp_path):
  config = experiments.guessed(photo_folder)
  stopped = kw.fit(config, model_dir=tmp_path / "run", until="guesses", progress=False)
  assert list(stopped.finished) == ["first", "guesses"]
  assert not (tmp_path / "run" / "train").exists()
  with pytest.raises(ValueError, match="Did you mean 'guesses'"):
    kw.fit(config, model_dir=tmp_path / "run", until="guess", progress=False)


def test_steps_of_another_run_are_taken_as_they_are(whole, experiments, photo_folder, tmp_path):
  result = kw.fit(experiments.guessed(photo_folder), model_dir=tmp_path / "run",
                  from_run=whole.model_dir, progress=False)
  assert result.metrics == whole.metrics
  assert not (tmp_path / "run" / "guesses").exists()
  assert not (tmp_path / "run" / "first" / "checkpoints").exists()
  other = experiments.guessed(photo_folder)
  other.steps[0].training.weight_decay = 0.1
  kw.fit(other, model_dir=tmp_path / "other", from_run=whole.model_dir, until="first",
         progress=False)
  assert (tmp_path / "other" / "first" / "checkpoints").exists(), "another step is not taken"


def test_what_a_maker_left_is_refused_where_it_was_made_from_something_else(
    whole, experiments, photo_folder, tmp_path):
  import shutil
  place = tmp_path / "run"
  shutil.copytree(whole.model_dir, place)
  (place / "guesses" / "identity.json").write_text('"another"')
  (place / "guesses" / "done.json").unlink()
  with pytest.raises(ValueError, match="(?s)step 'guesses' has begun with other data"):
    kw.fit(experiments.guessed(photo_folder), model_dir=place, progress=False)


def test_a_step_is_evaluated_and_exported_by_its_folder(whole, tmp_path):
  figures = kw.evaluate(f"{whole.model_dir}/first", split="validation", progress=False)
  assert 0 <= figures["mean_iou"] <= 1
  assert kw.export(f"{whole.model_dir}/first", tmp_path / "served")
