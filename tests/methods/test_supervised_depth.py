"""Tests of depth from labels: against the ops, what it may not read, what it learns."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import ratio
from keras_weakseg.methods import supervised_depth
from keras_weakseg.methods import updates
from keras_weakseg.networks import registry as networks
from keras_weakseg.ops import depth_losses
from keras_weakseg.ops import geometry
from keras_weakseg.ops import relative_depth

NAME = "supervised_depth"
FLAG = int(fields.Supervision.DEPTH)


@pytest.fixture(scope="module")
def labelled(room):
  """Returns four samples with depth and disparity; the third grants no depth, rows have holes."""
  video = room(4)
  depth = video.depth.copy()
  depth[:, :5] = 0
  depth[1, :, :20] = 0
  valid = video.batch["valid"].copy()
  valid[0, :, 50:] = False
  batch = {name: value for name, value in video.batch.items() if "frame" not in name}
  return {**batch, "depth": depth, "valid": valid,
          "disparity": (1 / video.depth).astype(np.float32),
          "supervision": np.array([FLAG, 15, 7, FLAG], np.int32)}


def disparity_of(method, batch):
  """Returns the finest disparity [N,H,W] in training."""
  inputs = tf.cast(batch["image"], tf.float32) / 127.5 - 1
  return method.networks["depth"](inputs, training=True)["disparity_0"][..., 0]


def log_losses(disparity, batch, index, lam=0.5):
  """Returns scale-invariant and gradient loss of some samples, float32 [N] each."""
  pick = lambda x: tf.gather(tf.convert_to_tensor(x), index)
  known = pick(batch["valid"]) & (pick(batch["depth"]) > 0)
  logs = tf.math.log(geometry.disparity_to_depth(pick(disparity))), tf.math.log(
      tf.maximum(pick(batch["depth"]), 1e-3))
  return (depth_losses.scale_invariant_loss(*logs, known, lam).numpy(),
          depth_losses.gradient_matching_loss(*logs, known).numpy())


# Against the ops.


def test_log_losses_are_means_over_the_taught_samples(labelled, tensors, depth_built, figures_of):
  batch = tensors(labelled)
  method = depth_built(NAME, pose=None, lam=0.8)
  found, _ = figures_of(method, batch)
  disparity = disparity_of(method, batch)
  invariant, gradient = log_losses(disparity, batch, [0, 1, 3], lam=0.8)
  np.testing.assert_allclose(found["scale_invariant"], invariant.mean(), rtol=1e-4)
  np.testing.assert_allclose(found["gradient"], gradient.mean(), rtol=1e-4)
  depth = geometry.disparity_to_depth(disparity).numpy()
  known = labelled["valid"] & (labelled["depth"] > 0)
  known[2] = False
  truth = labelled["depth"][known]
  np.testing.assert_allclose(
      found["train_abs_rel"], (np.abs(depth[known] - truth) / truth).mean(), rtol=1e-4)


def test_a_coarse_network_is_compared_at_full_size(labelled, tensors, depth_built, figures_of):
  """So that holes of the labels stay where they are."""
  batch = tensors(labelled)
  method = depth_built(NAME, pose=None, small={"disparity_scales": (1, 2)})
  found, gradients = figures_of(method, batch)
  inputs = tf.cast(batch["image"], tf.float32) / 127.5 - 1
  coarse = method.networks["depth"](inputs, training=True)["disparity_1"]
  assert coarse.shape == (4, 16, 32, 1)
  invariant, _ = log_losses(tf.image.resize(coarse, (32, 64))[..., 0], batch, [0, 1, 3])
  np.testing.assert_allclose(found["scale_invariant"], invariant.mean(), rtol=1e-4)
  assert max(np.abs(gradient).max() for gradient in gradients) > 0


def test_terms_and_parts_have_weights(labelled, tensors, depth_built, figures_of):
  batch = tensors(labelled, part=np.array([0, 1, 1, 0], np.int32))
  method = depth_built(NAME, pose=None, parts=("lidar", "stereo"), part_weights=(1.0, 0.25),
                       gradient_weight=0.3)
  found, _ = figures_of(method, batch)
  invariant, gradient = log_losses(disparity_of(method, batch), batch, [0, 1, 3])
  weights = [1.0, 0.25, 1.0]
  np.testing.assert_allclose(
      found["scale_invariant"], np.average(invariant, weights=weights), rtol=1e-4)
  np.testing.assert_allclose(found["gradient"], np.average(gradient, weights=weights), rtol=1e-4)
  logs = depth_built(NAME, pose=None, parts=("lidar", "stereo"), part_weights=(1.0, 0.25),
                     gradient_weight=0.3).train_step(batch)
  np.testing.assert_allclose(
      logs["loss"], found["scale_invariant"] + 0.3 * found["gradient"], rtol=1e-4)


def test_berhu_is_the_op_over_all_pixels(labelled, tensors, depth_built, figures_of):
  batch = tensors({name: value for name, value in labelled.items() if name != "depth"},
                  supervision=np.zeros([4], np.int32))
  method = depth_built(NAME, pose=None, loss="berhu")
  found, _ = figures_of(method, batch)
  assert set(found) == {"berhu"}
  np.testing.assert_allclose(found["berhu"], depth_losses.berhu_loss(
      disparity_of(method, batch), batch["disparity"], batch["valid"]), rtol=1e-5)


def test_a_blank_map_of_disparity_is_no_teacher(labelled, tensors, depth_built, figures_of):
  disparity = labelled["disparity"].copy()
  disparity[2] = 0
  batch = tensors(labelled, disparity=disparity)
  method = depth_built(NAME, pose=None, loss="berhu", parts=("a", "b"), part_weights=(1.0, 0.5))
  counted = labelled["valid"].astype(np.float32)
  counted[2] = 0
  found, _ = figures_of(method, batch)
  np.testing.assert_allclose(found["berhu"], depth_losses.berhu_loss(
      disparity_of(method, batch), disparity, counted), rtol=1e-5)
  # One pixel of it is enough to be a map.
  disparity[2, 3, 4] = 0.1
  np.testing.assert_array_equal(
      supervised_depth.said(tensors(labelled, disparity=disparity)), labelled["valid"])


def test_distance_has_the_gradient_of_the_op():
  random = np.random.RandomState(0)
  disparity, target = (tf.constant(random.rand(2, 5, 6), tf.float32) for _ in range(2))
  weights = tf.constant(random.rand(2, 5, 6) * (random.rand(2, 5, 6) < 0.7), tf.float32)
  values = []
  for function in (lambda: ratio.evaluate({"x": supervised_depth.disparity_distance(
      disparity, target, weights)})["x"], lambda: depth_losses.berhu_loss(
          disparity, target, weights)):
    values.append(float(function()))
  assert values[0] == pytest.approx(values[1], rel=1e-6) and values[0] > 0.05


def test_threshold_and_denominator_are_global(two_replicas):
  """The largest error is one replica's alone, so both need to know of it."""
  inputs = {name: tf.constant(value) for name, value in two_replicas["inputs"].items()}
  disparity, target, weights = (inputs[name] for name in ("disparity", "target", "weights"))
  thresholds = [float(depth_losses.berhu_threshold(disparity[i:i + 2], target[i:i + 2],
                                                   weights[i:i + 2])) for i in (0, 2)]
  assert thresholds[0] < 0.5 * thresholds[1]
  with tf.GradientTape() as tape:
    tape.watch(disparity)
    wanted = depth_losses.berhu_loss(disparity, target, weights)
  values, shares = two_replicas["berhu"]
  np.testing.assert_allclose(values, [wanted, wanted], rtol=1e-6)
  np.testing.assert_allclose(np.concatenate(shares), tape.gradient(wanted, disparity),
                             rtol=1e-5, atol=1e-8)


# What it may read.


def stepped(method, batch):
  """Returns the weights after two steps, and the losses."""
  losses = [float(method.train_step(batch)["loss"]) for _ in range(2)]
  return method.main.get_weights(), losses


def assert_same(found, wanted):
  assert found[1] == wanted[1]
  for one, other in zip(found[0], wanted[0], strict=True):
    np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", [7.0, np.nan])
def test_depth_that_is_not_granted_changes_nothing(labelled, tensors, depth_built, wrong):
  depth = labelled["depth"].copy()
  depth[2] = wrong                              # Not granted.
  depth[0, :, 50:] = wrong                      # Not valid.
  found, wanted = (stepped(depth_built(NAME, pose=None), tensors(labelled, depth=values))
                   for values in (depth, labelled["depth"]))
  assert_same(found, wanted)
  granted = tensors(labelled, depth=np.where(depth == depth, depth, 7.0),
                    supervision=np.full([4], FLAG, np.int32))
  assert stepped(depth_built(NAME, pose=None), granted)[1] != wanted[1]


def test_a_teacher_needs_no_depth_and_reads_none(labelled, tensors, depth_built):
  berhu = lambda: depth_built(NAME, pose=None, loss="berhu")
  dirty = tensors(labelled, depth=np.random.RandomState(0).rand(4, 32, 64).astype(np.float32))
  assert_same(stepped(berhu(), dirty), stepped(berhu(), tensors(labelled)))


def test_a_batch_without_labels_teaches_nothing(labelled, tensors, depth_built, figures_of):
  for options, changes in (({}, {"supervision": np.zeros([4], np.int32)}),
                           ({"loss": "berhu"}, {"disparity": np.zeros([4, 32, 64], np.float32)})):
    found, gradients = figures_of(depth_built(NAME, pose=None, **options),
                                  tensors(labelled, **changes))
    assert set(found.values()) == {0.0}
    assert not any(gradient.any() for gradient in gradients)


def test_an_order_teaches_pairs_and_no_depth(labelled, tensors, log_depth_built, figures_of):
  """What is marked as closer must not lie behind; without the mark the batch teaches nothing."""
  assert supervised_depth.SupervisedDepth.welcome({"ordinal_weight": 0.1}) == (fields.ORDINAL,)
  assert supervised_depth.SupervisedDepth.welcome({"ordinal_weight": 0.0}) == ()
  method = log_depth_built(ordinal_weight=1.0)
  batch = dict(tensors(labelled))
  size = batch[fields.DEPTH].shape
  batch[fields.DEPTH] = tf.zeros(size)
  answer = tf.constant(np.random.RandomState(0).uniform(-1, 1, size).astype(np.float32))
  for sign, better in ((-1.0, True), (1.0, False)):
    batch[fields.ORDINAL] = sign * tf.sign(answer)
    terms, _ = method._log_terms(answer, batch, tf.ones([size[0]]))
    cost = float(terms["ordinal"].mean.numerator / terms["ordinal"].mean.denominator)
    assert (cost < np.log(2)) == better
    assert float(terms["scale_invariant"].mean.numerator) == 0
  batch[fields.ORDINAL] = tf.zeros(size)
  terms, _ = method._log_terms(answer, batch, tf.ones([size[0]]))
  assert float(terms["ordinal"].mean.denominator) == 0


def test_compiling_as_keras_does_leaves_the_loss_as_it_is(
    labelled, tensors, depth_built, figures_of):
  """Keras' `compile` sets attributes of its own; `fit` needs it."""
  method = depth_built(NAME, pose=None, loss="berhu")
  method.compile()
  assert set(figures_of(method, tensors(labelled))[0]) == {"berhu"}


def test_needs_follow_the_loss():
  cls = supervised_depth.SupervisedDepth
  assert cls.inputs({"loss": "log"}) == () and cls.inputs({"loss": "berhu"}) == ("disparity",)
  assert cls.needed({}) == fields.Supervision.DEPTH
  assert cls.needed({"loss": "berhu"}) == fields.Supervision.NONE


def test_unknown_loss_is_refused(depth_built):
  with pytest.raises(ValueError, match="berhu"):
    depth_built(NAME, pose=None, loss="berhuu")


# What it learns.


@pytest.mark.slow
@pytest.mark.parametrize("loss", ["log", "berhu"])
def test_fifty_steps_come_near_the_labels(labelled, tensors, depth_built, loss):
  disparity = 0.5 * labelled["disparity"] / labelled["disparity"].max()
  batch = tensors(labelled, disparity=disparity)
  method = depth_built(NAME, pose=None, loss=loss, lam=0.0, min_depth=1.0, max_depth=20.0,
                       make_updater=lambda variables: updates.Updater(
                           variables, lambda m: keras.optimizers.Adam(5e-3 * m)))
  step = tf.function(method.train_step, autograph=False)
  logs = [{name: float(value) for name, value in step(batch).items()} for _ in range(50)]
  assert logs[-1]["loss"] < 0.25 * logs[0]["loss"]
  if loss == "log":
    assert logs[-1]["train_abs_rel"] < 0.2 < 0.4 < logs[0]["train_abs_rel"]
  found = disparity_of(method, batch).numpy()
  assert np.corrcoef(found.ravel(), disparity.ravel())[0, 1] > 0.7


# Networks that answer with log depth.


@pytest.fixture(scope="module")
def log_depth_built():
  """Returns a function that builds the method on a convolution that answers with log depth."""
  image = keras.Input((None, None, 3))
  layer = keras.layers.Conv2D(1, 3, padding="same", name="head_conv")
  network = keras.Model(image, layer(image))
  first = network.get_weights()

  def build(**options):
    network.set_weights(first)
    built = contexts.Built(network, networks.network_record("light_hourglass"), network, network)
    method = supervised_depth.SupervisedDepth(
        contexts.Context({"depth": built}, ("a", "b"), (1.0, 0.5)), **options)
    method.prepare(lambda variables: updates.Updater(
        variables, lambda m: keras.optimizers.SGD(0.05 * m)))
    return method

  return build


def test_log_depth_is_compared_as_it_is(labelled, tensors, log_depth_built, figures_of):
  batch = tensors(labelled)
  method = log_depth_built(lam=0.8, ordinal_weight=0.2, ordinal_pairs=50)
  found, gradients = figures_of(method, batch)
  logs = method.networks["depth"](tf.cast(batch["image"], tf.float32) / 255.0)[..., 0]
  index = [0, 1, 3]
  known = (labelled["valid"] & (labelled["depth"] > 0))[index]
  target = np.log(np.where(known, labelled["depth"][index], 1.0)).astype(np.float32)
  difference = tf.gather(logs, index).numpy() - target
  wanted = [np.mean(d[k] ** 2) - 0.8 * np.mean(d[k]) ** 2 for d, k in zip(difference, known)]
  np.testing.assert_allclose(found["scale_invariant"], np.mean(wanted), rtol=1e-4)
  # The order, by hand: softplus(-r (a - b)) of the pairs that the keys draw.
  granted = known.copy()
  pairs, relations = relative_depth.random_pairs(
      tf.gather(batch["sample_key"], index), target, granted, 50)
  costs = [np.log1p(np.exp(-r * (z[a, b] - z[c, d])))
           for z, p, q in zip(tf.gather(logs, index).numpy(), pairs.numpy(), relations.numpy())
           for (a, b, c, d), r in zip(p, q) if r]
  assert len(costs) > 20
  np.testing.assert_allclose(found["ordinal"], np.mean(costs), rtol=1e-4)
  assert max(np.abs(gradient).max() for gradient in gradients) > 0


def test_depth_that_is_not_granted_changes_nothing_in_log_depth(labelled, tensors, log_depth_built):
  depth = labelled["depth"].copy()
  depth[2] = np.nan
  options = {"ordinal_weight": 0.2, "ordinal_pairs": 50}
  assert_same(stepped(log_depth_built(**options), tensors(labelled, depth=depth)),
              stepped(log_depth_built(**options), tensors(labelled)))


def test_log_depth_learns_from_a_teacher_too(labelled, tensors, log_depth_built, figures_of):
  found, _ = figures_of(log_depth_built(loss="berhu"), tensors(labelled))
  assert set(found) == {"berhu"} and found["berhu"] > 0


@pytest.mark.slow
def test_the_light_hourglass_comes_near_the_depth_of_a_room(labelled, tensors):
  keras.utils.set_random_seed(1)
  network = networks.build_network("light_hourglass", (32, 64, 3), width=0.05)
  record = networks.network_record("light_hourglass")
  method = supervised_depth.SupervisedDepth(contexts.Context(
      {"depth": contexts.Built(network, record, network, network)}), lam=0.0)
  method.prepare(lambda variables: updates.Updater(
      variables, lambda m: keras.optimizers.Adam(1e-2 * m)))
  step = tf.function(method.train_step, autograph=False)
  batch = tensors(labelled)
  errors = [float(step(batch)["train_abs_rel"]) for _ in range(25)]
  assert errors[-1] < 0.5 * errors[0]
