"""The small joint experiments: the masks of the single ones, and another data set beside them."""
import numpy as np
import pytest

from keras_weakseg import fields
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.recipes import sources as source_lib
from keras_weakseg.recipes import training_step

PAIRS = {"cross_joint_scenes": "supervised_scenes",
         "cross_joint_50_voc_animals": "supervised_50_voc_animals"}


def without(name, *keys):
  values = registry.build(name).as_dict()
  for key in (*keys, "name", "description"):
    values.pop(key)
  return values


def phase_of(name, data_dir=None, **changes):
  """Returns the phase that an experiment trains, from scratch where weights would be read."""
  config = overrides.resolve(name, overrides={"network.pretrained": "", **changes})
  config.data.data_dir = str(data_dir or "")
  sources = source_lib.make_sources(config.data)
  return training_step.make_steps("train", config, sources)[-1].phase


@pytest.mark.parametrize("joint, alone", PAIRS.items())
def test_a_joint_run_differs_from_the_masks_alone_in_data_only(joint, alone):
  """Photographs: in fewer, larger batches; and most channels of the head are background."""
  single = overrides.resolve(alone, overrides={
      "training.steps": registry.build(joint).training.steps, "network.background_prior": 0.0})
  assert without(joint, "data") == {key: value for key, value in single.as_dict().items()
                                    if key not in ("data", "name", "description")}
  mine, other = (registry.build(name).data for name in (joint, alone))
  assert mine.augmentation.as_dict() == other.augmentation.as_dict()
  assert mine.parts[0].as_dict() == other.parts[0].as_dict()
  assert mine.sources[0].as_dict() == other.sources[0].as_dict()


@pytest.mark.parametrize("joint", PAIRS)
def test_the_predictor_has_the_classes_of_the_masks_alone(joint):
  """The first part decides it, whatever the head has."""
  assert registry.build(joint).data.parts[0].source == ""
  assert registry.build(joint).evaluation.split == registry.build(PAIRS[joint]).evaluation.split


def test_heads_have_the_finer_classes():
  assert registry.build("cross_joint_scenes").data.head == "scenes"
  assert registry.build("cross_joint_50_voc_animals").data.head == "coco"


def test_nothing_of_the_test_split_is_trained_on():
  scenes = registry.build("cross_joint_scenes").data.parts
  animals = registry.build("cross_joint_50_voc_animals").data.parts
  assert {part.split for part in scenes} == {"train"}
  assert [(part.source, part.split) for part in animals] == [("", "train"), ("coco", "train+val")]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 3])
def test_scenes_have_one_label_each_and_the_masks_of_the_run_alone(seed):
  """Every scene is in one part; the seed draws the masks of `supervised_scenes`."""
  changes = {"data.parts.0.subset_seed": seed}
  joint = phase_of("cross_joint_scenes", **changes).bundle
  alone = phase_of("supervised_scenes", **changes).bundle
  fine, coarse = joint.ids
  assert fine == alone.ids[0] and len(fine) == 20
  assert not set(fine) & set(coarse)
  assert sorted(fine + coarse) == sorted(joint.parts[0].source.ids("train"))


@pytest.mark.slow
def test_scenes_teach_two_label_spaces_in_one_batch():
  phase = phase_of("cross_joint_scenes")
  batch = next(iter(phase.bundle.batches().take(1)))
  masks, part = batch[fields.MASK].numpy(), batch[fields.PART].numpy()
  assert np.bincount(part).tolist() == [8, 8]
  assert set(np.unique(masks[part == 1])) <= {0, 1, 2, 3, 255}
  assert phase.head.num_classes == 6 and phase.head.groups is None
  method = phase.build({})
  fine, coarse = method.readings
  assert (fine.num_classes, coarse.num_classes) == (6, 4)
  # person; car, bus; dog, horse: every class of the head once.
  assert sorted(sum(map(list, coarse.aggregate.groups), [])) == list(range(6))
  assert [len(group) for group in coarse.aggregate.groups] == [1, 1, 2, 2]


def test_the_literal_slice_takes_the_first_class_of_a_group():
  config = overrides.validate(overrides.resolve(
      "cross_joint_scenes", overrides="data.aggregation=slice"))
  assert config.data.aggregation == "slice"


def test_photographs_of_two_data_sets_meet_in_a_batch(shared_data):
  phase = phase_of("cross_joint_50_voc_animals", shared_data("voc_animals").parent)
  shared_data("coco128")
  assert [len(ids) for ids in phase.bundle.ids] == [50, 200]
  assert phase.head.num_classes == 81
  assert [len(group) for group in phase.head.groups] == [75, 1, 1, 1, 1, 1, 1]
  assert any("one head of 81 classes" in line for line in phase.lines)
  batch = next(iter(phase.bundle.batches().take(1)))
  masks, part = batch[fields.MASK].numpy(), batch[fields.PART].numpy()
  assert np.bincount(part).tolist() == [8, 8]
  assert set(np.unique(masks[part == 0])) <= {*range(7), 255}
  assert masks[part == 1][masks[part == 1] < 255].max() > 6


def test_both_data_sets_teach_the_same_person(shared_data):
  """Persons of both have one channel of the head."""
  phase = phase_of("cross_joint_50_voc_animals", shared_data("voc_animals").parent)
  shared_data("coco128")
  method = phase.build({})
  voc, coco = method.readings
  index = phase.bundle.parts[0].source.classes.index("person")
  channel = phase.bundle.parts[1].source.classes.index("person")
  assert voc.aggregate.groups[index] == (channel,) and coco.aggregate is None
  assert method.predictor.output_shape[-1] == 7 and method.scorer.output_shape[-1] == 81
