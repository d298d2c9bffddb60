"""Tests of the place between probabilities and masks."""
import types

import numpy as np

from keras_weakseg.evaluation import model as models
from keras_weakseg.evaluation import refinement
from keras_weakseg.evaluation.protocol import Protocol


def test_no_crf_is_carried_out_as_it_is():
  protocol = Protocol(flip=True)
  assert refinement.effective(protocol) == (protocol, [])
  assert refinement.refiner(protocol) is None


def test_a_crf_that_does_not_exist_is_dropped_and_said():
  wanted = Protocol(crf="voc", flip=True)
  done, notes = refinement.effective(wanted)
  assert done == Protocol(flip=True)
  assert "'voc'" in notes[0] and wanted.hash() in notes[0]


def test_a_crf_that_exists_changes_probabilities_and_masks(monkeypatch):
  seen = []

  def rolled(probabilities, image):
    seen.append((probabilities.shape, image.dtype))
    return np.roll(probabilities, 1, -1)

  monkeypatch.setattr(refinement, "REFINERS", types.MappingProxyType({"roll": rolled}))
  protocol = Protocol(crf="roll")
  assert refinement.effective(protocol) == (protocol, [])
  model = models.SegmentationModel(lambda images: images, "abc", [(0, 0, 0)] * 3)
  no_ties = np.broadcast_to(np.uint8([7, 9, 12]), (2, 9, 10, 3))
  image = np.random.default_rng(0).permuted(no_ties, axis=-1)
  np.testing.assert_array_equal(model.mask(image, protocol), (model.mask(image) + 1) % 3)
  np.testing.assert_array_equal(model.probabilities(image, protocol),
                                np.roll(model.probabilities(image), 1, -1))
  assert seen[0] == ((9, 10, 3), np.uint8)
