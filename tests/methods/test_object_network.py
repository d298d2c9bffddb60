"""L-Net: the loss by hand, the two reductions, what counts, and that it finds objects."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import object_network
from keras_weakseg.methods import updates
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import preprocessing


def built(part_weights=(1.0, 0.5), **options):
  keras.utils.set_random_seed(1)
  image = keras.Input((None, None, 3))
  network = keras.Model(image, keras.layers.Conv2D(
      2, 1, strides=8, padding="same", name="head_classifier")(image))
  record = networks.network_record("light_tiny", output_stride=8)
  scorer = preprocessing.predictor(network, record)
  method = object_network.ObjectNetwork(contexts.Context(
      {"segmenter": contexts.Built(network, record, scorer, scorer)}, ("mask", "other"),
      part_weights), **options)
  method.prepare(lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.SGD(0.5 * m, momentum=0.9)))
  return method


def batch():
  random = np.random.RandomState(0)
  masks = (random.rand(4, 17, 17) < 0.4).astype(np.uint8)
  masks[:, :5] = 255
  images = np.full((4, 17, 17, 3), 60, np.uint8)
  images[masks == 1] = (220, 90, 90)
  return {name: tf.constant(value) for name, value in {
      "image": images, "mask": masks, "supervision": np.array([7, 7, 0, 7], np.int32),
      "part": np.array([0, 0, 0, 1], np.int32)}.items()}


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_terms_are_those_computed_by_hand(reduction):
  data, method = batch(), built(reduction=reduction)
  scores = method.scorer(tf.cast(data["image"], tf.float32)).numpy().astype(np.float64)
  labels = data["mask"].numpy()[:, ::8, ::8]
  p = 1 / (1 + np.exp(scores[..., 0] - scores[..., 1]))
  pixel = -np.where(labels == 1, np.log(p), np.log(1 - p)) * (labels != 255)
  counts = {"mean": (labels != 255).sum((1, 2)), "sum": np.ones(4)}[reduction]
  terms, _ = method.loss_terms(data)
  for name, rows, weight in (("loss_mask", [0, 1], 1.0), ("loss_other", [3], 0.5)):
    wanted = pixel[rows].sum() / counts[rows].sum()
    assert terms[name].weight == weight
    np.testing.assert_allclose(
        float(terms[name].mean.numerator / terms[name].mean.denominator), wanted, rtol=1e-5)


def test_all_classes_are_one_object():
  groups = object_network.ObjectNetwork.label_space(("background", "cat", "dog"))
  assert groups == {"object": ("cat", "dog")}


def test_it_learns_where_objects_are():
  method, data = built(), batch()
  step = tf.function(method.train_step, autograph=False)
  first = step(data)
  for _ in range(40):
    last = step(data)
  assert float(last["loss"]) < 0.2 * float(first["loss"])
  assert float(last["object_recall"]) == 1 and float(last["object_precision"]) == 1
