"""A small predictor, its artifact, and a server of it in a process without Keras."""
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.evaluation import model as models
from keras_weakseg.evaluation import protocol as protocols
from keras_weakseg.framework import keras
from keras_weakseg.serving import export

CLASSES = ("background", "cat", "dog", "bird")
PALETTE = ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
RECORD = {"name": "tiny", "mean_rgb": (122.0, 116.0, 104.0), "multiple": 8, "preprocessing": "tf"}


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


def random_image(height, width, seed=0):
  """Returns a uint8 image [height, width, 3] of coloured blobs."""
  noise = np.random.default_rng(seed).integers(0, 256, (1, height // 12 + 2, width // 12 + 2, 3))
  image = tf.image.resize(noise.astype(np.float32), (height, width))[0]
  return np.clip(image.numpy(), 0, 255).astype(np.uint8)


class Kit:
  """What the tests of this folder share; reached through the fixture `kit`."""

  classes, palette, record = CLASSES, PALETTE, RECORD
  build_predictor = staticmethod(build_predictor)
  segmentation_model = staticmethod(segmentation_model)
  random_image = staticmethod(random_image)

  @staticmethod
  def export(predictor, base, **changes):
    """Exports with the defaults of these tests."""
    arguments = {"classes": CLASSES, "palette": PALETTE, "record": RECORD,
                 "protocol": protocols.Protocol(), "metadata": {"experiment": "tiny"}, **changes}
    return export.export_artifact(predictor, base, **arguments)


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
def server(artifact):
  """Address of a REST double that serves the artifact from a process without Keras."""
  script = pathlib.Path(__file__).with_name("rest_double.py")
  process = subprocess.Popen([sys.executable, str(script), str(artifact)], text=True,
                             stdout=subprocess.PIPE)
  line = process.stdout.readline()
  assert line.startswith("http://"), line
  yield line.strip()
  process.terminate()
  process.wait()
