"""Tests of the model that evaluate, predict and export share."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import inference
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation.protocol import Protocol

CLASSES, PALETTE = ("red", "green", "blue"), ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def photos(*shape, seed=0):
  return np.random.default_rng(seed).integers(0, 256, (*shape, 3), np.uint8)


def strided(images):
  return images[:, ::8, ::8] / 40.0


def make(score_fn=strided, **options):
  return models.SegmentationModel(score_fn, CLASSES, PALETTE, mean_rgb=(127.5,) * 3, **options)


@pytest.mark.parametrize("protocol", [
    Protocol(), Protocol(scales=(0.5, 1.0), flip=True), Protocol(window=(16, 16), size=(24, 32))])
def test_answers_are_those_of_the_one_inference_road(protocol):
  model, image = make(), photos(2, 20, 31)
  wanted = inference.class_probabilities(strided, image, multiple=8, mean_rgb=(127.5,) * 3,
                                         **protocol.views(())).numpy()
  np.testing.assert_allclose(model.probabilities(image, protocol), wanted, atol=1e-5)
  found = model.mask(image, protocol)
  assert found.dtype == np.uint8
  np.testing.assert_array_equal(found, model.probabilities(image, protocol).argmax(-1))


def test_network_is_traced_once_for_all_sizes_batches_views_and_windows():
  traces = []

  def counted(images):
    traces.append(images.shape)
    return strided(images)

  model, protocol = make(counted), Protocol(scales=(0.5, 1.0), flip=True, window=(16, 16))
  for shape in ((1, 20, 31), (2, 9, 9), (1, 40, 17), (3, 1, 5)):
    assert model.mask(photos(*shape), protocol).shape == shape
  assert len(traces) == 1


def test_new_weights_are_seen_without_tracing_again():
  weight = tf.Variable([1.0, 0.0, 0.0])
  model, image = make(lambda images: tf.ones_like(images) * weight), photos(1, 9, 9)
  assert set(model.mask(image).ravel()) == {0}
  weight.assign([0.0, 0.0, 1.0])
  assert set(model.mask(image).ravel()) == {2}


def test_the_smallest_class_wins_ties():
  model = make(lambda images: tf.zeros_like(images))
  assert not model.mask(photos(1, 9, 9)).any()


def test_palette_must_fit_the_classes():
  with pytest.raises(ValueError, match="Expected: 3 colours. Received: 2"):
    models.SegmentationModel(strided, CLASSES, PALETTE[:2])


def test_classes_must_fit_the_network():
  model = make(lambda images: tf.concat([images, images], -1))
  with pytest.raises(ValueError, match="scores of 3 classes. Received: 6"):
    model.mask(photos(1, 9, 9))


def test_more_classes_than_a_byte_are_refused():
  names = [str(index) for index in range(256)]
  with pytest.raises(ValueError, match="at most 255. Received: 256"):
    models.SegmentationModel(strided, names, [(0, 0, 0)] * 256)


def test_a_mirror_that_mixes_left_and_right_is_refused_before_any_mask():
  model = models.SegmentationModel(strided, ("left arm", "right arm", "face"), PALETTE[:3])
  with pytest.raises(ValueError, match="mix left and right"):
    model.mask(photos(1, 9, 9), Protocol(flip=True))
