"""The rows of Tables 3 and 4 against the paper's numbers, written down here once more."""
import collections

import pytest

from keras_weakseg.configs import em_boxes
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry

SIZES = {"train": 1464, "trainval": 2913, "train_aug": 10582, "trainval_aug": 12031}
Row = collections.namedtuple("Row", "method masks boxes steps scored iou")
# Papandreou et al. 2015, Tables 3 (val) and 4 (test): masks, boxed images, mean IoU with CRF.
ROWS = {
    "bbox_rect_voc12": Row("bbox_rect", 0, 10582, 6000, "val", "52.5"),
    "bbox_em_fixed_voc12": Row("bbox_em_fixed", 0, 10582, 6000, "val", "54.1"),
    "bbox_seg_voc12": Row("bbox_seg", 0, 10582, 6000, "val", "60.6"),
    "bbox_rect_semi_1464_voc12": Row("bbox_rect", 1464, 9118, 6000, "val", "62.1"),
    "bbox_em_fixed_semi_1464_voc12": Row("bbox_em_fixed", 1464, 9118, 6000, "val", "64.8"),
    "bbox_seg_semi_1464_voc12": Row("bbox_seg", 1464, 9118, 6000, "val", "65.1"),
    "bbox_rect_voc12_test": Row("bbox_rect", 0, 12031, 8000, "", "54.2"),
    "bbox_seg_voc12_test": Row("bbox_seg", 0, 12031, 8000, "", "62.2"),
    "bbox_seg_semi_1464_voc12_test": Row("bbox_seg", 1464, 10567, 8000, "", "66.6"),
    "bbox_em_fixed_semi_1464_voc12_test": Row("bbox_em_fixed", 1464, 10567, 8000, "", "66.6"),
    "bbox_seg_semi_2913_voc12_test": Row("bbox_seg", 2913, 9118, 8000, "", "68.0"),
    "bbox_em_fixed_semi_2913_voc12_test": Row("bbox_em_fixed", 2913, 9118, 8000, "", "69.0"),
}


def test_every_row_is_there():
  assert {**em_boxes.TABLE_3, **em_boxes.TABLE_4}.keys() == ROWS.keys()
  assert (len(em_boxes.TABLE_3), len(em_boxes.TABLE_4)) == (6, 6)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_the_papers_sizes(name):
  row, experiment = ROWS[name], registry.build(name)
  *strong, weak = experiment.data.parts
  masks = sum(SIZES[part.split] for part in strong)
  assert (weak.supervision, weak.rest) == ("boxes", bool(strong))
  assert (masks, SIZES[weak.split] - masks) == (row.masks, row.boxes)
  assert [part.batch_size for part in experiment.data.parts] == ([15, 15] if strong else [30])
  assert [part.weight for part in experiment.data.parts] == ([0.7, 0.3] if strong else [1.0])
  assert experiment.method.type == row.method
  assert experiment.training.steps == row.steps and experiment.evaluation.split == row.scored
  assert f"paper: {row.iou} on " in experiment.description


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


@pytest.mark.parametrize("name", ROWS)
def test_everything_else_is_as_with_masks(name):
  """Network, solver, crop and CRF are those of the rows of Tables 1 and 2."""
  other = registry.build("supervised_voc12" if ROWS[name].scored else "supervised_voc12_test")
  experiment = registry.build(name)
  for section in ("network", "training", "evaluation"):
    assert getattr(experiment, section).as_dict() == getattr(other, section).as_dict(), section
  assert experiment.data.augmentation.as_dict() == other.data.augmentation.as_dict()
  assert experiment.network.get().field_of_view == "large"
  assert experiment.evaluation.protocol.crf == "deeplab_largefov_released"


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_the_papers_constants(name):
  expected = {
      "bbox_rect": {}, "bbox_em_fixed": {
          "background_bias": 5.0, "foreground_bias": 6.0, "warmup_steps": 0, "decision": "class",
          "overlap": "smallest"},
      "bbox_seg": {"alpha": 0.2, "mode": "soft", "crf": "bbox_seg"}}
  assert registry.build(name).method.get().as_dict() == expected[ROWS[name].method]


def test_a_row_shrinks_to_a_smoke_test():
  experiment = overrides.validate(overrides.resolve("bbox_seg_semi_1464_voc12", overrides=(
      "training.steps=3,data.parts.0.batch_size=1,data.parts.1.batch_size=1,"
      "data.augmentation.crop=[65, 65]")))
  assert sum(part.batch_size for part in experiment.data.parts) == 2
  assert em_paper.BATCH == 30


@pytest.mark.parametrize("change", [
    "method.bbox_seg.alpha=1.5", "method.bbox_seg.mode=sofd", "data.parts.0.supervision=tags"])
def test_wrong_settings_are_refused_before_anything_is_read(change):
  with pytest.raises(ValueError, match="Expected: "):
    overrides.validate(overrides.resolve("bbox_seg_voc12", overrides=change))
