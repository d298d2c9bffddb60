"""Networks that steps leave: found by their step, written for the next."""
import json

import numpy as np
import pytest

from keras_weakseg.derived import base
from keras_weakseg.derived import trained
from keras_weakseg.framework import keras
from keras_weakseg.networks.weights import weights


def small(filters):
  image = keras.Input((None, None, 3))
  return keras.Model(image, keras.layers.Conv2D(filters, 3, padding="same", name="one")(image))


def test_what_is_left_is_what_a_later_step_reads(tmp_path):
  network = small(4)
  trained.leave(tmp_path, "segmenter", network, {"record": {"name": "x"}, "head": {"a": 1}})
  known = json.loads((tmp_path / "networks.json").read_text())["segmenter"]
  again = keras.models.model_from_json(known["architecture"])
  assert known["record"] == {"name": "x"} and known["head"] == {"a": 1}
  weights.carry_over(weights.read_npz(tmp_path / "segmenter.npz"), again)
  np.testing.assert_array_equal(again.get_weights()[0], network.get_weights()[0])


def test_costs_are_counted_before_and_after():
  values, line = trained.costs(small(8), small(4), (10, 20))
  assert values == {"parameters": [224, 112], "flops": [86400, 43200], "size": [10, 20]}
  assert "224 -> 112 (50.0 %)" in line and "10x20 pixels" in line


def test_steps_that_do_not_train_are_refused():
  class Left:
    def networks(self):
      return {"segmenter": {}}

  def models(name):
    raise KeyError(name)

  with pytest.raises(ValueError, match="step 'prune_1' does not train"):
    trained.network_of(base.MakeContext({}, {"prune_1": Left()}, models), "prune_1")
