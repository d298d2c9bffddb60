"""Parts of a batch, and the bundles that experiments are made of."""
import functools

from keras_weakseg.configs.sections import schema

# Loss weights of the strong and the weak part: the published configuration of the authors' code.
STRONG_WEIGHT, WEAK_WEIGHT = 0.7, 0.3


def part(supervision, split, batch_size, **options):
  """Returns the part of samples with one kind of label.

  Args:
    supervision: `mask`, `tags` or `boxes`.
    split: split, or several joined by `+`.
    batch_size: samples in every global batch.
    **options: further fields of `schema.Part`, such as `count`, `weight` and `rest`.

  Example:
    >>> masks("train", 4, count=50).supervision, tags("train", 4).count
    ('mask', 0)
  """
  return schema.Part(supervision=supervision, split=split, batch_size=batch_size, **options)


masks, tags, boxes = (functools.partial(part, kind) for kind in ("mask", "tags", "boxes"))


def semi(strong_split, weak_split, batch_size, *, strong_count=0, weak_count=0, weak=tags,
         **options):
  """Returns the bundle of Papandreou et al. 2015: half masks, half weaker labels of other samples.

  Args:
    strong_split, weak_split: splits; a sample of both is strong if it was chosen as such.
    batch_size: global batch, halved between the parts.
    strong_count, weak_count: how many samples of each, 0 = all.
    weak: function that makes the weak part, `tags` or `boxes`.
    **options: further fields of both.

  Returns:
    Two `schema.Part`s, weighted 0.7 and 0.3.

  Example:
    >>> [part.weight for part in semi("train", "train", 30, strong_count=200)]
    [0.7, 0.3]
  """
  half = batch_size // 2
  return [masks(strong_split, batch_size - half, count=strong_count, weight=STRONG_WEIGHT,
                **options),
          weak(weak_split, half, count=weak_count, weight=WEAK_WEIGHT, rest=True, **options)]
