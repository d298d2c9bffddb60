"""Object or background: pixel by pixel in NumPy, and what the published E-step loses."""
import numpy as np
import pytest

from keras_weakseg.ops import box_objects
from keras_weakseg.ops import em


def boxed_scores(seed=4):
  """Returns scores [2,6,7,5], a label map with unknown pixels, and which classes cover a pixel."""
  random = np.random.RandomState(seed)
  labels = random.choice([0, 1, 2, 3, 4, 255], (2, 6, 7)).astype(np.int32)
  covered = random.rand(2, 6, 7, 5) < 0.3
  covered[..., 0] = False
  return random.normal(0, 3, (2, 6, 7, 5)).astype(np.float32), labels, covered


@pytest.mark.parametrize("with_coverage", [False, True])
def test_object_or_background_is_decided_by_all_objects_together(with_coverage):
  scores, labels, covered = boxed_scores()
  found = box_objects.bbox_object_labels(scores, labels, 1.0, 2.0,
                                covered=covered if with_coverage else None).numpy()
  for place in np.ndindex(labels.shape):
    values, label = scores[place].astype(np.float64), labels[place]
    if label in (0, 255):
      assert found[place] == label
      continue
    if with_coverage and covered[place].any():
      label = max(np.flatnonzero(covered[place]), key=lambda one: values[one])
    is_object = np.log(np.exp(values[1:]).sum()) + 2.0 > values[0] + 1.0
    assert found[place] == (label if is_object else 0)


def test_a_class_that_is_mistaken_for_another_keeps_its_box():
  """What the published E-step loses: the cat's score beats the background, the dog's does not."""
  scores, labels = np.zeros([1, 4, 4, 3], np.float32), np.full([1, 4, 4], 2, np.int32)
  scores[..., 0], scores[..., 1] = 2.0, 4.0
  published = em.latent_labels(em.bbox_em_fixed_scores(scores, labels, 5.0, 6.0))
  decided = box_objects.bbox_object_labels(scores, labels, 5.0, 6.0)
  assert (published.numpy() == 0).all() and (decided.numpy() == 2).all()


def test_bias_decides_how_much_of_a_box_is_object():
  scores, labels, _ = boxed_scores()
  shares = [np.mean(box_objects.bbox_object_labels(scores, labels, 5.0, bias).numpy()[
      (labels > 0) & (labels < 255)] > 0) for bias in (-20.0, 4.0, 6.0, 40.0)]
  assert shares == sorted(shares) and shares[0] == 0 and shares[-1] == 1
