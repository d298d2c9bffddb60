"""What methods do inside: the order of mixed surfaces, and the error that inference leaves."""
import pathlib
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg.benchmark import inside_methods
from keras_weakseg.benchmark import measures
from keras_weakseg.configs import overrides

SIZE = (8, 16)


@pytest.fixture
def call(tmp_path):
  """Returns a function that makes a `Call`: two scenes, near on opposite sides, sky on top."""
  near_left = np.broadcast_to(np.float32([2] * 8 + [8] * 8), SIZE).copy()
  depth = np.stack([near_left, near_left[:, ::-1]])
  depth[:, :2] = 0  # Unknown, and the largest disparity would be wrong there.
  samples = tf.data.Dataset.from_tensor_slices({
      "image": np.zeros((2, *SIZE, 3), np.uint8), "mask": (depth == 2).astype(np.uint8),
      "depth": depth, "disparity": np.where(depth > 0, 1 / np.maximum(depth, 1), 0.0).astype(
          np.float32), "sample_id": ["a", "b"]})
  source = data.Dataset({"train": samples}, ("far", "near"))
  (tmp_path / "experiment.yaml").write_text(overrides.to_yaml(overrides.resolve(
      "depthmix_scenes")))

  def make(**options):
    return measures.Call(tmp_path, source, "train", {}, options, tmp_path / "out")

  return make


def test_depth_shows_the_nearer_surface_and_its_opposite_never(call, monkeypatch):
  found = inside_methods.mixing_order(call())
  assert found == {"split": "train", "samples": 2, "nearer_shown": 1.0}
  mask = inside_methods.consistency.mixing.depthmix_mask
  monkeypatch.setattr(inside_methods.consistency.mixing, "depthmix_mask",
                      lambda own, other, *rest: mask(other, own, *rest))
  assert inside_methods.mixing_order(call())["nearer_shown"] == 0.0


def test_other_masks_know_nothing_of_depth(call):
  """ClassMix keeps one of two classes: the near pixels or the far ones, of either image."""
  assert inside_methods.mixing_order(call(mixing="classmix"))["nearer_shown"] in (0.0, 0.5, 1.0)
  assert 0 < inside_methods.mixing_order(call(mixing="cutmix"))["nearer_shown"] < 1


def test_what_has_no_order_does_not_count(call):
  kept = np.array([[[True, False, False, True]]])
  own, other = np.float32([[[1, 1, 1, 0]]]), np.float32([[[2, 2, 1.05, 2]]])
  assert inside_methods._nearer_shown(kept, own, other) == 0.5
  assert np.isnan(inside_methods._nearer_shown(kept, own, own))
  (pathlib.Path(call().target) / "experiment.yaml").write_text(overrides.to_yaml(
      overrides.resolve("unet_scenes")))
  with pytest.raises(ValueError, match="does not mix"):
    inside_methods.mixing_order(call())


def test_the_error_left_is_a_share_of_the_error_before(call, monkeypatch):
  seen = []

  def explain(pixels, steps):
    seen.append(pixels.shape)
    return {"reconstruction_loss": 2.0 / (1.0 + tf.cast(steps, tf.float32)),
            "reconstruction": tf.constant([[[[1.0, 0.0, 0.5], [-1.0, 0.0, 0.5]]]])}

  model = types.SimpleNamespace(explain=explain, multiple=4, metadata={})
  monkeypatch.setattr(inside_methods.runs, "load", lambda _: types.SimpleNamespace(model=model))
  found = inside_methods.reconstruction(call(steps=3, count=1))
  assert found == {"split": "train", "samples": 1, "reconstruction_error": 2.0,
                   "reconstruction_share": 0.25, "reconstruction_falls": 1.0,
                   "reconstruction_spread": pytest.approx(1 / 3)}
  assert set(map(tuple, seen)) == {(1, 5, 13, 3)}
  model.explain = None
  with pytest.raises(ValueError, match="does not reconstruct"):
    inside_methods.reconstruction(call())
