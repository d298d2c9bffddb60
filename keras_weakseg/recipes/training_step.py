"""A step that trains, as the configuration describes it: data, networks, method, schedule."""
from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.data.pipeline import bundle as bundles
from keras_weakseg.derived import base as makers
from keras_weakseg.derived import box_labels
from keras_weakseg.methods import registry as methods
from keras_weakseg.networks import registry as networks
from keras_weakseg.recipes import building
from keras_weakseg.recipes import heads
from keras_weakseg.recipes import image_size
from keras_weakseg.recipes import inputs
from keras_weakseg.recipes import plan as plans
from keras_weakseg.recipes import sources as source_lib

# What decides the weights besides method, networks, seed and data.
DECISIVE = ("steps", "optimization", "weight_decay", "multipliers", "clip_norm", "updaters",
            "accumulation", "averaging", "statistics_batches")
_OFF = {"averaging": 0, "statistics_batches": 0}  # Runs that are older do not name them.


def make_steps(name, settings, sources, later=()):
  """Returns the `TrainStep` of some settings, after the steps that make what its method reads.

  Args:
    name: of the step.
    settings: `schema.Experiment` with the data, networks, method and training of the step.
    sources: dict of name to source.
    later: what samples carry in later steps alone, see `planning.later_maps`.

  Raises:
    ValueError: the method cannot train the network, reads what a later step makes, or has nothing
      to learn from; the network cannot take images of the size of the data.
  """
  method_class = methods.method_class(settings.method.type)
  record = building.network_record(settings.network)
  _check_role(settings, method_class, record)
  used = _used(settings)
  waits = inputs.check_order(
      name, settings.method.type, method_class.inputs(settings.method.options()),
      [entry for entry in later if entry[0] in used])
  plain = source_lib.first_source(settings.data, sources)
  evaluated = source_lib.evaluation_source(settings, sources, plain)
  source = source_lib.in_label_space(plain, settings)
  reads = _references(settings)
  head = (heads.Head(()) if record.role == networks.DEPTH
          else heads.make_head(settings.data, _in_label_space(sources, settings, source, plain),
                               source))

  def bind(finished):
    return _phase(name, settings, method_class, record, head, sources, finished)

  phase = bind({}) if not _late(settings) else None
  before = _box_steps(name, settings, method_class, bind, _late(settings))
  lines = (
      f"{settings.method.type} on {settings.network.type}, weights from "
      + building.described_origin(settings, settings.network),
      *(f"network '{other}': {need.type if config.type is None else config.type}, weights from "
        + building.described_origin(settings, config)
        for other, need, config in building.other_networks(settings, method_class)),
      *(phase.lines if phase else (f"samples of {', '.join(_late(settings))}, known when it ran",)),
      *(line for step in before for line in step.lines), *waits,
      *method_class.notes(settings.method.options(), any(
          fields.may_read(fields.MASK, fields.parse_supervision(part.supervision))
          for part in settings.data.parts)),
      f"{settings.training.steps} steps"
      + (f" of {phase.bundle.batch_size} samples" if phase else ""))
  return [*before, plans.TrainStep(
      name, settings, bind, evaluated, record, head,
      tuple(dict.fromkeys([*reads, *(step.name for step in before)])), phase,
      _identity(settings), lines)]


def _in_label_space(sources, settings, known=None, plain=None):
  """Returns the sources with the classes of the method; `known` is what `plain` became already."""
  return {name: known if source is plain and known is not None else
                source_lib.in_label_space(source, settings) for name, source in sources.items()}


def _phase(name, settings, method_class, record, head, sources, finished):
  """Returns the `Phase` of a step whose data is there."""
  options = settings.method.options()
  sources = source_lib.with_derived(sources, settings.data, finished)
  sources = _in_label_space(sources, settings)
  parts = source_lib.make_parts(
      settings.data, sources, method_class.needed(options), method_class.unlabelled, finished,
      settings.seed)
  image_size.check(settings.data.augmentation, [part.source for part in parts], record)
  readings = (None if record.role == networks.DEPTH
              else heads.make_readings(settings.data, sources, head, parts))
  _check_spaces(record, settings.data.head, readings or head.groups)
  maps = box_settings(method_class, options)
  bundle = bundles.Bundle(
      source_lib.with_box_labels(parts, maps, settings.data.cache_dir or None),
      source_lib.make_augmentation(settings.data.augmentation, record.mean_rgb),
      seed=settings.seed, joint=readings is not None,
      sees_depth=settings.network.sees_depth,
      extra_fields=(((fields.BOX_LABELS,) if maps else ()) + method_class.inputs(options)
                    + method_class.welcome(options)))
  inputs.check(settings.method.type, method_class.inputs(options), bundle)
  inputs.check_color(settings.method.type, method_class.colors_inputs, settings.data.augmentation)
  if settings.network.sees_depth:
    inputs.check_depth(settings.method.type, method_class.sees_depth, bundle)
  pretrained = {key: source_lib.find_weights(config.pretrained, settings.data.data_dir or None)
                for key, config in (("", settings.network), *settings.networks.items())}

  def build(finished):
    return building.build_method(settings, bundle, head, readings, pretrained, finished)

  return plans.Phase(
      name, build, bundle, settings.training,
      source_lib.fingerprint(bundle, _shared(head, readings)), record, head,
      (*_describe(head, readings), *bundle.plan()))


def box_settings(method_class, options):
  """Returns the `BoxMaps` that a method asks for, or None.

  Args:
    method_class: class of the method, with `label_maps` and `label_map_options`.
    options: dict of the method's options.
  """
  from keras_weakseg.data.sources import label_maps  # pylint: disable=g-import-not-at-top
  if method_class.label_maps is None:
    return None
  return label_maps.BoxMaps(method_class.label_maps, **{
      name: options[name] for name in method_class.label_map_options})


def _box_steps(name, settings, method_class, bind, late):
  """Returns the step that makes the label maps of boxes which a method trains on."""
  maps = box_settings(method_class, settings.method.options())
  if maps is None:
    return []

  def maker(reads, models=None):
    context = makers.MakeContext({}, reads, models, cache_dir=settings.data.cache_dir or None)
    return box_labels.BoxLabels(
        context, kind=maps.kind, alpha=maps.alpha, mode=maps.mode, crf=maps.crf,
        jobs=box_labels.jobs_of(bind(reads).bundle))

  lines = ("label maps of boxes, once the samples are known",) if late else maker({}).lines()
  return [plans.MakeStep(f"{name}_box_labels", maker, tuple(late), {"make": maps.as_dict()},
                         tuple(lines))]


def _check_role(settings, method_class, record):
  """Refuses a network that is for something else, or whose answer would be misread."""
  # Of a role from outside, any answer will do.
  answers = method_class.answers or (networks.ANSWERS.get(method_class.role, record.answers),)
  if record.role == method_class.role and record.answers in answers:
    return
  fitting = [name for name in networks.network_names(method_class.role)
             if networks.network_record(name).answers in answers]
  given = record.role if record.role != method_class.role else f"{record.role} as {record.answers}"
  raise errors.value_error(
      f"The method '{settings.method.type}' cannot train the network '{settings.network.type}'.",
      expected="one of " + ", ".join(fitting), received=f"a network for {given}",
      fix="Set `network.type` to one of these.")


def _check_spaces(record, head, several):
  """Refuses tags in several label spaces: only scores of pixels are read in more than one."""
  if record.role == networks.TAGS and several:
    raise errors.value_error(
        "Tags are learned in one label space.", expected="data.head ''", received=f"'{head}'",
        fix="Leave data.head out and bring all sources to the same classes with `groups`.")


def _references(settings):
  """Returns the names of the steps that a training names, for weights, ids or derived data."""
  configs = (settings.network, *(config for _, config in settings.networks.items()))
  names = [config.continues.partition("/")[0] for config in configs if config.continues]
  return [*names, *_late(settings)]


def _late(settings):
  """Returns the names of the steps without which its data is not known."""
  used = _used(settings)
  names = [part.ids[len(source_lib.OF_STEP):] for part in settings.data.parts
           if part.ids.startswith(source_lib.OF_STEP)]
  for source in settings.data.sources:
    if source.name in used:
      names += source.derived
  return list(dict.fromkeys(names))


def _used(settings):
  """Returns the names of the sources that parts read; all of them where there are no parts."""
  known = [source.name for source in settings.data.sources]
  return {part.source or known[0] for part in settings.data.parts} if (
      settings.data.parts and known) else set(known)


def _identity(settings):
  """Returns the JSON values that decide the weights, besides data and earlier steps."""
  return {
      "method": settings.method.as_dict(), "network": settings.network.as_dict(),
      "networks": settings.networks.as_dict(), "seed": settings.seed,
      "precision": settings.runtime.mixed_precision,
      "training": {key: value for key, value in settings.training.as_dict().items()
                   if key in DECISIVE and _OFF.get(key) != value}}


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
