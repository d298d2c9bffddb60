"""Tests of what inference says step by step, on every road: evaluator, artifact, predict."""
import io
import json

import numpy as np
from PIL import Image
import pytest
import tensorflow as tf

from keras_weakseg.evaluation import large_images
from keras_weakseg.framework import keras
from keras_weakseg.networks import dual
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.tasks import artifact, registry
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation import predict as predictions
from keras_weakseg.tasks.segmentation import trace
from keras_weakseg.tasks.segmentation.protocol import Protocol

FACTS = {"classes": ["background", "red", "blue"],
         "palette": [[0, 0, 0], [200, 0, 0], [0, 0, 200]]}


@pytest.fixture(scope="module")
def model():
  """A light dual network whose subnets are large enough that steps move masks."""
  keras.utils.set_random_seed(2)
  network = networks.build_network("light_dual", (None, None, 3), 3, alpha=0.25, head_filters=16)
  for variable in network.get_layer(dual.HEAD).trainable_variables:
    variable.assign(20 * variable)
  record = networks.network_record("light_dual")
  predictor = preprocessing.predictor(network, record)
  return models.SegmentationModel(
      predictor, FACTS["classes"], FACTS["palette"], mean_rgb=record.mean_rgb,
      multiple=record.padding_multiple, explain=dual.explainer(dual.inside(predictor), record))


@pytest.fixture(scope="module")
def images():
  return np.random.RandomState(3).randint(0, 256, (2, 40, 51, 3)).astype(np.uint8)


@pytest.fixture(scope="module")
def exported(model, tmp_path_factory):
  """The artifact of the model at seven steps, loaded again."""
  task = registry.by_name("segmentation")
  path = task.export(model, tmp_path_factory.mktemp("dual"), protocol=Protocol(inference_steps=7),
                     record=networks.network_record("light_dual"), metadata={})
  return artifact.load_artifact(path), tf.saved_model.load(str(path))


def test_no_step_is_the_plain_network_and_steps_change_no_weight(model, images):
  before = [variable.numpy() for variable in model.score_fn.variables]
  padded = tf.cast(images[:, :33, :49], tf.float32)
  np.testing.assert_array_equal(model.explained(padded, 0)["scores"], model.score_fn(padded))
  plain = model.probabilities(images)
  moved = model.probabilities(images, Protocol(inference_steps=10))
  assert np.abs(plain - moved).max() > 1e-3
  for old, variable in zip(before, model.score_fn.variables):
    np.testing.assert_array_equal(old, variable)


def test_nobody_else_in_the_batch_matters(model, images):
  protocol = Protocol(inference_steps=5)
  np.testing.assert_allclose(model.probabilities(images, protocol)[1:],
                             model.probabilities(images[1:], protocol), atol=1e-5)


def test_the_artifact_is_the_evaluator(model, exported, images):
  loaded, raw = exported
  protocol = Protocol(inference_steps=7)
  wanted = model.mask(images, protocol)
  answers = raw.signatures["predict_images"](images=tf.constant(images))
  np.testing.assert_array_equal(answers["mask"], wanted)
  np.testing.assert_array_equal(loaded.mask(images, protocol), wanted)
  np.testing.assert_array_equal(loaded.mask(images), model.mask(images))
  assert loaded.metadata["protocol"]["inference_steps"] == 7
  each = raw.signatures["predict_inferred"](
      images=tf.constant(images), steps=tf.constant([0, 7], tf.int32))
  np.testing.assert_allclose(each["probabilities"][0], model.probabilities(images)[0], atol=1e-5)
  np.testing.assert_allclose(each["probabilities"][1], model.probabilities(images, protocol)[1],
                             atol=1e-5)


@pytest.mark.slow
def test_an_artifact_is_exported_again(exported, images, tmp_path):
  loaded, _ = exported
  task = registry.by_name("segmentation")
  path = task.export(loaded, tmp_path, **artifact.export_arguments(loaded))
  again = artifact.load_artifact(path)
  np.testing.assert_array_equal(again.mask(images, Protocol(inference_steps=3)),
                                loaded.mask(images, Protocol(inference_steps=3)))


def test_a_network_that_answers_at_once_says_so(tmp_path):
  plain = models.SegmentationModel(lambda x: x, FACTS["classes"], FACTS["palette"])
  with pytest.raises(ValueError, match="does not infer by reconstruction"):
    plain.mask(np.zeros([1, 9, 9, 3], np.uint8), Protocol(inference_steps=1))
  with pytest.raises(ValueError, match="nothing to trace"):
    predictions.predict(plain, tmp_path, tmp_path / "out", trace=True)
  assert not (tmp_path / "out").exists()


def test_a_reconstruction_is_in_the_colours_of_the_image(model, images):
  """A network that could do it would give back the pixels of the grid."""
  network = dual.inside(model.score_fn)
  _, head = dual.dual_parts(network)
  padded = tf.cast(images[:, :33, :49], tf.float32)
  for mode, scale in (("tf", 1.0), ("caffe", 1 / 128)):
    target = preprocessing.Preprocess(mode)(padded)[:, ::8, ::8] * scale
    np.testing.assert_allclose(preprocessing.undone(target / scale, mode), padded[:, ::8, ::8],
                               atol=1e-3)
  assert head.options["target_scale"] == 1.0
  found = model.explained(padded, 3)["reconstruction"]
  assert found.shape == (2, 5, 7, 3) and 0 < float(tf.reduce_mean(found)) < 255


def test_predict_writes_tags_and_a_trace(model, exported, images, tmp_path):
  (tmp_path / "photos").mkdir()
  Image.fromarray(images[0]).save(tmp_path / "photos" / "a.png")
  pages = []
  for number, each in enumerate((model, exported[0])):
    out = tmp_path / f"out{number}"
    record, = predictions.predict(each, tmp_path / "photos", out, {"inference_steps": 5},
                                  contact_sheet=False, trace=True, progress=False)
    assert record["trace"] == "a_trace.png"
    picture = Image.open(io.BytesIO((out / "a_trace.png").read_bytes()))
    assert picture.size == ((51 + 8) * 5, (40 + 8) * 2)
    pages.append(np.asarray(picture))
    shares = model.explained(tf.cast(tf.pad(images[:1], [[0, 0], [0, 9], [0, 14], [0, 0]]),
                                     tf.float32), 5)["tag_scores"].shape
    assert shares == (1, 3)
    assert set(record["tags"]) <= {"red", "blue"} and all(
        0 < value <= 1 for value in record["tags"].values())
    written = json.loads((out / "predictions.json").read_text())
    assert written["predictions"][0] == record
    assert list(record["reconstruction_loss"]) == ["0", "5", "10", "30"]
    assert written["notes"][-1] == (
        "30 steps of inference lower the reconstruction loss of 1 of 1 images")
  np.testing.assert_array_equal(*pages)
  _, _, _, losses = zip(*(trace.explained(model, images[0], steps) for steps in trace.STEPS))
  assert losses[-1] < losses[0]
  np.testing.assert_allclose(list(record["reconstruction_loss"].values()), losses, atol=1e-4)
  worse = {"reconstruction_loss": {"0": 0.1, "30": 0.2}}
  assert "of 1 of 2 images" in trace.share([record, worse])[0] and not trace.share([{}])


def test_large_photographs_have_no_trace_and_in_windows_no_tags(
    model, images, tmp_path, monkeypatch):
  (tmp_path / "photos").mkdir()
  Image.fromarray(images[0]).save(tmp_path / "photos" / "a.png")
  monkeypatch.setattr(large_images, "WHOLE", 40 * 51 - 1)
  given = (model, tmp_path / "photos", tmp_path / "out", {"window": (33, 33)})
  with pytest.raises(ValueError, match="(?s)too large for one pass.*leave trace out"):
    predictions.predict(*given, trace=True, progress=False)
  assert not (tmp_path / "out").exists()
  record, = predictions.predict(*given, contact_sheet=False, progress=False)
  assert record["height"] == 40 and "tags" not in record
