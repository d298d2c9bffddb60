"""The baselines of selection: chance, and the highest score."""
import numpy as np
import pytest

from keras_weakseg.selection import baselines


def test_chance_is_numpys_and_grows():
  order = baselines.random_order(50, 20, seed=7)
  np.testing.assert_array_equal(order, np.random.RandomState(7).permutation(50)[:20])
  rest = baselines.random_order(50, 15, seed=7, selected=order[:5])
  np.testing.assert_array_equal(rest, order[5:])
  assert baselines.random_order(50, 20, seed=8).tolist() != order.tolist()


def test_the_highest_first_and_ties_by_index():
  order = baselines.highest_order([1.0, 3.0, 2.0, 3.0, 0.0], 3, selected=[2])
  assert order.tolist() == [1, 3, 0]


def test_what_cannot_be_is_refused():
  with pytest.raises(ValueError, match="count of 0..3. Received: 4"):
    baselines.random_order(5, 4, selected=[0, 1])
  with pytest.raises(ValueError, match="1 not finite"):
    baselines.highest_order([0.0, np.nan], 1)
