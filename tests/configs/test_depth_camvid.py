"""What depth of KITTI is worth on CamVid: four rows that differ in nothing else."""
import pathlib

import pytest

from keras_weakseg.configs import depth_camvid
from keras_weakseg.configs import depth_kitti
from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.recipes import planning

COUNTS = (50, 100)
KEYS = ("imagenet", "depth_transfer", "depth_encoder", "joint_depth")


def rows(count):
  return [registry.build(f"{key}_{count}_camvid") for key in KEYS]


def test_there_is_a_row_for_every_count():
  assert {f"{key}_{count}_camvid" for key in KEYS for count in COUNTS} <= set(
      registry.experiments())


@pytest.mark.parametrize("count", COUNTS)
def test_rows_differ_in_weights_and_in_depth_alone(count):
  base, transfer, encoder, joint = rows(count)
  for other in (transfer, encoder, joint):
    assert other.data.parts[0].as_dict() == base.data.parts[0].as_dict()
    for key in ("training", "evaluation", "steps"):
      assert getattr(other, key) == getattr(base, key) or getattr(
          other, key).as_dict() == getattr(base, key).as_dict(), key
    assert other.data.augmentation.as_dict() == base.data.augmentation.as_dict()
  assert transfer.network.get().as_dict() == base.network.get().as_dict()
  assert {**transfer.network.as_dict(), "starts": "encoder"} == encoder.network.as_dict()
  assert (base.data.parts[0].count, base.data.parts[0].supervision) == (count, "mask")
  assert base.network.pretrained == depth_kitti.MOBILENET
  assert transfer.network.pretrained == joint.network.pretrained == (
      "depth_kitti_clips/train/depth.npz")


@pytest.mark.parametrize("count", COUNTS)
def test_fewer_masks_are_a_subset_and_seeds_draw_their_own(count):
  assert {row.data.parts[0].subset_seed for row in rows(count)} == {
      row.data.parts[0].subset_seed for row in rows(COUNTS[0])}


@pytest.mark.parametrize("count", COUNTS)
def test_the_teacher_speaks_on_all_images_and_its_network_is_the_one_that_starts(count):
  joint = rows(count)[3]
  assert joint.method.get().depth_from == "teacher"
  assert joint.data.sources[0].disparity == depth_camvid.DISPARITY
  images = joint.data.parts[1]
  assert (images.supervision, images.count) == ("none", 0) and images.batch_size > 0
  assert all(not row.data.sources[0].disparity for row in rows(count)[:3])


@pytest.mark.parametrize("key", KEYS)
def test_the_layers_have_the_shapes_of_the_depth_network(key):
  depth = registry.build("depth_kitti_clips").network.get().as_dict()
  network = registry.build(f"{key}_50_camvid").network.get().as_dict()
  for name in set(depth) & set(network):
    assert network[name] == depth[name], name
  # Finer levels would start anew between what was learned and the classifier.
  assert network["score_level"] == min(depth["disparity_scales"])


def test_classes_have_the_same_head_in_all_rows():
  for name in ("score_level", "head_channels"):
    values = {row.network.get().as_dict()[name] for count in COUNTS for row in rows(count)}
    assert len(values) == 1 and min(values) > 0, (name, values)


def test_numbers_are_those_of_test_at_the_size_of_the_training():
  for row in rows(50):
    assert row.evaluation.split == "test" and row.data.parts[0].split == "train"
    assert row.evaluation.checkpoint == "last"
    assert tuple(row.evaluation.protocol.size) == tuple(row.data.augmentation.resize)
    assert all(side % 32 == 0 for side in row.data.augmentation.crop)


def test_the_encoder_learns_more_slowly_than_what_is_new_and_classifiers_faster():
  for row in rows(50):
    slow, fast = row.training.multipliers
    assert slow.pattern == "encoder" and slow.learning_rate == 0.1
    assert fast.pattern == "classifier" and fast.learning_rate > 1


def test_the_baseline_is_planned_on_the_real_tree(shared_data):
  experiment = overrides.resolve("imagenet_50_camvid")
  experiment.data.data_dir = str(pathlib.Path(shared_data("camvid")).parent)
  plan = planning.make_plan(experiment)
  assert plan.source.name == "camvid" and len(plan.phases[0].bundle.ids[0]) == 50
