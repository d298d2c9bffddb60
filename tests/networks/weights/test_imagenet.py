"""Tests of the renaming and folding of Keras' ImageNet weights."""
import numpy as np
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v2, largefov
from keras_weakseg.networks.weights import imagenet


def test_vgg16_names_and_decimation():
  rng = np.random.default_rng(1)
  arrays = {"block1_conv2/kernel": rng.normal(size=(3, 3, 64, 64)),
            "block5_conv3/bias": rng.normal(size=512), "predictions/kernel": np.zeros((4096, 1000)),
            "fc1/kernel": rng.normal(size=(49 * 4, 4096)), "fc1/bias": rng.normal(size=4096),
            "fc2/kernel": rng.normal(size=(4096, 4096)), "fc2/bias": rng.normal(size=4096)}
  renamed = imagenet.vgg16_arrays(arrays, 1024)
  assert set(renamed) == {"conv1_2/kernel", "conv5_3/bias", "fc6/kernel", "fc6/bias",
                          "fc7/kernel", "fc7/bias"}
  np.testing.assert_array_equal(renamed["conv5_3/bias"], arrays["block5_conv3/bias"])
  assert renamed["fc6/kernel"].shape == (3, 3, 4, 1024)
  assert imagenet.vgg16_arrays(arrays, 4096)["fc6/kernel"].shape == (4, 4, 4, 4096)


def test_vgg16_names_cover_the_whole_trunk():
  theirs = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
  arrays = imagenet.application_arrays(theirs)
  arrays.update({"fc1/kernel": np.zeros((49 * 512, 4096), np.float32), "fc1/bias": np.zeros(4096),
                 "fc2/kernel": np.zeros((4096, 4096), np.float32), "fc2/bias": np.zeros(4096)})
  ours = largefov.largefov_vgg16((17, 17, 3), 2)
  shapes = {w.name.split(":")[0]: tuple(w.shape) for w in ours.weights if "fc8" not in w.name}
  assert {key: value.shape for key, value in imagenet.vgg16_arrays(arrays, 1024).items()} == shapes


def test_resnet_biases_fold_into_the_statistics(monkeypatch):
  """Our trunk without biases gives the activations of Keras' ResNet101 with them."""
  theirs = keras.applications.ResNet101(
      include_top=False, weights=None, input_shape=(64, 64, 3))
  rng = np.random.default_rng(1)
  for weight in theirs.weights:
    if "kernel" not in weight.name:
      weight.assign(rng.uniform(0.5, 1, weight.shape) if "variance" in weight.name
                    else rng.normal(0, 0.1, weight.shape))
  monkeypatch.setattr(deeplab_v2, "STAGES", deeplab_v2.STAGES[:2])
  ours = deeplab_v2.deeplab_v2_resnet101((64, 64, 3), 2)
  arrays = imagenet.resnet_arrays(imagenet.application_arrays(theirs))
  for weight in ours.weights:
    if "fc8" not in weight.name:
      weight.assign(arrays[weight.name.split(":")[0]])
  # A stage of stride 1 and padding "same" is free of Keras' other padding in front of strides.
  images = tf.random.stateless_normal([1, 16, 16, 64], [1, 2])

  def first_stage(model):
    inner = keras.Model(model.get_layer("pool1_pool").output,
                        model.get_layer("conv2_block3_out").output)
    return inner(images).numpy()

  wanted = first_stage(theirs)
  assert wanted.std() > 0.05
  np.testing.assert_allclose(first_stage(ours), wanted, rtol=1e-3, atol=1e-4)
