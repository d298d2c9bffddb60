"""Broken methods make `benchmark ci` fail: each the ordering of its own system.

Those that train are slow: `scripts/test -m slow tests/benchmark/test_sabotage.py`.
"""
import shutil
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import cli
from keras_weakseg.benchmark import planning
from keras_weakseg.benchmark import reading
from keras_weakseg.framework import keras
from keras_weakseg.methods import consistency
from keras_weakseg.methods import em_fixed
from keras_weakseg.methods import teacher
from keras_weakseg.networks import dual
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.surgery import pruning
from keras_weakseg.ops import diffusion
from keras_weakseg.ops import em
from keras_weakseg.ops import label_diffusion
from keras_weakseg.ops import mixing
from keras_weakseg.ops import reconstruction


def tags_ignored(patch):
  """The E-step takes the scores of the network as they are."""
  patch.setattr(em, "em_fixed_scores", lambda scores, tags, *biases: scores)


def depth_exchanged(patch):
  """DepthMix takes the disparity of the other sample for the own one: far covers near."""
  right = mixing.depthmix_mask
  patch.setattr(mixing, "depthmix_mask", lambda own, other, *rest: right(other, own, *rest))


def background_forgotten(patch):
  """Diffusion starts from the seeds of the classes alone."""
  right = diffusion.self_diffusion
  patch.setattr(diffusion, "self_diffusion", lambda affinity, edges, seeds, zeros, **options: right(
      affinity, edges, seeds, None, **options))


def teacher_frozen(patch):
  """The teacher stays what it was at the start."""
  patch.setattr(teacher.Teacher, "follow", lambda self, step: None)


def inference_ascends(patch):
  """Inference by reconstruction goes up the gradient."""
  right = reconstruction.refine_features
  patch.setattr(reconstruction, "refine_features", lambda *given, step_size, **options: right(
      *given, step_size=-step_size, **options))


def channels_mixed_up(patch):
  """Every second list of channels that stay is read from the other end."""
  right, calls = pruning._Surgery._kept, []

  def kept(self, ids, gone):
    calls.append(None)
    return right(self, ids, gone)[::(-1) ** len(calls)]

  patch.setattr(pruning._Surgery, "_kept", kept)


# What breaks a method: the rows that show it, and before them those that have nothing of it.
SABOTAGES = {
    tags_ignored: (("ci_masks",), ("ci_em", "ci_em_elsewhere", "ci_em_labels")),
    depth_exchanged: (("ci_depth", "ci_disparity"), ("ci_mixing_by_class", "ci_mixing")),
    background_forgotten: ((), ("ci_cam_maps", "ci_maps")),
    teacher_frozen: (("ci_depth", "ci_disparity"), ("ci_depthmix",)),
    inference_ascends: ((), ("ci_dual", "ci_dual_inference")),
    channels_mixed_up: (("ci_masks",), ("ci_pruned",)),
}


def benchmark(folder, rows):
  """Returns the exit code of `benchmark ci` for some rows."""
  return cli.main(["benchmark", "ci", "--model_dir", str(folder), "--rows", ",".join(rows)])


@pytest.fixture(scope="module")
def intact(tmp_path_factory):
  """Returns the folder of rows that are trained as they should be, once for all tests."""
  return tmp_path_factory.mktemp("intact")


@pytest.mark.slow
@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.__name__)
def test_a_broken_method_fails_the_ordering_of_its_system(
    sabotage, intact, tmp_path, monkeypatch, capsys):
  before, broken = SABOTAGES[sabotage]
  if before:
    assert benchmark(intact, before) == 0
  for row in before:
    shutil.copytree(intact / row, tmp_path / row)
  sabotage(monkeypatch)
  capsys.readouterr()
  assert benchmark(tmp_path, broken) == 1
  assert f"failed: `{broken[-1]}`" in capsys.readouterr().err


@pytest.mark.slow
def test_nothing_fails_where_nothing_is_broken(intact):
  assert cli.main(["benchmark", "ci", "--model_dir", str(intact)]) == 0


# === What shows without training ===


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.__name__)
def test_every_sabotage_is_judged_by_an_ordering_of_rows_that_are_not_trained_before(sabotage):
  suite = reading.read_suite("ci")
  before, broken = SABOTAGES[sabotage]
  assert not set(before) & set(broken)
  assert broken[-1] in {ordering.better for ordering in suite.orderings}
  judged = [ordering for ordering in suite.orderings if ordering.better == broken[-1]
            and (ordering.worse in {*before, *broken} or not isinstance(ordering.worse, str))]
  assert judged
  needed = {unit.row.key for unit in planning.Plan(suite, rows=before + broken).units}
  trained = {key for key in needed - {*before} if suite.row(key).experiment}
  # Nothing else trains again than what the broken rows are of.
  assert trained <= {*broken, *(suite.row(key).of for key in broken), "ci_transfer"}


def test_exchanged_depth_shows_what_is_far(monkeypatch):
  """The mask of the method itself, as the rows ask for it: the nearer sample keeps its pixels."""
  disparity = tf.constant([[[0.2, 1.0]], [[1.0, 0.2]]])
  rule = consistency.Mixing("depthmix", random_pairs=False)
  kept = lambda: rule.mask(tf.zeros([2, 2], tf.int32), tf.constant([1, 0]),
                           tf.zeros([2, 1, 2], tf.int32), 2, disparity).numpy().tolist()
  assert kept() == [[[False, True]], [[True, False]]]
  depth_exchanged(monkeypatch)
  assert kept() == [[[True, False]], [[False, True]]]


def test_tags_do_not_reach_the_e_step(monkeypatch):
  scores, tags = tf.constant([[[[1.0, 0.0, 0.0]]]]), tf.constant([[1.0, 0.0, 1.0]])
  method = types.SimpleNamespace(background_bias=3.0, foreground_bias=5.0)
  latent = lambda: int(tf.argmax(em_fixed.EMFixed.biased_scores(
      method, scores, tags, None, None), -1)[0, 0, 0])
  assert latent() == 2
  tags_ignored(monkeypatch)
  assert latent() == 0


def test_diffusion_floods_the_image_without_its_background(monkeypatch):
  """A bright square on dark ground, one activation inside."""
  truth = np.zeros((48, 48), np.uint8)
  truth[16:32, 16:32] = 1
  image = np.repeat((40 + 180 * truth)[..., None], 3, -1).astype(np.uint8)
  peak = np.zeros((48, 48, 1), np.float32)
  peak[20:28, 20:28] = 1
  share = lambda: float((label_diffusion.diffuse_labels(
      image, truth.astype(np.float32), peak, [1], count=36).labels == truth).mean())
  assert share() > 0.95
  background_forgotten(monkeypatch)
  assert share() < 0.5


def test_a_frozen_teacher_does_not_follow(monkeypatch):
  make = lambda value: keras.Sequential([keras.layers.Dense(
      1, kernel_initializer=keras.initializers.Constant(value))])
  models = [make(value) for value in (0.0, 1.0)]
  for model in models:
    model.build([None, 1])
  update = teacher.Teacher(*models, alpha=0.5, ramp=False)
  update.follow(tf.constant(1))
  assert float(models[0].weights[0][0, 0]) == 0.5
  teacher_frozen(monkeypatch)
  update.follow(tf.constant(2))
  assert float(models[0].weights[0][0, 0]) == 0.5


def test_ascending_inference_explains_less(monkeypatch):
  network = dual.light_dual((33, 33, 3), 3, alpha=0.25, head_filters=8, skip_filters=8)
  encoder, head = dual.dual_parts(network)
  random = np.random.RandomState(0)
  for variable in head.trainable_variables:
    variable.assign(random.normal(0, 0.3, variable.shape))
  images = tf.constant(random.uniform(-1, 1, (2, 33, 33, 3)), tf.float32)
  features = encoder(images)
  error = lambda steps: head.explain(features, images, steps)["reconstruction_loss"].numpy()
  assert (error(5) < error(0)).all()
  inference_ascends(monkeypatch)
  assert (error(5) > error(0)).all()


def test_channels_that_are_mixed_up_change_what_a_network_says(monkeypatch):
  """Without the channels that say nothing a network says the same, unless others go."""
  network = networks.build_network("light_tiny", (33, 33, 3), 4, alpha=0.25, head_filters=8)
  layer = network.get_layer("head_refine")
  kernel, *rest = layer.get_weights()
  kernel[..., ::2] *= 1e-6
  layer.set_weights([kernel, *rest])
  image = tf.constant(np.random.RandomState(0).uniform(-1, 1, (1, 33, 33, 3)), tf.float32)
  keep = lambda group: "head_refine" in group.writers
  error = lambda: float(tf.reduce_max(tf.abs(
      pruning.prune(network, 0.5, layers=keep)(image) - network(image))))
  assert error() < 1e-5
  channels_mixed_up(monkeypatch)
  assert error() > 1e-4
