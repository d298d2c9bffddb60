"""Errors of a model's depth on samples with true depth: the mean over images."""
import numpy as np

from keras_weakseg import errors, fields
from keras_weakseg.evaluation import depth as metrics
from keras_weakseg.evaluation import samples as samples_lib
from keras_weakseg.tasks.depth import protocol as depth_protocol
from keras_weakseg.tasks.depth.protocol import DepthProtocol

_SHOWN = 5


def evaluate_depth(model, samples, protocol=None, progress=True):
  """Returns the depth errors of a model on a set of samples.

  Args:
    model: `DepthModel`, or anything with `depth(images, protocol)` such as `FixedDepth`; `factor`,
      metres per unit of depth, 0 = unknown, is taken into account where it has one.
    samples: `tf.data.Dataset` of single samples (no batch axis): dicts with `image` uint8
      [H, W, 3], `depth` float32 [H, W] in metres, 0 = no value, and, for messages, `sample_id`.
    protocol: `DepthProtocol` or its dict; None = the default one.
    progress: show a progress bar on a terminal.

  Returns:
    dict of plain JSON values: the means over images of `depth.METRICS`; `ratio`, the median of the
    factors that predictions were multiplied by, and `ratio_spread`, the standard deviation of
    factor / median; `samples`, how many images counted; `protocol` and `protocol_hash`; `notes`,
    such as which images had no value to compare with.

  Raises:
    ValueError: there is nothing to evaluate, depth does not fit its image or is not finite, the
      model's depth is not positive (all name the sample), or the protocol wants metres of a model
      that does not know them.
  """
  protocol = DepthProtocol.from_dict(protocol or {})
  # Scaled here, so that every prediction passes the checks of `depth_metrics` as it is.
  options = {"scale": _factor(model, protocol), "crop": protocol.crop,
             "min_depth": protocol.min_depth, "max_depth": protocol.max_depth,
             "limit_target": protocol.limit_target}
  found, empty = [], []
  labelled = samples_lib.needed(samples, (fields.IMAGE, fields.DEPTH), "true depth")
  for number, sample in enumerate(samples_lib.bar(labelled, "evaluate", progress)):
    name, image = samples_lib.name_of(sample, number), sample[fields.IMAGE].numpy()
    truth = _checked_truth(sample[fields.DEPTH].numpy(), image, name)
    predicted = _checked_prediction(model.depth(image[np.newaxis], protocol)[0], image, name)
    found.append(metrics.depth_metrics(predicted, truth, **options))
    if not found[-1]["pixels"]:
      empty.append(name)
  if not found:
    raise samples_lib.nothing_to_evaluate()
  if len(empty) == len(found):
    raise samples_lib.nothing_to_evaluate(
        "pixels with a true depth", f"{len(found)} samples without a value inside the protocol's "
        "crop and range", "Evaluate a split whose depth may be read (grant 'depth').")
  figures = metrics.mean_metrics(found)
  return {**{name: figures[name] for name in (*metrics.METRICS, "ratio", "ratio_spread")},
          "samples": figures["images"], "protocol": protocol.as_dict(),
          "protocol_hash": protocol.hash(), "notes": _notes(empty)}


def _factor(model, protocol):
  """Returns what `depth_metrics` calls scale, for what the model's `depth` returns."""
  factor = float(getattr(model, "factor", 0.0))
  if protocol.scale == depth_protocol.MEDIAN:
    return depth_protocol.MEDIAN
  if protocol.scale == depth_protocol.METRIC:
    if not factor:
      raise depth_protocol.no_metres()
    return 1.0
  # The number stands for metres per unit of the network's depth, which `depth` may have scaled.
  return float(protocol.scale) / (factor or 1.0)


def _checked_truth(truth, image, name):
  if truth.shape != image.shape[:2]:
    raise errors.value_error(
        f"The depth of '{name}' has another size than its image.",
        expected="x".join(str(side) for side in image.shape[:2]) + " (height x width)",
        received="x".join(str(side) for side in truth.shape),
        fix="Resize the depth to the image by nearest neighbour, or the image to the depth.")
  if not np.isfinite(truth).all() or truth.min(initial=0) < 0:
    raise errors.value_error(
        f"The depth of '{name}' holds values that are no depth.",
        expected="metres > 0, or 0 where there is no value", received=(
            "values that are not finite" if not np.isfinite(truth).all() else truth.min()),
        fix="Write 0 where nothing is known.")
  return truth


def _checked_prediction(predicted, image, name):
  if predicted.shape != image.shape[:2]:
    raise errors.value_error(
        f"The model's depth of '{name}' has another size than the image.",
        expected=image.shape[:2], received=predicted.shape,
        fix="Resize predictions to the image; DepthModel does.")
  if not (np.isfinite(predicted).all() and predicted.min(initial=1) > 0):
    raise errors.value_error(
        f"The model's depth of '{name}' cannot be evaluated.", expected="finite and > 0 everywhere",
        received=f"{np.sum(~(np.isfinite(predicted) & (predicted > 0)))} other pixels",
        fix="Check the weights: a network that diverged gives values that are no numbers.")
  return predicted


def _notes(empty):
  if not empty:
    return []
  more = ", ..." if len(empty) > _SHOWN else ""
  return [f"{len(empty)} samples without a value to compare with: "
          + ", ".join(empty[:_SHOWN]) + more]
