"""The rows of Tables 5 and 6 against the paper's numbers, written down here once more."""
import collections
import re

import pytest

from keras_weakseg.configs import em_joint
from keras_weakseg.configs import em_paper
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.datasets import groups
from keras_weakseg.datasets import labels
from keras_weakseg.networks import registry as networks

COCO_TRAIN, COCO_VAL = 82783, 40504
SIZES = {"train_aug": 10582, "trainval_aug": 12031, "trainval": COCO_TRAIN + COCO_VAL}
Row = collections.namedtuple("Row", "masks coco_masks coco_tags kind steps scored iou")
# Papandreou et al. 2015, Tables 5 (val) and 6 (test): masks of VOC, masks and tags of COCO, mean
# IoU with CRF.
ROWS = {
    "em_semi_coco_tags_voc12": Row(10582, 0, 123287, "joint", 6000, "val", "67.7"),
    "cross_joint_semi_5000_voc12": Row(10582, 5000, 118287, "joint", 6000, "val", "70.0"),
    "cross_joint_5000_voc12": Row(10582, 5000, 0, "joint", 6000, "val", "68.7"),
    "cross_pretrain_voc12": Row(10582, 123287, 0, "pretrain", 6000, "val", "71.0"),
    "cross_joint_voc12": Row(10582, 123287, 0, "joint", 6000, "val", "71.7"),
    "cross_pretrain_voc12_test": Row(12031, 123287, 0, "pretrain", 8000, "", "72.7"),
    "cross_joint_voc12_test": Row(12031, 123287, 0, "joint", 8000, "", "73.0"),
    "cross_pretrain_msc_voc12_test": Row(12031, 123287, 0, "pretrain", 8000, "", "73.6"),
    "cross_joint_msc_voc12_test": Row(12031, 123287, 0, "joint", 8000, "", "73.9"),
}
JOINT = [name for name, row in ROWS.items() if row.kind == "joint"]
PRETRAINED = [name for name, row in ROWS.items() if row.kind == "pretrain"]
MULTI_SCALE = [name for name in ROWS if "_msc_" in name]


def phases(experiment):
  """Returns the stages and the experiment itself: each has network, method and training."""
  return [*experiment.steps, experiment]


def all_parts(experiment):
  """Returns the parts of every phase, those of phases that repeat the last one left out."""
  bundles = [stage.parts for stage in experiment.steps if stage.name != "single_scale"]
  return [part for bundle in [*bundles, experiment.data.parts] for part in bundle]


def sizes(parts):
  """Returns how many masks of VOC, masks of COCO and tags of COCO alone the parts use."""
  found = collections.Counter()
  for part in parts:
    used = found["coco", "mask"] if part.rest else 0
    found[part.source, part.supervision] += part.count or SIZES[part.split] - used
  return found["", "mask"], found["coco", "mask"], found["coco", "tags"]


def test_every_row_is_there():
  assert {**em_joint.TABLE_5, **em_joint.TABLE_6}.keys() == ROWS.keys()
  assert (len(em_joint.TABLE_5), len(em_joint.TABLE_6)) == (5, 4)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_has_the_papers_sizes(name):
  row, experiment = ROWS[name], registry.build(name)
  assert sizes(all_parts(experiment)) == (row.masks, row.coco_masks, row.coco_tags)
  assert [source.dataset for source in experiment.data.sources] == [
      "weakseg_voc2012", "weakseg_coco/2014"]
  for phase in phases(experiment):
    parts = experiment.data.parts if phase is experiment else phase.parts
    assert sum(part.batch_size for part in parts) == em_paper.BATCH == 30
    assert phase.training.steps == row.steps
  assert experiment.evaluation.split == row.scored
  assert f"paper: {row.iou} on " in experiment.description


@pytest.mark.parametrize("name", ROWS)
def test_voc_comes_first(name):
  """The predictor has the classes of the first part, and VOC is what is scored."""
  assert registry.build(name).data.parts[0].source in ("", "voc12")
  assert registry.build(name).data.sources[0].name == "voc12"


@pytest.mark.parametrize("name", JOINT)
def test_joint_rows_share_the_head_of_coco(name):
  experiment = registry.build(name)
  assert experiment.data.head == "coco" and experiment.data.aggregation == "logsumexp"
  assert all(stage.head == "coco" for stage in experiment.steps)
  assert len({part.source for part in experiment.data.parts}) == 2
  assert len({part.batch_size for part in experiment.data.parts}) == 1


def test_voc_is_read_from_the_81_classes_of_coco():
  found = groups.aggregation_groups(labels.COCO.classes, labels.VOC.classes)
  assert [len(channels) for channels in found] == [61] + [1] * 20
  names = [labels.COCO.classes[channels[0]] for channels in found]
  assert names[1:6] == ["airplane", "bicycle", "bird", "boat", "bottle"]
  assert names[-3:] == ["couch", "train", "tv"]


@pytest.mark.parametrize("name", PRETRAINED)
def test_pretrained_rows_learn_coco_first_and_then_voc(name):
  experiment = registry.build(name)
  first = experiment.steps[0]
  assert experiment.network.continues == experiment.steps[-1].name and first.name == "coco"
  assert {part.source for part in first.parts} == {"coco"}
  assert {part.source for part in experiment.data.parts} == {""}
  assert experiment.data.head == first.head == ""
  assert first.network.pretrained == "imagenet"
  assert [phase.network.pretrained for phase in phases(experiment)[1:]] == (
      [""] * len(experiment.steps))


@pytest.mark.parametrize("name", sorted(set(ROWS) - set(MULTI_SCALE)))
def test_solver_and_network_are_those_of_the_other_tables(name):
  experiment = registry.build(name)
  other = registry.build("supervised_voc12" if ROWS[name].scored else "supervised_voc12_test")
  for phase in phases(experiment):
    assert phase.training.as_dict() == other.training.as_dict()
    assert phase.network.get().as_dict() == other.network.get().as_dict()
  assert experiment.data.augmentation.as_dict() == other.data.augmentation.as_dict()
  assert experiment.evaluation.protocol.crf == "deeplab_coco"


@pytest.mark.parametrize("name", MULTI_SCALE)
def test_the_multi_scale_rows_start_from_the_finished_single_scale_row(name):
  experiment, single = registry.build(name), registry.build(name.replace("_msc", ""))
  *earlier, last = experiment.steps
  assert last.name == "single_scale" and experiment.evaluation.protocol.crf == "deeplab_msc"
  assert [stage.as_dict() for stage in earlier] == [stage.as_dict() for stage in single.steps]
  for key in ("network", "method", "training"):
    assert getattr(last, key).as_dict() == getattr(single, key).as_dict(), key
  assert [part.as_dict() for part in last.parts] == [
      part.as_dict() for part in single.data.parts] and last.head == single.data.head
  assert experiment.network.get().multi_scale_features
  assert not any(stage.network.get().multi_scale_features for stage in experiment.steps)


@pytest.mark.parametrize("variable, rate", [
    ("fc8/kernel:0", 10.0), ("fc8/bias:0", 20.0), ("msc_pool1_1/kernel:0", 10.0),
    ("msc_image_2/bias:0", 20.0), ("fc7/kernel:0", 0.0), ("conv1_1/bias:0", 0.0)])
def test_only_the_branches_and_the_classifier_learn(variable, rate):
  pattern = networks.network_record("largefov_vgg16").head_pattern
  rules = registry.build("cross_joint_msc_voc12_test").training.multipliers
  chosen = next(rule for rule in rules if re.search(
      re.sub("^head", lambda _: pattern, rule.pattern), variable))
  assert chosen.learning_rate == rate


@pytest.mark.parametrize("name", ROWS)
def test_weights_of_the_parts(name):
  """Masks weigh 1; where masks and tags complete each other, .7 and .3."""
  row, experiment = ROWS[name], registry.build(name)
  found = [part.weight for part in experiment.data.parts]
  wanted = [1.0] * len(found)
  if row.coco_tags:
    wanted[-2:] = [0.7, 0.3]
    assert experiment.method.get().as_dict() == {
        "background_bias": 3.0, "foreground_bias": 5.0, "censor_absent": False}
  assert found == wanted
  assert experiment.method.type == ("em_fixed" if row.coco_tags else "supervised")


def test_the_5000_masks_are_the_same_in_both_rows():
  first, second = ([part for part in registry.build(name).data.parts if part.count]
                   for name in ("cross_joint_5000_voc12", "cross_joint_semi_5000_voc12"))
  for key in ("source", "split", "count", "subset_seed"):
    assert getattr(first[0], key) == getattr(second[0], key)


@pytest.mark.parametrize("name", ROWS)
def test_a_row_shrinks_to_a_smoke_test(name):
  given = ["training.steps=3,data.augmentation.crop=[65, 65]"]
  given += [f"data.parts.{i}.batch_size=1" for i in range(len(registry.build(name).data.parts))]
  given += [f"steps.{i}.training.steps=2" for i in range(len(registry.build(name).steps))]
  experiment = overrides.validate(overrides.resolve(name, overrides=given))
  assert experiment.training.steps == 3
  for stage in experiment.steps:
    assert stage.training.steps == 2 and stage.parts[0].batch_size > 1
    assert stage.training.optimization.learning_rate.get().boundaries[0] <= 2


@pytest.mark.parametrize("change", [
    "data.head=cocoa", "data.aggregation=max", "data.parts.1.source=coc", "network.continues=coco"])
def test_wrong_settings_are_refused_before_anything_is_read(change):
  with pytest.raises(ValueError, match="Expected: "):
    overrides.validate(overrides.resolve("cross_joint_voc12", overrides=change))
