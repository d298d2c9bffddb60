"""Disparity maps as a step: made by the network of an earlier one, read in a later one."""
import dataclasses

import numpy as np
import pytest

from keras_weakseg.derived import base
from keras_weakseg.derived import disparity_maps


class Near:
  """A model that takes red for disparity, between a tenth of a metre and a hundred."""
  min_depth, max_depth = 0.1, 100.0

  def disparity(self, images):
    return 0.01 + (10 - 0.01) * images[..., 0] / 255.0

  def fingerprint(self):
    return "near"


def context(source, model=None):
  return base.MakeContext({"drive": source}, {"depth": None}, lambda name: model)


def test_samples_carry_what_the_network_sees(tiny_video, tmp_path):
  maker = disparity_maps.DisparityMaps(context(tiny_video, Near()))
  assert "12 disparity maps of 'train'" in maker.lines()[0]
  assert maker.make(tmp_path, progress=False) == {"maps": 12}
  source = disparity_maps.DisparityMaps.wrap(tiny_video, tmp_path)
  sample = next(source.samples("train").as_numpy_iterator())
  np.testing.assert_allclose(sample["disparity"], sample["image"][..., 0] / 255.0, atol=2e-5)


def test_a_model_without_depth_is_refused(tiny_video, tmp_path):
  maker = disparity_maps.DisparityMaps(context(tiny_video, object()))
  with pytest.raises(ValueError, match="(?s)no network of depth.*depth"):
    maker.make(tmp_path, progress=False)


def test_the_network_may_see_images_at_another_size(tiny_video, tmp_path):
  """The model's size is exchanged; what it says of an image has the image's size again."""
  seen = []

  @dataclasses.dataclass(frozen=True)
  class Sized(Near):
    size: tuple = (64, 64)

    def disparity(self, images):
      seen.append(self.size)
      return super().disparity(images)

  maker = disparity_maps.DisparityMaps(context(tiny_video, Sized()), size=(32, 96))
  maker.make(tmp_path, progress=False)
  assert set(seen) == {(32, 96)}
