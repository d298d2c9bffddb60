"""Smaller networks: what they answer, which channels go, and that they are ordinary models."""
import re

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import deeplab_v2, registry
from keras_weakseg.networks.surgery import pruning

UNET = {"channels": (4, 6, 8, 10, 12)}
# Every segmentation network, and the kinds of layers that others have.
NETWORKS = {
    "light_tiny": {"head_filters": 16},
    "light_dual": {"alpha": 0.25, "head_filters": 16},
    "light_mobilenet_v1": {"alpha": 0.25, "output_stride": 8, "field_of_view": "small"},
    "unet": {"encoder": "resnet18", **UNET},
    "light_unet": {"alpha": 0.25, "skip_channels": (4, 4, 6, 6), **UNET},
    "deeplab_v3": {"backbone": "mobilenet_v2", "width": 0.35, "head_filters": 8},
    "light_multitask": {"alpha": 0.25, "skip_channels": (4, 4, 6, 6), **UNET},
    "light_hourglass": {"width": 0.1},
}
SLOW = {
    "largefov_vgg16": {"multi_scale_features": True},
    "deeplab_v2_resnet101": {"multi_scale": True},
    "dual_network": {},
}
BACKBONES = ("resnet50", "mobilenet_v1", "mobilenet_v3_large")
SLOW_TOO = {"unet", "light_multitask", "light_unet", "light_hourglass", "deeplab_v3",
            "light_mobilenet_v1"}


def rows():
  for name, options in NETWORKS.items():
    yield pytest.param(name, options, id=name,
                       marks=[pytest.mark.slow] if name in SLOW_TOO else [])
  for name, options in SLOW.items():
    yield pytest.param(name, options, id=name, marks=pytest.mark.slow)
  for backbone in BACKBONES:
    yield pytest.param("deeplab_v3", {"backbone": backbone, "head_filters": 8}, id=backbone,
                       marks=pytest.mark.slow)


def built(name, options):
  """Returns a network with statistics and offsets of its own."""
  classes = 0 if registry.network_record(name).role == registry.DEPTH else 4
  network = registry.build_network(name, (None, None, 3), classes, **options)
  random = np.random.RandomState(0)
  for variable in network.variables:
    if re.search("moving_mean|beta|bias", variable.name):
      variable.assign(random.normal(0, 0.1, variable.shape))
  return network


def images(count=2, height=33, width=49):
  return tf.random.stateless_normal([count, height, width, 3], [1, 2])


def distance(found, wanted):
  """Returns the largest difference of two answers, relative to the largest value."""
  return max(float(np.abs(one - other).max() / np.abs(other).max()) for one, other in zip(
      tf.nest.flatten(found), tf.nest.flatten(wanted), strict=True))


@pytest.mark.parametrize("name, options", list(rows()))
def test_a_pruned_network_equals_the_masked_one(name, options, tmp_path):
  network, x = built(name, options), images()
  kept = network.get_weights()
  small, masked = (cut(network, 0.6) for cut in (pruning.prune, pruning.mask))
  found = small(x)
  assert small.output_shape == network.output_shape
  assert small.count_params() < 0.7 * network.count_params()
  assert distance(found, masked(x)) < 2e-5
  assert distance(masked(x), network(x)) > 1e-3  # It did take something out.
  for one, other in zip(kept, network.get_weights()):
    np.testing.assert_array_equal(one, other)
  copy = keras.Model.from_config(small.get_config())
  copy.set_weights(small.get_weights())
  tf.nest.map_structure(np.testing.assert_array_equal, copy(x), found)
  assert [v.name for v in copy.trainable_variables] == [v.name for v in small.trainable_variables]
  # And so does what is exported of it.
  module = tf.Module()
  module.held, module.answer = copy.variables, tf.function(
      lambda x: copy(x, training=False), autograph=False,
      input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32)])
  tf.saved_model.save(module, str(tmp_path))
  assert distance(tf.saved_model.load(str(tmp_path)).answer(x), found) < 2e-5


def test_every_network_of_classes_is_pruned_here():
  assert set(registry.network_names(registry.SEGMENTATION)) <= {*NETWORKS, *SLOW}


@pytest.fixture(scope="module")
def tiny():
  """A tiny network of scores."""
  return built("light_tiny", {"head_filters": 16})


def test_everything_kept_is_everything(tiny):
  x = images()
  np.testing.assert_array_equal(pruning.prune(tiny, 1.0)(x), tiny(x))


def test_the_least_important_channels_go():
  image = keras.Input((8, 8, 3))
  x = keras.layers.Conv2D(4, 3, name="a")(image)
  model = keras.Model(image, keras.layers.Conv2D(2, 1, name="out")(x))
  kernel = np.random.RandomState(0).normal(size=(3, 3, 3, 4)) * np.array([1, 0.1, 2, 0.2])
  reader = np.random.RandomState(1).normal(size=(1, 1, 4, 2)) * np.array([[1], [9], [2], [8]])
  model.get_layer("a").set_weights([kernel, np.arange(4)])
  model.get_layer("out").set_weights([reader, np.zeros(2)])
  left = lambda **options: pruning.prune(model, 2, **options).get_layer("a").bias.numpy().tolist()
  assert left() == [0, 2]
  assert left(norm=1) == [0, 2]
  assert left(importance="inputs") == [1, 3]
  group, = pruning.groups(model)
  assert (group.writers, group.readers) == (("a",), ("out",))
  np.testing.assert_allclose(group.scores, np.sqrt((kernel ** 2).sum((0, 1, 2))), rtol=1e-5)


def test_groups_can_be_chosen(tiny):
  small = pruning.prune(tiny, 0.5, layers="^head_refine$", minimum=3)
  filters = lambda model: {layer.name: layer.filters for layer in model.layers
                           if isinstance(layer, keras.layers.Conv2D)
                           and not isinstance(layer, keras.layers.DepthwiseConv2D)}
  changed = {name for name, count in filters(tiny).items() if filters(small)[name] != count}
  assert "head_refine" in changed and not any(name.startswith("conv_pw_1_") for name in changed)
  assert filters(small)["head_refine"] == 8 and filters(small)["head_classifier"] == 4


def test_the_head_of_the_paper(monkeypatch):
  """All branches read one set of channels, so what they read is cut, and the residual stage."""
  monkeypatch.setattr(deeplab_v2, "STAGES", (
      ("conv2", 1, 4, 1, 1), ("conv3", 1, 4, 2, 1), ("conv4", 1, 4, 1, 2), ("conv5", 2, 16, 1, 4)))
  network = deeplab_v2.deeplab_v2_resnet101((None, None, 3), 5)
  options = dict(layers="^fc8_aspp", importance="inputs", scored_by="^fc8_aspp")
  small = pruning.prune(network, 32, **options)
  shapes = {w.name: w.shape.as_list() for w in small.weights}
  for rate in deeplab_v2.ASPP_RATES:
    assert shapes[f"fc8_aspp_{rate}/kernel:0"] == [3, 3, 32, 5]
  assert shapes["conv5_block1_0_conv/kernel:0"][3] == shapes["conv5_block2_3_bn/gamma:0"][0] == 32
  assert shapes["conv5_block2_1_conv/kernel:0"][2:] == [32, 16]
  assert shapes["conv4_block1_3_conv/kernel:0"] == [1, 1, 4, 16]
  assert distance(small(images()), pruning.mask(network, 32, **options)(images())) < 2e-5


def test_a_pruned_network_saves_restores_and_trains_on(tiny, tmp_path):
  small = pruning.prune(pruning.prune(tiny, 0.8), 0.8)
  x, path = images(), str(tmp_path / "small.weights.h5")
  small.save_weights(path)
  before = small(x).numpy()
  labels = tf.random.stateless_uniform([2, 5, 7], [3, 4], 0, 4, tf.int32)
  optimizer, losses = keras.optimizers.Adam(0.01), []
  for _ in range(12):
    with tf.GradientTape() as tape:
      loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(
          labels, small(x, training=True)))
    gradients = tape.gradient(loss, small.trainable_variables)
    assert all(gradient is not None for gradient in gradients)
    optimizer.apply_gradients(zip(gradients, small.trainable_variables))
    losses.append(float(loss))
  assert losses[-1] < 0.8 * losses[0]
  small.load_weights(path)
  np.testing.assert_array_equal(small(x), before)


@pytest.mark.parametrize("call, words", [
    (lambda n: pruning.prune(n, 0.0), "no share of the channels"),
    (lambda n: pruning.prune(n, 1.5), "no share of the channels"),
    (lambda n: pruning.prune(n, 861), "(?s)fewer channels.*at most 256.*861"),
    (lambda n: pruning.prune(n, 0.5, layers="nothing_like_it"), "(?s)pattern of.*head_refine"),
    (lambda n: pruning.prune(n, 0.5, importance="filter"), "Did you mean 'filters'"),
    (lambda n: pruning.prune(n, 0.5, norm=3), "1 or 2")])
def test_what_cannot_be_pruned(tiny, call, words):
  with pytest.raises(ValueError, match=words):
    call(tiny)


# === Multiples ===


def widths(model):
  """Returns the number of filters of every convolution that mixes channels, by name."""
  return {layer.name: layer.filters for layer in model.layers
          if isinstance(layer, keras.layers.Conv2D)
          and not isinstance(layer, keras.layers.DepthwiseConv2D)}


@pytest.mark.parametrize("keep", [0.3, 0.5, 0.84, 0.97])
def test_kept_channels_are_multiples_and_never_more_than_there_are(keep):
  for count in (1, 4, 7, 8, 12, 20, 24, 64, 100, 1024):
    kept = pruning.kept_of(count, keep, multiple_of=8)
    assert 1 <= kept <= count and (kept % 8 == 0 or kept == count)
    assert abs(kept - keep * count) <= 4 or kept == min(8, count)
    assert pruning.kept_of(count, 1.0, multiple_of=8) == count
  assert pruning.kept_of(64, 0.1, minimum=9, multiple_of=8) == 16


def test_channels_that_a_sum_ties_stay_as_many_and_the_same():
  image = keras.Input((8, 8, 3))
  x = keras.layers.Conv2D(20, 3, padding="same", name="stem")(image)
  y = keras.layers.Conv2D(44, 1, name="wide")(x)
  x = keras.layers.Add()([x, keras.layers.Conv2D(20, 1, name="back")(y)])
  model = keras.Model(image, keras.layers.Conv2D(3, 1, name="out")(x))
  small = pruning.prune(model, 0.75, multiple_of=8)
  assert widths(small) == {"stem": 16, "wide": 32, "back": 16, "out": 3}
  x = tf.random.stateless_normal([1, 8, 8, 3], [1, 2])
  assert distance(small(x), pruning.mask(model, 0.75, multiple_of=8)(x)) < 2e-5
  assert widths(pruning.prune(model, 0.75))["stem"] == 15


def test_numbers_are_taken_as_they_are_and_nothing_lost_is_said(tiny):
  assert widths(pruning.prune(tiny, 7, layers="^head_refine$", multiple_of=8))["head_refine"] == 7
  with pytest.raises(ValueError, match="(?s)multiples of 64, all channels stay.*multiple_of=1"):
    pruning.prune(tiny, 0.5, layers="^head_refine$", multiple_of=64)
  with pytest.raises(ValueError, match="multiple_of, a whole number"):
    pruning.prune(tiny, 0.5, multiple_of=0)
