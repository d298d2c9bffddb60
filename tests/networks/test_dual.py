"""Dual networks: their shapes, one pass of the backbone, steps that are fixed or an input."""
import json

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import dual, dual_head, prior, registry

LIGHT = {"alpha": 0.25, "head_filters": 16}


@pytest.fixture(scope="module")
def network():
  """The light network, with weights large enough that steps move scores."""
  keras.utils.set_random_seed(2)
  made = registry.build_network("light_dual", (None, None, 3), 4, **LIGHT)
  for variable in made.get_layer(dual.HEAD).trainable_variables:
    variable.assign(20 * variable)
  return made


def pixels(count=2, height=33, width=49, seed=1):
  return tf.constant(np.random.RandomState(seed).uniform(-1, 1, (count, height, width, 3)),
                     tf.float32)


def test_shapes_of_the_paper(golden):
  network = dual.dual_network((353, 353, 3), 21)
  encoder, head = dual.dual_parts(network)
  assert encoder.output_shape == (None, 45, 45, 2048)
  assert network.output_shape == (None, 45, 45, 21) and head.count_params() == 444643
  wanted = json.loads(golden("networks_weak.json").read_text())["deeplabv2_resnet101"]
  assert encoder.count_params() == wanted["total"] - wanted["aspp_head"]


def test_vgg_is_cut_at_fc7():
  encoder, _ = dual.dual_parts(dual.dual_network((65, 65, 3), 5, backbone="vgg16"))
  assert encoder.output_shape == (None, 9, 9, 1024)
  with pytest.raises(ValueError, match="Did you mean 'vgg16'"):
    dual.dual_network((65, 65, 3), 5, backbone="vgg-16")


def test_no_step_is_the_plain_network(network):
  encoder, head = dual.dual_parts(network)
  x = pixels()
  features = encoder(x)
  assert float(tf.reduce_min(features)) == 0  # Behind a ReLU, so the projection changes nothing.
  plain = head.scores(features, tf.reduce_mean(features, [1, 2]))
  for same in (network(x), dual.with_steps(network, 0)(x),
               dual.with_steps(network)([x, tf.zeros([2], tf.int32)])):
    np.testing.assert_array_equal(same, plain)
  assert np.abs(dual.with_steps(network, 5)(x) - plain).max() > 1e-3


def test_steps_as_an_input_are_those_of_every_image(network):
  x = pixels()
  mixed = dual.with_steps(network)([x, tf.constant([7, 0])])
  for index, steps in enumerate((7, 0)):
    fixed = dual.with_steps(network, steps)(x)
    np.testing.assert_allclose(mixed[index], fixed[index], rtol=0,
                               atol=1e-5 * np.abs(fixed).max())


def needed(function):
  """Returns the operations of a graph function that its outputs depend on, as a list of kinds."""
  nodes, found = {node.name: node for node in function.node_def}, {}
  stack = [name.split(":")[0] for name in function.ret.values()]
  while stack:
    name = stack.pop().lstrip("^")
    if name in nodes and name not in found:
      found[name] = nodes[name].op
      stack += [source.split(":")[0] for source in nodes[name].input]
  return sorted(found.values())


def test_the_backbone_runs_once(network):
  """In the loop: the convolutions of subnets 1 and 2 and the gradients of what they read."""
  graph = tf.function(dual.with_steps(network, 30), autograph=False).get_concrete_function(
      tf.TensorSpec([None, None, None, 3])).graph
  library = graph.as_graph_def().library.function
  body, = (needed(function) for function in library if "while_body" in function.signature.name)
  assert [kind for kind in body if "Conv2D" in kind] == 4 * ["Conv2D"] + 4 * [
      "Conv2DBackpropInput"]


def test_all_variables_are_shared_and_none_is_lost(network):
  for other in (dual.with_steps(network, 3), dual.with_steps(network)):
    assert [id(v) for v in other.variables] == [id(v) for v in network.variables]
  names = [variable.name for variable in network.get_layer(dual.HEAD).variables]
  assert names == [f"head_dual/{part}/{kind}:0" for part in
                   ("image_1", "image_2", "image_3", "tags", "labelmap")
                   for kind in ("kernel", "bias")]


def test_the_prior_of_the_background_is_in_the_labelmap():
  made = registry.build_network("light_dual", (33, 33, 3), 4, **LIGHT)
  prior.set_background_prior(made, registry.network_record("light_dual"), 0.7)
  biases = {v.name: v.numpy() for v in made.get_layer(dual.HEAD).variables if "bias" in v.name}
  assert biases["head_dual/labelmap/bias:0"][0] == pytest.approx(np.log(7), abs=1e-5)
  assert not biases["head_dual/tags/bias:0"].any()


def test_explanations(network):
  encoder, head = dual.dual_parts(network)
  x = pixels()
  found = head.explain(encoder(x), x, 4)
  assert {key: value.shape.as_list() for key, value in found.items()} == {
      dual_head.LABELMAP: [2, 5, 7, 4], dual_head.TAG_SCORES: [2, 4],
      dual_head.RECONSTRUCTION: [2, 5, 7, 3], dual_head.RECONSTRUCTION_LOSS: [2],
      dual_head.SCORES: [2, 5, 7, 4]}
  np.testing.assert_array_equal(found[dual_head.SCORES], dual.with_steps(network, 4)(x))


def test_a_saved_network_takes_steps_images_and_sizes_as_they_come(network, tmp_path):
  predictor = dual.with_steps(network)
  module = tf.Module()
  module.parameters = list(predictor.variables)
  module.answer = tf.function(
      lambda images, steps: predictor([images, steps]), autograph=False,
      input_signature=[tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([None], tf.int32)])
  tf.saved_model.save(module, str(tmp_path / "saved"))
  loaded = tf.saved_model.load(str(tmp_path / "saved"))
  scores = {}
  for count, height, width in ((1, 33, 33), (3, 49, 65)):
    images = pixels(count, height, width)
    for steps in (0, 4):
      given = tf.fill([count], steps)
      scores[count, steps] = loaded.answer(images, given)
      np.testing.assert_array_equal(scores[count, steps], module.answer(images, given))
  assert np.abs(scores[3, 0] - scores[3, 4]).max() > 1e-3
