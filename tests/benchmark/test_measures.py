"""Measurements of rows: trivial depth, motion, label maps, pictures, on data of known truth."""
import dataclasses

import numpy as np
from PIL import Image
import pytest

from keras_weakseg.benchmark import measures
from keras_weakseg.benchmark import places


@pytest.fixture
def call(tiny_video, tiny_video_run, tmp_path):
  """Returns a function that makes a `Call` on the run and the source of walls."""

  def make(**changes):
    return dataclasses.replace(measures.Call(
        tiny_video_run.model_dir, tiny_video, "validation", {}, {}, tmp_path / "out" / "seed_1",
        progress=False), **changes)

  return make


def test_the_mean_map_of_walls_is_exact_and_a_constant_is_not(call):
  """All frames have one depth, so that a row of zeros can be told from one that is not measured."""
  mean = measures.mean_depth_map(call())
  assert mean["abs_rel"] < 1e-3 and mean["a1"] == 1 and mean["samples"] == 6
  constant = measures.constant_depth(call())
  assert constant["abs_rel"] > 0.1 and constant["protocol_hash"] == mean["protocol_hash"]
  metric = measures.constant_depth(call(protocol={"scale": "metric"}))
  assert metric["protocol_hash"] != mean["protocol_hash"]


def test_training_samples_may_come_from_elsewhere(call, tiny_video, monkeypatch):
  asked = []
  monkeypatch.setattr(places, "source_of", lambda *given: asked.append(given) or tiny_video)
  measures.mean_depth_map(call(options={"train": {"source": "kitti_clips"}}, data_dir="photos"))
  assert asked == [({"source": "kitti_clips"}, "photos")]


def test_motion_has_its_trivial_answers_beside_it(call):
  found = measures.poses(call())
  assert found["rotation_identity"] == 0 and found["translation_straight"] == pytest.approx(90)
  assert found["pairs"] == 12 and found["split"] == "validation"


def test_pictures_are_drawn(call, tmp_path):
  found = measures.depth_pictures_of(call(options={"count": 2}))
  assert (found["pictures"], found["samples"]) == ("seed_1.png", 2)
  assert Image.open(tmp_path / "out" / "seed_1.png").width > 3 * 64


def test_label_maps_of_whole_boxes_are_perfect(tmp_path):
  """Objects that fill their boxes: rectangles are the truth."""
  import tensorflow as tf
  from keras_weakseg import data
  mask = np.zeros((2, 20, 30), np.uint8)
  mask[:, 4:12, 6:18] = 1
  box = np.float32([[[4 / 20, 6 / 30, 12 / 20, 18 / 30]]] * 2)
  samples = tf.data.Dataset.from_tensor_slices({
      "image": np.repeat(mask[..., None] * 200, 3, -1).astype(np.uint8), "mask": mask,
      "boxes": box, "box_classes": np.ones((2, 1), np.int32), "sample_id": ["a", "b"]})
  source = data.Dataset({"train": samples}, ("background", "thing"))
  options = {"kind": "rect", "cache_dir": str(tmp_path)}
  found = measures.label_maps(measures.Call(
      None, source, "train", {}, options, tmp_path, progress=False))
  assert found["mean_iou"] == 1 and found["samples"] == 2


def test_pruned_networks_are_judged_as_their_run_was(call, tmp_path, monkeypatch):
  asked = []
  monkeypatch.setattr(measures.api_prune, "prune", lambda *given, **options: asked.append(
      (given, options)) or "small")
  monkeypatch.setattr(measures.api, "evaluate", lambda *given, **options: asked.append(
      (given, options)) or {"mean_iou": 0.5})
  (tmp_path / "out" / "seed_1").mkdir(parents=True)
  (tmp_path / "out" / "seed_1" / "half.npz").write_bytes(b"of a call that was killed")
  given = call(options={"to": 0.5, "layers": "head"}, protocol={"flip": True})
  assert measures.pruned(given) == {"mean_iou": 0.5}
  (prune, options), (evaluate, how) = asked
  assert prune == (given.target, str(given.output)) and not given.output.exists()
  assert options == {"progress": False, "to": 0.5, "schedule": "all", "layers": "head", "norm": 2}
  assert evaluate == ("small", given.source) and how["protocol"] == {"flip": True}
  assert how["split"] == "validation"


def test_unknown_options_and_missing_runs(call):
  with pytest.raises(ValueError, match="Did you mean 'count'"):
    measures.depth_pictures_of(call(options={"cuont": 2}))
  with pytest.raises(ValueError, match="needs a run"):
    measures.poses(call(target=None))
