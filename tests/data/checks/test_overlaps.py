"""Images in more than one split."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.data.checks import check
from keras_weakseg.data.checks import overlaps
from keras_weakseg.data.sources import dataset_source
from keras_weakseg.data.sources import folder


def test_common_ids_of_a_folder_are_an_error_of_the_check(mini):
  source = folder.Folder(mini, splits={"train": ["a0", "a1", "a2"], "validation": ["a2", "a3"],
                                       "small": ["a0"]})
  assert overlaps.common(source, "train", ("a0", "a2"), "validation", ("a2", "a3")) == ("a2",)
  report = check.check_data(source)
  assert not report.ok
  what = {problem.severity: problem.what for problem in report.problems}
  assert "1 samples are in a split to train on" in what["error"] and "a2" in what["error"]
  assert "several splits: a0 (train and small)" in what["warning"]
  assert check.check_data(source, ["validation", "small"]).ok


@pytest.mark.parametrize("named", [False, True])
def test_contents_tell_what_numbers_do_not(named):
  images = np.random.RandomState(0).randint(0, 255, (6, 8, 8, 3)).astype(np.uint8)
  content = {"image": images, "mask": np.ones((6, 8, 8), np.uint8)}
  if named:
    content["sample_id"] = [f"n{number}" for number in range(6)]
  data = tf.data.Dataset.from_tensor_slices(content)
  apart = dataset_source.Dataset({"train": data.skip(2), "validation": data.take(2)}, ("b", "a"))
  assert "trained and evaluated" not in str(check.check_data(apart).problems) and check.check_data(
      apart).ok
  both = dataset_source.Dataset({"train": data.skip(2), "validation": data.take(4)}, ("b", "a"))
  what, = [problem.what for problem in check.check_data(both).problems
           if problem.severity == "error"]
  assert "2 samples are in a split to train on" in what
