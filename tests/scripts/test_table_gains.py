"""Gains from depth: rows that resolve, equal masks, and weights that come along from a run."""
import pathlib
import types

import numpy as np
import pytest
import run_tables
import table_gains

import keras_weakseg as kw
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.data import disparity_maps
from keras_weakseg.framework import keras
from keras_weakseg.networks import weights
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads

TABLES = sorted(table_gains.ROWS)


@pytest.fixture
def arguments(tmp_path):
  """Returns a function that makes arguments, with a folder that looks like a finished run."""
  run = tmp_path / "depth_run"
  (run / "train").mkdir(parents=True)
  for name in ("depth", "pose"):
    (run / "train" / f"{name}.npz").write_bytes(b"")

  def make(table, **changes):
    return types.SimpleNamespace(**{
        "table": table, "model_dir": tmp_path / "runs", "data_dir": None, "seeds": [1, 2],
        "finished": False, "depth_run": run, "rows": None, "teacher_size": None, **changes})
  return make


def resolved(name, seed, own):
  return overrides.validate(overrides.resolve(
      name, overrides=run_tables.override(name, seed, own)))


@pytest.mark.parametrize("table", TABLES)
def test_rows_resolve_and_share_the_masks_of_their_baseline(arguments, monkeypatch, table):
  monkeypatch.setattr(table_gains, "teach", lambda *given: pathlib.Path("maps"))
  given = arguments(table)
  for _, name, base in table_gains.ROWS[table]:
    config = resolved(name, 2, table_gains.overrides(given, name, 2))
    assert config.data.parts[0].subset_seed == config.seed == 2 and config.data.parts[0].count
    if base:
      assert base in [row[1] for row in table_gains.ROWS[table]]
      assert config.data.parts[0].as_dict() == resolved(base, 2, None).data.parts[0].as_dict()
      assert config.network.pretrained == str(given.depth_run / "train" / "depth.npz")
      assert (config.recipe, config.steps) == ("single_phase", [])
    else:
      assert table_gains.overrides(given, name, 2) is None


def test_joint_training_gets_the_pose_network_or_the_teacher(arguments, monkeypatch):
  monkeypatch.setattr(table_gains, "teach", lambda given, run: run / "maps")
  given = arguments("gains_scenes")
  own = table_gains.overrides(given, "joint_depth_scenes", 1)
  assert own["networks.pose.pretrained"] == str(given.depth_run / "train" / "pose.npz")
  assert "networks.pose.pretrained" not in table_gains.overrides(given, "depth_transfer_scenes", 1)
  given = arguments("gains_camvid")
  config = resolved("joint_depth_50_camvid", 1, table_gains.overrides(
      given, "joint_depth_50_camvid", 1))
  assert config.data.sources[0].disparity == str(given.depth_run / "maps")


def test_scenes_train_depth_themselves_without_a_run(arguments):
  given = arguments("gains_scenes", depth_run=None)
  assert table_gains.overrides(given, "joint_depth_scenes", 1) is None
  assert resolved("joint_depth_scenes", 1, None).steps
  with pytest.raises(ValueError, match="(?s)learned before.*--depth_run"):
    table_gains.overrides(arguments("gains_camvid", depth_run=None), "depth_transfer_50_camvid", 1)


def test_each_seed_starts_from_its_own_depth(tmp_path):
  for seed in (1, 2):
    (tmp_path / f"seed_{seed}" / "train").mkdir(parents=True)
  (tmp_path / "seed_1" / "train" / "depth.npz").write_bytes(b"")
  assert table_gains.depth_run(tmp_path, 1) == tmp_path.resolve() / "seed_1"
  assert table_gains.depth_run(tmp_path / "seed_1", 2) == tmp_path.resolve() / "seed_1"
  with pytest.raises(FileNotFoundError, match="(?s)no finished run.*seed_2"):
    table_gains.depth_run(tmp_path, 2)


@pytest.mark.parametrize("name", [
    pytest.param("depth_transfer_scenes", marks=pytest.mark.slow), "joint_depth_scenes"])
def test_a_finished_run_carries_the_weights_of_the_stage(name, tmp_path):
  """The method that is built from the files of a run has every weight of the staged one."""
  staged, stage = registry.build(name), registry.build("depth_scenes")
  depth, *_ = building.build_predictor(stage.network, heads.Head(()))
  pose, _ = building.build_pose(stage, depth)
  random = np.random.RandomState(0)
  for file, network in (("depth", depth), ("pose", pose)):
    for variable in network.weights:
      variable.assign(random.uniform(0.1, 1, variable.shape))
    weights.save_npz(network, tmp_path / f"{file}.npz")
  head, part = heads.Head(("background", "thing", "other")), types.SimpleNamespace(
      name="mask", kinds="mask", weight=1.0)
  bundle = types.SimpleNamespace(parts=[part])
  before = (types.SimpleNamespace(name="depth", head=heads.Head(())), types.SimpleNamespace(
      main=depth, networks={"depth": depth, "pose": pose}))
  made = []
  for pretrained, earlier in (({"network": "", "pose": ""}, before), (
      {key: str(tmp_path / f"{file}.npz") for key, file in (
          ("network", "depth"), ("pose", "pose"))}, None)):
    keras.utils.set_random_seed(7)
    made.append(building.build_method(staged, bundle, head, None, pretrained, earlier))
  assert ("pose" in made[0].networks) == (name == "joint_depth_scenes")
  for key, network in made[0].networks.items():
    for ours, theirs in zip(network.weights, made[1].networks[key].weights):
      assert ours.name == theirs.name
      np.testing.assert_array_equal(ours, theirs, ours.name)


def test_the_teacher_looks_at_camvid_once(arguments, tiny_video_run, tiny_data, monkeypatch):
  monkeypatch.setattr(kw.data, "camvid", lambda data_dir: tiny_data)
  run = pathlib.Path(tiny_video_run.model_dir)
  plain = table_gains.teach(arguments("gains_camvid"), run)
  count = len(tiny_data.ids("train"))
  maps = sorted(plain.rglob("p*.png"))
  assert len(maps) == count
  before = [path.stat().st_mtime_ns for path in maps]
  assert table_gains.teach(arguments("gains_camvid"), run) == plain
  assert [path.stat().st_mtime_ns for path in maps] == before
  other = table_gains.teach(arguments("gains_camvid", teacher_size=[64, 96]), run)
  assert other != plain and disparity_maps.settings_of(other) != disparity_maps.settings_of(plain)
  assert maps[0].read_bytes() != (other / maps[0].relative_to(plain)).read_bytes()


def test_rows_are_trained_per_seed_and_compared(arguments, monkeypatch):
  scores, asked = iter((0.5, 0.25, 0.75, 0.5)), []

  def train(key, name, own, seed, model_dir, data_dir):
    asked.append((key, own and own["recipe"], seed))
    return {"mean_iou": next(scores), "samples": 100, "split": "test", "protocol_hash": "abc"}

  monkeypatch.setattr(run_tables, "train", train)
  lines = table_gains.run(arguments("gains_scenes", rows=["unet_scenes", "depth_transfer_scenes"]))
  assert asked == [("unet_scenes", None, 1), ("unet_scenes", None, 2),
                   ("depth_transfer_scenes", "single_phase", 1),
                   ("depth_transfer_scenes", "single_phase", 2)]
  assert lines[-1] == ("| `depth_transfer_scenes` | `unet_scenes` | **25.0 ± 0.0** | +25.0 | +25.0 "
                       "| in every seed |")


def test_nothing_finished_is_said(arguments):
  assert table_gains.run(arguments("gains_camvid", finished=True)) == ["Nothing is finished."]
