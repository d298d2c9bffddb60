"""What an artifact says about itself: one JSON document, the same in the file and the signature."""
import dataclasses
import json

import tensorflow as tf

from keras_weakseg import __version__
from keras_weakseg import errors
from keras_weakseg import fields

FORMAT = 1
FILE = "keras_weakseg.json"

# What an artifact predicts. Documents without a task are of segmentation.
TASK = "task"
SEGMENTATION = "segmentation"
DEPTH = "depth"


def build(*, classes, palette, record, protocol, metadata, left_out=None):
  """Returns the document of an artifact that predicts classes.

  Args:
    classes: names of the C classes, index 0 = background.
    palette: C colours (R, G, B), 0..255.
    record: dict or dataclass of the network with `mean_rgb`, `multiple`, `preprocessing`, ...
    protocol: `evaluation.Protocol` of the signatures.
    metadata: dict of anything JSON can hold, kept as `metadata`.
    left_out: dict of what the evaluator's protocol has and the signatures have not.

  Returns:
    dict of `assemble` with `classes`, `palette` and `ignore`.

  Raises:
    ValueError: no or too many classes, equal names, a palette of another length or range, or as
      `assemble`.
  """
  classes = [str(name) for name in classes]
  return assemble(SEGMENTATION, record=record, protocol=protocol, metadata=metadata,
                  left_out=left_out, content={
                      "classes": _checked_classes(classes),
                      "palette": _checked_palette(palette, classes),
                      "ignore": int(protocol.ignore)})


def assemble(task, *, record, protocol, metadata, content, left_out=None):
  """Returns the document of an artifact: what all have in common, and `content`.

  It holds no date and no path, so that the same model gives the same bytes.

  Args:
    task: `SEGMENTATION` or `DEPTH`.
    record: dict or dataclass of the network with `mean_rgb`, `multiple`, `preprocessing`, ...
    protocol: of the signatures, with `as_dict` and `hash`.
    metadata: dict of anything JSON can hold, kept as `metadata`.
    content: dict of what this task adds.
    left_out: dict of what the evaluator's protocol has and the signatures have not.

  Returns:
    dict with `format`, `library`, `library_version`, `tensorflow_version`, `task`, `mean_rgb`,
    `multiple`, `preprocessing`, `network`, `protocol`, `protocol_hash`, `left_out`, `metadata`.

  Raises:
    ValueError: a record without `mean_rgb` or `multiple`, or metadata that JSON cannot hold.
  """
  record = dataclasses.asdict(record) if dataclasses.is_dataclass(record) else dict(record)
  for key in ("mean_rgb", "multiple"):
    if key not in record:
      raise errors.value_error(
          f"The network's record has no '{key}'.", expected="mean_rgb and multiple",
          received=sorted(record), fix="Pass the network_record of the network's registry.")
  document = {
      "format": FORMAT,
      "library": "keras_weakseg",
      "library_version": __version__,
      "tensorflow_version": tf.__version__,
      TASK: task,
      "mean_rgb": [float(value) for value in record["mean_rgb"]],
      "multiple": int(record["multiple"]),
      "preprocessing": record.get("preprocessing", ""),
      "network": record,
      "protocol": protocol.as_dict(),
      "protocol_hash": protocol.hash(),
      "left_out": dict(left_out or {}),
      "metadata": dict(metadata),
      **content,
  }
  try:
    # Through JSON and back, so that tuples are lists here as they will be after loading. NaN and
    # infinity, which strict readers refuse, become null.
    return json.loads(json.dumps(document, sort_keys=True), parse_constant=lambda _: None)
  except (TypeError, ValueError) as error:
    raise errors.value_error(
        "The metadata of the artifact cannot be written as JSON.",
        expected="dicts, lists, strings, numbers", received=error,
        fix="Convert arrays with .tolist() and other objects with str().") from error


def _checked_classes(classes):
  if not 1 < len(classes) <= fields.IGNORE_LABEL or len(set(classes)) != len(classes):
    raise errors.value_error(
        "The class names of the artifact cannot be used.",
        expected=f"2..{fields.IGNORE_LABEL} different names, index 0 = background",
        received=f"{len(classes)} names, {len(set(classes))} different: {classes}",
        fix="Pass the classes of the source the model was trained on.")
  return classes


def _checked_palette(palette, classes):
  colours = [[int(value) for value in colour] for colour in palette]
  good = all(len(colour) == 3 and 0 <= min(colour) and max(colour) <= 255 for colour in colours)
  if not good or len(colours) != len(classes):
    raise errors.value_error(
        "The palette does not fit the classes.",
        expected=f"{len(classes)} colours (R, G, B) in 0..255",
        received=f"{len(colours)} entries: {colours}",
        fix="Pass the palette of the same source as the classes.")
  return colours
