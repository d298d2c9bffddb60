"""Small mean teachers: what is compared differs in what it says, and all of it is planned."""
import copy
import dataclasses
import functools
import os

import pytest
import tensorflow as tf

import keras_weakseg as kw
from keras_weakseg.configs import depth_camvid
from keras_weakseg.configs import depth_scenes
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.configs import selection_steps
from keras_weakseg.configs.sections import schema
from keras_weakseg.data.sources import disparity_maps
from keras_weakseg.derived import results
from keras_weakseg.derived import selection
from keras_weakseg.methods import video_loss
from keras_weakseg.ops import photometric
from keras_weakseg.recipes import outputs
from keras_weakseg.recipes import planning
from keras_weakseg.selection import rounds

SCENES = {"mean_teacher_scenes": "none", "cutmix_scenes": "cutmix", "classmix_scenes": "classmix",
          "unimatch_scenes": "cutmix",
          "depth_classmix_scenes": "classmix", "depthmix_scenes": "depthmix",
          "depthmix_selection_scenes": "depthmix"}
CAMVID = ("mean_teacher", "cutmix", "classmix", "depthmix", "unimatch", "joint_depthmix")


@pytest.mark.parametrize("name", SCENES)
def test_rows_of_scenes_have_the_masks_and_the_schedule_of_their_baseline(name):
  experiment = overrides.validate(registry.build(name))
  depth = name.startswith("depth")
  base = registry.build("depth_transfer_scenes" if depth else "unet_scenes")
  masks, others = experiment.data.parts
  assert (others.supervision, others.rest, others.split) == ("none", True, "train")
  assert experiment.method.get().mixing == SCENES[name]
  for key in ("training", "network", "evaluation", "runtime"):
    assert getattr(experiment, key).as_dict() == getattr(base, key).as_dict()
  if name != "depthmix_selection_scenes":
    assert masks.as_dict() == base.data.parts[0].as_dict()
  names = [step.name for step in experiment.steps]
  assert names == {0: [], 1: ["depth"], 2: ["depth", "disparity"],
                   3: ["depth", "disparity", "selection"]}[len(names)]


def test_selected_masks_are_as_many_and_disparity_is_that_of_the_depth_step():
  experiment = registry.build("depthmix_selection_scenes")
  masks, selection = experiment.data.parts[0], experiment.steps[-1].make.get()
  assert masks.ids == "step:selection" and masks.count == 0
  assert tuple(selection.counts) == (em_scenes.FEW_MASKS,) and selection.source == "scenes"
  scenes, video = experiment.data.sources
  assert tuple(scenes.derived) == ("disparity",) and not video.derived
  assert all(step.reads == ("depth",) for step in experiment.steps[1:])
  assert experiment.network.continues == "depth" and video.name == depth_scenes.VIDEO


@pytest.mark.parametrize("count", depth_camvid.COUNTS)
def test_rows_of_camvid_start_from_the_same_depth_and_have_the_same_masks(count):
  base = registry.build(f"depth_transfer_{count}_camvid")
  for row in CAMVID:
    experiment = overrides.validate(registry.build(f"{row}_{count}_camvid"))
    assert experiment.network.pretrained == base.network.pretrained
    assert experiment.data.parts[0].as_dict() == base.data.parts[0].as_dict()
    assert experiment.training.as_dict() == base.training.as_dict()
    assert bool(experiment.data.sources[0].disparity) == ("depthmix" in row)
  unimatch = registry.build(f"unimatch_{count}_camvid").method.get()
  assert (unimatch.views, unimatch.alpha, unimatch.ramp, unimatch.mixing) == (
      2, 0.0, False, "cutmix")
  assert unimatch.consistency_weight == unimatch.feature_weight == 0.5


COUNTS = (4, 6)
STEPS = ["depth", "disparity", "select_4", "student_4", "select_6", "train"]


def tiny():
  """Returns the experiment of all three ways, with few and small steps and two rounds.

  Checkpoints after 2 and 4 updates, lines of logs after 3 and 4.
  """
  experiment = registry.build("depthmix_selection_scenes")
  small = {"channels": (4, 6, 8, 10, 12), "skip_channels": (4, 4, 6, 6), "alpha": 0.25,
           "encoder": "mobilenet_v1", "rates": (1,)}
  depth, maps, _ = experiment.steps
  student = schema.Step(
      parts=[schema.Part(source="scenes", supervision="none", ids="step:select_4")],
      network=copy.deepcopy(depth.network), training=copy.deepcopy(depth.training),
      method=schema.method("supervised_depth", loss="berhu"))
  student.training.multipliers = []
  for step in (depth, student, experiment):
    for key, value in small.items():
      setattr(step.network.get(), key, value)
    step.training.steps, step.training.checkpoint_every, step.training.log_every = 4, 2, 3
    for part in experiment.data.parts if step is experiment else step.parts:
      part.batch_size = 2
  depth.networks.get("pose").get().alpha = 0.25
  depth.method.get().align = 0
  depth.augmentation.resize = (32, 64)
  choose = functools.partial(
      schema.make, "selection", source="scenes", counts=COUNTS, criterion=rounds.BOTH)
  experiment.steps = [depth, maps, *selection_steps.in_rounds(
      COUNTS, rounds.BOTH, choose,
      lambda name, ids, number: dataclasses.replace(student, name=name), ("depth",))]
  experiment.data.parts[0].ids = "step:select_6"
  experiment.data.augmentation.crop = (32, 64)
  experiment.runtime.mixed_precision = "float32"
  experiment.evaluation.split = "validation"
  return experiment


@pytest.fixture(scope="module")
def run(tiny_video, tmp_path_factory):
  """Returns the `Result` of an uninterrupted run, the data, and a function that runs anew."""
  data = {"scenes": tiny_video, "video": tiny_video}
  again = lambda model_dir, data=data: kw.fit(
      tiny(), data=data, model_dir=model_dir, progress=False)
  with pytest.MonkeyPatch.context() as patch:
    # XLA takes seconds to compile it.
    patch.setattr(video_loss, "_compiled", photometric.reprojection_loss)
    yield again(tmp_path_factory.mktemp("ways") / "whole"), data, again


@pytest.mark.slow
def test_all_three_ways_run_in_a_row(run):
  result, data, _ = run
  assert 0 <= result.metrics["mean_iou"] <= 1
  plan = planning.make_plan(tiny(), data)
  said = "\n".join(plan.steps[-1].lines)
  assert "samples of select_6, disparity, known" in said and "no masks teach" not in said
  assert [step.name for step in plan.steps] == STEPS
  finished = {name: outputs.Outputs(name, f"{result.model_dir}/{name}") for name in STEPS}
  ids = finished["select_6"].ids
  assert len(set(ids)) == 6 and ids[:4] == finished["select_4"].ids
  bundle = plan.last.bind(finished).bundle
  assert bundle.ids[0] == ids and not set(ids) & set(bundle.ids[1])
  batch = next(bundle.batches().as_numpy_iterator())
  assert batch["disparity"].min() >= 0 and batch["disparity"].max() <= 1
  whole = bundle.parts[0].source.samples("train", ids=ids, wanted=("image", "disparity"))
  assert all(sample["disparity"].max() > 0.9 for sample in whole.as_numpy_iterator())  # Uncropped.
  assert (batch["mask"][batch["supervision"] == 0] == 255).all()


@pytest.mark.slow
def test_killed_at_every_boundary_and_inside_it_ends_the_same(run, kills, tmp_path):
  result, _, again = run
  once_more = lambda: again(tmp_path / "run")
  inside = {
      "disparity": lambda patch: patch.setattr(
          disparity_maps, "_write", kills.at_call(5, disparity_maps._write)),
      "select_4": lambda patch: kills.before(patch, os, "replace", "select_4/selection.json"),
      "select_6": lambda patch: patch.setattr(
          selection.Selection, "_doubt", kills.at_call(3, selection.Selection._doubt))}
  for name in STEPS:
    # Of a training: a line of the log stands there already, and the update it tells of is lost.
    kills.killed(f"in {name}", inside.get(
        name, lambda patch, name=name: kills.in_training(patch, name, 3)), once_more)
    kills.killed(f"before the marker of {name}", lambda patch, name=name: kills.before(
        patch, results, "write", f"/{name}"), once_more)
  assert once_more().metrics == result.metrics
  kills.assert_same_files(result.model_dir, tmp_path / "run")


@pytest.mark.slow
def test_masks_of_what_was_not_chosen_change_not_one_weight(run, tiny_video, kills, tmp_path):
  result, _, again = run
  ids = outputs.Outputs("select_6", f"{result.model_dir}/select_6").ids

  def spoil(sample):
    chosen = tf.reduce_any(sample["sample_id"] == tf.constant(ids))
    return {**sample, "mask": tf.where(chosen, sample["mask"], 1 - sample["mask"])}

  splits = dict(tiny_video._data)  # pylint: disable=protected-access
  splits["train"] = splits["train"].map(spoil)
  spoilt = kw.data.Dataset(splits, tiny_video.classes)
  data = {"scenes": spoilt, "video": spoilt}
  assert again(tmp_path / "run", data).metrics == result.metrics
  kills.assert_same_files(result.model_dir, tmp_path / "run", ".npz")
