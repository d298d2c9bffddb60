"""Parts of a batch, and the bundles that experiments are made of."""
from keras_weakseg.configs.sections import schema

# Loss weights of the strong and the weak part: the published configuration of the authors' code.
STRONG_WEIGHT, WEAK_WEIGHT = 0.7, 0.3


def masks(split, batch_size, *, count=0, weight=1.0):
  """Returns the part of samples with a mask.

  Args:
    split: split, or several joined by `+`.
    batch_size: samples in every global batch.
    count: how many samples of the split, 0 = all.
    weight: of the loss.

  Example:
    >>> masks("train", 4, count=50).supervision
    'mask'
  """
  return schema.Part(split=split, supervision="mask", batch_size=batch_size, count=count,
                     weight=weight)


def tags(split, batch_size, *, count=0, weight=1.0, rest=False):
  """Returns the part of samples with image tags; arguments as of `masks`.

  Args:
    rest: only samples that no earlier part uses.

  Example:
    >>> tags("train", 4).supervision
    'tags'
  """
  return schema.Part(split=split, supervision="tags", batch_size=batch_size, count=count,
                     weight=weight, rest=rest)


def boxes(split, batch_size, *, count=0, weight=1.0, rest=False):
  """Returns the part of samples with boxes; arguments as of `tags`.

  Example:
    >>> boxes("train", 4).supervision
    'boxes'
  """
  return schema.Part(split=split, supervision="boxes", batch_size=batch_size, count=count,
                     weight=weight, rest=rest)


def semi(strong_split, weak_split, batch_size, *, strong_count=0, weak_count=0, weak=tags):
  """Returns the bundle of Papandreou et al. 2015: half masks, half weaker labels of other samples.

  Args:
    strong_split, weak_split: splits; a sample of both is strong if it was chosen as such.
    batch_size: global batch, halved between the parts.
    strong_count, weak_count: how many samples of each, 0 = all.
    weak: function that makes the weak part, `tags` or `boxes`.

  Returns:
    Two `schema.Part`s, weighted 0.7 and 0.3.

  Example:
    >>> [part.weight for part in semi("train", "train", 30, strong_count=200)]
    [0.7, 0.3]
  """
  half = batch_size // 2
  return [masks(strong_split, batch_size - half, count=strong_count, weight=STRONG_WEIGHT),
          weak(weak_split, half, count=weak_count, weight=WEAK_WEIGHT, rest=True)]
