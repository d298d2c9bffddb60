"""Every registered experiment: its plan, its starting weights, and the first step of its training.

Data are stubs with the splits, sizes and classes of the real ones; weights are random, in the
shapes of the real ones. Networks, methods, solvers and weights are those that are registered; for
the step crops, batches and counts are small. Experiments that differ alone in numbers (counts,
steps, strengths) or in which data they name share one training. Quick are as few as show every
method, network, kind of weights and of data once (see `quick`); `scripts/test -m slow` runs the
others. A new kind of data joins by a line in the tables of `scripts/synthetic_source.py`.
"""
import functools
import itertools
import json
import pathlib
import re
import shutil
import sys

import numpy as np
import pytest
import tensorflow as tf

from keras_weakseg.configs import overrides
from keras_weakseg.configs import registry
from keras_weakseg.framework import keras
from keras_weakseg.methods import video_loss
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks.weights import imagenet
from keras_weakseg.networks.weights import resnet_weights
from keras_weakseg.networks.weights import weights
from keras_weakseg.ops import photometric
from keras_weakseg.recipes import building
from keras_weakseg.recipes import outputs
from keras_weakseg.recipes import plan as plans
from keras_weakseg.recipes import planning
from keras_weakseg.recipes import sources as source_config
from keras_weakseg.recipes import training_step
from keras_weakseg.training import loop
from keras_weakseg.training import optimizers

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))

import synthetic_source  # pylint: disable=wrong-import-position

# Somebody's own data is a source that they pass.
EXPERIMENTS = [name for name in registry.experiments() if not name.startswith("own_")]
SIZE = (32, 64)


# === Weights of the right shapes ===


@functools.lru_cache(maxsize=None)
def application(model, **arguments):
  """Returns a model of `keras.applications` with random weights."""
  return getattr(keras.applications, model)(weights=None, **arguments)


def torchvision_state_dict(network):
  """Returns arrays that are named and shaped as torchvision's of a network's ResNet."""
  kinds = {"kernel": "weight", "gamma": "weight", "beta": "bias", "moving_mean": "running_mean",
           "moving_variance": "running_var"}
  arrays = {}
  for weight in network.weights:
    match = re.match(r"(?:conv(\d)_block(\d+)_(\d)|conv1)_(conv|bn)/(\w+)", weight.name)
    if not match:
      continue
    stage, block, number, part, kind = match.groups()
    name = f"{part}{number or 1}"
    if stage:
      name = f"layer{int(stage) - 1}.{int(block) - 1}." + (
          f"downsample.{int(part == 'bn')}" if number == "0" else name)
    shape = tuple(weight.shape)
    if kind == "kernel":  # Of one image: a network of pairs gets it tiled.
      shape = (shape[3], 3 if not stage else shape[2], *shape[:2])
    arrays[f"{name}.{kinds[kind]}"] = np.full(shape, 0.01, np.float32)
  return arrays


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
  """Returns a folder with the weights that registered experiments name, random."""
  root = tmp_path_factory.mktemp("data")
  (root / "weights").mkdir()
  mobilenet = imagenet.application_arrays(
      application("MobileNet", input_shape=(224, 224, 3), alpha=1.0, include_top=False))
  np.savez(root / "weights" / "mobilenet_v1_1.0_224_imagenet_fp16.npz", **{
      key.replace("/", "__"): value.astype(np.float16) for key, value in mobilenet.items()})
  depth = registry.build("depth_kitti_clips").network
  weights.save_npz(networks.build_network(depth.type, (None, None, 3), **depth.get().as_dict()),
                   root / "depth_kitti_clips" / "train" / "depth.npz")
  return root


@pytest.fixture(scope="module")
def stubs(data_dir):
  """Puts stubs in place of data, downloads and what compiles for long; returns load reports."""
  with pytest.MonkeyPatch.context() as patch:
    reports, load = [], weights.load_pretrained

    def recorded(network, name, source, **options):
      report = load(network, name, source, **options)
      reports.append((networks.network_record(name), report))
      return report

    patch.setattr(weights, "load_pretrained", recorded)
    patch.setattr(imagenet, "application", application)
    patch.setattr(video_loss, "_compiled", photometric.reprojection_loss)
    # Label maps come with the stubs; how they are made is tested in derived/test_box_labels.py.
    patch.setattr(source_config, "with_box_labels", lambda parts, *_: parts)
    patch.setattr(training_step, "_box_steps", lambda *_: [])
    patch.setattr(source_config, "make_source", synthetic_source.stub(SIZE, full=False))
    yield reports
  application.cache_clear()
  for found in _finished.values():
    shutil.rmtree(found.directory)
  _finished.clear()
  _proven.clear()


# === Plans ===


def trainings(plan):
  """Returns the steps that train, up to the first whose samples others have to make."""
  found = []
  for step in plan.steps:
    if isinstance(step, plans.TrainStep):
      if step.phase is None:
        break
      found.append(step)
  return found


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_plan_has_the_registered_sizes(name, data_dir, stubs, monkeypatch):
  monkeypatch.setattr(source_config, "make_source", synthetic_source.stub(SIZE, full=True))
  experiment = overrides.validate(overrides.resolve(name, overrides={
      "data.data_dir": str(data_dir)}))
  plan = planning.make_plan(experiment)
  assert [step.name for step in plan.steps] == [step.name for step in experiment.steps] + ["train"]
  trained = trainings(plan)
  assert (plan.last in trained) == (plan.last.phase is not None)
  assert trained or isinstance(plan.steps[0], plans.MakeStep)
  for step in trained:
    parts, bundle = step.settings.data.parts, step.phase.bundle
    assert bundle.batch_size == sum(part.batch_size for part in parts)
    for part, ids in zip(parts, bundle.ids):
      assert not part.count or len(ids) == part.count
    assert f"{step.training.steps} steps" in step.lines[-1]
    drawn = [line for line in step.lines if f"(drawn by seed {experiment.seed})" in line]
    assert len(drawn) == sum(part.count > 0 for part in parts)


# === First steps ===


def tiny(name, data_dir):
  """Returns an experiment at its registered networks, methods and solvers, with small batches.

  What steps make and choose is there already: disparity comes with the stubs. Diffused label maps
  do not, so what trains with them is not reached here (see `trainings`).
  """
  experiment = overrides.resolve(name, overrides={"data.data_dir": str(data_dir)})
  maps = {step.name for step in experiment.steps if step.make.type == "diffused_maps"}
  experiment.steps = [step for step in experiment.steps
                      if step.make.type is None or step.name in maps]
  for source in experiment.data.sources:
    if source.derived and not maps.intersection(source.derived):
      source.derived, source.disparity = (), "maps"
  for stage in [*experiment.steps, experiment]:
    parts = experiment.data.parts if stage is experiment else stage.parts
    for part in parts:
      part.batch_size = 1 if len(parts) > 1 else 2
      part.count = 2 if part.ids else min(part.count, 2)
      part.ids = ""
    augmentation = experiment.data.augmentation if stage is experiment else stage.augmentation
    if augmentation is not None:
      aligned = bool(augmentation.crop) and augmentation.crop[0] % 8 == 1
      augmentation.crop = () if not augmentation.crop else (33, 33) if aligned else (32, 32)
      augmentation.resize = SIZE if augmentation.resize or not aligned else ()
      augmentation.scales = (1.0, 1.0)
  return experiment


def outline(value, names=False):
  """Returns settings with no number but 0 or not, and no name or list of names but there or not.

  Args:
    value: nested dicts, lists and scalars.
    names: whether texts are names that are free, and no choices.
  """
  if isinstance(value, dict):
    return {key: outline(entry, names) for key, entry in value.items()}
  if isinstance(value, (list, tuple)) and not names:
    return [outline(entry) for entry in value]
  return value if isinstance(value, str) and not names else bool(value)


def signature(step):
  """Returns a text of everything that decides how the first update of a step is made.

  Networks count with all their numbers; of the rest alone what is there and what is chosen.
  """
  settings = step.settings
  data, training = settings.data, settings.training
  places = [source.name for source in data.sources]
  values = [step.reads, settings.network.as_dict(), settings.networks.as_dict(), outline([
      settings.method.as_dict(), settings.runtime.mixed_precision,
      [rule.as_dict() for rule in training.multipliers], training.clip_norm, training.weight_decay,
      training.optimization.optimizer.type, data.augmentation.as_dict()]),
            [(places.index(part.source) if part.source else 0, part.supervision, part.rest)
             for part in data.parts],
            [outline(source.as_dict(), names=True) for source in data.sources], bool(data.head)]
  return json.dumps(values, default=str)


_proven = set()  # chains of signatures of whole experiments
_finished = {}   # chains of signatures and numbers of classes of steps: what they left



def half_precision(precision):
  """Returns the 16 bits that this device computes in.

  Processors convolve float16 a hundred times slower than bfloat16, and the dynamic loss scale of
  float16 lets up to 15 first updates overflow; conformance/test_mixed_precision.py trains in it.
  """
  on_processor = not tf.config.list_physical_devices("GPU")
  return "mixed_bfloat16" if precision == "mixed_float16" and on_processor else precision


def first_step(step, finished):
  """Builds a step that trains, takes its first update, and returns its method."""
  with loop.precision(half_precision(step.settings.runtime.mixed_precision)):
    method = step.phase.build(finished)
    method.prepare(optimizers.updater_maker(step.training, step.record))
    before = [variable.numpy() for variable in method.updater.variables_in_order]
    logs = method.train_step(next(iter(step.phase.bundle.batches())))
  assert all(np.isfinite(float(value)) for value in logs.values()), logs
  assert float(logs["loss"]) > 0
  assert any(np.any(old != variable.numpy())
             for old, variable in zip(before, method.updater.variables_in_order))
  return method


def leave(step, method, directory):
  """Writes what a finished step hands to later ones, and returns its `Outputs`."""
  outputs.write_networks(directory, method.context.networks, step.phase.head)
  for name, network in method.networks.items():
    weights.save_npz(network, pathlib.Path(directory) / f"{name}.npz")
  return outputs.Outputs(step.name, str(directory))


def texts(value):
  """Returns the choices among settings: texts by their names, nested."""
  if isinstance(value, dict):
    return {key: texts(entry) for key, entry in value.items() if isinstance(entry, (dict, str))}
  return value


def parts_list(experiment):
  """Returns (what there is to prove, cost) of an experiment: a set and a number.

  A training of a full network is as dear as six of a light one.
  """
  found, cost = set(), 0
  for source in experiment.data.sources:
    found.add(("source", source.kind, source.dataset.split("/")[0]))
  for stage in [*experiment.steps, experiment]:
    if stage is not experiment and stage.make.type is not None:
      continue
    network, method = stage.network, stage.method
    parts = experiment.data.parts if stage is experiment else stage.parts
    precision = (experiment.runtime if stage is experiment else stage).mixed_precision
    weights_kind = "file" if network.pretrained.endswith(".npz") else network.pretrained
    found |= {
        ("network", network.type), ("weights", network.type, weights_kind),
        ("method", method.type, json.dumps(texts(method.get().as_dict()))),
        ("continues", bool(network.continues) and network.starts),
        ("supervision", *sorted({part.supervision for part in parts})), ("precision", precision),
        *((role, other["type"]) for role, other in stage.networks.as_dict().items())}
    cost += 1 if network.type.startswith("light_") else 6
  return found, cost


@functools.lru_cache(maxsize=None)
def registered():
  """Returns a dict of every name to its experiment, to look at and leave as it is."""
  return {name: registry.build(name) for name in EXPERIMENTS}


@functools.lru_cache(maxsize=None)
def quick():
  """Returns the names of few cheap experiments that together show all there is to prove.

  Who trains full networks in several steps is left out: what only they show is in the tests of
  those networks, and the slow tests take every experiment.
  """
  lists = {name: parts_list(experiment) for name, experiment in registered().items()}
  lists = {name: entry for name, entry in lists.items() if entry[1] < 12}
  chosen, shown = [], set()
  while True:
    worth = {name: len(found - shown) / cost for name, (found, cost) in lists.items()}
    best = max(worth, key=worth.get)
    if not worth[best]:
      return frozenset(chosen)
    chosen.append(best)
    shown |= lists[best][0]


@pytest.mark.parametrize("name", [
    pytest.param(name, marks=() if name in quick() else pytest.mark.slow) for name in EXPERIMENTS])
def test_weights_load_and_the_first_step_is_taken(name, data_dir, stubs, tmp_path):
  plan = planning.make_plan(tiny(name, data_dir))
  made = {step.name for step in registered()[name].steps if step.make.type is not None}
  # What goes on with a network that another step makes is tested where these are made.
  steps = list(itertools.takewhile(
      lambda step: step.settings.network.continues.split("/")[0] not in made, trainings(plan)))
  assert steps, "no step whose data is known"
  texts = tuple(map(signature, steps))
  if texts in _proven:
    return
  stubs.clear()
  chain = tuple((text, step.head.num_classes) for text, step in zip(texts, steps))
  finished = {}
  for number, step in enumerate(steps, start=1):
    known = _finished.get(chain[:number])
    if known is None:
      network = step.settings.network
      method = first_step(step, finished)
      assert bool(network.pretrained and not network.continues) <= bool(stubs), "nothing was loaded"
      if number == len(steps):  # Nobody goes on from it.
        break
      known = _finished[chain[:number]] = leave(step, method, tmp_path / step.name)
    finished[step.name] = known
  for record, report in stubs:
    assert report.loaded
    assert not [key for key in report.missing if not re.search(record.head_pattern, key)], (
        f"{record.name}: the trunk starts from scratch")
  _proven.add(texts)


def test_every_kind_of_data_has_a_stub():
  for name, experiment in registered().items():
    for config in experiment.data.sources:
      assert synthetic_source.named(config) in synthetic_source.SPLITS, (
          f"{name}: add its splits to scripts/synthetic_source.py")


# === The pose network of the paper ===


def test_the_pose_network_takes_torchvisions_weights(tmp_path):
  """ResNet-18, which Keras does not have; two frames get the first kernel tiled."""
  config = registry.build("transfer_372_cityscapes").steps[0].networks.get("pose")
  network = networks.build_network(config.type, (None, None, 3), **config.get().as_dict())
  arrays = torchvision_state_dict(network)
  assert resnet_weights.is_torchvision(arrays)
  np.savez(tmp_path / "resnet18.npz", **arrays)
  report = weights.load_pretrained(network, config.type, tmp_path / "resnet18.npz")
  assert not report.missing and not report.unused and len(report.loaded) == 100
  first = network.get_layer("conv1_conv").kernel.numpy()
  assert first.shape[2] == 6
  np.testing.assert_allclose(first, 0.005, rtol=1e-6)


def test_plans_say_what_motion_starts_from(data_dir, stubs):
  experiment = tiny("transfer_372_cityscapes", data_dir)
  lines = [[line for line in step.lines if line.startswith("network 'pose'")]
           for step in planning.make_plan(experiment).steps]
  assert "scratch: Keras has no weights of a resnet18; `pretrained` takes" in lines[0][0]
  assert [entry[0] for entry in lines[1:3]] == [
      "network 'pose': pose_network, weights from step 'whole'",
      "network 'pose': pose_network, weights from step 'cropped'"]
  assert lines[3] == []
  pose = experiment.steps[0].networks.get("pose")
  assert building.origin("there.npz", pose) == "there.npz"
