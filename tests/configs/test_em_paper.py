"""The rows of Tables 1 and 2 against the paper's numbers, written down here once more."""
import collections
import re

import numpy as np
import pytest

from keras_weakseg.configs import em_paper
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry

SIZES = {"train": 1464, "trainval": 2913, "train_aug": 10582, "trainval_aug": 12031}
INSIDE = {("train", "train_aug"), ("train", "trainval_aug"), ("trainval", "trainval_aug")}

Row = collections.namedtuple("Row", "method strong weak view steps scored iou")
# Papandreou et al. 2015, Tables 1 (val) and 2 (test): masks, tags, mean IoU with CRF.
ROWS = {
    "em_fixed_voc12": Row("em_fixed", 0, 10582, "small", 6000, "val", "20.8"),
    "em_adapt_voc12": Row("em_adapt", 0, 10582, "small", 6000, "val", "38.2"),
    "em_semi_200_voc12": Row("em_fixed", 200, 10382, "large", 6000, "val", "47.6"),
    "em_semi_500_voc12": Row("em_fixed", 500, 10082, "large", 6000, "val", "56.9"),
    "em_semi_750_voc12": Row("em_fixed", 750, 9832, "large", 6000, "val", "59.8"),
    "em_semi_1000_voc12": Row("em_fixed", 1000, 9582, "large", 6000, "val", "62.0"),
    "em_semi_1464_5000_voc12": Row("em_fixed", 1464, 5000, "large", 6000, "val", "63.2"),
    "em_semi_1464_voc12": Row("em_fixed", 1464, 9118, "large", 6000, "val", "64.6"),
    "supervised_1464_voc12": Row("supervised", 1464, 0, "large", 6000, "val", "62.5"),
    "supervised_voc12": Row("supervised", 10582, 0, "large", 6000, "val", "67.6"),
    "em_adapt_voc12_test": Row("em_adapt", 0, 12031, "small", 8000, "", "39.6"),
    "em_semi_1464_voc12_test": Row("em_fixed", 1464, 10567, "large", 8000, "", "66.2"),
    "em_semi_2913_voc12_test": Row("em_fixed", 2913, 9118, "large", 8000, "", "68.5"),
    "supervised_voc12_test": Row("supervised", 12031, 0, "large", 8000, "", "70.3"),
}


def sizes(parts):
  """Returns how many samples with masks and with tags only a bundle uses."""
  found, used = {"mask": 0, "tags": 0}, []
  for part in parts:
    count = SIZES[part.split]
    if part.rest:
      for split, number in used:
        assert (split, part.split) in INSIDE
        count -= number
    count = part.count or count
    used.append((part.split, count))
    found[part.supervision] += count
  return found["mask"], found["tags"]


def test_every_row_is_there():
  assert set(em_paper.TABLE_1) | set(em_paper.TABLE_2) == set(ROWS)
  assert len(em_paper.TABLE_1) == 10 and len(em_paper.TABLE_2) == 4


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_the_papers_sizes(name):
  row, experiment = ROWS[name], registry.build(name)
  assert sizes(experiment.data.parts) == (row.strong, row.weak)
  assert sum(part.batch_size for part in experiment.data.parts) == 30
  assert experiment.method.type == row.method
  assert experiment.network.type == "largefov_vgg16"
  assert experiment.network.get().field_of_view == row.view
  assert experiment.training.steps == row.steps
  assert experiment.evaluation.split == row.scored
  # The set of each net: LargeFOV's, and the plain one's.
  assert experiment.evaluation.protocol.crf == {
      "large": "deeplab_largefov_released", "small": "deeplab_largefov_layer"}[row.view]
  assert experiment.data.augmentation.crop == (321, 321)
  assert experiment.data.augmentation.scales == (1.0, 1.0) and experiment.data.augmentation.flip
  assert experiment.data.sources[0].dataset == "weakseg_voc2012"
  assert f"paper: {row.iou} on " in experiment.description


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_the_papers_constants(name):
  method, parts = registry.build(name).method.get(), registry.build(name).data.parts
  expected = {
      "em_fixed": {"background_bias": 3.0, "foreground_bias": 5.0, "censor_absent": False},
      "em_adapt": {"background_portion": 0.4, "foreground_portion": 0.2, "iterations": 5,
                   "suppress_others": True, "censor_absent": False},
      "supervised": {}}
  assert method.as_dict() == expected[ROWS[name].method]
  if len(parts) == 2:
    assert [(part.batch_size, part.weight) for part in parts] == [(15, 0.7), (15, 0.3)]


def rate_at(experiment, step):
  chosen = experiment.training.optimization.learning_rate.get()
  return chosen.values[int(np.searchsorted(chosen.boundaries, step))]


@pytest.mark.parametrize("name", ROWS)
def test_the_solver_is_that_of_deeplab(name):
  experiment = registry.build(name)
  optimizer = experiment.training.optimization.optimizer.get()
  assert optimizer.momentum == 0.9 and not optimizer.nesterov
  assert experiment.training.weight_decay == 5e-4
  for step, rate in [(1, 1e-3), (2000, 1e-3), (2001, 1e-4), (4001, 1e-5)]:
    assert rate_at(experiment, step) == pytest.approx(rate, rel=1e-9)
  if experiment.training.steps == 8000:
    assert rate_at(experiment, 6001) == pytest.approx(1e-6, rel=1e-9)


@pytest.mark.parametrize("name", [name for name in ROWS if name.endswith("_test")])
def test_a_row_of_the_test_set_goes_on_with_that_of_val(name):
  """DeepLab's second solver: 8,000 steps more, from the weights of the first."""
  experiment = registry.build(name)
  stage, = experiment.steps
  assert stage.name == "validation_row"
  assert (stage.training.steps, stage.network.pretrained) == (6000, "imagenet")
  assert (experiment.network.continues, experiment.network.pretrained) == ("validation_row", "")
  assert {part.split for part in stage.parts} <= {"train", "train_aug"}
  first = registry.build({"em_semi_2913_voc12_test": "em_semi_1464_voc12_test",
                          "bbox_seg_semi_2913_voc12_test": "bbox_seg_semi_1464_voc12_test",
                          "bbox_em_fixed_semi_2913_voc12_test":
                          "bbox_em_fixed_semi_1464_voc12_test"}.get(name, name)[:-len("_test")])
  assert [part.as_dict() for part in stage.parts] == [
      part.as_dict() for part in first.data.parts]
  for key in ("network", "method", "training"):
    assert getattr(stage, key).as_dict() == getattr(first, key).as_dict(), key


@pytest.mark.parametrize("variable, rate, decay", [
    ("fc8/kernel:0", 10.0, 1.0), ("fc8/bias:0", 20.0, 0.0), ("conv1_1/kernel:0", 1.0, 1.0),
    ("conv1_1/bias:0", 2.0, 0.0), ("fc6/bias:0", 2.0, 0.0)])
def test_rates_of_the_layers(variable, rate, decay):
  found = (1.0, 1.0)
  for rule in em_paper.caffe_training(6000).multipliers:
    if re.search(rule.pattern.replace("head", "fc8"), variable):
      found = rule.learning_rate, rule.weight_decay
      break
  assert found == (rate, decay)


def test_fewer_masks_are_a_subset_of_more():
  """The same order chooses them, so that the rows of the table differ in nothing else."""
  seeds = {registry.build(name).data.parts[0].subset_seed for name in ROWS}
  assert len(seeds) == 1


def test_a_row_shrinks_to_a_smoke_test():
  experiment = overrides.validate(overrides.resolve("em_semi_200_voc12", overrides=(
      "training.steps=3,data.parts.0.batch_size=1,data.parts.1.batch_size=1,"
      "data.augmentation.crop=[65, 65]")))
  assert sum(part.batch_size for part in experiment.data.parts) == 2
