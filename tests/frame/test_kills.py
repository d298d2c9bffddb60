"""Makers of derived data, killed before every single file that they write."""
import dataclasses
import itertools
import os
import types

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.derived import base
from keras_weakseg.derived import disparity_maps
from keras_weakseg.derived import pruned
from keras_weakseg.derived import selection
from keras_weakseg.derived import trained
from keras_weakseg.framework import keras
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.recipes import plan as plans
from keras_weakseg.training import loop
from keras_weakseg.training import run_folder
from keras_weakseg.training import strategies


class Killed(BaseException):
  """Stands for a process that is killed."""


class Near:
  """A model that takes red for disparity."""
  min_depth, max_depth = 0.1, 100.0

  def disparity(self, images):
    return 0.01 + (10 - 0.01) * images[..., 0] / 255.0

  def fingerprint(self):
    return "near"


@pytest.fixture(scope="module")
def pictures():
  """Returns a source of four grey levels without any label."""
  images = np.random.RandomState(1).randint(0, 255, (4, 16, 32, 3)).astype(np.uint8)
  samples = tf.data.Dataset.from_tensor_slices({
      fields.SAMPLE_ID: [f"deep/p{index}" for index in range(4)], fields.IMAGE: images})
  return data.Dataset({"train": samples}, ("background", "thing"))


def disparities(pictures):
  return disparity_maps.DisparityMaps(
      base.MakeContext({"p": pictures}, {"depth": None}, lambda name: Near()))


def chosen(pictures):
  return selection.Selection(base.MakeContext({"p": pictures}), criterion="random", counts=(1, 3))


class Leaver(base.Maker):
  """Leaves a network as makers of networks do.

  Args:
    context: `base.MakeContext`.
  """
  known = {"architecture": "", "head": {"classes": ["a"], "mode": "slice", "groups": None}}

  def __init__(self, context):
    super().__init__(context)
    layers = [keras.layers.Dense(2, name="first"), keras.layers.Dense(1, name="second")]
    self.network = keras.Sequential([keras.Input((3,)), *layers], name="left")

  def make(self, directory, progress=True):
    """See `base.Maker.make`."""
    trained.leave(directory, "segmenter", self.network, self.known)
    return {}


def left(pictures):
  del pictures
  return Leaver(base.MakeContext({}))


def smaller(pictures):
  del pictures
  record = registry.network_record("light_tiny")
  network = registry.build_network("light_tiny", (None, None, 3), 3, alpha=0.25, head_filters=16)
  for index, weight in enumerate(network.weights):
    weight.assign(np.random.RandomState(index).rand(*weight.shape))
  model = types.SimpleNamespace(score_fn=preprocessing.predictor(network, record))
  left = types.SimpleNamespace(networks=lambda: {"segmenter": {
      "record": dataclasses.asdict(record), "architecture": "",
      "head": {"classes": ["a", "b", "c"], "mode": "slice", "groups": None}}})
  return pruned.Pruned(base.MakeContext({}, {"first": left}, lambda name: model), keep=0.5,
                       size=(33, 65))


def run(maker, place):
  step = plans.MakeStep("made", lambda reads, models=None: maker, identity={"make": {"type": "x"}})
  with run_folder.claimed(str(place), steps=["made"]):
    loop.run(plans.Plan((step,)), str(place), strategy=strategies.make_strategy("one_device"),
             seed=1, progress=False)


def kill_before(patch, count):
  """Lets so many files appear, then dies without cleaning up."""
  replace, remove, left = os.replace, os.remove, itertools.count(count, -1)
  dead = []

  def replaced(old, new):
    if dead or next(left) <= 0:
      dead.append(new)
      raise Killed
    return replace(old, new)

  patch.setattr(os, "replace", replaced)
  patch.setattr(os, "remove", lambda path: None if dead else remove(path))


def contents(place):
  return {path.relative_to(place).as_posix(): path.read_bytes()
          for path in sorted(place.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("make, least", [
    (disparities, 7), (chosen, 5), (left, 4), pytest.param(smaller, 4, marks=pytest.mark.slow)])
def test_every_file_is_there_and_none_left_over(pictures, tmp_path, monkeypatch, make, least):
  maker = make(pictures)
  run(maker, tmp_path / "whole")
  kills, left_over = 0, 0
  while True:
    with monkeypatch.context() as patch:
      kill_before(patch, kills)
      try:
        run(maker, tmp_path / "killed")
        break
      except Killed:
        kills += 1
        assert not (tmp_path / "killed" / "made" / "done.json").exists()
        left_over += any(name.endswith(".tmp") for name in contents(tmp_path / "killed"))
  wanted, found = contents(tmp_path / "whole"), contents(tmp_path / "killed")
  assert set(found) == set(wanted) and kills >= 2 and len(wanted) >= least and left_over == kills
  for name, value in wanted.items():
    if not name.endswith(".npz"):  # a zip, with the time in it
      assert found[name] == value, name
  run(maker, tmp_path / "killed")
  assert contents(tmp_path / "killed") == found, "what is marked is not made again"
