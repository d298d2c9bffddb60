"""Depth of a run beside trivial answers: equal protocol, untrained twins, pictures."""
import dataclasses
import types

import numpy as np
from PIL import Image
import pytest
import table_kitti

import keras_weakseg as kw
from keras_weakseg.evaluation import depth_baselines
from keras_weakseg.framework import keras
from keras_weakseg.networks import weights


@pytest.fixture
def on_video(monkeypatch, tiny_video):
  """Lets the tables read `tiny_video` in the place of KITTI."""
  asked = []

  def source(**options):
    asked.append(options)
    return tiny_video

  for name in ("kitti_stereo", "kitti_clips", "kitti_odometry"):
    monkeypatch.setattr(kw.data, name, source)
  monkeypatch.setattr(table_kitti, "SPLIT", "validation")
  monkeypatch.setattr(table_kitti, "PICTURES", tiny_video.ids("validation")[:2])
  return asked


def cells(lines, title):
  """Returns the cells of the rows whose first one is `title`."""
  return [line.strip("| ").split(" | ")[1:] for line in lines if line.startswith(f"| {title} | ")]


@pytest.mark.slow
def test_all_rows_are_printed_under_one_protocol(on_video, tiny_video_run, tmp_path):
  lines = table_kitti.run(types.SimpleNamespace(
      model_dir=[tiny_video_run.model_dir], data_dir=None, seeds=[1, 2],
      pictures=tmp_path / "pictures.png"))
  assert "after 4 of 4 steps" in lines[0] and table_kitti.PROTOCOL.hash() in lines[0]
  assert {options.get("cars") for options in on_video if "cars" in options} == {True, False}
  assert {"clips": ("raw_lidar_78f",), "data_dir": None} in on_video
  trained = cells(lines, "**trained**")
  assert [len(row) for row in trained] == [7, 7, 3]  # with cars, without, motion
  assert trained[0][0] == f"{tiny_video_run.metrics['abs_rel']:.3f}"
  assert len(cells(lines, "constant depth")) == len(cells(
      lines, "mean depth map of the LiDAR frames")) == 2
  assert all(" ± " in cell for cell in cells(lines, "untrained network, 2 seeds")[0][:4])
  assert cells(lines, "camera stands still")[0][1] == "90.000"
  assert Image.open(tmp_path / "pictures.png").width > 3 * 64


def test_the_protocol_is_that_of_the_paper():
  assert table_kitti.PROTOCOL.describe() == (
      "model's size, no crop, depth 0.001..80 m, median scaling per image")
  assert table_kitti.FLIPPED.flip and not table_kitti.PROTOCOL.limit_target


def test_the_mean_map_of_walls_is_exact(on_video, tiny_video):
  """All frames have one depth, so that a row of zeros can be told from one that is not measured."""
  mean = depth_baselines.mean_depth_map(tiny_video.samples(
      "train", grant=kw.fields.Supervision.DEPTH))
  figures = table_kitti.measured([mean], tiny_video, table_kitti.PROTOCOL)[0]
  assert figures["abs_rel"] < 1e-3 and figures["a1"] == 1 and figures["samples"] == 6


def test_untrained_networks_differ_by_their_seed_alone(tiny_video_run):
  image = np.random.RandomState(0).randint(0, 255, (1, 32, 64, 3)).astype(np.uint8)
  first, again, other = (table_kitti.untrained(tiny_video_run, seed).disparity(image)
                         for seed in (1, 1, 2))
  np.testing.assert_array_equal(first, again)
  assert not np.allclose(first, other)
  assert not np.allclose(first, tiny_video_run.model.disparity(image))


def test_untrained_networks_have_the_encoder_that_the_run_started_from(tiny_video_run, tmp_path):
  def encoders(model):
    network = next(layer for layer in model.disparity_fn.func.layers
                   if isinstance(layer, keras.Model))
    return {variable.name: variable.numpy() for variable in network.weights
            if "head_" not in variable.name}, network

  own, network = encoders(table_kitti.untrained(tiny_video_run, 5))
  path = tmp_path / "weights" / "start.npz"
  weights.save_npz(network, path)
  with np.load(path) as arrays:
    kept = {name: arrays[name] for name in arrays.files if not name.startswith("head_")}
  np.savez(path, **kept)
  config = tiny_video_run.experiment.network.as_dict()
  experiment = kw.configs.overrides.resolve(tiny_video_run.experiment, overrides={
      "network": {**config, "pretrained": "weights/start.npz"}})
  result = dataclasses.replace(tiny_video_run, experiment=experiment)
  found, _ = encoders(table_kitti.untrained(result, 6, tmp_path))
  assert len(kept) == len(own) > 20
  for name, value in own.items():
    np.testing.assert_array_equal(found[name], value)


def test_motion_waits_for_the_end_of_the_run(tiny_video_run, tmp_path):
  (tmp_path / "record.json").write_text('{"phase": "train"}')
  result = dataclasses.replace(tiny_video_run, model_dir=str(tmp_path))
  assert table_kitti.motion([result], None) == [
      "Camera motion: not known before the run is finished."]


def test_the_pictures_are_of_samples_that_exist(shared_data):
  ids = kw.data.kitti_stereo(shared_data("kitti")).ids("test")
  assert set(table_kitti.PICTURES) <= set(ids) and len(table_kitti.PICTURES) == 8
