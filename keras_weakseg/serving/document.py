"""What an artifact says about itself: one JSON document, the same in the file and the signature."""
import dataclasses
import json

import tensorflow as tf

from keras_weakseg import __version__
from keras_weakseg import errors

FORMAT = 1
FILE = "keras_weakseg.json"

# The name of its task. Documents without one are of segmentation.
TASK = "task"
SEGMENTATION = "segmentation"


def assemble(task, *, record, protocol, metadata, content, left_out=None):
  """Returns the document of an artifact: what all have in common, and `content`.

  It holds no date and no path, so that the same model gives the same bytes.

  Args:
    task: name of the task.
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


def answers(record, default):
  """Returns what the predictor of an artifact answers with.

  Args:
    record: dict or dataclass of the network; `answers` may be missing in older ones.
    default: what is answered with then.

  Example:
    >>> answers({"answers": "probabilities"}, "scores"), answers({}, "scores")
    ('probabilities', 'scores')
  """
  record = dataclasses.asdict(record) if dataclasses.is_dataclass(record) else dict(record)
  return record.get("answers") or default
