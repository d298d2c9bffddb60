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


def test_scenes_can_be_cut_short(builders, tmp_path):
  builder = builders.prepare("weakseg_scenes/96x48", tmp_path, examples=2)
  assert {info.num_examples for info in builder.info.splits.values()} == {2}
  for sample in builders.read(builder, "test").values():
    assert sample[fields.IMAGE].shape == (48, 96, 3)
