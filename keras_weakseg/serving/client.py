"""Requests to TensorFlow Serving's REST interface as plain dicts; tasks read the answers."""
import base64


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
