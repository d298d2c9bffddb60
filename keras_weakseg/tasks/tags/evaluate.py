"""Numbers of a model of tags on images whose tags are known."""
import math

import numpy as np

from keras_weakseg import errors, fields
from keras_weakseg.evaluation import samples as samples_lib
from keras_weakseg.tasks.tags import metrics
from keras_weakseg.tasks.tags.protocol import TagProtocol


def evaluate_tags(model, samples, protocol=None, progress=True):
  """Returns the figures of a model on a set of samples; the background does not count.

  Args:
    model: `TagModel`.
    samples: `tf.data.Dataset` of single samples (no batch axis): dicts with `image` uint8
      [H, W, 3], `tags` float32 [C] and, for messages, `sample_id`. Sizes may differ.
    protocol: `TagProtocol` or its dict; None = the default one.
    progress: show a progress bar on a terminal.

  Returns:
    dict of plain JSON values: `mean_ap`, the mean over the classes that occur; `class_ap` {class
    name: average precision, None where the class does not occur}; `precision`, `recall`, `f1` of
    all classes together at the threshold, None where they have no value; `mean_f1`, the mean of
    `class_f1` over the classes that occur; `samples`, `protocol`, `protocol_hash`, `notes`.

  Raises:
    ValueError: there is nothing to evaluate, or the tags of a sample do not fit the model (the
      sample is named).
  """
  protocol = TagProtocol.from_dict(protocol or {})
  found, truth = [], []
  labelled = samples_lib.needed(samples, (fields.IMAGE, fields.TAGS), "tags")
  for number, sample in enumerate(samples_lib.bar(labelled, "evaluate", progress)):
    tags = sample[fields.TAGS].numpy()
    _check(tags, model, samples_lib.name_of(sample, number))
    truth.append(tags > 0)
    found.append(model.probabilities(sample[fields.IMAGE][None], protocol)[0])
  if not found:
    raise samples_lib.nothing_to_evaluate()
  found, truth = np.stack(found)[:, 1:], np.stack(truth)[:, 1:]
  if not truth.any():
    raise samples_lib.nothing_to_evaluate(
        "images with a class", f"{len(truth)} images of nothing but background",
        "Evaluate a split whose tags may be read.")
  return {**figures(found, truth, model.classes[1:], protocol.threshold), "samples": len(truth),
          "protocol": protocol.as_dict(), "protocol_hash": protocol.hash(), "notes": []}


def figures(probabilities, truth, classes, threshold):
  """Returns the figures of a set of images as plain JSON values.

  Args:
    probabilities: float [N, K].
    truth: bool [N, K].
    classes: K names.
    threshold: probability from which a class is said.

  Example:
    >>> figures(np.array([[.9], [.2]]), np.array([[True], [False]]), ["cat"], .5)["mean_ap"]
    1.0
  """
  said = probabilities >= threshold
  aps = [metrics.average_precision(*columns) for columns in zip(probabilities.T, truth.T)]
  f1s = [metrics.precision_recall_f1(*columns)[2] for columns in zip(said.T, truth.T)]
  occurs = truth.any(0)
  precision, recall, f1 = metrics.precision_recall_f1(said, truth)
  return {
      "mean_ap": float(np.mean(np.array(aps)[occurs])),
      "precision": _plain(precision), "recall": _plain(recall), "f1": _plain(f1),
      "mean_f1": float(np.mean(np.array(f1s)[occurs])),
      "class_ap": {name: _plain(value) for name, value in zip(classes, aps)},
      "class_f1": {name: _plain(value) for name, value in zip(classes, f1s)},
  }


def _plain(value):
  """Returns a number; None for NaN, which is no JSON."""
  return None if math.isnan(value) else float(value)


def _check(tags, model, name):
  if tags.shape != (model.num_classes,):
    raise errors.value_error(
        f"The tags of '{name}' are not of the classes of the model.",
        expected=f"{model.num_classes} values", received=f"shape {tags.shape}",
        fix="Evaluate on data with the classes of the model.")
  if not np.isin(tags, (0, 1)).all():
    raise errors.value_error(
        f"The tags of '{name}' are neither there nor not.", expected="0 or 1 for every class",
        received=sorted(set(tags.tolist()) - {0.0, 1.0})[:3], fix="Correct the tags.")
