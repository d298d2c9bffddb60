"""Parts of a batch as the experiments compose them."""
import pytest

from keras_weakseg.configs import parts


@pytest.mark.parametrize("batch", [2, 7, 8, 30])
def test_a_semi_bundle_halves_the_batch(batch):
  strong, weak = parts.semi("train", "train_aug", batch)
  assert strong.batch_size + weak.batch_size == batch
  assert 0 <= strong.batch_size - weak.batch_size <= 1


def test_a_semi_bundle_shares_no_sample_and_weighs_as_published():
  strong, weak = parts.semi("train", "train_aug", 30, strong_count=200, weak_count=5000)
  assert (strong.supervision, strong.split, strong.count) == ("mask", "train", 200)
  assert not strong.rest
  assert (weak.supervision, weak.split, weak.count, weak.rest) == ("tags", "train_aug", 5000, True)
  assert (strong.weight, weak.weight) == (0.7, 0.3)


def test_the_weak_part_may_have_boxes():
  tagged, boxed = (parts.semi("train", "train_aug", 30, weak=weak)
                   for weak in (parts.tags, parts.boxes))
  assert boxed[0].as_dict() == tagged[0].as_dict()
  assert boxed[1].as_dict() == {**tagged[1].as_dict(), "supervision": "boxes"}
  assert parts.boxes("train", 4, count=9).as_dict() == {
      **parts.tags("train", 4, count=9).as_dict(), "supervision": "boxes"}


def test_single_parts_have_full_weight():
  assert parts.masks("train", 4, count=50).as_dict() == {
      **parts.masks("train", 4).as_dict(), "count": 50}
  assert parts.tags("train", 4).as_dict() == {
      **parts.masks("train", 4).as_dict(), "supervision": "tags"}
  assert parts.masks("train", 4).weight == 1.0
