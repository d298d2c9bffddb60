"""Tests of `serving.base_module`: what every artifact tracks and tells, whatever it predicts."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.serving import base_module
from keras_weakseg.serving import document as documents
from keras_weakseg.tasks.segmentation import protocol as protocols


class Mean(base_module.BaseModule):
  """The smallest thing that can be served."""

  @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=base_module.IMAGE_BYTES)])
  def serve_bytes(self, image_bytes):
    return {"lengths": tf.strings.length(image_bytes)}

  @tf.function(input_signature=[
      tf.TensorSpec([None, None, None, 3], tf.uint8, name=base_module.IMAGES)])
  def serve_images(self, images):
    return {"mean": tf.reduce_mean(self._predict(tf.cast(images, tf.float32)), [1, 2, 3])}

  @tf.function(input_signature=[])
  def serve_metadata(self):
    return self.common_metadata()


def module_of(kit, predictor):
  document = documents.assemble("segmentation", record=kit.record, protocol=protocols.Protocol(),
                                metadata={"note": "ü"}, content={"extra": [1, 2]})
  return Mean(predictor, document), document


def test_it_tracks_variables_and_no_keras_object(kit, predictor):
  module, _ = module_of(kit, predictor)
  assert {id(v) for v in module.variables} == {id(v) for v in predictor.variables}
  assert not [part for part in module.submodules if isinstance(part, keras.layers.Layer)]


def test_a_model_is_asked_as_in_evaluation(kit, predictor):
  module, _ = module_of(kit, predictor)
  images = kit.random_image(32, 32)[None]
  expected = tf.reduce_mean(predictor(images.astype(np.float32), training=False))
  # Dropout in training would give another mean each time.
  np.testing.assert_allclose(module.serve_images(tf.constant(images))["mean"][0], expected,
                             rtol=1e-5)


def test_a_trackable_callable_is_tracked_whole(kit):
  class Scale(tf.Module):
    def __init__(self):
      super().__init__()
      self.factor = tf.Variable(3.0)

    def __call__(self, images):
      return self.factor * images

  module, _ = module_of(kit, Scale())
  assert [v.numpy() for v in module.variables] == [3.0]
  assert module.serve_images(tf.ones([1, 2, 2, 3], tf.uint8))["mean"].numpy() == [3.0]


def test_all_signatures_survive_saving(kit, predictor, tmp_path):
  module, document = module_of(kit, predictor)
  tf.saved_model.save(module, str(tmp_path), signatures=module.signatures())
  loaded = tf.saved_model.load(str(tmp_path))
  assert set(loaded.signatures) == {
      "serving_default", "predict_images", "metadata", "metadata_rows"}
  answer = loaded.signatures["metadata"]()
  assert answer["task"].numpy() == b"segmentation" and answer["multiple"].numpy() == 8
  assert json.loads(answer["document"].numpy()) == document
  np.testing.assert_array_equal(answer["mean_rgb"], np.float32(kit.record["mean_rgb"]))


@pytest.mark.parametrize("names", [[], ["extra"], ["nonsense", "", "metadata", "extra"]])
def test_rows_answer_each_name_in_order(kit, predictor, names):
  module, document = module_of(kit, predictor)
  rows = module.serve_metadata_rows(tf.constant(names, tf.string))["documents"].numpy()
  assert [json.loads(row) for row in rows] == [
      document if name == "" else document.get(name) for name in names]
