"""Tags from training to the served artifact, on pictures whose colour is their tag."""
import csv
import json

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg import api
from keras_weakseg.data.readers import tag_files
from keras_weakseg.tasks.tags.model import TagModel

OPTIONS = {
    "network.pretrained": "", "network.tag_classifier.alpha": 0.25,
    "network.tag_classifier.dropout_rate": 0.0,
    # Moving statistics would need hundreds of steps to follow.
    "network.tag_classifier.batch_norm": "frozen", "data.augmentation.crop": [49, 65],
    "data.augmentation.resize": [49, 65], "training.steps": 40, "training.validate_every": 20,
    "training.optimization.learning_rate.polynomial.initial_learning_rate": 0.02,
    "evaluation.validation_split": "validation"}


@pytest.fixture(scope="module")
def run(tiny_data, tmp_path_factory):
  return api.fit(method="tags", data=tiny_data, progress=False, params_override=OPTIONS,
                 model_dir=tmp_path_factory.mktemp("runs") / "tags")


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
  return api.export(run, tmp_path_factory.mktemp("served") / "tags")


@pytest.fixture(scope="module")
def photo(photo_folder):
  return sorted((photo_folder / "images").iterdir())[0]


def test_a_run_is_evaluated_by_average_precision(run, tiny_data):
  assert isinstance(run.model, TagModel) and run.model.size == (49, 65)
  assert set(run.metrics["class_ap"]) == {"red", "blue"} and 0 < run.metrics["mean_ap"] <= 1
  # All of these pictures are those that it learned from: it must know red from blue.
  assert api.evaluate(run, tiny_data, split="train", progress=False)["mean_ap"] > 0.9


def test_runs_and_artifacts_have_the_same_figures(run, exported, tiny_data):
  again = kw.tasks.load_artifact(exported)
  assert isinstance(again, TagModel) and again.classes == run.model.classes
  first, second, third = (api.evaluate(target, tiny_data, split="validation", progress=False)
                          for target in (run, run.model_dir, exported))
  assert first == second == third
  twice = api.export(exported, exported.parent.parent / "again")
  place = "assets.extra/keras_weakseg.json"
  assert (twice / place).read_bytes() == (exported / place).read_bytes()


def test_signatures_answer_as_the_evaluator(run, exported, photo):
  image = np.asarray(Image.open(photo))
  wanted = run.model.probabilities(image[None])
  loaded = tf.saved_model.load(str(exported))
  answer = loaded.signatures["serving_default"](
      image_bytes=tf.constant([photo.read_bytes()] * 2))
  np.testing.assert_allclose(answer["probabilities"], np.repeat(wanted, 2, 0), atol=1e-6)
  said = [name.decode() for name in answer["tag_names"].numpy()[0] if name]
  assert said == [run.model.classes[index] for index in np.argsort(-wanted[0], kind="stable")
                  if wanted[0, index] >= 0.5]
  pixels = loaded.signatures["predict_images"](images=tf.constant(image[None]))
  np.testing.assert_array_equal(pixels["present"], wanted >= 0.5)
  names = loaded.signatures["metadata"]()["class_names"].numpy().tolist()
  assert names == [b"background", b"red", b"blue"]
  empty = loaded.signatures["serving_default"](image_bytes=tf.constant([], tf.string))
  assert empty["tag_names"].shape == (0, 0)


def test_predictions_are_tables_and_pictures(run, photo_folder, tmp_path):
  records = api.predict(run, photo_folder / "images", tmp_path / "out", progress=False)
  names = {file.name for file in (tmp_path / "out").iterdir()}
  assert {"predictions.json", "tags.csv", "contact_sheet.png", "index.html", "p00_tags.jpg"
          } <= names and len(records) == 16
  document = json.loads((tmp_path / "out" / "predictions.json").read_text())
  assert document["predictions"] == records
  rows = list(csv.DictReader((tmp_path / "out" / "tags.csv").open()))
  assert float(rows[3]["red"]) == pytest.approx(records[3]["probabilities"]["red"])
  # Sources read the table as tags.
  assert tag_files.read_tags(tmp_path / "out" / "tags.csv") == {
      record["name"]: record["tags"] for record in records}
  for threshold, count in ((0.001, 2), (0.999999, 0)):
    record = api.predict(run, photo_folder / "images" / "p00.png", tmp_path / str(threshold),
                         protocol={"threshold": threshold}, overlays=False, progress=False)[0]
    assert len(record["tags"]) in (count, 1, 2) and record["picture"] is None


def test_other_classes_and_answers_are_refused(run, exported, tiny_video):
  with pytest.raises(ValueError, match="other classes"):
    api.evaluate(exported, tiny_video, split="validation", progress=False)
  with pytest.raises(ValueError, match=r"tag scores \[N, 2\]"):
    TagModel(run.predictor, ("background", "red")).tags(np.zeros([1, 49, 65, 3], np.uint8))
  with pytest.raises(ValueError, match="CRF refines"):
    api.tune_crf(run, progress=False)
