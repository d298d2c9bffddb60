"""What a method gets: the first network is the main one."""
import dataclasses

import pytest

from keras_weakseg.methods import context as contexts
from keras_weakseg.networks import registry as networks


def test_the_first_network_is_the_main_one():
  first, second = contexts.Built("model", "record"), contexts.Built("other", "record")
  context = contexts.Context({"segmenter": first, "pose": second})
  assert context.main is first and context.part_weights == (1.0,)
  with pytest.raises(dataclasses.FrozenInstanceError):
    context.seed = 3


def test_every_role_that_is_evaluated_has_a_name():
  assert set(contexts.MAIN) <= set(networks.ROLES)
  assert len(set(contexts.MAIN.values())) == len(contexts.MAIN)
