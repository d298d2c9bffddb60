"""Tests of the U-Net: published sizes, outputs, names that depth and segmentation share."""
import re

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import registry, unet_decoder
from keras_weakseg.networks.layers import preprocessing, randomness
from keras_weakseg.networks.unet_decoder import SCALES
from keras_weakseg.networks.weights import weights
from keras_weakseg.ops import inference

SMALL = dict(encoder="resnet18", channels=(4, 6, 8, 10, 12))
X = tf.random.stateless_normal([2, 32, 64, 3], [1, 2])


def light(num_classes=0, shape=(None, None, 3), **options):
  options = {"alpha": 0.25, "disparity_scales": () if num_classes else SCALES, **options}
  return unet_decoder.light_unet(shape, num_classes, **options)


def parts(network):
  """Returns the variables of the encoder and of what is behind it."""
  head = [bool(re.search(registry.HEAD_PATTERN, w.name)) for w in network.weights]
  return ([w for w, new in zip(network.weights, head) if not new],
          [w for w, new in zip(network.weights, head) if new])


MONODEPTH = dict(encoder="resnet18", output_stride=32, context="conv",
                 channels=(16, 32, 64, 128, 256), disparity_scales=SCALES)
STUDENT = dict(encoder="resnet50", channels=(64, 64, 128, 128, 256), batch_norm=True,
               disparity_scales=SCALES)


@pytest.mark.parametrize("classes, options, encoder, decoder", [
    (0, MONODEPTH, "monodepth_resnet18_encoder", "monodepth_depth_decoder_resnet18"),
    pytest.param(0, STUDENT, "student_resnet50_encoder", "student_depth_decoder_resnet50",
                 marks=pytest.mark.slow),
    pytest.param(19, {**STUDENT, "score_level": 1, "head": "conv"}, "student_resnet50_encoder",
                 "student_segmentation_resnet50", marks=pytest.mark.slow),
    pytest.param(0, {"disparity_scales": SCALES}, "segmentation_resnet101_encoder",
                 "depth_decoder_aspp_resnet101", marks=pytest.mark.slow),
    pytest.param(19, {"disparity_scales": SCALES}, "segmentation_resnet101_encoder",
                 "transfer_segmentation_decoder_resnet101", marks=pytest.mark.slow),
])
def test_sizes_are_the_published_ones(check_size, classes, options, encoder, decoder):
  shape = (96, 160, 3) if options is MONODEPTH else (64, 128, 3)
  network = unet_decoder.unet_decoder(shape, classes, **options)
  trunk, head = parts(network)
  check_size(trunk, encoder)
  wanted = check_size(head, decoder)["output_shapes_hwc"]
  ours = {key.replace("disparity", "disp").replace("scores", "semantics"): list(value[1:])
          for key, value in network.output_shape.items()}
  for level in range(5):
    feature = network.get_layer(f"head_level{level}").output
    ours[f"upconv_{level}"] = list(feature.shape[1:])
  assert {key: ours[key] for key in wanted} == wanted


def test_the_reference_counts_disparity_heads_that_a_classifier_does_not_need():
  with_heads = unet_decoder.unet_decoder((32, 64, 3), 4, disparity_scales=SCALES, **SMALL)
  without = unet_decoder.unet_decoder((32, 64, 3), 4, **SMALL)
  extra = {w.name for w in with_heads.weights} - {w.name for w in without.weights}
  assert extra == {f"head_disparity_{s}/{kind}:0" for s in SCALES for kind in ("kernel", "bias")}


@pytest.fixture(scope="module")
def of_both():
  """Returns a network of scores and disparity; leave its weights as they are."""
  return light(4, disparity_scales=SCALES)


@pytest.mark.parametrize("height, width", [(32, 64), (33, 49), (40, 90)])
def test_grids_of_any_size(of_both, height, width):
  outputs = of_both(tf.zeros([1, height, width, 3]))
  assert outputs["scores"].shape == (1, height, width, 4)
  for scale in SCALES:
    assert outputs[f"disparity_{scale}"].shape == (
        1, -(-height // 2 ** scale), -(-width // 2 ** scale), 1)


NAMED = [("light_unet", {"alpha": 0.25}), ("unet", SMALL),
         ("unet", {**SMALL, "output_stride": 8, "score_level": 2}),
         ("unet", {**SMALL, "output_stride": 32, "context": "conv"})]


@pytest.mark.parametrize("name, options", NAMED)
def test_images_of_any_size_get_a_class_per_pixel(name, options):
  """Nothing is padded, so the answer is the network's own, on odd sides and tiny ones too."""
  network = registry.build_network(name, (None, None, 3), 4, **options)
  record = registry.network_record(name, **options)
  scores = tf.function(preprocessing.predictor(network, record), autograph=False,
                       input_signature=[tf.TensorSpec([None, None, None, 3])])
  for height, width in ((2, 3), (7, 30), (31, 33), (16, 45), (50, 37)):
    images = tf.random.stateless_uniform([1, height, width, 3], [height, width], 0, 255)
    found = inference.class_probabilities(
        scores, images, multiple=record.padding_multiple, mean_rgb=record.mean_rgb)
    assert found.shape == (1, height, width, 4) and np.isfinite(found).all()
    np.testing.assert_array_equal(found, tf.nn.softmax(scores(images)))
    np.testing.assert_allclose(np.sum(found, -1), 1, atol=1e-6)
    assert min(height, width) < 5 or np.ptp(found[..., 0]) > 0  # The coarse level is one pixel.
  flat = inference.class_probabilities(
      scores, tf.ones([2, 1, 1, 3]), multiple=record.padding_multiple, mean_rgb=record.mean_rgb,
      scales=(0.5, 1.0), flip=True)
  assert flat.shape == (2, 1, 1, 4) and np.isfinite(flat).all()


@pytest.mark.parametrize("window", [(), (24, 20)])
def test_views_of_odd_sizes(window):
  network = registry.build_network("light_unet", (None, None, 3), 4, alpha=0.25)
  record = registry.network_record("light_unet")
  scores = tf.function(preprocessing.predictor(network, record), autograph=False,
                       input_signature=[tf.TensorSpec([None, None, None, 3])])
  images = tf.random.stateless_uniform([2, 43, 29, 3], [1, 2], 0, 255)
  found = inference.class_probabilities(
      scores, images, multiple=record.multiple, mean_rgb=record.mean_rgb, flip=True, window=window,
      scales=(0.75, 1.0) if not window else (1.0,))
  assert found.shape == (2, 43, 29, 4)
  np.testing.assert_allclose(np.sum(found, -1), 1, atol=1e-5)


@pytest.mark.parametrize("options", [{"output_stride": 32}, {"output_stride": 8},
                                     {"context": "conv", "padding": "zeros"},
                                     {"skip_channels": (3, 3, 3, 3), "batch_norm": True}])
def test_variants_keep_the_grids(options):
  network = unet_decoder.unet_decoder((64, 96, 3), 0, disparity_scales=SCALES,
                                      **{**SMALL, **options})
  assert [network.output_shape[f"disparity_{s}"][1:3] for s in SCALES] == [
      (64, 96), (32, 48), (16, 24), (8, 12)]


def test_disparities_are_sigmoids_and_vary_with_the_image():
  outputs = light()(X)
  for value in outputs.values():
    assert 0 < float(tf.reduce_min(value)) < float(tf.reduce_max(value)) < 1
  assert np.abs(outputs["disparity_0"][0] - outputs["disparity_0"][1]).max() > 1e-4


@pytest.mark.parametrize("build", [
    lambda classes, **options: light(classes, **options),
    lambda classes, **options: unet_decoder.unet_decoder(
        (None, None, 3), classes, **{**SMALL, **options})])
def test_depth_is_carried_into_segmentation(build):
  depth = build(0, disparity_scales=SCALES)
  for variable in depth.weights:
    variable.assign(tf.random.stateless_uniform(variable.shape, [1, 2]) / 10)
  segmentation = build(4)
  report = weights.carry_over(depth, segmentation)
  new = {key.split("/")[0] for key in report.missing}
  assert new == {"head_project_scores", "head_classifier"}
  assert {key.split("/")[0] for key in report.unused} <= {
      "head_disparity_0", "head_disparity_1", "head_disparity_2", "head_disparity_3",
      # The light network classifies level 1.
      "head_level0_conv0", "head_level0_conv1", "head_level0_conv0_bn", "head_level0_conv1_bn"}
  level = "head_level1"
  features = [keras.Model(model.input, model.get_layer(level).output)(X)
              for model in (depth, segmentation)]
  np.testing.assert_array_equal(*features)


def test_the_patterns_find_head_and_classifier():
  names = [w.name for w in light(4).weights]
  assert [n for n in names if re.search(registry.CLASSIFIER_PATTERN, n)] == [
      "head_classifier/kernel:0", "head_classifier/bias:0"]
  assert {n.split("/")[0] for n in names if not re.search(registry.HEAD_PATTERN, n)} >= {
      "conv1", "conv_pw_12_bn"}
  assert not [n for n in names if re.search(registry.HEAD_PATTERN, n) and "conv_pw" in n]


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_outputs_are_float32_under_mixed_precision(policy):
  keras.mixed_precision.set_global_policy(policy)
  try:
    network = light(4, disparity_scales=SCALES)
  finally:
    keras.mixed_precision.set_global_policy("float32")
  full = light(4, disparity_scales=SCALES)
  full.set_weights(network.get_weights())
  assert network.get_layer("head_level2_conv0").compute_dtype == policy.removeprefix("mixed_")
  assert all(w.dtype == tf.float32 for w in network.weights)
  wanted = full(X)
  for key, value in network(X).items():
    assert value.dtype == tf.float32
    assert 0 < np.abs(value - wanted[key]).max() < 0.1 * np.abs(wanted[key]).max()


@pytest.mark.slow
def test_config_round_trip_and_saved_model(tmp_path):
  network = light(4, disparity_scales=(0, 2))
  copy = keras.Model.from_config(network.get_config())
  copy.set_weights(network.get_weights())
  assert [w.name for w in copy.weights] == [w.name for w in network.weights]
  wanted = network(X)
  module = tf.Module()
  module.kept = network.variables
  module.serve = tf.function(
      lambda x: network(x, training=False), [tf.TensorSpec([None, None, None, 3])],
      autograph=False)
  tf.saved_model.save(module, str(tmp_path / "model"))
  loaded = tf.saved_model.load(str(tmp_path / "model"))
  compiled = tf.function(network, autograph=False, jit_compile=True)
  for found in (copy(X), loaded.serve(X), compiled(X)):
    for key, value in wanted.items():
      np.testing.assert_allclose(found[key], value, atol=1e-5)


@pytest.mark.slow
def test_training_lowers_the_loss_and_reaches_every_variable():
  keras.utils.set_random_seed(1)
  network = light(dropout_rate=0.1)
  ramp = tf.broadcast_to(tf.linspace(0.1, 0.9, 32)[:, None, None], [32, 64, 1])[None]
  optimizer = keras.optimizers.Adam(5e-3)

  @tf.function(autograph=False)
  def step(seed):
    with tf.GradientTape() as tape, randomness.random_scope(seed):
      found = network(X, training=True)
      loss = sum(tf.reduce_mean((value - tf.image.resize(ramp, value.shape[1:3])) ** 2)
                 for value in found.values())
    gradients = tape.gradient(loss, network.trainable_variables)
    optimizer.apply_gradients(zip(gradients, network.trainable_variables))
    return loss, [tf.reduce_max(tf.abs(gradient)) for gradient in gradients]

  losses = []
  for index in range(25):
    loss, largest = step(tf.constant([5, index]))
    losses.append(float(loss))
    if index == 3:
      assert min(float(value) for value in largest) > 0
  assert losses[-1] < 0.5 * losses[0]


def test_wrong_options():
  with pytest.raises(ValueError, match="Did you mean 'aspp'"):
    unet_decoder.unet_decoder((32, 32, 3), 4, **{**SMALL, "context": "asp"})
  with pytest.raises(ValueError, match="Did you mean 'zeros'"):
    light(padding="zero")
  with pytest.raises(ValueError, match="(?s)do not fit its levels.*5 channels"):
    light(channels=(4, 4))
  with pytest.raises(ValueError, match="(?s)no output.*disparity_scales=\\(0, 1, 2, 3\\)"):
    light(disparity_scales=())
  with pytest.raises(ValueError, match="There is no such level"):
    light(4, score_level=5)
  with pytest.raises(ValueError, match="Did you mean 'linear'"):
    light(4, head="linea")


def test_masks_have_a_decoder_of_their_own():
  """Disparities stay what they are; every mask has a channel for every source."""
  options = dict(encoder="resnet18", channels=(4, 4, 4, 4, 8), disparity_scales=(0, 2))
  plain = unet_decoder.unet_decoder((32, 64, 3), 0, **options)
  masked = unet_decoder.unet_decoder((32, 64, 3), 0, mask_sources=3, **options)
  assert masked.output_shape == {
      **plain.output_shape, "mask_0": (None, 32, 64, 3), "mask_2": (None, 8, 16, 3)}
  own = {weight.name for weight in masked.weights} - {weight.name for weight in plain.weights}
  assert own and all(name.startswith("head_mask_") for name in own)
  found = masked(np.random.RandomState(0).normal(size=(1, 32, 64, 3)).astype(np.float32))
  assert 0 < float(tf.reduce_min(found["mask_0"])) and float(tf.reduce_max(found["mask_0"])) < 1
