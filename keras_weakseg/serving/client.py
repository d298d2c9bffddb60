"""Requests to TensorFlow Serving as plain dicts, and the rows of its answers; tasks read those."""
import base64

from keras_weakseg import errors
from keras_weakseg.serving import decoding


def rest_request(*images):
  """Returns the JSON body of `POST /v1/models/<name>:predict` for encoded images.

  Args:
    *images: bytes of JPEG, PNG, BMP or GIF files; their sizes may differ.

  Returns:
    dict for `json.dumps`.

  Example:
    >>> rest_request(b"abc")
    {'instances': [{'b64': 'YWJj'}]}
  """
  return {"instances": [{"b64": base64.b64encode(image).decode("ascii")} for image in images]}


def rows(answer, *names):
  """Returns an answer of a server as one dict for each image.

  Args:
    answer: the decoded JSON of a REST response, in rows or in columns, or what
      `GrpcClient.predict` returned.
    *names: outputs that every row must have.

  Raises:
    ValueError: the server has answered with an error, which is told; or with something else.

  Example:
    >>> rows({"predictions": [{"a": 1}]}, "a") == rows({"outputs": {"a": [1]}}, "a")
    True
  """
  answer = answer if isinstance(answer, dict) else {"predictions": answer}
  if "error" in answer:
    raise errors.value_error(
        "The server has refused the request.", expected="an answer", received=answer["error"],
        fix="See what it says; `keras-weakseg predict` says more of images that cannot be read.")
  found = answer.get("predictions")
  if found is None:
    columns = answer.get("outputs", answer)
    columns = columns if isinstance(columns, dict) else {}
    found = [dict(zip(columns, row)) for row in zip(*columns.values())]
    if not columns:
      found = None
  if not isinstance(found, list) or any(
      not isinstance(row, dict) or any(name not in row for name in names) for row in found):
    raise errors.value_error(
        "This is no answer of an artifact of this kind.",
        expected="for every image " + " and ".join(names), received=str(answer)[:200],
        fix="Ask the signature serving_default of a model for this task.")
  return found


def content(value):
  """Returns the bytes of an output: REST wraps base64 in an object, gRPC answers with bytes."""
  return base64.b64decode(value["b64"]) if isinstance(value, dict) else bytes(value)


def statuses(answer):
  """Returns what an artifact that answers broken images says of each one; "" where all is well.

  Args:
    answer: as of `rows`.

  Example:
    >>> statuses({"predictions": [{"status": "", "mask_png_bytes": {"b64": ""}}]})
    ['']
  """
  return [text(row[decoding.STATUS]) for row in rows(answer, decoding.STATUS)]


def text(value):
  """Returns a string of an answer: gRPC has bytes."""
  return value.decode() if isinstance(value, bytes) else str(value)
