"""A part of every batch: which samples, and what they may teach."""
import collections
import dataclasses
from typing import Any, Optional, Tuple

import numpy as np

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import order


@dataclasses.dataclass(frozen=True)
class Part:
  """A fixed number of samples of every batch with one kind of supervision.

  Attributes:
    source: `source.Source`.
    split: a split of it, or several joined: `train+weak`.
    supervision: flags or text (`"mask"`, `"tags+depth"`, `"none"`): the labels that may be read.
    batch_size: samples of this part in every global batch.
    ids: the ids to use, None = all of the split that have the label.
    count: use only the first `count` of these in the order of a hash; 0 = all. Subsets are nested.
    subset_seed: seed of that hash.
    rest: leave out what earlier parts of the bundle use.
    weight: weight of this part's loss; for the method, no matter of the pipeline.
    name: short name for plans.
  """
  source: Any
  split: str = "train"
  supervision: Any = "mask"
  batch_size: int = 8
  ids: Optional[Tuple[str, ...]] = None
  count: int = 0
  subset_seed: int = 0
  rest: bool = False
  weight: float = 1.0
  name: str = ""

  def __post_init__(self):
    flags = self.supervision
    flags = fields.parse_supervision(flags) if isinstance(flags, str) else fields.Supervision(flags)
    object.__setattr__(self, "supervision", flags)
    if isinstance(self.ids, str):
      object.__setattr__(self, "ids", (self.ids,))
    if self.batch_size < 1 or self.count < 0:
      raise errors.value_error(
          f"The part '{self.label}' has no samples in a batch.",
          expected="batch_size >= 1 and count >= 0",
          received=f"batch_size={self.batch_size}, count={self.count}",
          fix="Correct the sizes of the part, or remove it.")

  @property
  def label(self):
    """The name of the part, or its split and supervision."""
    return self.name or f"{self.source.name}/{self.split}:{self.kinds}"

  @property
  def kinds(self):
    """The supervision as text, such as `mask` or `tags+depth`."""
    named = [flag.name.lower() for flag in fields.Supervision if flag & self.supervision and flag]
    return "+".join(named) or "none"

  def select(self, used=frozenset()):
    """Returns the ids of this part in stored order.

    Args:
      used: ids that earlier parts use; left out if `rest` is set.

    Raises:
      ValueError: nothing is left, or fewer than `count`; an id is listed twice.
    """
    candidates = self.source.ids(self.split) if self.ids is None else tuple(self.ids)
    if self.ids is not None and len(set(candidates)) < len(candidates):
      often = collections.Counter(candidates).most_common(5)
      raise errors.value_error(
          f"The part '{self.label}' lists samples more than once.", expected="every id once",
          received=", ".join(f"'{name}' {count} times" for name, count in often if count > 1),
          fix="Remove the repeated lines of its ids; how much a part counts says its batch_size.")
    if self.rest:
      candidates = tuple(name for name in candidates if name not in used)
    if candidates and self.supervision:
      # At once: a number of NumPy with a member of an enumeration takes microseconds.
      flags = self.source.supervision(self.split, self.supervision, candidates)
      fit = np.asarray(flags) & int(self.supervision) == int(self.supervision)
      candidates = tuple(name for name, fits in zip(candidates, fit) if fits)
    if not candidates or len(candidates) < self.count:
      raise errors.value_error(
          f"The part '{self.label}' has too few samples.",
          expected=f"at least {self.count or 1} samples of '{self.split}' with {self.kinds}",
          received=f"{len(candidates)}",
          fix="Add labels (check-data lists what is missing), widen the split or the manifest, or "
              "lower count. A part that does not say otherwise wants masks; video without labels "
              "is `supervision: none`.")
    return order.choose(candidates, self.count, self.subset_seed) if self.count else candidates

  def fields(self, extra=()):
    """Returns the names of the fields that this part's samples deliver."""
    wanted = {fields.IMAGE, fields.SAMPLE_ID, fields.SUPERVISION}
    for flag, names in ((fields.Supervision.MASK, (fields.MASK, fields.TAGS)),
                        (fields.Supervision.TAGS, (fields.TAGS,)),
                        (fields.Supervision.BOXES, (fields.BOXES, fields.BOX_CLASSES, fields.TAGS)),
                        (fields.Supervision.DEPTH, (fields.DEPTH,))):
      if self.supervision & flag:
        wanted.update(names)
    return wanted | {name for name in extra if fields.may_read(name, self.supervision)}
