"""Builds the networks of a step, with their weights, and the method that trains them."""
import copy
import os

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.configs.sections import schema
from keras_weakseg.configs.sections import schema_networks
from keras_weakseg.framework import keras
from keras_weakseg.methods import context as contexts
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import multitask_decoder
from keras_weakseg.networks import pose_network
from keras_weakseg.networks import prior
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks import unet_decoder
from keras_weakseg.networks.layers import aggregation
from keras_weakseg.networks.layers import preprocessing
from keras_weakseg.networks.surgery import depth_inside
from keras_weakseg.networks.weights import weights
from keras_weakseg.ops import depth_inference
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import outputs
from keras_weakseg.recipes import sources as source_lib

OPTIONAL_IMAGENET = "imagenet_if_available"
ENCODER = "encoder"


def network_record(config):
  """Returns the `NetworkRecord` of a `schema.Network`."""
  return networks.network_record(config.type, **config.get().as_dict())


def build_predictor(config, head, architecture=""):
  """Builds the network of a `schema.Network` for a head.

  Args:
    config: `schema.Network`.
    head: `heads.Head`; without classes for networks of depth.
    architecture: Keras' JSON of the network, where it is no function of type and options.

  Returns:
    The network, its scorer (RGB 0..255 to scores of the head, or to the finest disparity), its
    predictor (to scores of the classes that are evaluated; the scorer itself where they are the
    same), its `NetworkRecord`.
  """
  network = _seeing(config, _bare(config, head, architecture))
  return (network, *_around(config, head, network))


def _bare(config, head, architecture):
  """Returns the network of a type and its options, or of an architecture."""
  if not architecture:
    return _build(config.type, config.get().as_dict(), head.num_classes)
  network = keras.models.model_from_json(architecture)
  _check_classes(network, network_record(config), head)
  return network


def _seeing(config, network):
  """Returns the network with an input of depth where the configuration wants one; its weights stay.

  Raises:
    ValueError: it takes depth already, and the configuration says that it does not.
  """
  if config.sees_depth and network.input_shape[-1] == 3:
    return depth_inside.with_depth_of_data(network, network_record(config).preprocessing)
  known = depth_inside.takes_depth(network)
  if known != config.sees_depth or not known and network.input_shape[-1] != 3:
    raise errors.value_error(
        "The network and the configuration differ in what is seen.",
        expected="`network.sees_depth` true for a network that was trained with the depth of the "
        "data, and false for one of three channels",
        received=f"{config.sees_depth}, and {network.input_shape[-1]} channels",
        fix="Set `network.sees_depth`, and build the network with three channels.")
  return network


def _around(config, head, network):
  """Returns the scorer of a network, its predictor and its `NetworkRecord`."""
  record = network_record(config)
  scorer = preprocessing.predictor(network, record, _evaluated(network, record))
  layer = head.layer()
  return scorer, scorer if layer is None else aggregation.aggregated(scorer, layer), record


def _check_classes(network, record, head):
  """Refuses a network that is brought as it is, with a classifier of other classes."""
  if record.role != networks.SEGMENTATION or network.output_shape[-1] == head.num_classes:
    return
  raise errors.value_error(
      "The network that training starts from has another number of classes.",
      expected=f"{head.num_classes}: {', '.join(head.classes)}",
      received=f"{network.output_shape[-1]} scores per pixel",
      fix="A pruned or widened network keeps its classifier: train on with the same classes.")


def _evaluated(network, record):
  """Returns which of the outputs of a network that has several is evaluated."""
  if record.answers == depth_inference.DISPARITY:
    return unet_decoder.finest_disparity_key(network.output)
  return multitask_decoder.SCORES if record.role == networks.MULTITASK else None


def _build(name, options, num_classes=0):
  if tf.distribute.get_strategy().num_replicas_in_sync > 1:
    options = {**options, **networks.synchronized(name)}
  return networks.build_network(name, (None, None, 3), num_classes, **options)


def build_method(settings, bundle, head, readings, pretrained, finished):
  """Builds the method of a step.

  Args:
    settings: `schema.Experiment` of the step.
    bundle: `data.Bundle`, its data.
    head: `heads.Head`.
    readings: of several label spaces, or None.
    pretrained: dict of "" (the main network) and the names of others to where their weights come
      from, or "".
    finished: dict of the names of earlier steps to their `Outputs`.

  Returns:
    `Method`.
  """
  method_class = methods.method_class(settings.method.type)
  options = settings.method.options()
  needs = method_class.networks_of(options)
  name = next(iter(needs))
  built = {name: _build_main(settings.network, head, pretrained[""], finished)}
  for other, need, config in other_networks(settings, method_class):
    built[other] = _build_other(config, need, built[name], head)
    if config.continues:
      _continue(built[other].model, config, head, finished, default=other)
    elif pretrained.get(other):
      _load(built[other].model, config.type, pretrained[other])
  for other, need in needs.items():
    if need.like:
      source = settings.network if need.like == name else dict(settings.networks.items())[need.like]
      built[other] = _build_like(source, need, built[need.like], head,
                                 pretrained["" if need.like == name else need.like])
  context = contexts.Context(
      {key: built[key] for key in needs}, source_lib.part_names(bundle.parts),
      tuple(part.weight for part in bundle.parts), readings, settings.seed,
      settings.training.accumulation, tuple(part.batch_size for part in bundle.parts),
      tuple(fields.may_read(fields.MASK, part.supervision) for part in bundle.parts))
  return method_class(context, **options)


def other_networks(settings, method_class):
  """Returns (name, `Need`, `schema.OtherNetwork`) of a method's further networks with a section."""
  needs = list(method_class.networks_of(settings.method.options()).items())[1:]
  found = []
  for name, need in needs:
    if need.like:
      continue
    config = settings.networks.get(name)
    config = schema.OtherNetwork() if config is None else copy.deepcopy(config)
    if config.type is None:
      config.type = need.type
    role = networks.POSE if config.type == schema_networks.SHARED else network_record(config).role
    if role not in need.roles:
      raise errors.value_error(
          f"The network '{config.type}' cannot be the '{name}' of '{settings.method.type}'.",
          expected="one of " + ", ".join(
              known for of_role in need.roles for known in networks.network_names(of_role)),
          received=f"a network for {role}", fix=f"Set `networks.{name}.type` to one of these.")
    found.append((name, need, config))
  return found


def _build_main(config, head, pretrained, finished):
  """Returns the `Built` network that is evaluated."""
  architecture, started = "", outputs.of_run(pretrained) if pretrained else None
  if config.continues:
    step, name = outputs.find(finished, config.continues)
    architecture = step.architecture(name)
  elif started:
    architecture = started.architecture()
  network, record = _bare(config, head, architecture), network_record(config)
  encoder_only = config.starts == ENCODER
  if config.continues:
    _continue(network, config, head, finished, record.head_pattern if encoder_only else "")
  elif started:
    _carry(network, started, "", pretrained, head, record.head_pattern if encoder_only else "")
  elif pretrained:
    _load(network, config.type, pretrained, encoder_only)
  if config.background_prior:
    prior.set_background_prior(network, record, config.background_prior)
  seeing = _seeing(config, network)  # After weights of a network of colours were found by name.
  if seeing is not network:
    # As it will be restored: checkpoints count layers.
    architecture = seeing.to_json()
    network = _bare(config, head, architecture)
    weights.carry_over(seeing, network, same_classes=True)
  scorer, predictor, _ = _around(config, head, network)
  return contexts.Built(network, record, scorer, predictor, architecture=architecture)


def _build_other(config, need, main, head):
  """Returns a `Built` network besides the main one, with its first weights."""
  if config.type == schema_networks.SHARED:
    shared = pose_network.shared_pose_network(main.model, **config.get().as_dict())
    return contexts.Built(shared, main.record, trained=need.trained)
  record = network_record(config)
  if not record.answers:
    # It only helps, and nobody evaluates it.
    classes = head.num_classes if record.role in networks.CLASSIFIED else 0
    return contexts.Built(_build(config.type, config.get().as_dict(), classes), record,
                          trained=need.trained)
  network, scorer, predictor, record = build_predictor(config, head)
  return contexts.Built(network, record, scorer, predictor, need.trained)


def build_pose(settings, network):
  """Builds the pose network of an experiment.

  Args:
    settings: `schema.Experiment`.
    network: its depth network, whose encoder may be shared.

  Returns:
    The pose network, and the mode of `preprocessing.Preprocess` of its frames.
  """
  method_class = methods.method_class(settings.method.type)
  main = contexts.Built(network, network_record(settings.network))
  for name, need, config in other_networks(settings, method_class):
    if name == contexts.POSE:
      built = _build_other(config, need, main, heads.Head(()))
      return built.model, built.record.preprocessing
  raise errors.value_error(
      f"The method '{settings.method.type}' has no pose network.",
      expected="a method that learns from video", received=settings.method.type,
      fix="Pass a run of self_supervised_depth or joint_depth.")


def _build_like(config, need, original, head, pretrained):
  """Returns a `Built` network that is built as another one is."""
  network, scorer, predictor, record = build_predictor(config, head, original.architecture)
  if need.starts == contexts.CURRENT:
    network.set_weights(original.model.get_weights())
  elif pretrained:
    _load(network, config.type, pretrained)
  else:
    raise errors.value_error(
        "There are no features that training could stay near.",
        expected="network.pretrained, the weights that the features are taken from",
        received="''", fix="Set it, or `method.self_supervised_depth.feature_distance=0`.")
  network.trainable = need.trained
  return contexts.Built(network, record, scorer, predictor, need.trained,
                        architecture=original.architecture)


def _continue(network, config, head, finished, leave="", default=""):
  """Sets a network to the weights that an earlier step left in its main one, or in `default`."""
  step, name = outputs.find(finished, config.continues)
  _carry(network, step, name or default, config.continues, head, leave)


def _carry(network, step, name, said, head, leave):
  """Sets a network to weights of a finished step, which `said` names."""
  path, before = step.weights(name)
  report = weights.carry_over(
      weights.read_npz(path), network, same_classes=before.classes == head.classes, leave=leave)
  if not leave:
    weights.start_segmentation(network, report.loaded)
  print(f"Weights of '{said}': {report}", flush=True)


def described_origin(settings, config):
  """Returns where the weights of a network come from, for the plan.

  Args:
    settings: `schema.Experiment` of the step.
    config: `schema.Network` or `schema.OtherNetwork`.
  """
  if config.continues:
    return f"step '{config.continues}'"
  return origin(source_lib.find_weights(config.pretrained, settings.data.data_dir or None), config)


def origin(pretrained, config=None):
  """Returns where weights come from, for the plan.

  Args:
    pretrained: where they are looked for, or "".
    config: the section of the network that gets them; None = Keras may have its weights.
  """
  if pretrained == OPTIONAL_IMAGENET:
    kind = config.options().get("kind", "") if config and config.type else ""
    if kind in ("resnet18", "resnet34"):
      return (f"scratch: Keras has no weights of a {kind}; `pretrained` takes torchvision's "
              "state dict as .npz")
    return "ImageNet if they can be had, else from scratch"
  return pretrained or "scratch"


def _load(network, name, pretrained, encoder_only=False):
  optional = pretrained == OPTIONAL_IMAGENET
  try:
    report = weights.load_pretrained(network, name, "imagenet" if optional else pretrained,
                                     encoder_only=encoder_only)
    print(f"Weights of '{name}' from {os.path.basename(pretrained)}: {report}", flush=True)
  except (ValueError, OSError) as error:
    if not optional:
      raise
    print("Note: ImageNet weights cannot be had here, so training starts from scratch. "
          + str(error).split("\n", maxsplit=1)[0], flush=True)
