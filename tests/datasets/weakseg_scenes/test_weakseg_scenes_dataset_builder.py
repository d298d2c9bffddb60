"""The embedded scenes as a user meets them: prepared into a folder, read back, as rendered."""
import sys

import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.datasets import features
from keras_weakseg.datasets import labels
from keras_weakseg.datasets import scenes

tfds = pytest.importorskip("tensorflow_datasets")


def test_scenes_are_what_the_renderer_gives(builders, tmp_path):
  module = sys.modules[builders.classes["weakseg_scenes"].__module__]
  config = module.ScenesConfig(name="tiny", size=(24, 48), train=3, validation=2, test=1)
  builder = builders.prepare("weakseg_scenes", tmp_path, config=config)
  builders.check_contract(builder)
  sizes = {name: info.num_examples for name, info in builder.info.splits.items()}
  assert sizes == {"train": 3, "validation": 2, "test": 1}
  stored = builders.read(builder, "train")
  assert sorted(stored) == ["scene_000000", "scene_000001", "scene_000002"]
  for seed, name in enumerate(sorted(stored)):
    for field, value in scenes.render_scene(seed, (24, 48)).items():
      found = stored[name][field]
      found = found[..., 0] if field in builders.axes else found
      np.testing.assert_array_equal(found, value, err_msg=field)
  assert not set(stored) & set(builders.read(builder, "validation"))
  again = tfds.builder("weakseg_scenes", data_dir=tmp_path / "prepared", config=config)
  assert again.data_path.exists()
  assert list(again.info.metadata[features.CLASSES]) == list(labels.SCENES.classes)


def test_pairs_are_a_configuration_of_their_own(builders, tmp_path):
  make = lambda name: tfds.builder(name, data_dir=tmp_path)
  plain, pairs = make("weakseg_scenes"), make("weakseg_scenes/192x96_stereo")
  # Runs are tied to this name: data prepared without pairs stays as valid as it was.
  assert plain.info.full_name == "weakseg_scenes/192x96/1.0.0"
  assert plain.data_dir != pairs.data_dir
  extra = set(pairs.info.features) - set(plain.info.features)
  assert extra == {fields.STEREO_IMAGE, fields.STEREO_POSE}
  for name in ("size", "train", "validation", "test"):
    assert getattr(plain.builder_config, name) == getattr(pairs.builder_config, name)


def test_more_streets_are_a_configuration_of_their_own(tmp_path):
  make = lambda name: tfds.builder(name, data_dir=tmp_path)
  plain, large = make("weakseg_scenes"), make("weakseg_scenes/192x96_large")
  assert plain.data_dir != large.data_dir and set(plain.info.features) == set(large.info.features)
  assert (plain.builder_config.train, large.builder_config.train) == (400, 1200)
  # So that figures of both are figures of the same scenes.
  for name in ("size", "validation", "test", "stereo"):
    assert getattr(plain.builder_config, name) == getattr(large.builder_config, name)


def test_pairs_are_what_the_renderer_gives(builders, tmp_path):
  module = sys.modules[builders.classes["weakseg_scenes"].__module__]
  config = module.ScenesConfig(name="tiny_stereo", size=(24, 48), train=2, validation=1, test=1,
                               stereo=True)
  builder = builders.prepare("weakseg_scenes", tmp_path, config=config)
  builders.check_contract(builder)
  stored = builders.read(builder, "train")["scene_000001"]
  for field, value in scenes.render_scene(1, (24, 48), stereo=True).items():
    found = stored[field][..., 0] if field in builders.axes else stored[field]
    np.testing.assert_array_equal(found, value, err_msg=field)


def test_scenes_can_be_cut_short(builders, tmp_path):
  builder = builders.prepare("weakseg_scenes/96x48", tmp_path, examples=2)
  assert {info.num_examples for info in builder.info.splits.values()} == {2}
  for sample in builders.read(builder, "test").values():
    assert sample[fields.IMAGE].shape == (48, 96, 3)
