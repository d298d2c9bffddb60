"""Channels that are joined or fixed stay so, in whatever order that is said."""
import numpy as np

from keras_weakseg.networks.surgery import identities


def test_joined_channels_have_one_root():
  ids = identities.Identities()
  one, other, third = ids.new(3), ids.new(3), ids.new(2)
  ids.join(one, other)
  ids.join(other[:2], third)
  roots = [ids.roots(array).tolist() for array in (one, other, third)]
  assert roots[0] == roots[1] and roots[2] == roots[0][:2] and len(set(roots[0])) == 3


def test_what_is_fixed_stays_fixed_through_joins():
  ids = identities.Identities()
  low, high, late = ids.new(2), ids.new(2, fixed=True), ids.new(2)
  ids.join(low, high)
  ids.join(late, low)
  assert all(ids.is_fixed(root) for root in ids.roots(late).tolist())
  free, more = ids.new(2), ids.new(2)
  ids.fix(free[:1])
  ids.join(more, free)
  assert [ids.is_fixed(root) for root in ids.roots(more).tolist()] == [True, False]


def test_roots_do_not_depend_on_the_order_of_joins():
  random = np.random.RandomState(0)
  pairs = random.randint(0, 20, (12, 2))
  found = []
  for order in (range(12), reversed(range(12))):
    ids = identities.Identities()
    ids.new(20)
    for index in order:
      ids.join(pairs[index, :1], pairs[index, 1:])
    found.append(ids.roots(np.arange(20)).tolist())
  assert found[0] == found[1]
