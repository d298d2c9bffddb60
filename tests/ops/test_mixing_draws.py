"""What is drawn for mixing: ranges, parity of boxes, pairs that do not depend on replicas."""
import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.ops import mixing_draws

KEYS = np.random.RandomState(1).randint(0, 2**31 - 1, (200, 2)).astype(np.int32)


@pytest.mark.parametrize("case, sizes", [
    ("boxmask", None), ("boxmask3", None), ("boxmask_square", None), ("boxmask_by_size", "given")])
def test_boxes_golden(golden, case, sizes):
  data = golden("mixing.npz")
  if sizes:
    heights, widths = data[f"{case}__prop_y"], data[f"{case}__prop_x"]
  else:
    area = data[f"{case}__prop"]
    square = case == "boxmask_square"
    heights = np.sqrt(area) if square else np.exp(data[f"{case}__u_aspect"] * np.log(area))
    widths = area / heights
  scale = (1 / heights.shape[1])**0.5
  boxes = mixing_draws.boxes_of((24, 40), heights * scale, widths * scale, data[f"{case}__u_pos"])
  np.testing.assert_array_equal(boxes, data[f"{case}__rectangles"])


def test_boxes_have_their_area_and_lie_inside():
  for options, low, high in (({}, 0.5, 0.5), ({"areas": (0.02, 0.4), "aspects": (0.3, 3.3)},
                                              0.02, 0.4), ({"count": 3}, 0.5, 0.5)):
    boxes = mixing_draws.draw_boxes(KEYS, (200, 300), **options).numpy()
    top, left, bottom, right = np.moveaxis(boxes, -1, 0)
    assert (top >= 0).all() and (left >= 0).all()
    assert (bottom <= 200).all() and (right <= 300).all()
    area = ((bottom - top) * (right - left)).sum(1) / 60000
    assert (area > low - 0.02).all() and (area < high + 0.02).all()
    assert len(np.unique(boxes[:, 0], axis=0)) > 150


def test_a_share_of_the_samples_has_boxes():
  boxes = mixing_draws.draw_boxes(KEYS, (200, 300), share=0.3).numpy()
  empty = ((boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]))[:, 0] == 0
  assert 0.6 < empty.mean() < 0.8


def test_half_of_the_classes_that_are_there(golden):
  data = golden("mixing.npz")
  labels = np.where(data["classmix__label"] == 250, 255, data["classmix__label"])
  seen = set()
  for index in range(20):
    chosen = mixing_draws.draw_classes(KEYS[2 * index:2 * index + 2], labels, 7).numpy()
    for row, present in zip(chosen, data["classmix__present"]):
      present, mine = present[present >= 0], row[row >= 0]
      assert set(mine) <= set(present) and len(mine) == len(present) // 2
    seen.add(tuple(chosen[0]))
  assert len(seen) > 5


@pytest.mark.parametrize("count", [1, 2, 3, 8])
def test_partners_go_in_a_circle(count):
  partners = mixing_draws.draw_partners(KEYS[:count]).numpy()
  visited, place = [], 0
  for _ in range(count):
    visited.append(place)
    place = partners[place]
  assert place == 0 and sorted(visited) == list(range(count))


def test_circles_differ():
  circles = {tuple(mixing_draws.draw_partners(KEYS[4 * i:4 * i + 4]).numpy()) for i in range(50)}
  assert len(circles) == 6  # All (4 - 1)! of them.


def test_replicas_pair_as_one_does():
  keys = KEYS[:8]
  whole = mixing_draws.draw_partners(keys, group=2).numpy()
  halves = [mixing_draws.draw_partners(half, group=2).numpy() for half in (keys[:4], keys[4:])]
  np.testing.assert_array_equal(whole, np.concatenate([halves[0], halves[1] + 4]))
  for jit in (False, True):
    run = tf.function(lambda keys: mixing_draws.draw_partners(keys, group=4), jit_compile=jit)
    np.testing.assert_array_equal(run(keys), mixing_draws.draw_partners(keys, group=4))


def test_groups_must_fill_the_batch():
  with pytest.raises(ValueError, match="a divisor of the 8 samples.*Received: 3"):
    mixing_draws.draw_partners(KEYS[:8], group=3)


def test_blobs_have_their_ranges():
  noise, sigma, share = mixing_draws.draw_blobs(KEYS, (4, 4), (4.0, 16.0), (0.2, 0.8))
  assert noise.shape == (200, 4, 4)
  assert sigma.numpy().min() >= 4 and sigma.numpy().max() <= 16
  assert 7 < np.median(sigma) < 9  # The middle of 4..16 in logarithms.
  assert share.numpy().min() >= 0.2 and share.numpy().max() <= 0.8
