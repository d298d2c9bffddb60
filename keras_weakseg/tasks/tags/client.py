"""Answers of TensorFlow Serving to `serving.rest_request`, or to bytes by gRPC: tags."""
from keras_weakseg.serving import client
from keras_weakseg.tasks.tags import module as modules


def rest_tags(answer):
  """Returns the tags of a decoded answer of a model of tags.

  Args:
    answer: dict, the JSON of the response to `rest_request`, or what `serving.GrpcClient` returned.

  Returns:
    list of (list of class names, the surest first; list of C probabilities).

  Example:
    >>> rest_tags({"predictions": [{"tag_names": ["cat", ""], "probabilities": [0, .9]}]})
    [(['cat'], [0, 0.9])]

  Raises:
    ValueError: the server has answered with an error, or not with tags.
  """
  return [([client.text(name) for name in row[modules.TAG_NAMES] if name],
           list(row[modules.PROBABILITIES]))
          for row in client.rows(answer, modules.TAG_NAMES, modules.PROBABILITIES)]
