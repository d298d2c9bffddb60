"""Small mean teachers: what is compared differs in what it says, and all of it is planned."""
import pytest

import keras_weakseg as kw
from keras_weakseg.configs import depth_camvid
from keras_weakseg.configs import depth_scenes
from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.methods import video_loss
from keras_weakseg.ops import photometric
from keras_weakseg.recipes import planning

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


@pytest.fixture
def tiny(monkeypatch):
  """Returns the experiment of all three ways, with few and small steps."""
  # XLA takes seconds to compile it.
  monkeypatch.setattr(video_loss, "_compiled", photometric.reprojection_loss)
  experiment = registry.build("depthmix_selection_scenes")
  small = {"channels": (4, 6, 8, 10, 12), "skip_channels": (4, 4, 6, 6), "alpha": 0.25,
           "encoder": "mobilenet_v1", "rates": (1,)}
  depth, _, selection = experiment.steps
  selection.make.get().counts = (4,)
  for step in (depth, experiment):
    for key, value in small.items():
      setattr(step.network.get(), key, value)
    step.training.steps = step.training.checkpoint_every = 2
    for part in step.parts if step is depth else experiment.data.parts:
      part.batch_size = 2
  depth.networks.get("pose").get().alpha = 0.25
  depth.method.get().align = 0
  depth.augmentation.resize = (32, 64)
  experiment.data.augmentation.crop = (32, 64)
  experiment.runtime.mixed_precision = "float32"
  experiment.evaluation.split = "validation"
  return experiment


@pytest.mark.slow
def test_all_three_ways_run_in_a_row_and_go_on_where_they_stopped(tiny, tiny_video, tmp_path):
  data = {"scenes": tiny_video, "video": tiny_video}
  stopped = kw.fit(tiny, data=data, model_dir=tmp_path / "run", until="selection", progress=False)
  ids = stopped.finished["selection"].ids
  assert len(set(ids)) == 4 and not (tmp_path / "run" / "train").exists()
  result = kw.fit(tiny, data=data, model_dir=tmp_path / "run", progress=False)
  assert 0 <= result.metrics["mean_iou"] <= 1
  plan = planning.make_plan(tiny, data)
  bundle = plan.last.bind(stopped.finished).bundle
  assert bundle.ids[0] == ids and not set(ids) & set(bundle.ids[1])
  batch = next(bundle.batches().as_numpy_iterator())
  assert batch["disparity"].min() >= 0 and (batch["disparity"].max((1, 2)) > 0.9).all()
  assert (batch["mask"][batch["supervision"] == 0] == 255).all()
