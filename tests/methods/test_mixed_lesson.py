"""The lesson's options, and which rows of a batch are labelled and which are mixed."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import mixed_lesson


def rows(mixed="unlabelled", sizes=(2, 4), accumulation=1):
  return mixed_lesson.Rows(contexts.Context(
      {}, ("mask", "none"), (1.0, 1.0), accumulation=accumulation, part_sizes=sizes,
      part_masks=(True, False)), mixed)


def batch(parts):
  return {"part": tf.constant(parts), "place": tf.range(len(parts))}


@pytest.mark.parametrize("jit", [False, True])
def test_rows_are_found_wherever_they_lie_in_their_order(jit):
  found = tf.function(lambda data: (rows().labelled(data)["place"], rows().mixed(data)["place"]),
                      jit_compile=jit)(batch([1, 0, 1, 1, 0, 1]))
  np.testing.assert_array_equal(found[0], [1, 4])
  np.testing.assert_array_equal(found[1], [0, 2, 3, 5])


def test_a_replica_has_its_share():
  found = rows().mixed(batch([1, 0, 1]))
  np.testing.assert_array_equal(found["place"], [0, 2])


def test_all_are_mixed_where_they_shall_or_where_nobody_knows():
  data = batch([0, 1, 0, 1, 1, 1])
  assert len(rows("all").mixed(data)["place"]) == 6
  assert len(rows("all").labelled(data)["place"]) == 2
  for unknown in (rows(sizes=()), rows(accumulation=2), rows(sizes=(0, 6))):
    assert not unknown.known
    assert len(unknown.mixed(data)["place"]) == len(unknown.labelled(data)["place"]) == 6


def test_the_plan_says_what_is_mixed():
  lines = mixed_lesson.MixedLesson.notes({"mixing": "depthmix"}, masks=True)
  assert lines == ["the student learns from a teacher on samples mixed by depthmix"]
  assert "no masks teach" in mixed_lesson.MixedLesson.notes({}, masks=False)[-1]
