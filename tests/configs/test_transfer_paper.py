"""The paper's rows: splits of categories, sizes, rates."""
from keras_weakseg.configs import registry
from keras_weakseg.configs import transfer_paper
from keras_weakseg.datasets import groups
from keras_weakseg.datasets import labels

VOC = set(labels.VOC.classes[1:])


def test_splits_are_those_of_table_2():
  sizes = {split: len(weak) for split, weak in transfer_paper.WEAK.items()}
  assert sizes == {1: 10, 2: 10, 3: 14}
  assert set(transfer_paper.WEAK[1]) == VOC - set(transfer_paper.WEAK[2])
  assert VOC - set(transfer_paper.WEAK[3]) == set(transfer_paper.STRONG_3)
  assert all(set(weak) < VOC for weak in transfer_paper.WEAK.values())
  # From the text: motorbikes are weak in split 1, horses in split 3.
  assert "motorbike" in transfer_paper.WEAK[1] and "horse" in transfer_paper.WEAK[3]


def test_rows_have_the_papers_numbers():
  row = registry.build("p_net_split_1_voc12")
  assert row.training.optimization.learning_rate.constant.learning_rate == 1e-5
  assert row.training.updaters.get("critic").optimization.optimizer.type == "adam_experimental"
  assert row.steps[0].training.steps == 3000
  assert sum(part.batch_size for part in row.data.parts) == 30
  assert row.data.augmentation.crop == (321, 321) and not row.evaluation.protocol.crf
  test = registry.build("p_net_split_1_voc12_test")
  assert test.evaluation.split == "" and test.evaluation.protocol.crf
  assert test.steps[2].make.get().split == "trainval_aug"


def test_split_4_has_the_masks_of_what_voc_does_not_know():
  row = registry.build("p_net_split_4_voc12")
  voc, coco = row.data.sources
  assert voc.weak == coco.weak and voc.classes_of == "coco" and not coco.classes_of
  unknown = groups.lacking(labels.VOC.classes, labels.COCO.classes)
  assert len(unknown) == 60
  assert set(voc.weak) == set(labels.COCO.classes[1:]) - set(unknown)
  strong, weak = row.data.parts
  assert (strong.source, strong.supervision, weak.supervision) == ("coco", "mask", "tags")
  assert row.steps[0].parts[0].source == row.steps[4].parts[0].source == "coco"
  assert row.evaluation.source == "voc12" and row.evaluation.protocol.present_only
  assert row.steps[0].training.steps == 16000
