"""The small experiments on the embedded scenes."""
import pytest

from keras_weakseg.configs import em_scenes
from keras_weakseg.configs import registry

NAMES = ["em_fixed_scenes", "em_adapt_scenes", "em_semi_scenes", "supervised_scenes",
         "supervised_all_scenes"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_downloaded(name):
  experiment = registry.build(name)
  assert experiment.network.pretrained == ""
  assert experiment.data.sources[0].dataset.startswith("weakseg_scenes")


@pytest.mark.parametrize("name", NAMES)
def test_whole_images_fit_the_crop(name):
  height, width = registry.build(name).data.augmentation.crop
  assert height >= 96 and width >= 192


def test_the_comparison_of_the_quickstart_is_fair():
  """The masks alone are the masks of the semi-supervised run, with the same network and steps."""
  semi, alone = registry.build("em_semi_scenes"), registry.build("supervised_scenes")
  assert semi.data.parts[0].count == alone.data.parts[0].count == em_scenes.FEW_MASKS
  assert semi.data.parts[0].subset_seed == alone.data.parts[0].subset_seed
  for section in ("network", "training", "evaluation"):
    assert getattr(semi, section).as_dict() == getattr(alone, section).as_dict()


@pytest.mark.parametrize("name, method, kinds", [
    ("em_fixed_scenes", "em_fixed", ["tags"]), ("em_adapt_scenes", "em_adapt", ["tags"]),
    ("em_semi_scenes", "em_fixed", ["mask", "tags"]), ("supervised_scenes", "supervised", ["mask"]),
    ("supervised_all_scenes", "supervised", ["mask"])])
def test_what_each_learns_from(name, method, kinds):
  experiment = registry.build(name)
  assert experiment.method.type == method
  assert [part.supervision for part in experiment.data.parts] == kinds
  assert sum(part.batch_size for part in experiment.data.parts) == em_scenes.BATCH
  assert not any(part.split == experiment.evaluation.split for part in experiment.data.parts)
