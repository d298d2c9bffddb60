"""What a selection is compared with: chance, and the entropy of a model trained on it so far."""
import numpy as np

from keras_weakseg import errors


def random_order(total, count, seed=0, selected=()):
  """Returns samples chosen by chance, the same ones for every count of a seed.

  As the published subsets: the first of `RandomState(seed).permutation(total)`.

  Args:
    total: number of samples.
    count: how many to choose, besides those in `selected`.
    seed: int.
    selected: indices chosen before; they are not in the result.

  Returns:
    int64 [count].

  Raises:
    ValueError: fewer samples than asked for.

  Example:
    >>> random_order(10, 5, seed=1)[:3].tolist() == random_order(10, 3, seed=1).tolist()
    True
  """
  known = set(int(index) for index in selected)
  order = [index for index in np.random.RandomState(seed).permutation(total) if index not in known]
  return np.array(order[:_checked(count, len(order))], np.int64)


def highest_order(scores, count, selected=()):
  """Returns the samples of the highest score, such as the mean entropy of a model's answer.

  Args:
    scores: float [N].
    count: how many to choose, besides those in `selected`.
    selected: indices chosen before; they are not in the result.

  Returns:
    int64 [count], by falling score; the smallest index wins ties.

  Raises:
    ValueError: fewer samples than asked for, or scores that are no numbers.

  Example:
    >>> highest_order([0.1, 0.9, 0.5], 2, selected=[1]).tolist()
    [2, 0]
  """
  scores = np.asarray(scores, np.float64)
  if scores.ndim != 1 or not np.isfinite(scores).all():
    raise errors.value_error(
        "The scores have no order.", expected="one finite number per sample",
        received=f"shape {scores.shape}, {int((~np.isfinite(scores)).sum())} not finite",
        fix="Score every sample, with a model whose training did not diverge.")
  known = set(int(index) for index in selected)
  order = [index for index in np.argsort(-scores, kind="stable") if index not in known]
  return np.array(order[:_checked(count, len(order))], np.int64)


def _checked(count, there):
  if not 0 <= count <= there:
    raise errors.value_error(
        "There are not as many samples to choose from.", expected=f"count of 0..{there}",
        received=count, fix="Ask for fewer, or add images that have no labels yet.")
  return count
