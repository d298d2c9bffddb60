"""A task from outside: figures, pictures, files and an artifact of its own; no line of the library.

It says how bright an image is, and is asked through the same calls as every other task.
"""
import dataclasses
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import api
from keras_weakseg import fields
from keras_weakseg import runs
from keras_weakseg.configs.sections import schema
from keras_weakseg.evaluation import inputs as image_files
from keras_weakseg.evaluation import protocol_base
from keras_weakseg.networks import registry as networks
from keras_weakseg.ops import images as image_ops
from keras_weakseg.serving import base_module
from keras_weakseg.serving import document as documents
from keras_weakseg.serving import loading
from keras_weakseg.serving import writing
from keras_weakseg.tasks import registry
from keras_weakseg.tasks import task
from keras_weakseg.training import splits

RECORD = networks.NetworkRecord("lamp", "tf", 1, (0, 0, 0), "head", 1, "brightness",
                                answers="brightness")


@dataclasses.dataclass(frozen=True)
class BrightnessProtocol(protocol_base.HashedValues):
  """What counts as full brightness."""
  white: float = 255.0


@dataclasses.dataclass(frozen=True, eq=False)
class BrightnessModel:
  """A function of images to their brightness, 0..255."""
  fn: object
  metadata: dict

  def brightness(self, images, protocol):
    return self.fn(tf.cast(images, tf.float32)).numpy() / protocol.white


class BrightnessModule(base_module.BaseModule):
  """Its artifact."""

  @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
  def brightness(self, images):
    return self._predict(images)

  @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=base_module.IMAGE_BYTES)])
  def serve_bytes(self, image_bytes):
    return {"brightness": tf.map_fn(
        lambda one: self.brightness(tf.cast(image_ops.decode_image(one)[None], tf.float32))[0],
        image_bytes, fn_output_signature=tf.float32)}

  @tf.function(input_signature=[
      tf.TensorSpec([None, None, None, 3], tf.uint8, name=base_module.IMAGES)])
  def serve_images(self, images):
    return {"brightness": self.brightness(tf.cast(images, tf.float32))}

  @tf.function(input_signature=[])
  def serve_metadata(self):
    return self.common_metadata()


class BrightnessTask(task.Task):
  """Its truth is the share of tagged classes, so that a source has labels for it."""
  name, roles, label, labels = "brightness", ("brightness",), fields.TAGS, "tags"
  flag = fields.Supervision.TAGS
  headline = "error"
  model_type, protocol_type = BrightnessModel, BrightnessProtocol

  def facts(self, experiment, source):
    return {}

  def model(self, predictor, facts, record, experiment):
    return BrightnessModel(predictor, self.metadata(experiment))

  def score(self, figures):
    return -figures["error"]

  def evaluate(self, model, samples, protocol, progress=True):
    errors = [abs(model.brightness(sample[fields.IMAGE][None], protocol)[0]
                  - sample[fields.TAGS].numpy().mean()) for sample in samples]
    return {"error": float(np.mean(errors)), "samples": len(errors), "notes": [],
            "protocol": protocol.as_dict(), "protocol_hash": protocol.hash()}

  def draw(self, model, samples, protocol):
    return np.stack([np.full([4, 4, 3], 255 * model.brightness(
        sample[fields.IMAGE][None], protocol)[0], np.uint8) for sample in samples])

  def predict(self, model, inputs, output_dir, *, protocol=None, progress=True, digits=3):
    records = [{"name": name, "brightness": round(float(
        model.brightness(image[None], protocol)[0]), digits)}
               for _, name, image in image_files.decoded(image_files.find_images(inputs))]
    output_dir.mkdir()
    (output_dir / "brightness.json").write_text(json.dumps(records))
    return records

  def export(self, model, base_dir, *, record, protocol, metadata, unit="share"):
    document = documents.assemble(
        self.name, record=record, protocol=BrightnessProtocol.from_dict(protocol),
        metadata=metadata, content={"unit": unit})
    return writing.write_version(BrightnessModule(model.fn, document), document, base_dir)

  def load(self, loaded, document, metadata):
    return BrightnessModel(loading.LoadedFunction(loaded, "brightness"), metadata)


class Lamp(tf.Module):
  """The predictor: a variable, so that the artifact has something to hold."""

  def __init__(self):
    super().__init__()
    self.gain = tf.Variable(1.0)

  def __call__(self, images):
    return self.gain * tf.reduce_mean(images, [1, 2, 3])


@pytest.fixture(scope="module")
def brightness():
  yield registry.register(BrightnessTask())
  registry.unregister("brightness")


@pytest.fixture(scope="module")
def result(brightness, tiny_data, tmp_path_factory):
  """A run, as `fit` returns it, of a network of the new role."""
  experiment = schema.Experiment(name="lamps")
  chosen = registry.of_record(RECORD)
  assert chosen is brightness
  model = chosen.model(Lamp(), chosen.facts(experiment, tiny_data), RECORD, experiment)
  return runs.Result({"error": 0.5}, str(tmp_path_factory.mktemp("run")), experiment, model.fn,
                     model, RECORD, tiny_data)


@pytest.fixture(scope="module")
def exported(result, tmp_path_factory):
  return api.export(result, tmp_path_factory.mktemp("served") / "lamp", unit="percent")


def test_it_is_evaluated_drawn_and_predicted_by_the_calls_of_every_task(
    result, brightness, tiny_data, photo_folder, tmp_path):
  figures = api.evaluate(result, split="validation", progress=False)
  assert figures["samples"] > 0 and figures["split"] == "validation"
  dark = api.evaluate(result, split="validation", protocol={"white": 1e9}, progress=False)
  assert dark["error"] > figures["error"] and dark["protocol_hash"] != figures["protocol_hash"]
  samples = list(splits.labelled_samples(tiny_data, "validation", brightness).take(2)
                 .as_numpy_iterator())
  assert brightness.draw(result.model, samples, BrightnessProtocol()).shape == (2, 4, 4, 3)
  records = api.predict(result, photo_folder / "images", tmp_path / "out", digits=2)
  assert len(records) == 16 and (tmp_path / "out" / "brightness.json").is_file()
  with pytest.raises(ValueError, match="(?s)no effect.*for brightness: digits.*overlays"):
    api.predict(result, photo_folder / "images", tmp_path / "no", overlays=True)


def test_its_artifact_is_loaded_evaluated_and_written_again(result, exported, tmp_path):
  document = json.loads((exported / "assets.extra" / "keras_weakseg.json").read_text())
  assert document["task"] == "brightness" and document["unit"] == "percent"
  assert document["metadata"] == {"experiment": "lamps", "metrics": {"error": 0.5}}
  source = result.source
  assert api.evaluate(str(exported), source, split="validation", progress=False) == api.evaluate(
      result, split="validation", progress=False)
  again = api.export(exported, tmp_path / "again")
  assert json.loads((again / "assets.extra" / "keras_weakseg.json").read_text())["unit"] == "share"


def test_without_its_task_the_artifact_is_refused(result, exported):
  mine = registry.by_name("brightness")
  registry.unregister("brightness")
  try:
    with pytest.raises(ValueError, match="(?s)no task 'brightness'"):
      api.evaluate(str(exported), result.source, progress=False)
  finally:
    registry.register(mine)
