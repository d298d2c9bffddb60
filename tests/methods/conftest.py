"""Small methods that are ready to take a step, and batches for them."""
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import ratio
from keras_weakseg.methods import registry
from keras_weakseg.methods import updates
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks import unet_decoder
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.layers import randomness
from keras_weakseg.ops import photometric


@pytest.fixture
def built(tiny_plan):
  """Returns a function that builds a method with its own options, always with the same weights."""

  def build(name, **options):
    keras.utils.set_random_seed(1)
    method = tiny_plan(name, method_options=options).phases[0].build({})
    method.prepare(lambda variables: updates.Updater(
        variables, lambda m: keras.optimizers.SGD(0.05 * m, momentum=0.9)))
    return method

  return build


@pytest.fixture
def batch(tiny_bundle):
  """Returns a batch of tensors: samples 0 and 2 have a mask, 1 and 3 tags."""
  return {name: tf.constant(value) for name, value in tiny_bundle().batch(0).items()}


@pytest.fixture
def completed():
  """Returns a function: method, batch -> scores, granted labels, completed labels, health."""

  def complete(method, batch):
    scores = tf.random.stateless_normal([4, 5, 5, 4], [1, 2])
    labels = tf.cast(batch["mask"][:, ::8, ::8], tf.int32)
    has_mask = tf.constant([True, False, True, False])[:, None, None]
    return scores, labels, *method.complete(labels, scores, has_mask, batch)

  return complete


class Room:
  """A video of a room whose walls carry a smooth solid texture; depth and motions are known.

  A box has no occlusion, so every pixel of a frame is seen by its neighbours, unless it leaves the
  picture.

  Attributes:
    motions: [2][N] pairs of rotation vector (radians) and translation (metres), from each frame to
      the next one in time: that before the image to the image, the image to that after it.
    transforms: float32 [N,2,4,4], image to neighbours.
    depth: float32 [N,H,W], metres.
    batch: dict of numpy arrays.
  """
  height, width = 32, 64
  camera = np.array([[40, 0, 31.5], [0, 40, 15.5], [0, 0, 1]], np.float32)
  walls = np.array([3.0, 1.5, 10.0])  # Half of the sides.

  def __init__(self, count=2, seed=0):
    random = np.random.RandomState(seed)
    self.waves = random.normal(size=(3, 3, 3)) * 0.9   # [C, waves, xyz], radians per metre
    self.phases = random.uniform(0, 6, (3, 3))
    self.motions = [[(random.normal(0, 0.01, 3), np.array([0.1, 0.02, -0.4]) * scale)
                     for scale in random.uniform(0.7, 1.3, count)] for _ in range(2)]
    self.transforms = np.stack([
        np.stack([np.linalg.inv(self.matrix(*self.motions[0][i])),
                  self.matrix(*self.motions[1][i])])
        for i in range(count)])
    middle, depth = zip(*(self.seen(np.eye(4)) for _ in range(count)))
    self.depth = np.stack(depth).astype(np.float32)
    self.batch = {
        "image": np.stack(middle),
        "frames": np.stack([[self.seen(pose)[0] for pose in poses] for poses in self.transforms]),
        "frame_offsets": np.array([[-1, 1]] * count, np.int32),
        "intrinsics": np.stack([self.camera] * count),
        "valid": np.ones([count, self.height, self.width], bool),
        "part": np.zeros([count], np.int32),
        "supervision": np.zeros([count], np.int32),
        "sample_key": np.stack([np.arange(count), np.full(count, seed)], 1).astype(np.int32),
    }
    self.transforms = self.transforms.astype(np.float32)

  @staticmethod
  def matrix(turn, move):
    """Returns float64 [4,4] of a rotation vector and a translation."""
    from scipy.spatial import transform
    found = np.eye(4)
    found[:3, :3] = transform.Rotation.from_rotvec(turn).as_matrix()
    found[:3, 3] = move
    return found

  def seen(self, pose):
    """Returns picture uint8 [H,W,3] and depth [H,W] of a camera, given room to camera."""
    back = np.linalg.inv(pose)
    rows, columns = np.mgrid[:self.height, :self.width]
    rays = np.stack([(columns - self.camera[0, 2]) / self.camera[0, 0],
                     (rows - self.camera[1, 2]) / self.camera[1, 1], np.ones(rows.shape)], -1)
    rays = rays @ back[:3, :3].T + 1e-12
    depth = ((np.sign(rays) * self.walls - back[:3, 3]) / rays).min(-1)
    points = back[:3, 3] + depth[..., None] * rays
    waves = np.sin(np.einsum("hwx,cnx->hwcn", points, self.waves) + self.phases)
    return np.round(127.5 + 40 * waves.sum(-1)).astype(np.uint8), depth

  def disparities(self, scales=1, min_depth=0.1, max_depth=100.0):
    """Returns the true disparities in 0..1, float32 [N,h,w,1], the finest first."""
    low, high = 1 / max_depth, 1 / min_depth
    found = [tf.constant((1 / self.depth - low) / (high - low))[..., None]]
    while len(found) < scales:
      found.append(tf.nn.avg_pool2d(found[-1], 2, 2, "VALID"))
    return found


class KnownMotion:
  """Stands in for a pose network: gives the motions it is told and keeps what it has seen.

  Args:
    motions: [F][N] pairs of rotation vector and translation: one list per call.
    frames: how many pictures it wants stacked.
  """

  def __init__(self, motions, frames=2):
    self.motions = motions
    self.input_shape = (None, None, None, 3 * frames)
    self.inputs = []

  def __call__(self, stacked, training=None):
    frames = self.input_shape[-1] // 3
    found = self.motions if frames > 2 else [self.motions[len(self.inputs) % len(self.motions)]]
    self.inputs.append(stacked.numpy())
    parts = [np.stack([[pair[part] for pair in motion] for motion in found], 1)
             for part in range(2)]
    assert frames == 2 or len(found) == frames - 1
    return {"axis_angle": tf.constant(parts[0], tf.float32),
            "translation": tf.constant(parts[1], tf.float32)}


@pytest.fixture(scope="session")
def room():
  """Returns the class of small videos."""
  return Room


@pytest.fixture(scope="session")
def known_motion():
  """Returns the class of pose networks that know."""
  return KnownMotion


@pytest.fixture
def tensors():
  """Returns a function that makes tensors of a batch of arrays, with some fields exchanged."""
  return lambda batch, **changes: {
      name: tf.constant(value) for name, value in {**batch, **changes}.items()}


SMALL = {"alpha": 0.25, "channels": (4, 6, 8, 10, 12), "skip_channels": (4, 4, 6, 6),
         "dropout_rate": 0.0}


@pytest.fixture(scope="session")
def start_again():
  """Returns a function that builds networks once, and then gives them their first weights back."""
  made = {}

  def build(name, classes=0, **options):
    key = repr((name, classes, sorted(options.items())))
    if key not in made:
      keras.utils.set_random_seed(1)
      network = networks.build_network(name, (None, None, 3), classes, **options)
      made[key] = network, network.get_weights()
    network, weights = made[key]
    network.set_weights(weights)
    return network

  return build


@pytest.fixture(scope="session")
def predictor_of():
  """Returns a function that builds the predictor of a network of `start_again`, once."""
  made = {}

  def build(network, kind, output):
    if id(network) not in made:  # `start_again` keeps the network, so that its id stays its own.
      made[id(network)] = preprocessing.predictor(network, networks.network_record(kind), output)
    return made[id(network)]

  return build


@pytest.fixture
def depth_built(start_again, predictor_of):
  """Returns a function that builds a method of depth on small networks, ready to take a step.

  All methods that it builds share their networks: use one after the other. Its arguments: name of
  the method; `pose`: options of the pose network, None = there is none; `small`: options of the
  network; `make_updater`: of `Method.prepare`; `parts`, `part_weights`; `reference`: a network
  whose features are kept; `readings`; options of the method.
  """

  def build(name, *, pose=(), small=(), make_updater=None, rate=0.05, compiled=False,
            parts=("all",), part_weights=(1.0,), reference=None, readings=None,
            **options):
    joint = name == "joint_depth"
    kind = "light_multitask" if joint else "light_depth"
    network = start_again(kind, 4 if joint else 0, **{**SMALL, **dict(small)})
    predictor = predictor_of(network, kind, "scores" if joint else (
        unet_decoder.finest_disparity_key(network.output)))
    record = networks.network_record(kind)
    built = {contexts.MAIN[record.role]: contexts.Built(network, record, predictor, predictor)}
    if pose is not None:
      built["pose"] = contexts.Built(
          start_again("light_pose", **{"alpha": 0.25, **dict(pose)}),
          networks.network_record("light_pose"))
    if reference is not None:
      built["reference"] = contexts.Built(reference, record, trained=False)
    method = registry.method_class(name)(
        contexts.Context(built, parts, part_weights, readings), **options)
    if not compiled and hasattr(method, "video_loss"):
      method.video_loss._loss = photometric.reprojection_loss  # XLA takes seconds to compile it.
    method.prepare(make_updater or (lambda variables: updates.Updater(
        variables, lambda m: keras.optimizers.SGD(rate * m))))
    return method

  return build


@pytest.fixture(scope="session")
def figures_of():
  """Returns a function: method, batch -> its loss terms and figures as floats, and gradients."""

  def figures(method, batch):
    with tf.GradientTape() as tape, randomness.random_scope((1, 2)):
      terms, health = method.loss_terms(batch)
      total = tf.add_n([
          term.weight * tf.math.divide_no_nan(term.mean.numerator, term.mean.denominator)
          for term in terms.values()])
    found = ratio.evaluate({**{name: term.mean for name, term in terms.items()}, **health})
    gradients = tape.gradient(total, method.updater.variables_in_order)
    return {name: float(value) for name, value in found.items()}, [
        np.zeros(v.shape) if g is None else g.numpy()
        for g, v in zip(gradients, method.updater.variables_in_order)]

  return figures


@pytest.fixture(scope="session")
def two_replicas():
  """Returns what `replicas_worker.py` found out on two replicas, as a dict."""
  worker = pathlib.Path(__file__).with_name("replicas_worker.py")
  process = subprocess.run(
      [sys.executable, str(worker)], capture_output=True, text=True, timeout=300, check=False,
      env={**os.environ, "PYTHONPATH": str(worker.parents[2])})
  assert process.returncode == 0, process.stderr[-3000:]
  return json.loads(process.stdout.strip().split("\n")[-1])
