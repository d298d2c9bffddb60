"""Records of networks: what stored ones mean, and what each role answers with."""
import dataclasses

import pytest

from keras_weakseg.networks import record
from keras_weakseg.networks import registry


def test_a_stored_record_means_what_it_meant():
  """`record.json` of earlier runs has six fields, in this order."""
  fields = [field.name for field in dataclasses.fields(record.NetworkRecord)]
  assert fields == ["name", "preprocessing", "stride", "mean_rgb", "head_pattern", "multiple",
                    "role", "levels", "answers"]
  stored = {"name": "light_tiny", "preprocessing": "tf", "stride": 8,
            "mean_rgb": (127.5, 127.5, 127.5), "head_pattern": "(^|/)head_", "multiple": 16}
  assert record.NetworkRecord(**stored) == registry.network_record("light_tiny")
  assert record.NetworkRecord(*stored.values()) == registry.network_record("light_tiny")


@pytest.mark.parametrize("role, answer", [
    ("segmentation", "scores"), ("multitask", "scores"), ("depth", "disparity"),
    ("tags", "tag_scores"), ("pose", ""), ("critic", "")])
def test_a_record_that_says_nothing_answers_as_its_role_does(role, answer):
  made = record.NetworkRecord("mine", "tf", 1, (0, 0, 0), "", 1, role)
  assert made.answers == answer
  assert dataclasses.replace(made, answers="log_depth").answers == "log_depth"


def test_sizes_follow_the_grids_of_the_role():
  corner = record.NetworkRecord("mine", "tf", 8, (0, 0, 0), "", 8)
  nested = record.NetworkRecord("mine", "tf", 1, (0, 0, 0), "", 32, "depth")
  assert [corner.aligned_side(side) for side in (8, 9, 10)] == [9, 9, 17]
  assert [nested.aligned_side(side) for side in (1, 32, 33)] == [32, 32, 64]
  corner.check_size(9, 17)
  nested.check_size(32, 64)
  for made in (corner, nested):
    with pytest.raises(ValueError, match="cannot be trained on images of this size"):
      made.check_size(16, 17)
