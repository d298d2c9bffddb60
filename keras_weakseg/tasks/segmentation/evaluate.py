"""Numbers of a model on labelled samples: one confusion matrix over the set."""
import math

import numpy as np

from keras_weakseg import errors, fields
from keras_weakseg.evaluation import metrics
from keras_weakseg.evaluation import samples as samples_lib
from keras_weakseg.tasks.segmentation.protocol import Protocol


def evaluate(model, samples, protocol=None, progress=True):
  """Returns the metrics of a model on a set of samples.

  Args:
    model: `SegmentationModel`.
    samples: `tf.data.Dataset` of single samples (no batch axis): dicts with `image` uint8
      [H, W, 3], `mask` uint8 [H, W], for models that see it `depth`, and, for messages,
      `sample_id`. Sizes may differ.
    protocol: `Protocol` or its dict; None = the default one.
    progress: show a progress bar on a terminal.

  Returns:
    dict of plain JSON values: `mean_iou`, `pixel_accuracy`, `mean_accuracy` in 0..1; `class_iou`
    {class name: IoU, or None where the class is in neither truth nor prediction}; `confusion`
    (lists of counts, rows = truth); `samples`; `protocol` and `protocol_hash`; `notes`, an empty
    list (where there was nothing to evaluate, a run says here why).

  Raises:
    ValueError: there are no samples, a sample has no mask, a mask does not fit its image or holds
      other labels than 0..C-1 and ignore (all name the sample), or every pixel is ignored.
  """
  protocol = Protocol.from_dict(protocol or {})
  matrix = np.zeros([model.num_classes] * 2, np.int64)
  count = 0
  labelled = samples_lib.needed(
      samples, (fields.IMAGE, fields.MASK) + (fields.DEPTH,) * model.sees_depth,
      "masks and depth" if model.sees_depth else "masks")
  pairs = _pairs(samples_lib.bar(labelled, "evaluate", progress), model, protocol.ignore)
  for found, truth in model.masks(pairs, protocol):
    matrix += metrics.confusion_matrix(truth, found, model.num_classes, protocol.ignore)
    count += 1
  if not count:
    raise samples_lib.nothing_to_evaluate()
  if not matrix.any():
    raise samples_lib.nothing_to_evaluate(
        "pixels with a class", f"{count} masks in which every pixel is {protocol.ignore}",
        "Evaluate a split whose masks may be read.")
  return {**scores(matrix, model.classes, protocol.present_only), "confusion": matrix.tolist(),
          "samples": count, "protocol": protocol.as_dict(), "protocol_hash": protocol.hash(),
          "notes": []}


def scores(matrix, classes, present_only=False):
  """Returns the ratios of a confusion matrix as plain JSON values.

  Args:
    matrix: int [C, C], rows = truth.
    classes: C names.
    present_only: as in `metrics.mean_iou`.

  Returns:
    dict of `mean_iou`, `pixel_accuracy`, `mean_accuracy`, `class_iou`.

  Example:
    >>> scores([[3, 1], [0, 0]], ("background", "cat"))["class_iou"]
    {'background': 0.75, 'cat': 0.0}
  """
  ious = [float(value) for value in metrics.class_iou(matrix)]
  return {
      "mean_iou": metrics.mean_iou(matrix, present_only),
      "pixel_accuracy": metrics.pixel_accuracy(matrix),
      "mean_accuracy": metrics.mean_accuracy(matrix),
      # NaN is no JSON: a reader in another language would refuse the whole file.
      "class_iou": {name: None if math.isnan(iou) else iou for name, iou in zip(classes, ious)},
  }


def _pairs(samples, model, ignore):
  """Yields (what the model sees, mask array) of samples; refuses masks that do not fit, by name."""
  num_classes = model.num_classes
  for count, sample in enumerate(samples):
    name = samples_lib.name_of(sample, count)
    image, truth = sample[fields.IMAGE], sample[fields.MASK].numpy()
    if truth.shape != tuple(image.shape[:2]):
      raise errors.value_error(
          f"The mask of '{name}' has another size than its image.",
          expected=f"{image.shape[0]}x{image.shape[1]} (height x width)",
          received="x".join(str(side) for side in truth.shape),
          fix="Export the mask at the size of the image (nearest neighbour).")
    wrong = np.unique(truth[(truth >= num_classes) & (truth != ignore)])
    if wrong.size:
      raise errors.value_error(
          f"The mask of '{name}' holds labels that are no class of the model.",
          expected=f"0..{num_classes - 1} or {ignore}",
          received=", ".join(str(value) for value in wrong),
          fix="Evaluate on data with the classes of the model, or map these labels to ignore.")
    yield model.seen(sample), truth
