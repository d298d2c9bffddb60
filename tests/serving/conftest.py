"""Small predictors of classes and depth, their artifacts, and servers of them without Keras."""
import dataclasses
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import preprocessing
from keras_weakseg.networks import registry
from keras_weakseg.serving import settings
from keras_weakseg.tasks.depth import export as depth_export
from keras_weakseg.tasks.depth import model as depth_model
from keras_weakseg.tasks.segmentation import export
from keras_weakseg.tasks.segmentation import model as models
from keras_weakseg.tasks.segmentation import protocol as protocols

CLASSES = ("background", "cat", "dog", "bird")
PALETTE = ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
RECORD = {"name": "tiny", "mean_rgb": (122.0, 116.0, 104.0), "multiple": 8, "preprocessing": "tf"}
DEPTH_RECORD = registry.network_record("light_depth", alpha=.25)
DEPTH_SIZE = (32, 64)


def build_predictor(dtype=None, sync=False, seed=0):
  """Returns a network of stride 8 with random weights whose masks have several classes."""
  image = keras.Input((None, None, 3))
  x = keras.layers.Rescaling(1 / 127.5, -1.0, dtype="float32")(image)
  kernel = keras.initializers.RandomNormal(stddev=0.2, seed=seed)
  x = keras.layers.Conv2D(8, 9, 8, "same", kernel_initializer=kernel, dtype=dtype)(x)
  x = keras.layers.BatchNormalization(dtype=dtype, **({"synchronized": True} if sync else {}))(x)
  kernel = keras.initializers.RandomNormal(stddev=1.0, seed=seed + 1)
  x = keras.layers.Dropout(0.5)(x)
  scores = keras.layers.Conv2D(4, 1, kernel_initializer=kernel, dtype=dtype)(x)
  return keras.Model(image, scores)


def segmentation_model(predictor):
  """Returns the evaluator's model of a predictor."""
  return models.SegmentationModel(
      score_fn=lambda images: predictor(images, training=False), classes=CLASSES, palette=PALETTE,
      mean_rgb=RECORD["mean_rgb"], multiple=RECORD["multiple"], metadata={})


def build_depth_predictor():
  """Returns a real depth network with random weights, spread so that depths differ widely."""
  keras.utils.set_random_seed(5)
  network = registry.build_network("light_depth", (None, None, 3), alpha=.25)
  for weight in network.weights:
    if weight.name.startswith("head_disparity_0/kernel"):
      weight.assign(40.0 * weight)
  image = keras.Input((None, None, 3))
  disparity = network(preprocessing.Preprocess(DEPTH_RECORD.preprocessing)(image))["disparity_0"]
  return keras.Model(image, disparity)


def evaluators_depth_model(predictor, **changes):
  """Returns the evaluator's model of a predictor of disparity."""
  arguments = {"size": DEPTH_SIZE, "min_depth": 0.5, "max_depth": 50.0,
               "multiple": DEPTH_RECORD.multiple, **changes}
  return depth_model.DepthModel(lambda images: predictor(images, training=False), **arguments)


def settings_of(max_pixels, changes):
  """Returns the settings that are among the changes, which are taken out there."""
  names = [field.name for field in dataclasses.fields(settings.Settings)]
  return settings.Settings(**{"max_pixels": max_pixels, **{
      name: changes.pop(name) for name in names if name in changes}})


def random_image(height, width, seed=0):
  """Returns a uint8 image [height, width, 3] of coloured blobs."""
  noise = np.random.default_rng(seed).integers(0, 256, (1, height // 12 + 2, width // 12 + 2, 3))
  image = tf.image.resize(noise.astype(np.float32), (height, width))[0]
  return np.clip(image.numpy(), 0, 255).astype(np.uint8)


class Kit:
  """What the tests of this folder share; reached through the fixture `kit`."""

  classes, palette, record = CLASSES, PALETTE, RECORD
  build_predictor = staticmethod(build_predictor)
  build_depth_predictor = staticmethod(build_depth_predictor)
  segmentation_model = staticmethod(segmentation_model)
  random_image = staticmethod(random_image)
  depth_record, depth_size = DEPTH_RECORD, DEPTH_SIZE
  depth_model = staticmethod(evaluators_depth_model)

  @staticmethod
  def export(predictor, base, **changes):
    """Exports with the defaults of these tests."""
    arguments = {"classes": CLASSES, "palette": PALETTE, "record": RECORD,
                 "settings": settings_of(export.MAX_PIXELS, changes),
                 "protocol": protocols.Protocol(), "metadata": {"experiment": "tiny"}, **changes}
    return export.export_artifact(predictor, base, **arguments)

  @staticmethod
  def export_depth(predictor, base, **changes):
    """Exports depth with the defaults of these tests."""
    arguments = {"size": DEPTH_SIZE, "min_depth": 0.5, "max_depth": 50.0, "factor": 0.0,
                 "record": DEPTH_RECORD, "protocol": {}, "metadata": {"experiment": "tiny"},
                 "settings": settings_of(depth_export.MAX_PIXELS, changes), **changes}
    return depth_export.export_depth_artifact(predictor, base, **arguments)


@pytest.fixture(scope="session")
def kit():
  return Kit


@pytest.fixture(scope="session")
def predictor():
  return build_predictor()


@pytest.fixture(scope="session")
def artifact(predictor, tmp_path_factory):
  """The version folder of the predictor's artifact."""
  return Kit.export(predictor, tmp_path_factory.mktemp("saved_models") / "tiny")


@pytest.fixture(scope="session")
def depth_predictor():
  return build_depth_predictor()


@pytest.fixture(scope="session")
def depth_artifact(depth_predictor, tmp_path_factory):
  """The version folder of the artifact of the predictor of disparity."""
  return Kit.export_depth(depth_predictor, tmp_path_factory.mktemp("saved_models") / "depth")


def serve(artifact):
  """Yields the address of a REST double that serves an artifact from a process without Keras."""
  script = pathlib.Path(__file__).with_name("rest_double.py")
  # Also under the name that the pages give to their model.
  process = subprocess.Popen(
      [sys.executable, str(script), str(artifact), artifact.parent.name, "quickstart"], text=True,
      stdout=subprocess.PIPE)
  line = process.stdout.readline()
  assert line.startswith("http://"), line
  yield line.strip()
  process.terminate()
  process.wait()


def run_batched(signature, requests, allowed_batch_size=0, pad=False):
  """Returns the answer of every request, merged as TensorFlow Serving's batching merges them.

  The rules of batching_session.cc and batching_util.cc: at least one input, one 0th dimension of
  all inputs, sizes alike unless smaller ones are padded with the first value of their tensor,
  dummy rows that are copies of the first one, answers cut along their 0th dimension.
  """
  counts = []
  for inputs in requests:
    if not inputs:
      raise ValueError("Batching session Run() must have at least one input tensor")
    sizes = {np.shape(value)[:1] for value in inputs.values()}
    if len(sizes) != 1 or sizes == {()}:
      raise ValueError("Batching session Run() input tensors must have equal 0th-dimension size")
    counts.append(sizes.pop()[0])
  merged = {}
  for name in requests[0]:
    # Of lists of bytes NumPy would drop zeros at the end.
    values = [np.asarray(inputs[name], object if isinstance(inputs[name], list) else None)
              for inputs in requests]
    largest = np.max([value.shape[1:] for value in values], 0)
    if pad:
      values = [np.pad(value, [(0, 0)] + [(0, int(most - side)) for most, side in zip(
          largest, value.shape[1:])], constant_values=value.flat[0]) for value in values]
    elif len({value.shape[1:] for value in values}) > 1:
      raise ValueError("Tensors with name must have equal shape in one batch")
    dummies = [values[0][:1]] * max(0, allowed_batch_size - sum(counts))
    merged[name] = tf.constant(np.concatenate([*values, *dummies]))
  outputs = {name: value.numpy() for name, value in signature(**merged).items()}
  total = sum(counts) + max(0, allowed_batch_size - sum(counts))
  if any(value.shape[:1] != (total,) for value in outputs.values()):
    raise ValueError("Batched output tensor's 0th dimension does not equal the sum of the inputs'")
  ends = np.cumsum(counts)
  return [{name: value[end - count:end] for name, value in outputs.items()}
          for count, end in zip(counts, ends)]


@pytest.fixture(scope="session")
def batching():
  return run_batched


@pytest.fixture(scope="session")
def server(artifact):
  yield from serve(artifact)


@pytest.fixture(scope="session")
def depth_server(depth_artifact):
  yield from serve(depth_artifact)
