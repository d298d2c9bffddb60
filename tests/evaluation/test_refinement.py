"""Tests of the place between probabilities and masks."""
import types

import numpy as np
import pytest

from keras_weakseg.evaluation import refinement
from keras_weakseg.ops import crf
from keras_weakseg.ops import crf_parameters
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation.protocol import Protocol


def soft(seed=0):
  probabilities = np.random.default_rng(seed).dirichlet([1, 1, 1], [14, 18]).astype(np.float32)
  image = np.random.default_rng(seed).integers(0, 256, [14, 18, 3]).astype(np.uint8)
  return probabilities, image


def test_without_a_crf_there_is_nothing_to_do():
  assert refinement.refiner(Protocol(flip=True)) is None


@pytest.mark.parametrize("name", crf_parameters.NAMED)
def test_named_sets_are_the_dense_crf_with_their_numbers(name):
  probabilities, image = soft()
  found = refinement.refiner(Protocol(crf=name))(probabilities, image)
  parameters = crf_parameters.NAMED[name].as_dict()
  np.testing.assert_array_equal(
      found, crf.dense_crf(-np.log(probabilities), image, **parameters))


def test_numbers_written_out_are_used():
  probabilities, image = soft()
  tuned = refinement.refiner(Protocol(crf="bilateral_xy=9,iterations=3"))(probabilities, image)
  wanted = crf.dense_crf(-np.log(probabilities), image, bilateral_xy=9, iterations=3)
  np.testing.assert_array_equal(tuned, wanted)


def test_scores_and_probabilities_of_a_network_are_one_unary():
  """DeepLab's unary is minus the scores: the same energies up to a constant at every pixel."""
  image = soft()[1]
  scores = np.random.default_rng(1).normal(size=[14, 18, 3]).astype(np.float32) * 3
  probabilities = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
  np.testing.assert_allclose(
      refinement.refiner(Protocol(crf="deeplab_largefov"))(probabilities, image),
      crf.dense_crf(-scores, image), atol=1e-4)


def test_certainty_of_a_network_is_no_infinite_energy():
  probabilities, image = soft()
  probabilities[:] = [0, 1, 0]
  found = refinement.refiner(Protocol(crf="deeplab_largefov"))(probabilities, image)
  assert np.isfinite(found).all() and (found.argmax(-1) == 1).all()


def test_a_refiner_changes_probabilities_and_masks(monkeypatch):
  seen = []

  def rolled(probabilities, image):
    seen.append((probabilities.shape, image.dtype))
    return np.roll(probabilities, 1, -1)

  monkeypatch.setattr(refinement, "REFINERS", types.MappingProxyType({"deeplab_msc": rolled}))
  protocol = Protocol(crf="deeplab_msc")
  model = models.SegmentationModel(lambda images: images, "abc", [(0, 0, 0)] * 3)
  no_ties = np.broadcast_to(np.uint8([7, 9, 12]), (2, 9, 10, 3))
  image = np.random.default_rng(0).permuted(no_ties, axis=-1)
  np.testing.assert_array_equal(model.mask(image, protocol), (model.mask(image) + 1) % 3)
  np.testing.assert_array_equal(model.probabilities(image, protocol),
                                np.roll(model.probabilities(image), 1, -1))
  assert seen[0] == ((9, 10, 3), np.uint8)


def test_unrefined_keeps_everything_else():
  protocol = Protocol(scales=(0.5, 1.0), window=(96, 96), crf="deeplab_v2", present_only=True)
  assert refinement.unrefined(protocol) == Protocol(scales=(0.5, 1.0), window=(96, 96),
                                                    present_only=True)
