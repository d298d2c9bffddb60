"""Tests of samples as arrays: a broken one is named, whatever the pipeline says."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg import data
from keras_weakseg import fields
from keras_weakseg.data.pipeline import broken

NONE = {"grant": fields.Supervision.NONE, "wanted": ("image", "sample_id")}


@pytest.fixture
def source(mini):
  """Returns a folder whose samples a3 (its form) and a7 (its depth) cannot be read."""
  import cv2
  (mini / "images" / "a3.png").write_bytes(b"\x89PNG nothing")
  cv2.imwrite(str(mini / "images" / "a7.png"), np.zeros([12, 16, 3], np.uint16))
  return data.Folder(mini, held_out=0.0)


def test_samples_are_read_in_order(source):
  read = list(broken.read_samples(source, "train", ("a5", "a1"), **NONE))
  assert [sample["sample_id"].decode() for sample in read] == ["a5", "a1"]
  assert read[0]["image"].shape == (12, 16, 3)


@pytest.mark.parametrize("ids, words", [
    (("a0", "a3", "a4"), "The sample 'a3' cannot be read.\nExpected: whole image and label files. "
                         "Received: Unknown image file format."),
    (("a0", "a7"), "The image of 'a7' has 16 bits per channel.")])
def test_a_broken_sample_is_named(source, ids, words):
  with pytest.raises(ValueError) as info:
    list(broken.read_samples(source, "train", ids, **NONE))
  assert str(info.value).startswith(words) and len(str(info.value).splitlines()) == 3


def test_a_frame_whose_neighbour_is_broken_is_not_called_broken(frames, tmp_path):
  folder_of = frames(tmp_path / "drive")
  clip = data.Video(folder_of, "20 20 7.5 5.5")
  (folder_of / "000000.png").write_bytes(b"\x89PNG nothing")
  wanted = (*NONE["wanted"], "frames")
  with pytest.raises(ValueError, match="^A neighbour of the frame 'drive/000001' cannot be read"):
    list(broken.read_samples(clip, "train", clip.ids("train"), **{**NONE, "wanted": wanted}))


def test_every_broken_sample_is_found(source):
  assert [name for name, _ in broken.broken(source, "train", source.ids("train"), **NONE)] == [
      "a3", "a7"]


def test_an_error_that_is_of_no_sample_stays_unexplained(source):
  error = tf.errors.ResourceExhaustedError(None, None, "too large")
  assert broken.explained(source, "train", ("a0", "a1"), error, **NONE) is None
  with pytest.raises(tf.errors.ResourceExhaustedError):
    raise broken.explained(source, "train", ("a0",), error, **NONE) or error
