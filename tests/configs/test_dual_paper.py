"""The rows of the paper have its sizes, and the page has its numbers."""
import pathlib
import re

import pytest

from keras_weakseg.configs import dual_paper
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry

RESULTS = pathlib.Path(__file__).resolve().parents[2] / "official_configs" / "dual" / "RESULTS.md"


@pytest.mark.parametrize("steps", dual_paper.TABLE)
def test_a_row_has_the_sizes_and_numbers_of_the_paper(steps):
  name = "dual_{}_{}_voc12_test".format(*steps)
  experiment = overrides.validate(registry.build(name))
  assert tuple(experiment.data.augmentation.crop) == (353, 353)
  assert experiment.network.get().backbone == "resnet101"
  assert (experiment.method.dual.inference_steps,
          experiment.evaluation.protocol.inference_steps) == steps
  row = next(line for line in RESULTS.read_text(encoding="utf-8").splitlines()
             if f"[{name}]" in line)
  voc, idw = dual_paper.TABLE[steps]
  assert [cell.strip() for cell in row.split("|")][2:6] == [
      *map(str, steps), str(voc), str(idw or "-")]
  assert re.search(r"paper: ([\d.]+)", registry.descriptions()[name]).group(1) == str(voc)


@pytest.mark.parametrize("name", ["dual_baseline_voc12_test", "dual_wssl_voc12_test"])
def test_what_it_is_compared_with_has_the_same_masks(name):
  experiment = overrides.validate(registry.build(name))
  assert experiment.data.parts[0].split == registry.build(
      "dual_10_10_voc12_test").data.parts[0].split == "trainval"
  assert experiment.network.type == "deeplab_v2_resnet101"
