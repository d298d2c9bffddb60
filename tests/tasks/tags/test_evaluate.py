"""Figures of tags on a set: the background does not count, absent classes have no value."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.tasks.tags import evaluate as evaluation
from keras_weakseg.tasks.tags.model import TagModel
from keras_weakseg.tasks.tags.protocol import TagProtocol

CLASSES = ("background", "red", "green", "blue")


def model(**options):
  """Says a class where its colour is bright."""
  return TagModel(lambda x: tf.pad(tf.reduce_mean(x, [1, 2]) / 10 - 10, [[0, 0], [1, 0]]), CLASSES,
                  **options)


def samples(colours, tags):
  data = {"image": [np.full([4, 5, 3], colour, np.uint8) for colour in colours],
          "tags": [np.float32(row) for row in tags],
          "sample_id": [f"s{index}" for index in range(len(tags))]}
  return tf.data.Dataset.from_tensor_slices(data)


COLOURS = [(250, 0, 0), (0, 250, 0), (250, 250, 0), (0, 0, 0)]


def test_figures_are_those_by_hand():
  found = evaluation.evaluate_tags(model(), samples(
      COLOURS, [[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0]]), progress=False)
  assert found["class_ap"] == {"red": 1.0, "green": pytest.approx(0.5), "blue": None}
  assert found["mean_ap"] == pytest.approx(0.75)
  assert (found["precision"], found["recall"]) == (pytest.approx(3 / 4), 1.0)
  assert found["f1"] == pytest.approx(6 / 7)
  assert found["class_f1"] == {"red": 1.0, "green": pytest.approx(2 / 3), "blue": None}
  assert found["samples"] == 4 and found["protocol_hash"] == TagProtocol().hash()


def test_the_threshold_moves_precision_and_not_the_ranking():
  data = samples([(110, 0, 0), (90, 0, 0)], [[1, 1, 0, 0], [1, 1, 0, 0]])
  low, high = (evaluation.evaluate_tags(model(), data, {"threshold": t}, progress=False)
               for t in (0.1, 0.6))
  assert low["mean_ap"] == high["mean_ap"] and (low["recall"], high["recall"]) == (1.0, 0.5)
  assert low["protocol_hash"] != high["protocol_hash"]


@pytest.mark.parametrize("tags, words", [
    ([1, 0, 0], "tags of 's0' are not of the classes"), ([1, .5, 0, 0], "'s0' are neither"),
    ([1, 0, 0, 0], "nothing but background")])
def test_what_cannot_be_evaluated_is_refused(tags, words):
  with pytest.raises(ValueError, match=words):
    evaluation.evaluate_tags(model(), samples(COLOURS[:1], [tags]), progress=False)


@pytest.mark.parametrize("values", [{"threshold": 0}, {"scales": ()}, {"size": (3,)}])
def test_protocols_are_checked(values):
  with pytest.raises(ValueError, match="cannot be used"):
    TagProtocol.from_dict(values)
