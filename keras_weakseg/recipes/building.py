"""Builds the networks of a phase, with their weights, and the method that trains them."""
import os

import tensorflow as tf

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import aggregation
from keras_weakseg.networks import depth_encoder
from keras_weakseg.networks import multitask_decoder
from keras_weakseg.networks import pose_network
from keras_weakseg.networks import preprocessing
from keras_weakseg.networks import prior
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks import unet_decoder
from keras_weakseg.networks import weights
from keras_weakseg.recipes import sources as source_lib

OPTIONAL_IMAGENET = "imagenet_if_available"
SHARED_POSE = "shared"
POSE = "pose"
ENCODER = "encoder"


def network_record(config):
  """Returns the `NetworkRecord` of a `schema.Network`."""
  return networks.network_record(config.type, **config.get().as_dict())


def build_predictor(config, head):
  """Builds the network of a `schema.Network` for a head.

  Args:
    config: `schema.Network`.
    head: `heads.Head`; without classes for networks of depth.

  Returns:
    The network, its scorer (RGB 0..255 to scores of the head, or to the finest disparity), its
    predictor (to scores of the classes that are evaluated; the scorer itself where they are the
    same), its `NetworkRecord`.
  """
  record = network_record(config)
  network = _build(config.type, config.get().as_dict(), head.num_classes)
  scorer = preprocessing.predictor(network, record, _evaluated(network, record.role))
  layer = head.layer()
  predictor = scorer if layer is None else aggregation.aggregated(scorer, layer)
  return network, scorer, predictor, record


def _evaluated(network, role):
  """Returns which of the outputs of a network that has several is evaluated."""
  if role == networks.DEPTH:
    return unet_decoder.finest_disparity_key(network.output)
  return multitask_decoder.SCORES if role == networks.MULTITASK else None


def _build(name, options, num_classes=0):
  if tf.distribute.get_strategy().num_replicas_in_sync > 1:
    options = {**options, **networks.synchronized(name)}
  return networks.build_network(name, (None, None, 3), num_classes, **options)


def build_method(experiment, bundle, head, readings, pretrained, earlier):
  """Builds the method of a phase.

  Args:
    experiment: `schema.Experiment` of the phase.
    bundle: `data.bundle.Bundle`, its data.
    head: `heads.Head`.
    readings: of several label spaces, or None.
    pretrained: dict of "network" and "pose" to where their weights come from, or "".
    earlier: the phase before and its finished `Method`, or None.

  Returns:
    `Method`.
  """
  method_class = methods.method_class(experiment.method.type)
  options = experiment.method.get().as_dict()
  network, scorer, predictor, record = build_predictor(experiment.network, head)
  encoder_only = experiment.network.starts == ENCODER
  if earlier and experiment.network.carried:
    before, method = earlier
    print(f"Weights of phase '{before.name}': " + str(weights.carry_over(
        method.main, network, same_classes=before.head.classes == head.classes,
        leave=record.head_pattern if encoder_only else "")), flush=True)
    if record.role == networks.MULTITASK and not encoder_only:
      multitask_decoder.start_from_depth(network)
  elif pretrained["network"]:
    _load(network, experiment.network.type, pretrained["network"], encoder_only)
  if experiment.network.background_prior:
    prior.set_background_prior(network, record, experiment.network.background_prior)
  arguments = {}
  if record.role != networks.DEPTH:
    arguments.update(scorer=scorer, readings=readings, stride=record.stride)
  if record.role != networks.SEGMENTATION:
    arguments.update(network_preprocessing=record.preprocessing)
    arguments.update(_pose(experiment, method_class, options, network, pretrained, earlier))
    if options.get("feature_distance"):
      arguments["reference"] = _reference(experiment.network, pretrained["network"])
  return method_class(
      network, predictor, parts=source_lib.part_names(bundle.parts),
      part_weights=[part.weight for part in bundle.parts], seed=experiment.seed,
      accumulation=experiment.training.accumulation, **arguments, **options)


def build_pose(experiment, network):
  """Builds the pose network of an experiment.

  Args:
    experiment: `schema.Experiment`.
    network: its depth network, whose encoder may be shared.

  Returns:
    The pose network, and the mode of `preprocessing.Preprocess` of its frames.
  """
  config = experiment.pose
  if config.type == SHARED_POSE:
    pose = pose_network.shared_pose_network(network, **config.get().as_dict())
    return pose, network_record(experiment.network).preprocessing
  return _build(config.type, config.get().as_dict()), network_record(config).preprocessing


def _pose(experiment, method_class, options, network, pretrained, earlier):
  """Returns the pose network of methods that look at neighbours in time, as their arguments."""
  if fields.FRAMES not in method_class.inputs(options):
    return {}
  config = experiment.pose
  pose, mode = build_pose(experiment, network)
  found = {"pose": pose, "pose_preprocessing": mode}
  if config.type == SHARED_POSE:
    return found
  before = earlier and config.carried and earlier[1].networks.get(POSE)
  if before:
    print("Weights of the pose network: " + str(weights.carry_over(
        before, pose, same_classes=True)), flush=True)
  elif pretrained[POSE]:
    _load(pose, config.type, pretrained[POSE])
  return found


def pose_plan(experiment, method_class, options, pretrained, after=None):
  """Returns the lines of a plan that tell which network learns motion, and from what.

  Args:
    experiment: `schema.Experiment` of the phase.
    method_class: class of the method.
    options: dict of the method's options.
    pretrained: where the weights come from, or "".
    after: the `Phase` before, whose pose network is carried over if it has one, or None.
  """
  config = experiment.pose
  if fields.FRAMES not in method_class.inputs(options):
    return []
  if config.type == SHARED_POSE:
    return ["motion: from the encoder of the depth network"]
  carried = after is not None and config.carried and after.motion
  return [f"motion: {config.type}, weights from "
          + (f"phase '{after.name}'" if carried else origin(pretrained, config))]


def _reference(config, pretrained):
  """Returns the frozen encoder whose features training shall stay near."""
  if not pretrained:
    raise errors.value_error(
        "There are no features that training could stay near.",
        expected="network.pretrained, the weights that the features are taken from",
        received="''", fix="Set it, or `method.self_supervised_depth.feature_distance=0`.")
  network = networks.build_network(config.type, (None, None, 3), **config.get().as_dict())
  _load(network, config.type, pretrained)
  encoder = depth_encoder.encoder_model(network)
  encoder.trainable = False
  return encoder


def origin(pretrained, config=None):
  """Returns where weights come from, for the plan.

  Args:
    pretrained: where they are looked for, or "".
    config: `schema.PoseNetwork` that gets them, None = a network whose weights Keras may have.
  """
  if pretrained == OPTIONAL_IMAGENET:
    kind = config.get().as_dict().get("kind", "") if config else ""
    if kind in ("resnet18", "resnet34"):
      return (f"scratch: Keras has no weights of a {kind}; pose.pretrained takes torchvision's "
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
