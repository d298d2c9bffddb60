"""How the parts of a bundle read the network's scores: one head may serve several label spaces."""
import dataclasses
from typing import Any, Tuple

import tensorflow as tf

from keras_weakseg import fields


@dataclasses.dataclass(frozen=True)
class Reading:
  """The label space of some parts of a bundle.

  Attributes:
    name: short name for health figures; empty where there is but one.
    parts: indices of the parts that are labelled in this space.
    num_classes: C of it.
    aggregate: layer that turns the scores of the head's classes into those of this space
      (`networks.layers.aggregation.AggregateClasses`), or None where they are the same.
  """
  name: str
  parts: Tuple[int, ...]
  num_classes: int
  aggregate: Any = None

  def scores(self, head_scores):
    """Returns the scores of this space, [N,h,w,C], of those of the head, [N,h,w,K]."""
    return head_scores if self.aggregate is None else self.aggregate(head_scores)

  def own(self, batch):
    """Returns the batch as this space sees it: samples of other spaces may teach nothing.

    Args:
      batch: dict of tensors with `part` and `supervision`.
    """
    mine = tf.reduce_any(batch[fields.PART][:, None] == tf.constant(self.parts), axis=1)
    own = {**batch, fields.SUPERVISION: tf.where(mine, batch[fields.SUPERVISION], 0)}
    for name in (fields.TAGS, fields.NOISY_TAGS):
      if name in batch:
        own[name] = batch[name][:, :self.num_classes]
    return own

  def label(self, figure):
    """Returns the name of a health figure of this space."""
    return f"{figure}_{self.name}" if self.name else figure
