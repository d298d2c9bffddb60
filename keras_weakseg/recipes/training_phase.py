"""One phase of training as the configuration describes it: data, network, method, schedule."""
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data import bundle as bundles
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import registry as networks
from keras_weakseg.recipes import box_maps
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import image_size
from keras_weakseg.recipes import inputs
from keras_weakseg.recipes import phase as phases
from keras_weakseg.recipes import sources as source_lib


def make_phase(name, experiment, sources, after=None):
  """Returns a phase, and the source of its first part, whose classes its predictor has.

  Args:
    name: of the phase.
    experiment: `schema.Experiment` with the data, network, method and training of the phase.
    sources: dict of name to source.
    after: the phase whose weights this one starts from, None = those that the network's own
      configuration names.

  Raises:
    ValueError: the method cannot train the network, or has nothing to learn from; the network
      cannot take images of the size of the data.
  """
  method_class = methods.method_class(experiment.method.type)
  options = experiment.method.get().as_dict()
  record = building.network_record(experiment.network)
  _check_role(experiment, method_class, record)
  parts = source_lib.make_parts(experiment.data, sources, method_class.needed(options),
                                method_class.unlabelled, experiment.seed)
  source = parts[0].source
  image_size.check(experiment.data.augmentation, [part.source for part in parts], record)
  head, readings = heads.Head(()), None
  if record.role != networks.DEPTH:
    head = heads.make_head(experiment.data, sources, source)
    readings = heads.make_readings(experiment.data, sources, head, parts)
  cache_dir = experiment.data.cache_dir or None
  maps = box_maps.settings_of(method_class, options)
  bundle = bundles.Bundle(
      box_maps.wrapped(parts, maps, cache_dir),
      source_lib.make_augmentation(experiment.data.augmentation, record.mean_rgb),
      seed=experiment.seed, joint=readings is not None,
      extra_fields=(box_maps.EXTRA_FIELDS if maps else ()) + method_class.inputs(options))
  inputs.check(experiment.method.type, method_class.inputs(options), bundle)
  prepare, maps_plan = box_maps.preparation(bundle, maps, cache_dir)
  pretrained = {key: source_lib.find_weights(config.pretrained, experiment.data.data_dir or None)
                for key, config in (("network", experiment.network), ("pose", experiment.pose))}
  carried = after if experiment.network.carried else None
  lines = [
      f"{experiment.method.type} on {experiment.network.type}, weights from "
      + (f"phase '{carried.name}'" if carried else building.origin(pretrained["network"])),
      *_describe(head, readings),
      *building.pose_plan(experiment, method_class, options, pretrained["pose"], after),
      *bundle.plan(),
      *maps_plan,
      *method_class.notes(options, any(
          fields.may_read(fields.MASK, part.supervision) for part in bundle.parts)),
      f"{experiment.training.steps} steps of {bundle.batch_size} samples",
  ]

  def build(finished):
    return building.build_method(experiment, bundle, head, readings, pretrained,
                                 (after, finished[after.name]) if after else None)

  return phases.Phase(
      name, build, bundle, experiment.training,
      source_lib.fingerprint(bundle, _shared(head, readings)), tuple(lines),
      experiment.evaluation.validation_split, prepare, record, head,
      fields.FRAMES in method_class.inputs(options)), source


def _check_role(experiment, method_class, record):
  if record.role != method_class.role:
    raise errors.value_error(
        f"The method '{experiment.method.type}' cannot train the network "
        f"'{experiment.network.type}'.",
        expected="one of " + ", ".join(networks.network_names(method_class.role)),
        received=f"a network for {record.role}", fix="Set `network.type` to one of these.")


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
