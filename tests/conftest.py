"""Fixtures shared by all tests: parity data and real photographs, which may be absent."""
import fnmatch
import functools
import gc
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Tests compile often and run what they compiled once or twice.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
# Graphs make millions of objects that live; looking for garbage among them less often saves time.
gc.set_threshold(50_000)

import numpy as np
import pytest

SHARED_FIXTURES = "tiny_video_run", "built_network"
SHARED = pathlib.Path(__file__).resolve().parents[2] / "shared"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
  """Keeps the tests of a file in one process, and so all files that share what is dear to make.

  That is the run of video, and the networks of the tables of conformance. What takes longest comes
  first: files that start processes or train; at the end, a process would wait for them alone.
  """
  from xdist.scheduler import LoadFileScheduling

  @functools.lru_cache(maxsize=None)
  def text_of(file):
    return (config.rootpath / file).read_text(encoding="utf-8")

  class Scheduling(LoadFileScheduling):

    def _split_scope(self, nodeid):
      file = super()._split_scope(nodeid)
      shared = [name for name in SHARED_FIXTURES if name in text_of(file)]
      return shared[0] if shared else file

    def _assign_work_unit(self, node):
      self.workqueue.move_to_end(max(self.workqueue, key=self._weight), last=False)
      super()._assign_work_unit(node)

    def _weight(self, scope):
      if scope in SHARED_FIXTURES:
        return float("inf")
      dear = any(word in text_of(scope) for word in ("subprocess", "Popen", ".fit("))
      return len(self.workqueue[scope]) + 40 * dear

  return Scheduling(config, log)


def beside(path):
  """Returns the module of a file in this folder; tests are no package that it could lie in."""
  import importlib.util
  path = pathlib.Path(__file__).parent / path
  spec = importlib.util.spec_from_file_location(f"keras_weakseg_{path.stem}", path)
  module = importlib.util.module_from_spec(spec)
  spec.loader.exec_module(module)
  return module


def pytest_collection():
  """Makes tests cheap in what they do often: networks are built, pipelines made and little read.

  What layers give is remembered: see `known_layers.py`. Pipelines of data are left as they are
  written: making an iterator optimizes its functions for longer than most tests read from it. The
  runtime takes the setting for pipelines when it starts; `tf.function` takes it at every call, so
  that networks and training steps are optimized as those of users are.
  """
  import tensorflow as tf
  beside("known_layers.py").remember()
  tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
  tf.constant(0)
  tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})

  # Functions that pipelines call have the setting of the moment at which they are called.
  from keras_weakseg.data.sources import source

  def unoptimized(data, function, mapped=source.mapped):
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    try:
      return mapped(data, function)
    finally:
      tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})

  source.mapped = unoptimized


@pytest.hookimpl(tryfirst=True)  # Before those that are slow are left out.
def pytest_collection_modifyitems(items):
  """Marks as slow the cases of a test that its mark `quick` does not name."""
  for item in items:
    named = item.get_closest_marker("quick")
    if named and not any(fnmatch.fnmatchcase(item.callspec.id, name) for name in named.args):
      item.add_marker(pytest.mark.slow)


def pytest_collection_finish():
  """What was imported stays, so it is never looked through again for garbage."""
  gc.freeze()


@pytest.fixture
def golden():
  """Returns a function that loads a parity archive, or skips the test where it is absent."""

  def load(name):
    path = SHARED / "golden" / name
    if not path.exists():
      pytest.skip(f"parity data ../shared/golden/{name} is not here")
    return np.load(path) if name.endswith(".npz") else path

  return load


@pytest.fixture
def shared_data():
  """Returns a function that gives a folder of real photographs, or skips where it is absent."""

  def folder(name):
    path = SHARED / "data" / name
    if not path.exists():
      pytest.skip(f"real data ../shared/data/{name} is not here")
    return path

  return folder


@pytest.fixture(scope="session")
def kills():
  """Returns the module `frame/kills.py`."""
  return beside("frame/kills.py")


@pytest.fixture(scope="session")
def voc_xml():
  """Returns a function that gives the text of a VOC annotation.

  Its arguments are (height, width) and objects (name, xmin, ymin, xmax, ymax), 1-based inclusive.
  """

  def text(size, *objects):
    boxes = "".join(
        f"<object><name>{name}</name><bndbox><xmin>{left}</xmin><ymin>{top}</ymin>"
        f"<xmax>{right}</xmax><ymax>{bottom}</ymax></bndbox></object>\n"
        for name, left, top, right, bottom in objects)
    return (f"<annotation><size><width>{size[1]}</width><height>{size[0]}</height>"
            f"<depth>3</depth></size>\n{boxes}</annotation>\n")

  return text


class TinyBundle:
  """Eight noise images of 33x33, half with masks and half with tags, four in a batch.

  Follows `keras_weakseg.data.pipeline.bundle.Bundle` where training needs it, without any file.
  """
  batch_size = 4
  num_classes = 4

  def __init__(self, weak_mask=255, poison_step=None):
    random = np.random.RandomState(0)
    self.images = random.randint(0, 255, (8, 33, 33, 3)).astype(np.uint8)
    self.masks = random.randint(0, 4, (8, 33, 33)).astype(np.uint8)
    self.masks[:, :9] = 255
    self.tags = np.array([[1, 1, 1, 0], [1, 0, 0, 1]] * 4, np.float32)
    self.weak_mask = weak_mask
    self.poison_step = poison_step

  def sample_ids(self, step):
    return [f"sample{index}" for index in self._indices(step)]

  def explain(self, step, error):
    return ValueError(f"step {step}: {error}")

  def _indices(self, step):
    return np.arange(4) + 4 * (step % 2)

  def batch(self, step, part=slice(None)):
    index = self._indices(step)
    strong = index % 2 == 0
    masks = np.where(strong[:, None, None], self.masks[index], self.weak_mask)
    return {
        "image": self.images[index][part],
        "mask": masks.astype(np.uint8)[part],
        "supervision": np.where(strong, 7, 1).astype(np.int32)[part],
        "part": np.where(strong, 0, 1).astype(np.int32)[part],
        "tags": self.tags[index][part],
        "valid": np.ones([4, 33, 33], bool)[part],
        "sample_key": np.stack([index, index + 10 * step], 1).astype(np.int32)[part],
    }

  def batches(self, start=0, input_context=None):
    import tensorflow as tf
    pipelines = input_context.num_input_pipelines if input_context else 1
    own = input_context.input_pipeline_id if input_context else 0
    rows = slice(own * 4 // pipelines, (own + 1) * 4 // pipelines)

    def generate():
      step = start
      while True:
        yield self.batch(step, rows)
        step += 1

    return tf.data.Dataset.from_generator(generate, output_signature={
        name: tf.TensorSpec([None, *value.shape[1:]], value.dtype)
        for name, value in self.batch(0).items()})


@pytest.fixture
def tiny_bundle():
  """Returns the class of the smallest bundle that training accepts."""
  return TinyBundle


@pytest.fixture(scope="session")
def tiny_plan():
  """Returns a function that makes the plan of a method on `TinyBundle` and a tiny network.

  The network has half of the blocks of its trunk: most of a training of few steps is building it.
  """
  from keras_weakseg.configs.sections import schema
  from keras_weakseg.methods import context as contexts
  from keras_weakseg.methods import registry
  from keras_weakseg.networks import registry as networks
  from keras_weakseg.networks.backbones import mobilenet_trunk
  from keras_weakseg.networks.layers import preprocessing
  from keras_weakseg.recipes import heads
  from keras_weakseg.recipes import plan as plans

  def plan(method="supervised", steps=4, bundle=None, optimization=None, multipliers=(),
           synchronized=False, network_options=None, method_options=None, validation="",
           **training):
    record = networks.network_record("light_tiny")
    options = {"alpha": 0.25, "field_of_view": "small", **(network_options or {})}
    if synchronized:
      options.update(networks.synchronized("light_tiny"))
    settings = schema.Training(
        steps=steps, optimization=optimization or schema.sgd(0.01, 10),
        multipliers=list(multipliers), **{"log_every": 2, "checkpoint_every": 2, **training})

    def build(finished):
      del finished
      with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mobilenet_trunk, "BLOCKS", mobilenet_trunk.BLOCKS[:6])
        network = networks.build_network("light_tiny", (33, 33, 3), 4, **options)
      predictor = preprocessing.predictor(network, record)
      context = contexts.Context(
          {"segmenter": contexts.Built(network, record, predictor, predictor)},
          ("mask", "tags"), (0.7, 0.3), seed=3, accumulation=settings.accumulation)
      return registry.method_class(method)(context, **(method_options or {}))

    head = heads.Head(tuple("abcd"))
    phase = plans.Phase("train", build, bundle or TinyBundle(), settings, "fingerprint", record,
                        head)
    experiment = schema.Experiment(
        training=settings, evaluation=schema.Evaluation(validation_split=validation))
    return plans.Plan((plans.TrainStep("train", experiment, lambda finished: phase, None, record,
                                       head, phase=phase),))

  return plan


@pytest.fixture(scope="session")
def photo_folder(tmp_path_factory):
  """Returns a folder of 16 small pictures with masks and tags, in the layout of `Folder`.

  Every picture shows a square of one of two classes on noise; mask rows at the top are 255.
  """
  import json
  from PIL import Image
  root = tmp_path_factory.mktemp("photos")
  (root / "images").mkdir()
  (root / "masks").mkdir()
  (root / "classes.txt").write_text("background\nred\nblue\n")
  random = np.random.RandomState(7)
  tags = {}
  for index in range(16):
    height, width = 56 + 4 * (index % 3), 72 + 8 * (index % 2)
    image = random.randint(60, 150, (height, width, 3)).astype(np.uint8)
    mask = np.zeros((height, width), np.uint8)
    top, left, label = random.randint(8, 24), random.randint(4, 40), 1 + index % 2
    mask[top:top + 24, left:left + 28] = label
    image[mask == label] = (220, 30, 30) if label == 1 else (30, 30, 220)
    mask[:3] = 255
    Image.fromarray(image).save(root / "images" / f"p{index:02d}.png")
    Image.fromarray(mask).save(root / "masks" / f"p{index:02d}.png")
    tags[f"p{index:02d}"] = ["red" if label == 1 else "blue"]
  (root / "tags.json").write_text(json.dumps(tags))
  return root


TINY = {
    "network.type": "light_tiny", "network.pretrained": "", "network.light_tiny.head_filters": 16,
    "data.augmentation.crop": [49, 65], "training.steps": 12, "training.log_every": 4,
    "training.checkpoint_every": 6,
    "training.optimization.learning_rate.polynomial.initial_learning_rate": 0.02}


@pytest.fixture
def tiny_overrides():
  """Returns overrides that make an experiment train in seconds, as a fresh dict."""
  return dict(TINY)


@pytest.fixture(scope="session")
def tiny_data(photo_folder):
  """Returns the source of `photo_folder` with a quarter of the masks held out."""
  from keras_weakseg import data
  return data.Folder(photo_folder, held_out=0.25)


@pytest.fixture(scope="session")
def tiny_run(tiny_data, tmp_path_factory):
  """Returns the `Result` of a small run with a validation split; leave its folder as it is."""
  from keras_weakseg import api
  return api.fit(
      method="em_fixed", data=tiny_data, model_dir=tmp_path_factory.mktemp("runs") / "tiny",
      progress=False, params_override={
          **TINY, "training.validate_every": 6, "evaluation.validation_split": "validation",
          "evaluation.checkpoint": "best"})


@pytest.fixture(scope="session")
def tiny_artifact(tiny_run, tmp_path_factory):
  """Returns the path of the exported model of `tiny_run`."""
  from keras_weakseg import api
  return api.export(tiny_run, tmp_path_factory.mktemp("served") / "tiny")


# === Video ===

VIDEO_SIZE, FOCAL, STRIDE, SHIFTS = (32, 64), 40.0, 0.1, (1, 2)


def moving_frames(count, seed=0):
  """Returns frames uint8 [N,H,W,3] and depth float32 [H,W] of a camera that goes to the right.

  It passes two walls: the upper half of the picture moves by one pixel a frame, the lower by two.
  """
  import cv2
  (height, width), random = VIDEO_SIZE, np.random.RandomState(seed)
  shift = np.repeat(SHIFTS, height // 2)
  texture = cv2.GaussianBlur(
      random.randint(0, 256, (height, width + 2 * count, 3)).astype(np.float32), (0, 0), 1.5)
  texture = np.clip(128 + 3 * (texture - 128), 0, 255).astype(np.uint8)
  frames = [[row[step * number:step * number + width] for row, step in zip(texture, shift)]
            for number in range(count)]
  depth = np.repeat((FOCAL * STRIDE / shift)[:, None], width, 1)
  return np.array(frames, np.uint8), depth.astype(np.float32)


def video_samples(clip, count, seed):
  """Returns a `tf.data.Dataset` of the samples of a clip with all that can be known of them."""
  import tensorflow as tf
  frames, depth = moving_frames(count + 2, seed)
  (height, width), inner = VIDEO_SIZE, np.arange(1, count + 1)
  poses = np.tile(np.eye(4, dtype=np.float32), (count, 2, 1, 1))
  poses[:, :, 0, 3] = STRIDE, -STRIDE
  camera = np.array([[FOCAL, 0, (width - 1) / 2], [0, FOCAL, (height - 1) / 2], [0, 0, 1]])
  every = lambda value: np.repeat(np.asarray(value)[None], count, 0)
  return tf.data.Dataset.from_tensor_slices({
      "image": frames[inner], "frames": np.stack([frames[inner - 1], frames[inner + 1]], 1),
      "frame_offsets": every(np.array([-1, 1], np.int32)), "poses": poses,
      "intrinsics": every(camera.astype(np.float32)), "depth": every(depth),
      "mask": every(np.repeat(np.uint8([0, 1]), height // 2)[:, None].repeat(width, 1)),
      "sample_id": [f"{clip}/{number:06d}" for number in inner]})


@pytest.fixture(scope="session")
def tiny_video():
  """Returns a source of video with masks, true depth and poses; 12 samples and 6 to validate."""
  from keras_weakseg import data
  return data.Dataset({"train": video_samples("walls", 12, 0),
                       "validation": video_samples("others", 6, 1)}, ("far", "near"))


@pytest.fixture(scope="session")
def video_folder(tmp_path_factory):
  """Returns a folder with 14 frames of a camera that goes to the right, and its intrinsics."""
  from PIL import Image
  root = tmp_path_factory.mktemp("video") / "drive"
  root.mkdir()
  for number, frame in enumerate(moving_frames(14)[0]):
    Image.fromarray(frame).save(root / f"{number:06d}.png")
  (root / "intrinsics.txt").write_text(f"{FOCAL} {FOCAL} 31.5 15.5\n")
  return root


_LIGHT = {"alpha": 0.25, "channels": [4, 6, 8, 8, 8], "skip_channels": [4, 4, 6, 6]}


def tiny_depth(network="light_depth"):
  """Returns overrides that make an experiment of depth train in seconds."""
  options = {key: value for key, value in _LIGHT.items()
             if key != "alpha" or network.startswith("light_")}
  return {
      f"network.{network}": options, "network.pretrained": "",
      "networks.pose.type": "light_pose", "networks.pose.pretrained": "",
      "networks.pose.light_pose": {"kind": "posecnn", "alpha": 0.1, "filters": 8},
      "training.steps": 4, "training.log_every": 2, "training.checkpoint_every": 2}


@pytest.fixture
def depth_overrides():
  """Returns the function of a network's name that gives overrides for training in seconds."""
  return tiny_depth


@pytest.fixture(scope="session")
def tiny_video_run(tiny_video, tmp_path_factory):
  """Returns the `Result` of a small run on `tiny_video`; leave its folder as it is."""
  from keras_weakseg import api
  return api.fit(
      method="self_supervised_depth", data=tiny_video, progress=False,
      model_dir=tmp_path_factory.mktemp("runs") / "video", params_override={
          **tiny_depth(), "training.validate_every": 2,
          "evaluation.validation_split": "validation"})
