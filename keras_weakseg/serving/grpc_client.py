"""A small client of TensorFlow Serving's gRPC interface, on plain `grpc`."""
import numpy as np

from keras_weakseg import errors
from keras_weakseg.serving import base_module as base
from keras_weakseg.serving import messages

METHOD = "/tensorflow.serving.PredictionService/Predict"
_ANSWER_BYTES = 1 << 26  # gRPC's own 4 MiB are less than one photograph's probabilities


class GrpcClient:
  """Asks one model of one server; numpy arrays in and out.

  Args:
    address: host and port; TensorFlow Serving listens at 8500.
    model: name of the model.
    version: integer; None = as the server chooses, the highest.
    timeout: seconds for one request.
    max_answer_bytes: the largest answer that is taken. One photograph of 375x500 with
      probabilities of 6 classes has 4.7 MB; ask for `outputs=["mask"]` where they are not needed.

  Raises:
    ImportError: there is no gRPC.

  Example:
    ```python
    with GrpcClient("localhost:8500", "quickstart") as client:
      answer = client.predict({"image_bytes": [open("photo.jpg", "rb").read()]})
    masks = keras_weakseg.tasks.rest_masks(answer)
    ```
  """

  def __init__(self, address, model, *, version=None, timeout=60.0,
               max_answer_bytes=_ANSWER_BYTES):
    self._grpc = _grpc()
    self.address, self.model, self.version, self.timeout = address, model, version, timeout
    self._channel = self._grpc.insecure_channel(address, options=[
        ("grpc.max_receive_message_length", max_answer_bytes),
        ("grpc.max_send_message_length", -1)])
    self._predict = self._channel.unary_unary(
        METHOD, request_serializer=lambda request: request.SerializeToString(),
        response_deserializer=messages.message("PredictResponse").FromString)

  def predict(self, inputs, signature=base.SERVING_DEFAULT, outputs=()):
    """Returns the answer of a signature as a dict of output name to numpy array.

    Args:
      inputs: dict of input name to array (or list of bytes).
      signature: name of the signature.
      outputs: names of the outputs that are answered; empty = all.

    Raises:
      ValueError: the server refuses, is not there, or the answer is too large or of other images.
    """
    request = messages.predict_request(self.model, signature, inputs, outputs, self.version)
    try:
      response = self._predict(request, timeout=self.timeout)
    except self._grpc.RpcError as error:
      raise self._refused(error) from error
    answer = messages.tensors(response.outputs)
    if base.IMAGES in inputs:
      _check_sizes(np.shape(inputs[base.IMAGES]), answer)
    return answer

  def close(self):
    """Closes the channel."""
    self._channel.close()

  def __enter__(self):
    return self

  def __exit__(self, *_):
    self.close()

  def _refused(self, error):
    code, fix = error.code(), "See what it says."
    if code == self._grpc.StatusCode.RESOURCE_EXHAUSTED:
      fix = ('Ask for less, outputs=["mask"] for example, or for fewer images, or pass a larger '
             "max_answer_bytes.")
    elif code == self._grpc.StatusCode.UNAVAILABLE:
      fix = "Check the address; gRPC has port 8500, 8501 is REST."
    elif code == self._grpc.StatusCode.NOT_FOUND:
      fix = ("Check the name (MODEL_NAME of the server) and the version; the server's REST port "
             f"tells those of /v1/models/{self.model}.")
    elif code == self._grpc.StatusCode.DEADLINE_EXCEEDED:
      fix = "Pass a longer timeout, or fewer images."
    return errors.value_error(
        f"The server at {self.address} has not answered for the model '{self.model}'.",
        expected="an answer", received=f"{code.name}: {error.details()}", fix=fix)


def _check_sizes(shape, answer):
  """Refuses maps of another size than the images: a server may have padded them in a batch."""
  wrong = {name: value.shape for name, value in answer.items()
           if value.ndim >= 3 and value.shape[:3] != tuple(shape[:3])}
  if wrong:
    raise errors.value_error(
        "The answer is not of these images' size.", expected=tuple(shape[:3]), received=wrong,
        fix="The server pads images in batches: send their bytes to serving_default.")


def _grpc():
  try:
    import grpc
  except ImportError as error:
    raise ImportError(errors.describe(
        "The gRPC client needs grpcio.", expected="the package grpcio, which TensorFlow brings",
        received=error, fix="pip install 'keras-weakseg[serving]', or use REST.")) from error
  return grpc
