"""7-Scenes: true depth and poses fit the pictures."""
import numpy as np
import pytest

from keras_weakseg import data as kw_data
from keras_weakseg import fields
from keras_weakseg.ops import geometry


def test_true_geometry_explains_the_neighbours(shared_data):
  source = kw_data.seven_scenes(shared_data("7scenes"), offsets=(-10, 10))
  assert len(source.ids("test")) == 40
  ids = source.ids("test")[::13]
  for sample in source.samples("test", ids=ids, grant=fields.Supervision.DEPTH).as_numpy_iterator():
    keep = sample[fields.DEPTH] > 0
    depth = np.where(keep, sample[fields.DEPTH], 1.0).astype(np.float32)
    image = sample[fields.IMAGE].astype(np.float32)
    for frame, pose in zip(sample[fields.FRAMES], sample[fields.POSES]):
      warped = geometry.warp(frame[None].astype(np.float32), depth[None, ..., None], pose[None],
                             sample[fields.INTRINSICS][None])[0].numpy()
      standing = np.abs(frame - image)[keep].mean()
      assert np.abs(warped - image)[keep].mean() < 0.8 * standing


def test_an_empty_folder_is_named(tmp_path):
  with pytest.raises(FileNotFoundError, match="7-Scenes"):
    kw_data.seven_scenes(tmp_path)
