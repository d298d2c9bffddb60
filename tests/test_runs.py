"""What a run writes about itself, what it refuses, and how it comes back."""
import dataclasses
import json
import os
import re
import shutil

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import api
from keras_weakseg.configs import overrides
from keras_weakseg import data as data_lib
from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg import runs
from keras_weakseg.tasks import registry as tasks
from keras_weakseg.tasks.segmentation import protocol as protocols


def read(run, name):
  with open(os.path.join(run.model_dir, name), encoding="utf-8") as file:
    return json.load(file)


def contents(folder):
  """Returns a dict of every file below a folder to its bytes."""
  found = {}
  for parent, _, names in os.walk(folder):
    for name in names:
      with open(os.path.join(parent, name), "rb") as file:
        found[os.path.join(parent, name)] = file.read()
  return found


def own(tiny_overrides, method="supervised", **changes):
  return overrides.resolve("own_data", overrides=[
      tiny_overrides, {"method.type": method, "training.steps": 1}, changes])


# === What is written ===


def test_metrics_carry_the_hash_of_their_protocol(tiny_run):
  written = read(tiny_run, "metrics.json")
  assert written == json.loads(json.dumps(tiny_run.metrics))
  protocol = protocols.Protocol.from_dict(written["protocol"])
  assert written["protocol_hash"] == protocol.hash()
  assert written["split"] == "val" and written["checkpoint"].startswith("ckpt-")
  assert np.sum(written["confusion"]) > 0 and len(written["confusion"]) == 3


def test_record_says_how_to_use_the_weights(tiny_run, tiny_data):
  record = read(tiny_run, "record.json")
  assert tuple(record["classes"]) == tiny_data.classes
  assert [tuple(color) for color in record["palette"]] == list(tiny_data.palette)
  assert record["network"] == json.loads(json.dumps(dataclasses.asdict(tiny_run.record)))
  assert record["phase"] == "train" and len(record["data"]) == 16
  assert record["protocol_hash"] == tiny_run.metrics["protocol_hash"]


def test_versions_are_those_of_this_process(tiny_run):
  versions = read(tiny_run, "versions.json")
  assert versions["tensorflow"] == tf.__version__ and versions["numpy"] == np.__version__
  assert set(versions) >= {"keras-weakseg", "tf-keras", "tf-models-official"}


def test_the_resolved_experiment_reads_back(tiny_run):
  path = os.path.join(tiny_run.model_dir, "experiment.yaml")
  assert overrides.resolve(path).as_dict() == tiny_run.experiment.as_dict()


@pytest.mark.slow
def test_the_crf_of_a_protocol_is_part_of_the_numbers(tiny_data, tiny_overrides, tmp_path):
  experiment = own(tiny_overrides, **{"evaluation.protocol.crf": "deeplab_largefov"})
  result = runs.run(experiment, tmp_path / "run", data=tiny_data, progress=False)
  wanted = protocols.Protocol(crf="deeplab_largefov")
  assert result.metrics["protocol_hash"] == wanted.hash() != protocols.Protocol().hash()
  assert read(result, "record.json")["protocol_hash"] == wanted.hash()
  assert result.metrics["protocol"]["crf"] == "deeplab_largefov" and not result.metrics["notes"]
  # What was evaluated is known again.
  metrics = os.path.join(result.model_dir, "metrics.json")
  before = os.stat(metrics).st_mtime_ns
  runs.run(experiment, result.model_dir, data=tiny_data, progress=False)
  assert os.stat(metrics).st_mtime_ns == before


# === Runs without masks ===


@pytest.fixture
def tagged_folder(photo_folder, tmp_path):
  """Returns a copy of the photographs without any mask."""
  root = tmp_path / "tagged"
  root.mkdir()
  shutil.copytree(photo_folder / "images", root / "images")
  for name in ("tags.json", "classes.txt"):
    shutil.copy(photo_folder / name, root / name)
  return root


def test_tags_alone_train_and_say_that_nothing_is_evaluated(tagged_folder, tiny_overrides, tmp_path,
                                                            capsys):
  result = runs.run(own(tiny_overrides, "em_fixed"), tmp_path / "run",
                    data=data_lib.Folder(tagged_folder))
  assert "mean_iou" not in result.metrics and result.metrics["samples"] == 0
  assert result.metrics["notes"] == [
      "nothing to evaluate: 'tagged' has no masks in the split 'val'"]
  assert result.metrics["notes"][0] in capsys.readouterr().out
  assert read(result, "metrics.json") == result.metrics
  assert result.model.mask(np.zeros([1, 24, 32, 3], np.uint8)).shape == (1, 24, 32)
  with pytest.raises(ValueError, match="nothing to evaluate in the split 'validation'"):
    runs.evaluate_on(result.model, result.source, "validation", result.protocol)
  assert runs.SeedsResult.of([result], [1], tmp_path).metrics == {}


def test_a_source_without_validation_split_is_trained_on(tiny_overrides, tmp_path):
  samples = tf.data.Dataset.from_tensor_slices({
      fields.IMAGE: tf.zeros([4, 56, 72, 3], tf.uint8),
      fields.MASK: tf.ones([4, 56, 72], tf.uint8)})
  source = data_lib.Dataset(samples, ("background", "cat"))
  result = runs.run(own(tiny_overrides), tmp_path / "run", data=source, progress=False)
  assert result.metrics["notes"] and "mean_iou" not in result.metrics
  assert runs.evaluate_on(result.model, source, "train", result.protocol,
                          progress=False)["samples"] == 4


# === What is refused ===


@pytest.mark.parametrize("changes, words", [
    ({"seed": 2}, "seed = 1.*seed = 2"),
    ({"method.type": "em_adapt"}, "method = .*em_fixed.*method = .*em_adapt"),
    ({"network.light_tiny.head_filters": 8}, "network ="),
    ({"training.steps": 13}, "training.steps = 12.*training.steps = 13"),
    ({"training.weight_decay": 0.0}, "training.weight_decay"),
    ({"training.optimization.learning_rate.polynomial.power": 0.5}, "training.optimization"),
    ({"data.augmentation.flip": False}, "data ="),
])
def test_another_experiment_is_refused_and_nothing_changes(tiny_run, tiny_data, changes, words):
  before = contents(tiny_run.model_dir)
  other = overrides.resolve(tiny_run.experiment, overrides=changes)
  with pytest.raises(ValueError, match="holds a run of another experiment") as error:
    runs.run(other, tiny_run.model_dir, data=tiny_data, progress=False)
  assert contents(tiny_run.model_dir) == before
  assert re.search(words, str(error.value).replace("\n", " "))


def test_other_data_is_refused(tiny_run, photo_folder):
  before = contents(tiny_run.model_dir)
  with pytest.raises(ValueError, match="holds a run of another experiment.*\nExpected: data ="):
    runs.run(tiny_run.experiment, tiny_run.model_dir, progress=False,
             data=data_lib.Folder(photo_folder, held_out=0.5))
  assert contents(tiny_run.model_dir) == before


def test_what_does_not_touch_the_weights_may_change(tiny_run, tiny_data, tmp_path):
  folder = shutil.copytree(tiny_run.model_dir, tmp_path / "run")
  other = overrides.resolve(tiny_run.experiment, overrides={
      "training.log_every": 3, "evaluation.split": "train", "evaluation.checkpoint": "last"})
  result = runs.run(other, folder, data=tiny_data, progress=False)
  assert result.metrics["samples"] == len(tiny_data.ids("train"))
  assert result.metrics["checkpoint"] == "ckpt-12"
  assert read(result, "metrics.json")["split"] == "train"


def test_a_failure_before_the_first_checkpoint_leaves_nothing(tiny_data, tiny_overrides, tmp_path,
                                                              monkeypatch):
  def fail(*_, **__):
    raise ValueError("stop")

  monkeypatch.setattr(runs.loop, "run", fail)
  with pytest.raises(ValueError, match="stop"):
    runs.run(own(tiny_overrides), tmp_path / "some" / "run", data=tiny_data, progress=False)
  assert not list(tmp_path.iterdir())
  assert keras.mixed_precision.global_policy().name == "float32"


def test_a_dry_run_prints_the_plan_and_writes_nothing(tiny_data, tiny_overrides, tmp_path, capsys):
  assert runs.run(own(tiny_overrides), tmp_path / "run", data=tiny_data, progress=False,
                  dry_run=True) is None
  told = capsys.readouterr().out
  assert "supervised on light_tiny" in told and "1 steps of 8 samples" in told
  assert not list(tmp_path.iterdir())


def test_configuration_is_checked_though_data_is_given(tiny_data, tiny_overrides, tmp_path):
  with pytest.raises(ValueError, match="'training.accumulation'"):
    runs.run(own(tiny_overrides, **{"training.accumulation": 0}), tmp_path / "run", data=tiny_data)
  assert not list(tmp_path.iterdir())


# === Coming back ===


def test_a_loaded_run_answers_like_the_trained_one(tiny_run):
  loaded = runs.load(tiny_run.model_dir)
  image = np.random.RandomState(0).randint(0, 255, (1, 50, 70, 3)).astype(np.uint8)
  np.testing.assert_allclose(loaded.model.probabilities(image), tiny_run.model.probabilities(image),
                             atol=1e-5)
  assert loaded.metrics == json.loads(json.dumps(tiny_run.metrics))
  assert loaded.model.palette == tiny_run.model.palette and loaded.source is None
  assert loaded.protocol == tiny_run.protocol


def test_an_unfinished_run_says_so_and_what_is_made_of_it_too(tiny_run, monkeypatch, capsys):
  assert "unfinished" not in runs.load(tiny_run.model_dir).model.metadata
  assert not capsys.readouterr().err
  monkeypatch.setattr(runs.restore, "unfinished", lambda model_dir: "step 6 of 12: ...")
  loaded = runs.load(tiny_run.model_dir)
  assert capsys.readouterr().err == "note: step 6 of 12: ...\n"
  assert loaded.model.metadata["unfinished"] == "step 6 of 12: ..."
  written = {}
  monkeypatch.setattr(type(tasks.of_model(loaded.model)), "export",
                      lambda *_, metadata, **__: written.update(metadata))
  api.export(loaded, "unused")
  assert written["unfinished"] == "step 6 of 12: ..." and written["metrics"]


def test_the_best_checkpoint_is_what_is_evaluated(tiny_run):
  path = tf.train.latest_checkpoint(os.path.join(
      tiny_run.model_dir, "train", "checkpoints", "best"))
  assert tiny_run.metrics["checkpoint"] == os.path.basename(path)
  with open(os.path.join(tiny_run.model_dir, "train", "log.jsonl"), encoding="utf-8") as file:
    rows = [json.loads(line) for line in file]
  scores = {row["step"]: row["validation_mean_iou"] for row in rows if "validation_mean_iou" in row}
  best = max(scores, key=lambda step: (scores[step], -step))
  assert path.endswith(f"-{best}")
  assert tiny_run.metrics["mean_iou"] == pytest.approx(scores[best], abs=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16"])
def test_a_run_in_mixed_precision_comes_back_in_it(tiny_data, tiny_overrides, tmp_path, policy):
  experiment = own(tiny_overrides, **{"runtime.mixed_precision": policy})
  result = runs.run(experiment, tmp_path / "run", data=tiny_data, progress=False)
  loaded = runs.load(tmp_path / "run")
  layer = loaded.predictor.get_layer(index=-1)
  assert any(each.compute_dtype == "bfloat16" for each in _layers(loaded.predictor)), layer
  image = np.random.RandomState(0).randint(0, 255, (1, 48, 64, 3)).astype(np.uint8)
  np.testing.assert_allclose(loaded.model.probabilities(image), result.model.probabilities(image),
                             atol=1e-5)
  assert keras.mixed_precision.global_policy().name == "float32"


def _layers(model):
  for layer in model.layers:
    yield layer
    if hasattr(layer, "layers"):
      yield from _layers(layer)


def test_summary_is_mean_and_sample_deviation():
  found = runs.summary([0.2, 0.4, 0.6])
  assert found["mean"] == pytest.approx(0.4) and found["spread"] == pytest.approx(0.2)
  assert runs.summary([0.5])["spread"] == 0.0


def test_seeds_are_summarised_in_a_file(tiny_run, tmp_path):
  found = runs.SeedsResult.of([tiny_run, tiny_run], [1, 2], tmp_path)
  with open(tmp_path / "seeds.json", encoding="utf-8") as file:
    written = json.load(file)
  assert written == {"seeds": [1, 2], "metrics": found.metrics}
  assert found.metrics["mean_iou"] == {
      "mean": tiny_run.metrics["mean_iou"], "spread": 0.0,
      "values": [tiny_run.metrics["mean_iou"]] * 2}
  assert "samples" not in found.metrics


# === Depth ===


def test_the_record_of_depth_says_how_to_use_the_weights(tiny_video_run):
  record = read(tiny_video_run, "record.json")
  assert record["classes"] == record["palette"] == [] and record["head"]["classes"] == []
  assert record["depth"] == {"size": [32, 64], "min_depth": 0.1, "max_depth": 100.0, "factor": 0.0}
  assert record["network"]["role"] == "depth"
  assert record["protocol_hash"] == tiny_video_run.metrics["protocol_hash"]
  assert read(tiny_video_run, "metrics.json") == json.loads(json.dumps(tiny_video_run.metrics))


def test_a_loaded_run_of_depth_gives_the_same_disparity(tiny_video_run):
  loaded = runs.load(tiny_video_run.model_dir)
  image = np.random.RandomState(0).randint(0, 255, (1, 32, 64, 3)).astype(np.float32)
  np.testing.assert_array_equal(loaded.predictor(image), tiny_video_run.predictor(image))
  assert loaded.protocol == tiny_video_run.protocol
  assert type(loaded.model) is type(tiny_video_run.model)


def test_video_that_is_kept_apart_is_not_mixed_up_with_masks(tiny_video_run, tiny_data):
  with pytest.raises(ValueError, match="(?s)nothing to evaluate.*Expected: true depth"):
    runs.evaluate_on(tiny_video_run.model, tiny_data, "train", tiny_video_run.protocol)


def test_results_are_short_in_a_notebook(tiny_run):
  for shown in (repr(tiny_run), repr(runs.SeedsResult(
      {"mean_iou": {"mean": 0.5, "spread": 0.1, "values": [0.4, 0.6]}}, [tiny_run] * 2, [1, 2]))):
    assert len(shown) < 400 and "mean_iou" in shown
  assert tiny_run.model_dir in repr(tiny_run)
