"""The library's calls as a user makes them: one run, looked at in every form it can take."""
import os
import shutil

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg import api
from keras_weakseg import runs
from keras_weakseg.tasks import artifact


def files_of(folder):
  """Returns a dict of every file to its time and size."""
  return {os.path.join(parent, name): os.stat(os.path.join(parent, name))[6:9:2]
          for parent, _, names in os.walk(folder) for name in names}


def checkpoints_of(folder):
  return {path: stamp for path, stamp in files_of(folder).items() if "ckpt-" in path}


# === fit ===


def test_fit_gives_figures_of_the_validation_split(tiny_run, tiny_data):
  metrics = tiny_run.metrics
  assert metrics["samples"] == len(tiny_data.ids("validation")) > 1
  assert 0 < metrics["mean_iou"] <= 1 and 0 < metrics["pixel_accuracy"] <= 1
  assert tuple(metrics["class_iou"]) == tiny_data.classes
  assert metrics["notes"] == []
  found = np.sum(metrics["confusion"], axis=0)
  assert (found > 0).sum() > 1, "a single class everywhere would hide differences in what follows"


def test_a_finished_run_is_not_trained_again(tiny_run, tiny_data):
  before = checkpoints_of(tiny_run.model_dir)
  again = api.fit(tiny_run.experiment, data=tiny_data, model_dir=tiny_run.model_dir, progress=False)
  assert checkpoints_of(tiny_run.model_dir) == before
  assert again.metrics == tiny_run.metrics


@pytest.mark.slow
def test_the_same_call_continues_a_run(tiny_run, tiny_data, tmp_path):
  """The folder is brought to what it was after step 6, as if the process had ended there."""
  folder = tmp_path / "run"
  shutil.copytree(tiny_run.model_dir, folder)
  last = folder / "train" / "checkpoints" / "last"
  for path in [*last.glob("ckpt-12*"), folder / "train" / "done.json", folder / "metrics.json"]:
    path.unlink()
  assert "ckpt-12" in (last / "checkpoint").read_text()
  (last / "checkpoint").write_text('model_checkpoint_path: "ckpt-6"\n'
                                   'all_model_checkpoint_paths: "ckpt-6"\n')
  continued = api.fit(tiny_run.experiment, data=tiny_data, model_dir=folder, progress=False)
  assert (last / "ckpt-12.index").exists()
  for first, second in zip(tiny_run.predictor.weights, continued.predictor.weights):
    np.testing.assert_array_equal(first.numpy(), second.numpy())
  assert continued.metrics == tiny_run.metrics


def test_the_plan_is_printed_before_training(tiny_run, tiny_data, capsys):
  api.fit(tiny_run.experiment, data=tiny_data, model_dir=tiny_run.model_dir)
  printed = capsys.readouterr().out
  assert f"step 'train' trains in {tiny_run.model_dir}" in printed
  assert "em_fixed on light_tiny, weights from scratch" in printed
  assert "supervision mask" in printed and "held out for validation" in printed
  assert "12 steps of 8 samples" in printed


def test_several_seeds_give_mean_and_spread_and_resume(tiny_data, tiny_overrides, tmp_path):
  options = dict(method="supervised", data=tiny_data, model_dir=tmp_path, progress=False,
                 params_override={**tiny_overrides, "training.steps": 2})
  alone = api.fit(seeds=[2], **options)
  before = checkpoints_of(tmp_path)
  both = api.fit(seeds=[1, 2], **options)
  after = checkpoints_of(tmp_path)
  assert {path: after[path] for path in before} == before and len(after) == 2 * len(before)
  values = [run.metrics["mean_iou"] for run in both.runs]
  assert [run.experiment.seed for run in both.runs] == both.seeds == [1, 2]
  assert alone.metrics["mean_iou"] == {"mean": values[1], "spread": 0.0, "values": values[1:]}
  assert both.metrics["mean_iou"]["values"] == values
  assert both.metrics["mean_iou"]["mean"] == pytest.approx(np.mean(values))
  assert both.metrics["mean_iou"]["spread"] == pytest.approx(np.std(values, ddof=1))
  weights = [run.predictor.weights[0].numpy() for run in both.runs]
  assert np.abs(weights[0] - weights[1]).max() > 0


def test_data_dir_and_strategy_are_put_into_the_experiment():
  config = api._experiment("em_adapt_scenes", None, None, None, "training.steps=3", "some/where",
                           "one_device")
  assert config.data.data_dir == "some/where" and config.runtime.strategy == "one_device"
  assert config.training.steps == 3


@pytest.mark.slow
def test_a_configured_folder_needs_no_source_from_python(photo_folder, tiny_overrides, tmp_path):
  result = api.fit("own_data", model_dir=tmp_path / "run", progress=False, params_override={
      **tiny_overrides, "training.steps": 1,
      "data.sources": [{"kind": "folder", "path": str(photo_folder), "held_out": 0.25}]})
  assert api.evaluate(tmp_path / "run", progress=False)["mean_iou"] == result.metrics["mean_iou"]


# === The same model in three forms ===


@pytest.mark.parametrize("form", ["result", "model_dir", "artifact"])
def test_every_form_gives_the_same_figures(tiny_run, tiny_data, tiny_artifact, form):
  target = {"result": tiny_run, "model_dir": tiny_run.model_dir, "artifact": tiny_artifact}[form]
  figures = api.evaluate(target, tiny_data, split="validation", progress=False)
  assert figures["confusion"] == tiny_run.metrics["confusion"]
  assert figures["protocol_hash"] == tiny_run.metrics["protocol_hash"]


def test_a_result_knows_its_data_and_split(tiny_run):
  assert api.evaluate(tiny_run, progress=False)["confusion"] == tiny_run.metrics["confusion"]


def test_another_protocol_has_another_hash(tiny_run):
  figures = api.evaluate(tiny_run, protocol={"flip": True}, progress=False)
  assert figures["protocol"]["flip"] and figures["protocol_hash"] != tiny_run.metrics[
      "protocol_hash"]
  typed = api.evaluate(tiny_run, protocol=kw.tasks.Protocol(flip=True), progress=False)
  assert typed["confusion"] == figures["confusion"]


def test_masks_of_artifact_and_result_are_equal_at_every_size(tiny_run, tiny_artifact,
                                                             photo_folder):
  loaded = tf.saved_model.load(str(tiny_artifact))
  seen = set()
  for index, (height, width) in enumerate([(56, 72), (33, 129), (101, 64), (60, 80)]):
    photo = np.asarray(Image.open(photo_folder / "images" / f"p{index:02d}.png"))
    image = np.tile(photo, (2, 2, 1))[None, :height, :width]
    mask = tiny_run.model.mask(image)
    answer = loaded.signatures["predict_images"](images=tf.constant(image))["mask"].numpy()
    np.testing.assert_array_equal(mask, answer)
    assert mask.shape == (1, height, width)
    seen.update(np.unique(mask))
  assert len(seen) > 1, "a single class everywhere would hide a difference"


def test_export_counts_versions_and_takes_every_form(tiny_run, tiny_artifact, tmp_path):
  image = np.random.RandomState(1).randint(0, 255, (1, 40, 56, 3)).astype(np.uint8)
  base = tmp_path / "served"
  paths = [api.export(target, base) for target in (
      tiny_run, tiny_run.model_dir, tiny_artifact)]
  assert [path.name for path in paths] == ["1", "2", "3"]
  expected = tiny_run.model.probabilities(image)
  for path in paths:
    document = artifact.read_document(path)
    assert document["metadata"]["metrics"]["mean_iou"] == tiny_run.metrics["mean_iou"]
    assert document["metadata"]["experiment"] == "own_data"
    found = kw.tasks.load_artifact(path).probabilities(image)
    np.testing.assert_allclose(found, expected, atol=1e-5)


# === predict ===


@pytest.mark.parametrize("form, count", [("file", 1), ("folder", 16), ("glob", 6), ("list", 2)])
def test_predict_takes_files_folders_and_globs(tiny_run, photo_folder, tmp_path, form, count):
  images = photo_folder / "images"
  inputs = {"file": images / "p03.png", "folder": images, "glob": str(images / "p1*.png"),
            "list": [images / "p00.png", str(images / "p01.png")]}[form]
  records = api.predict(tiny_run, inputs, tmp_path / "out", progress=False)
  assert len(records) == count
  for record in records:
    with Image.open(record["source"]) as image, Image.open(
        tmp_path / "out" / record["mask"]) as mask:
      assert image.size == mask.size and mask.mode == "P"
  assert (tmp_path / "out" / "contact_sheet.png").exists()


def test_predict_writes_the_masks_of_the_evaluator(tiny_run, tiny_artifact, photo_folder, tmp_path):
  image = photo_folder / "images" / "p04.png"
  for form, target in (("run", tiny_run.model_dir), ("artifact", tiny_artifact)):
    api.predict(target, image, tmp_path / form, progress=False)
    expected = tiny_run.model.mask(np.asarray(Image.open(image))[None])[0]
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / form / "p04.png")), expected)


def test_predict_without_pictures_writes_masks_only(tiny_run, photo_folder, tmp_path):
  api.predict(tiny_run, photo_folder / "images" / "p00.png", tmp_path, overlays=False,
              contact_sheet=False, progress=False)
  assert sorted(os.listdir(tmp_path)) == ["p00.png", "predictions.json"]


# === check_data ===


def test_check_data_takes_a_source_a_folder_and_a_path(tiny_data, photo_folder):
  for given in (tiny_data, str(photo_folder), photo_folder):
    report = api.check_data(given)
    assert report.ok and report.classes == ("background", "red", "blue")


# === Refusals that are no matter of data files (the others: test_errors.py) ===


@pytest.mark.parametrize("arguments, words", [
    ({}, "not clear what to train"),
    ({"experiment": "em_adapt_scenes", "method": "em_fixed"}, "not clear what to train"),
    ({"method": "em_fixed"}, "nothing to train on"),
    ({"experiment": "em_adapt_scenes", "seeds": []}, "seeds cannot be used"),
    ({"experiment": "em_adapt_scenes", "seeds": [1, 1]}, "seeds cannot be used"),
    ({"experiment": "em_adapt_scenes", "seeds": ["a"]}, "seeds cannot be used"),
])
def test_fit_refuses_unclear_calls(arguments, words, tmp_path):
  with pytest.raises(ValueError, match=words):
    api.fit(model_dir=tmp_path / "run", **arguments)
  assert not (tmp_path / "run").exists()


def test_evaluation_needs_the_classes_of_the_model(tiny_run, photo_folder):
  other = kw.data.Folder(photo_folder, classes=("background", "blue", "red"))
  with pytest.raises(ValueError, match="other classes.*\nExpected: background, red, blue. "
                     "Received: background, blue, red"):
    api.evaluate(tiny_run, other)


def test_data_that_came_from_python_must_come_again(tiny_run, tiny_artifact):
  with pytest.raises(ValueError, match="a run of somebody's own data"):
    api.evaluate(tiny_run.model_dir)
  with pytest.raises(ValueError, match="an exported artifact, which brings none"):
    api.evaluate(tiny_artifact)


def test_the_runs_of_several_seeds_are_no_model(tiny_run, tmp_path):
  several = runs.SeedsResult.of([tiny_run], [1], tmp_path)
  with pytest.raises(ValueError, match="holds several models"):
    api.export(several, tmp_path / "served")
  with pytest.raises(ValueError, match="runs of several seeds"):
    api.evaluate(tmp_path)
  assert not (tmp_path / "served").exists()


@pytest.mark.parametrize("target", [None, 3, {"model": 1}])
def test_what_is_no_model_is_refused(target):
  with pytest.raises(ValueError, match="This is no trained model"):
    api.predict(target, "a.jpg", "out")
