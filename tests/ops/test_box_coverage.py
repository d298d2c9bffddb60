"""Which classes have a box over which pixel: against painting box by box."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import box_coverage
from keras_weakseg.ops import boxes as box_ops

SIZE, CLASSES = (33, 41), 5


def drawn(seed):
  """Returns boxes [4,4] of which the last is padding, and classes [4]."""
  random = np.random.RandomState(seed)
  corners = np.sort(random.uniform(0, 1, (4, 2, 2)), 1).astype(np.float32)
  boxes = np.concatenate([corners[:, 0], corners[:, 1]], 1)
  return boxes, np.array([1, 3, 3, -1], np.int32)


@pytest.mark.parametrize("stride", [1, 8])
def test_coverage_is_that_of_painted_boxes(stride):
  wanted = np.zeros((6, *SIZE, CLASSES), bool)
  samples = [drawn(seed) for seed in range(6)]
  for number, (boxes, classes) in enumerate(samples):
    for box in box_ops.painting_order(boxes, classes, SIZE):
      wanted[(number, *box.window, box.label)] = True
  found = box_coverage.box_coverage(*(np.stack(x) for x in zip(*samples)), SIZE, CLASSES, stride)
  np.testing.assert_array_equal(found, wanted[:, ::stride, ::stride])


def test_the_smallest_box_is_one_of_those_that_cover():
  for seed in range(20):
    boxes, classes = drawn(seed)
    labels = box_ops.rasterize_boxes(boxes, classes, SIZE)
    covered = box_coverage.box_coverage(boxes[None], classes[None], SIZE, CLASSES)[0].numpy()
    rows, columns = np.nonzero(labels)
    assert covered[rows, columns, labels[rows, columns]].all()
    np.testing.assert_array_equal(covered.any(-1), labels > 0)


def test_no_boxes_cover_nothing_and_sizes_may_be_tensors():
  function = tf.function(lambda boxes, classes, size: box_coverage.box_coverage(
      boxes, classes, (size[0], size[1]), CLASSES, 8))
  found = function(np.zeros([2, 0, 4], np.float32), np.zeros([2, 0], np.int32),
                   tf.constant(SIZE))
  assert found.shape == (2, 5, 6, CLASSES) and not found.numpy().any()
