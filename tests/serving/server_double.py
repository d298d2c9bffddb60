"""A stand-in for TensorFlow Serving: `server_double.py <folder of models>`.

It prints two addresses, of REST and of gRPC. The folder has one folder of versions for each model;
as there, the highest version is served unless another one is named. Versions are loaded when they
are asked for.

REST follows api_rest.md and util/json_tensor.cc of tensorflow/serving where an artifact meets them:
row and columnar requests, base64 for byte strings, `_bytes` outputs as base64, one output as a
bare list, refusal of signatures without inputs, status and metadata, 404 and 504 (of the model
`slow`, whose time is over at once). An empty signature name is the default one, and white space in
base64 is skipped, as there. gRPC answers `Predict` of the PredictionService, with its codes. Keras
and keras_weakseg cannot be imported here.
"""
import base64
import concurrent.futures
import http.server
import json
import pathlib
import re
import sys

import without_keras

without_keras.hide()  # before TensorFlow, which looks for Keras
import grpc
import serving_apis
import tensorflow as tf

SERVICE = "tensorflow.serving.PredictionService"


class Models:
  """The models of a folder, loaded when they are asked for."""

  def __init__(self, folder):
    self.folder = pathlib.Path(folder)
    self.loaded = {}

  def find(self, name, version=None):
    """Returns the number of a version and its signatures.

    Raises:
      LookupError: it is not there.
    """
    numbers = [entry.name for entry in self.folder.joinpath(name).glob("*")
               if entry.name.isdigit()]
    if not numbers or version not in (None, *numbers):
      chosen = f"Specific({name}, {version})" if version else f"Latest({name})"
      raise LookupError(f"Servable not found for request: {chosen}")
    path = self.folder / name / (version or max(numbers, key=int))
    if path not in self.loaded:
      self.loaded[path] = tf.saved_model.load(str(path))
    return path.name, self.loaded[path].signatures


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

  models = None
  PATH = re.compile(r"/v1/models/([^/:]+)(?:/versions/(\d+))?(/metadata|:predict)?$")

  def answer(self, method, body):
    """Returns the code and the JSON of an answer."""
    match = self.PATH.match(self.path)
    if not match or (method == "POST") != (match[3] == ":predict"):
      return 400, {"error": f"Malformed request: {method} {self.path}"}
    name, version, kind = match.groups()
    if name == "slow":
      return 504, {"error": "Timed out waiting for notification"}
    try:
      version, signatures = self.models.find(name, version)
    except LookupError as error:
      return 404, {"error": error.args[0]}
    if method == "GET":
      return 200, metadata(name, version, signatures) if kind else status(version)
    try:
      return 200, predict(signatures, json.loads(body))
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


def predict_by_grpc(models, request, context):
  """Returns the `PredictResponse` to a `PredictRequest`; it checks what predict_util.cc does."""
  spec = request.model_spec
  try:
    version, signatures = models.find(
        spec.name, str(spec.version.value) if spec.HasField("version") else None)
  except LookupError as error:
    context.abort(grpc.StatusCode.NOT_FOUND, error.args[0])
  refuse = lambda why: context.abort(grpc.StatusCode.INVALID_ARGUMENT, why)
  name = spec.signature_name or "serving_default"
  if name not in signatures:
    refuse(f'Serving signature key "{name}" not found.')
  specs = signatures[name].structured_input_signature[1]
  if set(request.inputs) != set(specs):
    refuse(f"input size does not match signature: {sorted(request.inputs)} vs {sorted(specs)}")
  for key, proto in request.inputs.items():
    if proto.dtype != specs[key].dtype.as_datatype_enum:
      refuse(f"Expects arg {key} to be {specs[key].dtype.name}")
  unknown = set(request.output_filter) - set(signatures[name].structured_outputs)
  if unknown:
    refuse(f"output tensor alias not found in signature: {sorted(unknown)[0]}")
  try:
    outputs = signatures[name](**{
        key: tf.constant(tf.make_ndarray(proto)) for key, proto in request.inputs.items()})
  except tf.errors.InvalidArgumentError as error:
    refuse(error.message[:500])
  response = serving_apis.message("PredictResponse")()
  response.model_spec.name, response.model_spec.signature_name = spec.name, name
  response.model_spec.version.value = int(version)
  for key, value in outputs.items():
    if not request.output_filter or key in request.output_filter:
      # The two classes of a tensor's message may differ; the bytes do not.
      response.outputs[key].ParseFromString(
          tf.make_tensor_proto(value.numpy()).SerializeToString())
  return response


def serve_grpc(models):
  """Returns a running server and its port."""
  server = grpc.server(concurrent.futures.ThreadPoolExecutor(1), options=[
      ("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)])
  server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(SERVICE, {
      "Predict": grpc.unary_unary_rpc_method_handler(
          lambda request, context: predict_by_grpc(models, request, context),
          request_deserializer=serving_apis.message("PredictRequest").FromString,
          response_serializer=lambda response: response.SerializeToString())})])
  port = server.add_insecure_port("127.0.0.1:0")
  server.start()
  return server, port


def main():
  Handler.models = Models(sys.argv[1])
  rest = http.server.HTTPServer(("127.0.0.1", 0), Handler)
  server, port = serve_grpc(Handler.models)
  print(f"http://127.0.0.1:{rest.server_address[1]}\n127.0.0.1:{port}", flush=True)
  rest.serve_forever()
  server.stop(None)


if __name__ == "__main__":
  main()
