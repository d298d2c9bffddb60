"""Features of a network's layer: which one, of which picture, and what has none."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.derived import network_features
from keras_weakseg.framework import keras
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import aggregation
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.surgery import depth_inside
from keras_weakseg.tasks.depth.model import DepthModel
from keras_weakseg.tasks.segmentation.model import SegmentationModel

IMAGE = np.random.RandomState(0).randint(0, 256, (64, 96, 3)).astype(np.uint8)


def segmenter(wrap=lambda predictor: predictor, classes=3):
  """Returns a model of segmentation and the network inside it."""
  keras.utils.set_random_seed(2)
  record = networks.network_record("light_tiny")
  network = networks.build_network("light_tiny", (None, None, 3), 3, alpha=0.25, head_filters=16)
  predictor = wrap(preprocessing.predictor(network, record))
  return SegmentationModel(predictor, ("a", "b", "c")[:classes], [(0, 0, 0)] * classes,
                           multiple=record.padding_multiple), network


def test_the_last_features_by_default_at_a_size_the_grids_fit():
  model, network = segmenter()
  features = network_features.NetworkFeatures(model)(IMAGE)
  resized = tf.image.resize(tf.cast(IMAGE, tf.float32)[None], (65, 97), antialias=True)
  inner = keras.Model(network.inputs, network.get_layer("head_classifier").input)
  wanted = inner(preprocessing.Preprocess(preprocessing.TF)(
      tf.clip_by_value(resized, 0, 255)), training=False)
  np.testing.assert_allclose(features, wanted[0], rtol=1e-4, atol=1e-5)
  assert features.shape == (9, 13, 16) and features.std() > 0


def test_a_layer_may_be_named_and_label_spaces_make_no_difference():
  model, network = segmenter()
  joined, _ = segmenter(lambda predictor: aggregation.aggregated(
      predictor, aggregation.AggregateClasses(((0,), (1, 2)))), classes=2)
  one, other = (network_features.NetworkFeatures(entry, layer="conv1", size=(33, 33))
                (IMAGE) for entry in (model, joined))
  np.testing.assert_array_equal(one, other)
  assert one.shape[-1] == network.get_layer("conv1").output.shape[-1]


def test_a_network_of_depth_gives_its_decoder():
  network = networks.build_network("light_depth", (None, None, 3), alpha=0.25,
                                   channels=(4, 6, 8, 10, 12), skip_channels=(4, 4, 6, 6))
  predictor = preprocessing.predictor(network, networks.network_record("light_depth"),
                                      "disparity_0")
  features = network_features.NetworkFeatures(DepthModel(predictor, (32, 64)))
  assert features.layer == "head_level3" and features(IMAGE).shape == (4, 8, 10)


def test_what_has_no_features_is_refused():
  model, _ = segmenter()
  with pytest.raises(ValueError, match="(?s)no features.*model_dir"):
    network_features.NetworkFeatures(DepthModel(lambda x: x[..., :1], (32, 32)))
  with pytest.raises(ValueError, match="Did you mean 'conv1'"):
    network_features.NetworkFeatures(model, layer="conv11")


def test_a_network_that_sees_depth_has_no_features_of_an_image_alone():
  model, network = segmenter()
  deep = depth_inside.with_depth_of_data(network, preprocessing.TF)
  model = SegmentationModel(preprocessing.predictor(deep, networks.network_record("light_tiny")),
                            model.classes, model.palette, sees_depth=True)
  with pytest.raises(ValueError, match="(?s)more than colours.*sees_depth"):
    network_features.NetworkFeatures(model)
