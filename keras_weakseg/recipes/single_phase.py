"""The recipe of one method on one network: EM, and every supervised baseline."""
import tensorflow as tf

from keras_weakseg import fields
from keras_weakseg.data import bundle as bundles
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import preprocessing
from keras_weakseg.networks import prior
from keras_weakseg.networks import registry as networks
from keras_weakseg.networks import weights
from keras_weakseg.recipes import box_maps
from keras_weakseg.recipes import phase as phases
from keras_weakseg.recipes import sources as source_lib

PHASE = "train"
OPTIONAL_IMAGENET = "imagenet_if_available"


def build_predictor(config, num_classes):
  """Returns the network of a `schema.Network`, its predictor and its `NetworkRecord`.

  Args:
    config: `schema.Network`.
    num_classes: C, with the background.
  """
  options = config.get().as_dict()
  record = networks.network_record(config.type, **options)
  if tf.distribute.get_strategy().num_replicas_in_sync > 1:
    options.update(networks.synchronized(config.type))
  network = networks.build_network(config.type, (None, None, 3), num_classes, **options)
  return network, preprocessing.predictor(network, record), record


def plan(experiment, given=None):
  """Returns the `Plan` of an experiment.

  Args:
    experiment: `schema.Experiment`.
    given: a data source instead of the configured ones.
  """
  sources = source_lib.make_sources(experiment.data, given)
  method_class = methods.method_class(experiment.method.type)
  parts = source_lib.make_parts(experiment.data, sources, method_class.needs)
  source = parts[0].source
  cache_dir = experiment.data.cache_dir or None
  maps = box_maps.settings_of(method_class, experiment.method.get().as_dict())
  record = networks.network_record(
      experiment.network.type, **experiment.network.get().as_dict())
  bundle = bundles.Bundle(
      box_maps.wrapped(parts, maps, cache_dir),
      source_lib.make_augmentation(experiment.data.augmentation, record.mean_rgb),
      seed=experiment.seed, extra_fields=box_maps.EXTRA_FIELDS if maps else ())
  prepare, maps_plan = box_maps.preparation(bundle, maps, cache_dir)
  pretrained = source_lib.find_weights(
      experiment.network.pretrained, experiment.data.data_dir or None)

  def build(finished):
    del finished  # The only phase takes no weights from another one.
    network, predictor, _ = build_predictor(experiment.network, source.num_classes)
    if pretrained:
      _load(network, experiment.network, pretrained)
    if experiment.network.background_prior:
      prior.set_background_prior(network, record, experiment.network.background_prior)
    return method_class(
        network, predictor, parts=source_lib.part_names(bundle.parts),
        part_weights=[part.weight for part in bundle.parts], stride=record.stride,
        seed=experiment.seed, accumulation=experiment.training.accumulation,
        **experiment.method.get().as_dict())

  split = experiment.evaluation.validation_split
  lines = [
      f"{experiment.method.type} on {experiment.network.type}, "
      f"weights from {_origin(pretrained)}",
      *bundle.plan(),
      *maps_plan,
      f"{experiment.training.steps} steps of {bundle.batch_size} samples",
  ]
  validation = (
      lambda: source.samples(split, grant=fields.Supervision.MASK)) if split else None
  return phases.Plan(
      [phases.Phase(PHASE, build, bundle, experiment.training, source_lib.fingerprint(bundle),
                    tuple(lines), validation, prepare)],
      record, source)


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
