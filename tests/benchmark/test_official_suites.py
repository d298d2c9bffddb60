"""The suites that come along: every row resolves, shares the masks of what it is compared with."""
import pathlib
import sys
import types

import numpy as np
import pytest

import keras_weakseg as kw
from keras_weakseg.benchmark import planning
from keras_weakseg.benchmark import reading
from keras_weakseg.benchmark import references
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.framework import keras
from keras_weakseg.networks.weights import weights
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import outputs

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))

import synthetic_source  # pylint: disable=wrong-import-position

# Those that include others have no rows of their own.
SUITES = sorted(name for name, path in reading.paths().items()
                if "includes:" not in path.read_text())


def resolved(row, seed):
  return overrides.validate(overrides.resolve(
      row.experiment, overrides=planning.configuration(planning.Unit(row, seed))))


@pytest.mark.parametrize("name", SUITES)
def test_rows_resolve_and_draw_masks_by_their_seed(name):
  suite = reading.read_suite(name)
  assert suite.orderings and suite.description and any(row.shown for row in suite.rows)
  for row in suite.rows:
    planning.check_shared(row, suite)
    if row.experiment:
      config = resolved(row, 2)
      assert config.seed == 2
      assert [part.subset_seed for part in config.data.parts if part.count] in ([], [2])


@pytest.mark.parametrize("name", SUITES)
def test_rows_name_splits_that_their_data_have(name):
  """Else they fail when all before them is trained."""
  suite = reading.read_suite(name)
  for row in suite.rows:
    origin = row if row.experiment or not row.of else suite.row(row.of)
    named = row.data if isinstance(row.data, str) and row.data else origin.experiment
    if not named or isinstance(row.data, dict) and row.data:
      continue
    config = resolved(origin, 1) if named == origin.experiment else registry.build(named)
    known = {split for source in config.data.sources
             for split in synthetic_source.SPLITS[synthetic_source.named(source)]}
    wanted = row.split or config.evaluation.split
    assert set(wanted.split("+")) <= known, f"{row.key}: {wanted}"


@pytest.mark.parametrize("name", ["gains_scenes", "gains_camvid", "joint_scenes",
                                  "joint_voc_animals"])
def test_rows_with_more_have_the_masks_of_the_row_alone(name):
  """The few masks are the first part of all; all else of the part is equal, so are the ids."""
  suite = reading.read_suite(name)
  for ordering in suite.orderings:
    pair = [suite.row(key) for key in (ordering.better, ordering.worse)]
    if any(row.experiment == "supervised_all_scenes" for row in pair):
      continue
    if ordering.better.replace("100", "50") == ordering.worse:  # More masks against fewer.
      continue
    first, second = (resolved(row, 3).data.parts[0].as_dict() for row in pair)
    assert first == second and first["subset_seed"] == 3 and first["count"]


def test_rows_after_depth_start_from_its_run():
  for name, depth in (("gains_scenes", "depth_scenes"), ("gains_camvid", "depth_kitti_clips")):
    for row in reading.read_suite(name).rows:
      if row.key.startswith(("depth_transfer", "depth_encoder", "joint_depth")):
        config = resolved(row, 1)
        assert config.network.pretrained == f"{{row:{depth}}}"
        assert not config.steps and not config.network.continues
  joint = reading.read_suite("gains_scenes").row("joint_depth_scenes")
  assert references.weights_of(joint.start) == [("depth_scenes", ""), ("depth_scenes", "pose")]
  assert not resolved(joint, 1).networks.pose.continues


def test_the_untrained_network_stays_as_its_seed_made_it():
  row = reading.read_suite("depth_kitti").row("untrained_kitti")
  training = resolved(row, 1).training
  assert training.steps == 1
  assert training.optimization.learning_rate.get().learning_rate < 1e-9


def test_the_pictures_are_of_samples_that_exist(shared_data):
  ids = kw.data.kitti_stereo(shared_data("kitti")).ids("test")
  wanted = reading.read_suite("depth_kitti").row("pictures").options["ids"]
  assert set(wanted) <= set(ids) and len(wanted) == 8


@pytest.mark.parametrize("name", [
    pytest.param("depth_transfer_scenes", marks=pytest.mark.slow), "joint_depth_scenes"])
def test_a_finished_run_carries_the_weights_of_the_step(name, tmp_path):
  """The method that is built from the files of a run has every weight of the one with a step."""
  whole, depth = registry.build(name), registry.build("depth_scenes")
  row = reading.read_suite("gains_scenes").row(name)
  random = np.random.RandomState(0)
  part = types.SimpleNamespace(name="mask", kinds="mask", weight=1.0, batch_size=1, supervision=4)
  bundle = types.SimpleNamespace(parts=[part])
  learned = building.build_method(
      depth, bundle, heads.Head(()), None, {"": "", "pose": ""}, {}).context.networks
  for file, network in learned.items():
    for variable in network.model.weights:
      variable.assign(random.uniform(0.1, 1, variable.shape))
    weights.save_npz(network.model, tmp_path / f"{file}.npz")
  outputs.write_networks(tmp_path, learned, heads.Head(()))
  step = outputs.Outputs("depth", str(tmp_path))
  start = references.expanded(
      {**row.overrides, **row.start}, None, lambda key, network: step.weights(network)[0], 1, None)
  alone = overrides.resolve(name, overrides=start)
  assert not alone.steps
  head, made = heads.Head(("background", "thing", "other")), []
  for settings, finished in ((whole, {"depth": step}), (alone, {})):
    pretrained = {"": settings.network.pretrained, **{
        key: config.pretrained for key, config in settings.networks.items()}}
    keras.utils.set_random_seed(7)
    made.append(building.build_method(settings, bundle, head, None, pretrained, finished).networks)
  assert made[0].keys() == made[1].keys() and ("pose" in made[0]) == (name == "joint_depth_scenes")
  for key, network in made[0].items():
    for ours, theirs in zip(network.weights, made[1][key].weights):
      assert ours.name == theirs.name
      np.testing.assert_array_equal(ours, theirs, ours.name)


# Rows of the short suite that are to be better than others, by the system that they are of.
SHORT = {"em": ("ci_em_labels", "ci_seg_maps"),
         "three_ways": ("ci_depth", "ci_mixing", "ci_depthmix"), "transfer": ("ci_maps",),
         "dual": ("ci_dual_inference",), "depth_parts": ("ci_pruned",)}


def test_the_short_suite_has_all_systems_on_the_scenes_alone():
  suite = reading.read_suite("ci")
  better = [ordering.better for ordering in suite.orderings]
  assert set(better) == {key for keys in SHORT.values() for key in keys}
  for ordering in suite.orderings:
    assert ordering.margin > 0 or ordering.ratio != 1 or not isinstance(ordering.worse, str)
  steps = 0
  for row in suite.rows:
    if row.experiment:
      config = resolved(row, 1)
      assert {source.dataset for source in config.data.sources} == {"weakseg_scenes"}
      taken = planning.shared_steps(row, suite.row(references.row_of(row.from_run))) if (
          row.from_run) else ()
      steps += config.training.steps + sum(step.training.steps for step in config.steps
                                           if step.make.type is None and step.name not in taken)
  assert steps < 1500  # Ten minutes on two cores.
