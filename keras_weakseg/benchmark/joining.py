"""One suite of several: their rows once each, their figures side by side, all their orderings."""
import dataclasses

from keras_weakseg import errors


def joined(suite, included, seeds=None):
  """Returns a suite with the rows, figures and orderings of others before its own.

  A row that several of them have is done once, and stands in the table if it does in one of them;
  its title is that of the first.

  Args:
    suite: `Suite`, what it says itself; it may have no rows and no figures.
    included: list of `Suite`.
    seeds: of all; None = those that all the included ones have.

  Raises:
    ValueError: rows or figures of one name differ, or the seeds of the suites do.
  """
  everything = [*included, suite]
  for other in included:
    if seeds is None and other.seeds != included[0].seeds:
      raise errors.value_error(
          f"The suites that '{suite.name}' includes have different seeds.",
          expected=f"those of '{included[0].name}', {list(included[0].seeds)}",
          received=f"{list(other.seeds)} in '{other.name}'", fix="State `seeds` of all of them.")
  orderings = [dataclasses.replace(ordering, figure=ordering.figure or each.figures[0].name)
               for each in everything if each.figures for ordering in each.orderings]
  return dataclasses.replace(
      suite, seeds=tuple(included[0].seeds if seeds is None else seeds),
      rows=_union(suite, everything, "rows", "key", _same_row),
      figures=_union(suite, everything, "figures", "name", _same_figure),
      orderings=tuple(dict.fromkeys(orderings)))


def _union(suite, everything, name, key, same):
  found = {}
  for each in everything:
    for entry in getattr(each, name):
      known = getattr(entry, key)
      if known in found:
        merged = same(found[known][0], entry)
        if merged is None:
          raise errors.value_error(
              f"Two suites that '{suite.name}' joins have different {name} called '{known}'.",
              expected=f"what '{found[known][1]}' says of it", received=f"another one in "
              f"'{each.name}'", fix="Rename one of them.")
        entry = merged
      found[known] = (entry, found[known][1] if known in found else each.name)
  return tuple(entry for entry, _ in found.values())


def _same_row(first, second):
  """Returns the row that stands for both, None if they are not the same."""
  merged = dataclasses.replace(first, shown=first.shown or second.shown)
  return merged if merged == dataclasses.replace(
      second, title=first.title, shown=merged.shown) else None


def _same_figure(first, second):
  return first if first == second else None
