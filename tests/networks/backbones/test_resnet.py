"""Tests of the ResNets: strides, dilations, alignment, and the Model Garden's numbers."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks.backbones import resnet


def trunk(depth=18, shape=(None, None, 3), **options):
  images = keras.Input(shape, name="image")
  return keras.Model(images, resnet.resnet_trunk(images, depth, **options))


@pytest.mark.parametrize("output_stride, plan", [
    (32, ((1, 1, 1), (2, 1, 1), (2, 1, 1), (2, 1, 1))),
    (16, ((1, 1, 1), (2, 1, 1), (2, 1, 1), (1, 1, 2))),
    (8, ((1, 1, 1), (2, 1, 1), (1, 1, 2), (1, 2, 4))),
])
def test_stage_plan(output_stride, plan):
  assert resnet.stage_plan(output_stride) == plan


@pytest.mark.parametrize("output_stride", [32, 16, 8])
@pytest.mark.parametrize("height, width", [(64, 96), (33, 49)])
def test_grids(output_stride, height, width):
  features = trunk(output_stride=output_stride)(tf.zeros([1, height, width, 3]))
  for feature, stride, channels in zip(features, (2, 4, 8, 16, 32), (64, 64, 128, 256, 512)):
    stride = min(stride, output_stride)
    assert feature.shape == (1, -(-height // stride), -(-width // stride), channels)


def test_stages_have_the_channels_that_are_named():
  features = trunk(channels=(16, 24, 40, 40))(tf.zeros([1, 64, 96, 3]))
  assert [feature.shape[-1] for feature in features] == [64, 16, 24, 40, 40]


def test_the_first_block_of_a_dilated_stage_is_not_dilated():
  model = trunk(50, output_stride=16)
  rates = [model.get_layer(f"conv5_block{block}_2_conv").dilation_rate[0] for block in (1, 2, 3)]
  assert rates == [1, 2, 2]
  assert all(layer.dilation_rate == (1, 1) for layer in model.layers
             if isinstance(layer, keras.layers.Conv2D) and not layer.name.startswith("conv5"))


def test_output_lies_on_the_same_pixels_whatever_the_size():
  """An even side equals the odd one with its last row and column beyond the image."""
  model = trunk(output_stride=16)
  image = tf.random.stateless_normal([1, 96, 96, 3], [1, 2])
  pairs = zip(model(image)[:3], model(image[:, :95, :95])[:3])
  for level, (one, other) in enumerate(pairs):
    np.testing.assert_allclose(one[:, 1:5, 1:5], other[:, 1:5, 1:5], atol=1e-4,
                               err_msg=str(level))


@pytest.mark.slow
def test_layouts_differ_where_they_say():
  models = {layout: trunk(50, layout=layout) for layout in resnet.LAYOUTS}
  strides = {layout: [model.get_layer(f"conv3_block1_{index}_conv").strides[0]
                      for index in (0, 1, 2)] for layout, model in models.items()}
  assert strides == {"torchvision": [2, 1, 2], "garden": [2, 1, 2], "keras": [2, 2, 1]}
  assert {layout: model.get_layer("conv1_bn").epsilon for layout, model in models.items()} == {
      "torchvision": 1e-5, "garden": 1e-3, "keras": 1.001e-5}


@pytest.mark.slow
def test_keras_layout_is_the_graph_of_keras_applications():
  theirs = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(64, 64, 3))
  ours = trunk(50, (64, 64, 3), output_stride=32, layout="keras")
  mine = {weight.name: weight for weight in ours.weights}
  for weight in theirs.weights:
    if "_conv/bias" not in weight.name:
      mine.pop(weight.name).assign(weight)
  assert not mine
  image = tf.random.stateless_normal([1, 64, 64, 3], [3, 4])
  np.testing.assert_allclose(ours(image)[-1], theirs(image), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("mode, kind", [("train", "BatchNormalization"),
                                        ("frozen", "FrozenBatchNormalization")])
def test_normalisation(mode, kind):
  norms = [layer for layer in trunk(batch_norm=mode).layers if layer.name.endswith("_bn")]
  assert len(norms) == 20
  assert all(type(layer).__name__ == kind and layer.momentum == 0.9 for layer in norms)
  synchronized = trunk(synchronized_batch_norm=True)
  assert type(synchronized.get_layer("conv1_bn")).__name__ == "SynchronizedBatchNormalization"


def test_wrong_options():
  with pytest.raises(ValueError, match="(?s)no ResNet of this depth.*18, 34, 50, 101, 152"):
    trunk(20)
  with pytest.raises(ValueError, match="Expected: 8, 16 or 32. Received: 4"):
    trunk(18, output_stride=4)
  with pytest.raises(ValueError, match="Did you mean 'garden'"):
    trunk(18, layout="gardn")
