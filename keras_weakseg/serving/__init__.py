"""What the artifacts of all tasks share: the SavedModel's frame, versions, warm-up, requests."""
from keras_weakseg.serving.client import rest_request
from keras_weakseg.serving.client import statuses
from keras_weakseg.serving.grpc_client import GrpcClient
