"""The recipe for somebody's own photographs and video: its steps, its options, and a whole run."""
import pytest

import keras_weakseg as kw
from keras_weakseg.configs import registry
from keras_weakseg.methods import video_loss
from keras_weakseg.ops import photometric


def test_steps_and_what_they_read():
  experiment = registry.build_recipe("three_ways", {"steps": 7, "depth_steps": 5})
  assert [step.name for step in experiment.steps] == ["depth", "disparity"]
  assert experiment.training.steps == 7 and experiment.steps[0].training.steps == 5
  assert [(part.source, part.supervision) for part in experiment.data.parts] == [
      ("photos", "mask"), ("photos", "none")]
  assert tuple(experiment.data.sources[0].derived) == ("disparity",)
  plain = registry.build_recipe("three_ways", {"mixing": "classmix"})
  assert [step.name for step in plain.steps] == ["depth"] and not plain.data.sources[0].derived
  depth = experiment.steps[0].network.get().as_dict()
  network = experiment.network.get().as_dict()
  assert all(network[key] == depth[key] for key in set(depth) & set(network))


def test_wrong_options_are_refused():
  with pytest.raises(ValueError, match="out of range"):
    registry.build_recipe("three_ways", {"mixing": "depthmax"})
  with pytest.raises(ValueError, match="Did you mean 'steps'"):
    registry.build_recipe("three_ways", {"step": 3})


@pytest.mark.slow
def test_photographs_and_video_in_one_call(photo_folder, tiny_video, tmp_path, monkeypatch):
  """A few steps of all: what one step leaves the next one reads."""
  build = registry.build_recipe

  def small(name, options):
    experiment = build(name, options)
    for step in (*experiment.steps[:1], experiment):
      step.network.pretrained = ""
      for key, value in {"alpha": 0.25, "channels": (4, 6, 8, 10, 12),
                         "skip_channels": (4, 4, 6, 6)}.items():
        setattr(step.network.get(), key, value)
      for part in experiment.data.parts if step is experiment else step.parts:
        part.batch_size = 2
    pose = experiment.steps[0].networks.get("pose")
    pose.pretrained, pose.get().alpha = "", 0.25
    return experiment

  monkeypatch.setattr(registry, "build_recipe", small)
  # XLA takes seconds to compile it.
  monkeypatch.setattr(video_loss, "_compiled", photometric.reprojection_loss)
  result = kw.fit(
      recipe="three_ways", steps=2, depth_steps=2, size=(32, 64), progress=False,
      data={"photos": kw.data.Folder(photo_folder, held_out=0.25), "video": tiny_video},
      model_dir=tmp_path / "run", params_override={
          "evaluation.split": "validation", "runtime.strategy": "one_device"})
  assert 0 <= result.metrics["mean_iou"] <= 1
  left = {path.parent.name + "/" + path.name for path in (tmp_path / "run").glob("*/*.npz")}
  assert left == {"depth/depth.npz", "depth/pose.npz", "train/segmenter.npz", "train/teacher.npz"}
  assert len(list((tmp_path / "run" / "disparity" / "maps").rglob("*.png"))) > 8
  lines = (tmp_path / "run" / "train" / "log.jsonl").read_text()
  assert "pseudo" in lines and "loss_photos_mask" in lines
