"""Small predictors of classes and depth, their artifacts, and servers of them without Keras."""
import dataclasses
import importlib.util
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.networks import registry
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.serving import settings
from keras_weakseg.tasks import registry as tasks
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
FOLDER = pathlib.Path(__file__).parent


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


def load(name):
  """Returns a module of this folder; tests are no package that it could be imported from."""
  known = f"keras_weakseg_serving_{name}"
  if known not in sys.modules:
    spec = importlib.util.spec_from_file_location(known, FOLDER / f"{name}.py")
    sys.modules[known] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[known])
  return sys.modules[known]


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


class Exported:
  """A system's model and the artifact that was exported of it.

  Attributes:
    name: of the system, and of the artifact.
    task: name of its task.
    model, protocol: the evaluator's.
    path: of the version.
    images: uint8 [H, W, 3] of several sizes, the first one of that of `predict_fixed`.
  """

  def __init__(self, system, folder):
    self.name = system.name
    self.model, arguments = system.make()
    self.protocol, self.images = arguments["protocol"], load("systems").sample_images()
    self.task = tasks.of_model(self.model).name
    self.path = tasks.of_model(self.model).export(self.model, folder / self.name, **arguments)

  def answer(self, index, **changes):
    """Returns what the evaluator says of an image: a mask, depth, or probabilities of tags."""
    protocol = dataclasses.replace(self.protocol, **changes)
    say = {"segmentation": "mask", "depth": "depth", "tags": "probabilities"}[self.task]
    return np.asarray(getattr(self.model, say)(self.images[index][None], protocol))[0]

  def pngs(self):
    """Returns the images as file bytes."""
    return [tf.io.encode_png(image).numpy() for image in self.images]


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
  """Returns the function of a system's name that gives its `Exported`, which is made once."""
  folder, known = tmp_path_factory.mktemp("systems"), {}
  systems = {each.name: each for each in load("systems").SYSTEMS}

  def of(name):
    if name not in known:
      known[name] = Exported(systems[name], folder)
    return known[name]

  return of


@pytest.fixture(scope="session", params=[
    pytest.param(each.name, marks=[pytest.mark.slow] if each.slow else [])
    for each in load("systems").SYSTEMS])
def system(request, exported):
  return exported(request.param)


@pytest.fixture(scope="session")
def apis():
  return load("serving_apis")


class Double:
  """A double of TensorFlow Serving in a process without Keras and without this library.

  Args:
    folder: empty, for its models.

  Attributes:
    rest, grpc: its addresses.
  """

  def __init__(self, folder):
    self.folder = folder
    self.process = subprocess.Popen(
        [sys.executable, str(FOLDER / "server_double.py"), str(folder)], text=True,
        stdout=subprocess.PIPE)
    self.rest, self.grpc = (self.process.stdout.readline().strip() for _ in range(2))
    assert self.rest.startswith("http://") and self.grpc, "the double has not started"

  def add(self, artifact):
    """Serves an artifact, by the name of its folder of versions."""
    place = self.folder / artifact.parent.name
    if not place.exists():
      place.symlink_to(artifact.parent, target_is_directory=True)

  def close(self):
    """Ends the process."""
    self.process.terminate()
    self.process.wait()


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
def double(tmp_path_factory):
  started = Double(tmp_path_factory.mktemp("models"))
  yield started
  started.close()


@pytest.fixture(scope="session")
def server(double, artifact):
  double.add(artifact)
  return double.rest


@pytest.fixture(scope="session")
def depth_server(double, depth_artifact):
  double.add(depth_artifact)
  return double.rest
