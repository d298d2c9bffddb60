"""Answers of TensorFlow Serving's REST interface to `serving.rest_request`: tags."""
from keras_weakseg.tasks.tags import module as modules


def rest_tags(answer):
  """Returns the tags of a decoded JSON answer of a model of tags.

  Args:
    answer: dict, the JSON of the response to `rest_request`.

  Returns:
    list of (list of class names, the surest first; list of C probabilities).

  Example:
    >>> rest_tags({"predictions": [{"tag_names": ["cat", ""], "probabilities": [0, .9]}]})
    [(['cat'], [0, 0.9])]
  """
  return [([name for name in row[modules.TAG_NAMES] if name], list(row[modules.PROBABILITIES]))
          for row in answer["predictions"]]
