"""A stand-in for TensorFlow Serving's REST interface: `rest_double.py <version folder>`.

It follows api_rest.md and util/json_tensor.cc of tensorflow/serving where an artifact meets them:
row and columnar requests, base64 for byte strings, `_bytes` outputs as base64, one output as a
bare list, refusal of signatures without inputs. Keras and keras_weakseg cannot be imported here.
"""
import base64
import http.server
import json
import sys

import without_keras

without_keras.hide()  # before TensorFlow, which looks for Keras
import tensorflow as tf


def decoded(value):
  """Returns a JSON value with {"b64": ...} objects decoded, at any depth."""
  if isinstance(value, list):
    return [decoded(entry) for entry in value]
  if isinstance(value, dict):
    if list(value) != ["b64"]:
      raise ValueError("not formatted correctly for base64 data")
    return base64.b64decode(value["b64"], validate=True)
  return value


def encoded(name, value):
  """Returns an output tensor as JSON values."""
  as_bytes = value.dtype == tf.string and name.endswith("_bytes")

  def convert(entry):
    if isinstance(entry, list):
      return [convert(inner) for inner in entry]
    if as_bytes:
      return {"b64": base64.b64encode(entry).decode()}
    return entry.decode() if isinstance(entry, bytes) else entry

  return convert(value.numpy().tolist())


def is_row_object(item):
  return isinstance(item, dict) and list(item) != ["b64"]


def predict(signatures, body):
  """Returns the answer (a dict) to a predict request (a dict)."""
  function = signatures[body.get("signature_name", "serving_default")]
  specs = function.structured_input_signature[1]
  if not specs:
    raise ValueError("Failed to get input map for signature")
  if ("instances" in body) == ("inputs" in body):
    raise ValueError("expecting one of 'inputs' or 'instances'")
  rows = body.get("instances")
  if rows is not None:
    if is_row_object(rows[0]):
      if any(set(row) != set(specs) for row in rows):
        raise ValueError("keys must be equal to the inputs")
      values = {name: [row[name] for row in rows] for name in specs}
    else:
      values = {next(iter(specs)): rows}
  else:
    values = body["inputs"]
    values = values if is_row_object(values) else {next(iter(specs)): values}
  outputs = function(**{name: tf.constant(decoded(values[name]), spec.dtype)
                        for name, spec in specs.items()})
  columns = {name: encoded(name, value) for name, value in outputs.items()}
  if rows is None:
    return {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}
  sizes = {len(column) if isinstance(column, list) else None for column in columns.values()}
  if len(sizes) > 1 or None in sizes:
    raise ValueError("inconsistent batch size")
  if len(columns) == 1:
    return {"predictions": next(iter(columns.values()))}
  return {"predictions": [dict(zip(columns, row)) for row in zip(*columns.values())]}


class Handler(http.server.BaseHTTPRequestHandler):
  """POST /v1/models/<name>:predict."""

  signatures = None

  def do_POST(self):  # pylint: disable=invalid-name
    body = self.rfile.read(int(self.headers["Content-Length"]))
    try:
      if not (self.path.startswith("/v1/models/") and self.path.endswith(":predict")):
        raise ValueError(f"Malformed request: POST {self.path}")
      code, answer = 200, predict(self.signatures, json.loads(body))
    except Exception as error:  # pylint: disable=broad-except
      code, answer = 400, {"error": str(error)}
    data = json.dumps(answer).encode()
    self.send_response(code)
    self.send_header("Content-Type", "application/json")
    self.send_header("Content-Length", str(len(data)))
    self.end_headers()
    self.wfile.write(data)

  def log_message(self, *args):
    pass


def main():
  loaded = tf.saved_model.load(sys.argv[1])
  Handler.signatures = loaded.signatures
  server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
  print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
  server.serve_forever()


if __name__ == "__main__":
  main()
