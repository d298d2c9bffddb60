"""The systems: a small model of each kind that can be exported, as a run of it leaves one.

Suites run the whole list through one property; a new kind of model joins here and nowhere else.
Weights are drawn and not trained, beyond the step that tells a teacher from its student. Three of
three convolutions go through every run of the tests; the slow ones are those of the registry.
"""
import dataclasses
import functools
import importlib.util
import pathlib
import sys
from typing import Any, Callable

import numpy as np
import tensorflow as tf

from keras_weakseg.configs.sections import schema
from keras_weakseg.framework import keras
from keras_weakseg.networks import dual_head
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.layers import aggregation
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.surgery import depth_inside
from keras_weakseg.networks.surgery import pruning
from keras_weakseg.tasks import registry as tasks

CLASSES = ("background", "cat", "dog", "bird")
SIZE = (32, 64)
TINY = {"alpha": 0.25, "head_filters": 16}
UNET = {"alpha": 0.25, "channels": (4, 6, 8, 8, 8), "skip_channels": (4, 4, 6, 6)}


@dataclasses.dataclass(frozen=True)
class System:
  """One kind of model.

  Attributes:
    name: also of its artifact.
    build: function without arguments that returns the predictor, its `NetworkRecord`.
    classes: names.
    protocol: dict, of its evaluation.
    slow: too heavy for every run of the tests.
  """
  name: str
  build: Callable
  classes: tuple = CLASSES
  protocol: Any = dataclasses.field(default_factory=dict)
  slow: bool = False

  def make(self):
    """Returns the evaluator's model and the keyword arguments of `Task.export` beside it."""
    keras.utils.set_random_seed(11)
    predictor, record = self.build()
    palette = [[50 * number, 200 - 50 * number, 90] for number in range(len(self.classes))]
    facts = {"classes": self.classes, "palette": palette,
             "depth": {"size": SIZE, "min_depth": 0.5, "max_depth": 50.0, "factor": 0.0},
             "tags": {"size": SIZE, "activation": "sigmoid"}}
    task = tasks.of_record(record)
    model = task.model(predictor, facts, record, schema.Experiment(name=self.name))
    fixed = {"fixed_size": SIZE} if task.name == "segmentation" else {}
    return model, {"record": record, "metadata": {"experiment": self.name},
                   "protocol": task.protocol_type.from_dict(self.protocol), **fixed}


def sample_images(count=3):
  """Returns images uint8 [H, W, 3] of coloured blobs; the first one has the size of `SIZE`."""
  found = []
  for index in range(count):
    height, width = SIZE[0] + 5 * index, SIZE[1] - 7 * index
    noise = np.random.default_rng(index).integers(0, 256, (1, 5, 8, 3)).astype(np.float32)
    image = tf.image.resize(noise, (height, width), "bicubic")[0]
    found.append(np.clip(image, 0, 255).astype(np.uint8))
  return found


def spread(network, record, output=None):
  """Moves the last layer so that scores differ: of fresh ones a single class has every pixel.

  Args:
    network: `keras.Model`, which is changed.
    record: its `NetworkRecord`.
    output: name of the output that counts, where the network has several.
  """
  images = preprocessing.Preprocess(record.preprocessing)(np.stack([
      tf.image.resize(image, (SIZE[0] + 1, SIZE[1] + 1)) for image in sample_images()]))
  found = network(images, training=False)
  found = np.asarray(found[output] if output else found)
  axes = tuple(range(found.ndim - 1))
  last = network.get_layer("head_classifier")
  kernel, bias = last.get_weights()
  factor = 4 / found.std(axes)
  last.set_weights([factor * kernel, factor * (bias - found.mean(axes))])


def goldens():
  """Returns the table of the conformance tests, which are no package."""
  name = "keras_weakseg_conformance_goldens"
  if name not in sys.modules:
    path = pathlib.Path(__file__).parents[1] / "conformance" / "goldens.py"
    spec = importlib.util.spec_from_file_location(name, path)
    sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules[name])
  return sys.modules[name]


def network_of(name, count=0, **options):
  """Returns a network of any size and its record."""
  return (networks.build_network(name, (None, None, 3), count, **options),
          networks.network_record(name, **options))


def classes_network(count=len(CLASSES)):
  """Returns a small network of pixels and its record."""
  network, record = network_of("light_tiny", count, **TINY)
  spread(network, record)
  return network, record


def shallow():
  """Returns the input of a network, which stands for any, and features of stride 8."""
  x = images = keras.Input((None, None, 3))
  for _ in range(3):
    x = keras.layers.Conv2D(8, 3, 2, "same", use_bias=False)(x)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization()(x))
  return images, x


def joint():
  """EM on two label spaces: what is evaluated sums up classes of the head."""
  images, features = shallow()
  network = keras.Model(
      images, keras.layers.Conv2D(6, 1, name="head_classifier")(features))
  record = networks.network_record("light_tiny")
  spread(network, record)
  layer = aggregation.AggregateClasses([[0, 4], [1], [2, 5], [3]])
  return aggregation.aggregated(preprocessing.predictor(network, record), layer), record


def teacher():
  """The teacher of a student, after a step that has told them apart."""
  def build(synchronized, dropout_rate):
    del synchronized, dropout_rate
    return {"networks": {"segmenter": goldens().built("light_tiny", classes_network()[0])}}

  row = goldens().Method(
      "mean_teacher", "", functools.partial(goldens().with_teacher, build),
      {"group": 2, "threshold": 0.3, "statistics": "ema", "evaluated": "teacher"})
  method = row.build()
  method.train_step(goldens().as_tensors(row.batch(0)))
  assert max(np.abs(one - other).max() for one, other in zip(
      method.predictor.get_weights(), method.scorer.get_weights())) > 1e-4
  record = networks.network_record("light_tiny", **TINY)
  spread(preprocessing.network_of(method.predictor), record)
  return method.predictor, record


def multitask():
  """The classes of a network of classes and depth."""
  network, record = network_of("light_multitask", len(CLASSES), **UNET)
  spread(network, record, "scores")
  return preprocessing.predictor(network, record, "scores"), record


def objects():
  """L-Net: background and object, its map M."""
  network, record = classes_network(2)
  return preprocessing.predictor(network, record), record


def tags():
  """A classifier of whole images."""
  images, features = shallow()
  network = keras.Model(images, keras.layers.Dense(len(CLASSES), name="head_classifier")(
      keras.layers.GlobalAveragePooling2D()(features)))
  record = networks.network_record("tag_classifier")
  spread(network, record)
  return preprocessing.predictor(network, record), record


def cam(name="light_cam"):
  """A classifier whose class activation maps are looked at; what is served are the tags."""
  network, record = network_of(name, len(CLASSES), alpha=0.25)
  spread(network, record)
  return preprocessing.predictor(network, record), record


def dual():
  """Three subnets, larger than they start: a step of inference moves what they say."""
  images, features = shallow()
  head = dual_head.DualHead(len(CLASSES), name="head_dual", step_size=0.2)
  network = keras.Model(images, head([features, images]))
  for variable in head.trainable_variables:
    variable.assign(20 * variable)
  record = networks.network_record("light_dual")
  return preprocessing.predictor(network, record), record


def depth(name="light_depth", head="head_disparity_0", **options):
  """A network of disparity, or of log depth."""
  network, record = network_of(name, **options)
  for weight in network.get_layer(head).weights:
    weight.assign(20 * weight)
  output = "disparity_0" if record.answers == "disparity" else None
  return preprocessing.predictor(network, record, output), record


def pruned():
  """A network with half of its channels."""
  network, record = classes_network()
  network = pruning.prune(network, 0.5)
  spread(network, record)
  return preprocessing.predictor(network, record), record


def parts():
  """A network of parts with the network of depth inside of it."""
  network, record = classes_network()
  seen, of_depth = network_of("light_depth", **UNET)
  inside = depth_inside.with_depth(
      network, record.preprocessing, seen, of_depth.preprocessing, of_depth.answers,
      multiple=of_depth.multiple, start="mean")
  return preprocessing.predictor(inside, record), record


SYSTEMS = (
    System("em_joint", joint),
    System("tags", tags),
    System("dual", dual, protocol={"inference_steps": 3}),
    System("mean_teacher", teacher, slow=True),
    System("three_ways", multitask, slow=True),
    System("depth", functools.partial(depth, **UNET), classes=(), slow=True),
    System("hourglass", functools.partial(
        depth, "light_hourglass", "head_conv", width=0.125), classes=(), slow=True),
    System("objects", objects, classes=("background", "object"), slow=True),
    System("cam", cam, slow=True),
    System("tag_classifier", functools.partial(cam, "tag_classifier"), slow=True),
    System("pruned", pruned, slow=True),
    System("parts", parts, slow=True),
)
