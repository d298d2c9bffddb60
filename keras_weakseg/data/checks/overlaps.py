"""Samples in more than one split: what a model has learned from tells nothing about it."""
from keras_weakseg.data.sources import source as source_lib

_TRAINED, _EVALUATED = ("train",), (source_lib.VALIDATION, "val", "test")


def common(source, one, ids, other, other_ids):
  """Returns the ids of a split whose images are in another split too, in stored order.

  Args:
    source: `source.Source`.
    one: name of a split.
    ids: ids of it.
    other: name of the other split.
    other_ids: ids of it.
  """
  there = set(source.identities(other, other_ids))
  return tuple(name for name, identity in zip(ids, source.identities(one, ids))
               if identity in there)


def check_splits(source, scopes, found):
  """Compares all pairs of splits.

  Args:
    source: `source.Source`.
    scopes: dict of split to its ids.
    found: `findings.Findings`, takes the problems.
  """
  splits = list(scopes)
  for number, one in enumerate(splits):
    for other in splits[number + 1:]:
      names = {one, other}
      apart = names & set(_TRAINED) and names & set(_EVALUATED)
      for name in common(source, one, tuple(scopes[one]), other, tuple(scopes[other])):
        found.add("trained and evaluated" if apart else "several splits", name,
                  f"{one} and {other}")
