"""A stand-in for TensorFlow Serving's REST interface: `rest_double.py <version folder> <names>`.

It follows api_rest.md and util/json_tensor.cc of tensorflow/serving where an artifact meets them:
row and columnar requests, base64 for byte strings, `_bytes` outputs as base64, one output as a
bare list, refusal of signatures without inputs, status and metadata, 404 and 504 (of the model
`slow`, whose time is over at once). An empty signature name is the default one, and white space in
base64 is skipped, as there. Keras and keras_weakseg cannot be imported here.
"""
import base64
import http.server
import json
import re
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
    return base64.b64decode("".join(value["b64"].split()), validate=True)
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
  name = body.get("signature_name") or "serving_default"
  if name not in signatures:
    raise ValueError(f'Serving signature key "{name}" not found.')
  function = signatures[name]
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


def status(version):
  """Returns the answer to `GET /v1/models/<name>`."""
  return {"model_version_status": [{"version": version, "state": "AVAILABLE", "status": {
      "error_code": "OK", "error_message": ""}}]}


def metadata(name, version, signatures):
  """Returns the answer to `GET /v1/models/<name>/metadata`, as far as it is looked at here."""
  return {"model_spec": {"name": name, "signature_name": "", "version": version},
          "metadata": {"signature_def": {"signature_def": {key: {} for key in signatures}}}}


class Handler(http.server.BaseHTTPRequestHandler):
  """/v1/models/<name>, its metadata and predict; with /versions/<number> too."""

  signatures, names, version = None, (), "1"
  PATH = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+))?(/metadata|:predict)?$")

  def answer(self, method, body):
    """Returns the code and the JSON of an answer."""
    match = self.PATH.match(self.path)
    if not match or (method == "POST") != (match[3] == ":predict"):
      return 400, {"error": f"Malformed request: {method} {self.path}"}
    name, version, _ = match.groups()
    if name not in self.names or version not in (None, self.version):
      chosen = f"Specific({name}, {version})" if version else f"Latest({name})"
      return 404, {"error": f"Servable not found for request: {chosen}"}
    if method == "GET":
      return 200, metadata(name, self.version, self.signatures) if match[3] else status(
          self.version)
    if name == "slow":
      return 504, {"error": "Timed out waiting for notification"}
    try:
      return 200, predict(self.signatures, json.loads(body))
    except Exception as error:  # pylint: disable=broad-except
      return 400, {"error": str(error)}

  def do_POST(self):  # pylint: disable=invalid-name
    self.send("POST", self.rfile.read(int(self.headers["Content-Length"])))

  def do_GET(self):  # pylint: disable=invalid-name
    self.send("GET", b"")

  def send(self, method, body):
    code, answer = self.answer(method, body)
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
  Handler.names = (*sys.argv[2:], "slow")
  server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
  print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
  server.serve_forever()


if __name__ == "__main__":
  main()
