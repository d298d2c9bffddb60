"""One phase of training as the configuration describes it: data, network, method, schedule."""
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data import bundle as bundles
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import aggregation
from keras_weakseg.networks import preprocessing
from keras_weakseg.networks import prior
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks import weights
from keras_weakseg.recipes import box_maps
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import phase as phases
from keras_weakseg.recipes import sources as source_lib

OPTIONAL_IMAGENET = "imagenet_if_available"


def build_predictor(config, head):
  """Builds the network of a `schema.Network` for a head.

  Args:
    config: `schema.Network`.
    head: `heads.Head`.

  Returns:
    The network, its scorer (RGB 0..255 to scores of the head), its predictor (to scores of the
    classes that are evaluated; the scorer itself where they are the same), its `NetworkRecord`.
  """
  options = config.get().as_dict()
  record = networks.network_record(config.type, **options)
  if tf.distribute.get_strategy().num_replicas_in_sync > 1:
    options.update(networks.synchronized(config.type))
  network = networks.build_network(config.type, (None, None, 3), head.num_classes, **options)
  scorer = preprocessing.predictor(network, record)
  layer = head.layer()
  predictor = scorer if layer is None else aggregation.aggregated(scorer, layer)
  return network, scorer, predictor, record


def make_phase(name, experiment, sources, after=None):
  """Returns a phase, and the source of its first part, whose classes its predictor has.

  Args:
    name: of the phase.
    experiment: `schema.Experiment` with the data, network, method and training of the phase.
    sources: dict of name to source.
    after: the phase whose weights this one starts from, None = those that the network's own
      configuration names.
  """
  method_class = methods.method_class(experiment.method.type)
  parts = source_lib.make_parts(experiment.data, sources, method_class.needs)
  source = parts[0].source
  head = heads.make_head(experiment.data, sources, source)
  readings = heads.make_readings(experiment.data, sources, head, parts)
  cache_dir = experiment.data.cache_dir or None
  maps = box_maps.settings_of(method_class, experiment.method.get().as_dict())
  record = networks.network_record(
      experiment.network.type, **experiment.network.get().as_dict())
  bundle = bundles.Bundle(
      box_maps.wrapped(parts, maps, cache_dir),
      source_lib.make_augmentation(experiment.data.augmentation, record.mean_rgb),
      seed=experiment.seed, extra_fields=box_maps.EXTRA_FIELDS if maps else (),
      joint=readings is not None)
  prepare, maps_plan = box_maps.preparation(bundle, maps, cache_dir)
  pretrained = None if after else source_lib.find_weights(
      experiment.network.pretrained, experiment.data.data_dir or None)
  split = experiment.evaluation.validation_split
  lines = [
      f"{experiment.method.type} on {experiment.network.type}, weights from "
      + (f"phase '{after.name}'" if after else _origin(pretrained)),
      *_describe(head, readings),
      *bundle.plan(),
      *maps_plan,
      f"{experiment.training.steps} steps of {bundle.batch_size} samples",
  ]
  validation = (
      lambda: source.samples(split, grant=fields.Supervision.MASK)) if split else None
  phase = phases.Phase(
      name, _builder(experiment, bundle, head, readings, pretrained, after), bundle,
      experiment.training, source_lib.fingerprint(bundle, _shared(head, readings)), tuple(lines),
      validation, prepare, record, head)
  return phase, source


def _builder(experiment, bundle, head, readings, pretrained, after):
  """Returns the function that makes the method of a phase, of the finished earlier ones."""
  method_class = methods.method_class(experiment.method.type)

  def build(finished):
    network, scorer, predictor, record = build_predictor(experiment.network, head)
    if after:
      print(f"Weights of phase '{after.name}': " + str(weights.carry_over(
          finished[after.name].networks["segmenter"], network,
          same_classes=after.head.classes == head.classes)), flush=True)
    elif pretrained:
      _load(network, experiment.network, pretrained)
    if experiment.network.background_prior:
      prior.set_background_prior(network, record, experiment.network.background_prior)
    return method_class(
        network, predictor, scorer=scorer, readings=readings,
        parts=source_lib.part_names(bundle.parts),
        part_weights=[part.weight for part in bundle.parts], stride=record.stride,
        seed=experiment.seed, accumulation=experiment.training.accumulation,
        **experiment.method.get().as_dict())

  return build


def _shared(head, readings):
  """Returns what decides how several label spaces share a head, as JSON values."""
  if readings is None:
    return []
  return [head.as_dict(), [
      (reading.name, reading.aggregate and reading.aggregate.groups) for reading in readings]]


def _describe(head, readings):
  """Returns the lines of a plan that tell how several label spaces share a head."""
  if readings is None:
    return []
  return [f"one head of {head.num_classes} classes, aggregated by {head.mode}: " + ", ".join(
      f"{reading.name} reads {reading.num_classes}" for reading in readings)]


def _origin(pretrained):
  if pretrained == OPTIONAL_IMAGENET:
    return "ImageNet if they can be had, else from scratch"
  return pretrained or "scratch"


def _load(network, config, pretrained):
  optional = pretrained == OPTIONAL_IMAGENET
  try:
    weights.load_pretrained(network, config.type, "imagenet" if optional else pretrained)
  except (ValueError, OSError) as error:
    if not optional:
      raise
    print("Note: ImageNet weights cannot be had here, so training starts from scratch. "
          + str(error).split("\n", maxsplit=1)[0], flush=True)
