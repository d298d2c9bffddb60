"""Checks of an experiment that need no data and no device: ranges, names, what fits together."""
import math
import re

from keras_weakseg import errors
from keras_weakseg import fields
from keras_weakseg.configs import conversion
from keras_weakseg.configs import data_validation
from keras_weakseg.configs import network_validation
from keras_weakseg.configs import schedule
from keras_weakseg.configs.checks import choices, one_of, require
from keras_weakseg.configs.sections import base
from keras_weakseg.methods import registry as methods
from keras_weakseg.ops import crf_parameters

CHECKPOINTS = ("last", "best")
STRATEGIES = ("auto", "one_device", "mirrored", "multi_worker_mirrored")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
DEPTH_CROPS = ("none", "garg", "eigen")
DEPTH_SCALES = ("median", "metric")
SEEDS = "0 to 4294967295"
# The experiment's own training.
LAST = "train"


def validate(experiment):
  """Checks a resolved experiment before any file is written or device used.

  Args:
    experiment: a `schema.Experiment`.

  Returns:
    The same experiment.

  Raises:
    ValueError: a value is out of range, a name is unknown, or two settings contradict each other;
      the text names the key, the expected and the received value, and the fix.

  Example:
    >>> from keras_weakseg.configs import registry
    >>> validate(registry.build("em_adapt_scenes")).name
    'em_adapt_scenes'
  """
  conversion.check_lists(experiment)
  require(is_seed(experiment.seed), "seed", expected=SEEDS, received=experiment.seed)
  data_validation.validate_data(
      experiment.data, not network_validation.has_nested_grids(experiment.network))
  _validate_training_of(experiment, experiment.data.parts, experiment.data.augmentation)
  _validate_steps(experiment)
  _validate_evaluation(experiment.evaluation, experiment.training)
  _validate_protocol(experiment.evaluation.protocol, experiment.network)
  _validate_depth_protocol(experiment.evaluation.depth)
  _validate_tag_protocol(experiment.evaluation.tags)
  one_of("runtime.strategy", experiment.runtime.strategy, STRATEGIES)
  one_of("runtime.mixed_precision", experiment.runtime.mixed_precision, PRECISIONS)
  require(0 <= experiment.runtime.timeout < float("inf"), "runtime.timeout",
          expected="seconds, 0 = for ever", received=experiment.runtime.timeout)
  return experiment


def is_seed(value):
  """Returns whether a number can seed all that draws."""
  return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 32


def _validate_training_of(step, parts, augmentation):
  """Checks what an experiment and a step that trains have in common."""
  network_validation.validate_network(step.network)
  data_validation.validate_batch(parts, augmentation)
  one_of("method.type", step.method.type, choices(step.method))
  method_class = methods.method_class(step.method.type)
  require(step.method.type != "dual" or step.network.type in network_validation.DUAL,
          "network.type", expected=" or ".join(network_validation.DUAL), received=step.network.type,
          fix="Set it to one of these, or use the recipe 'dual' for your own data.")
  _validate_networks(step, method_class, augmentation)
  _validate_method(step.method, method_class, parts)
  require(not (getattr(step.network.get(), "mask_sources", 0)
               and getattr(step.method.get(), "auto_mask", False)),
          f"method.{step.method.type}.auto_mask", received=True,
          expected="False with a network that has masks (`mask_sources`)")
  _validate_training(step.training)
  warmup = getattr(step.method.get(), schedule.WARMUP, 0)
  require(0 <= warmup < step.training.steps, f"method.{step.method.type}.{schedule.WARMUP}",
          expected=f"0 or more, fewer than the {step.training.steps} steps", received=warmup)
  _validate_schedule(step.training.optimization.learning_rate)
  for name, updates in step.training.updaters.items():
    _validate_updates(updates, f"training.updaters.{name}")
    _validate_schedule(updates.optimization.learning_rate,
                       f"training.updaters.{name}.optimization.learning_rate")


def _validate_networks(step, method_class, augmentation):
  """Checks the networks besides the main one; those of other methods are left as they are."""
  own, known = (
      {name for cls in classes for name, need in list(cls.networks_of(options).items())[1:]
       if not need.like} for classes, options in (
           ((method_class,), step.method.options()), (methods.METHODS.values(), {})))
  for name, network in step.networks.items():
    if name not in own | known:
      raise errors.unknown_name("network of a method", name, sorted(own | known))
    network_validation.validate_other(network, f"networks.{name}")
    frames = getattr(network.get(), "frames", 2) if network.type else 2
    require(frames == 2 or not augmentation.swap_frames, f"networks.{name}.{network.type}.frames",
            received=frames, expected="2 with swap_frames: who sees all frames at once knows each "
            "by its place", fix="Set it to 2, or `swap_frames` of the augmentation to 0.")


def _validate_steps(experiment):
  """Checks the steps before the experiment's own training, and what refers to them."""
  names = [step.name for step in experiment.steps]
  require(len({*names, LAST}) == len(names) + 1 and all(names), "steps",
          expected=f"a name of its own for every step, none of them '{LAST}'", received=names)
  for i, step in enumerate(experiment.steps):
    augmentation, key = step.augmentation, f"steps.{i}.augmentation"
    if augmentation is None:
      augmentation, key = experiment.data.augmentation, "data.augmentation"
    try:
      _validate_references(step, step.parts, names[:i])
      if step.make.type is not None:
        one_of("make.type", step.make.type, choices(step.make))
        base.check(step.make.get(), f"make.{step.make.type}")
        continue
      one_of("mixed_precision", step.mixed_precision, ("", *PRECISIONS))
      data_validation.validate_parts(experiment.data.sources, step.parts, step.head)
      data_validation.validate_augmentation(
          augmentation, not network_validation.has_nested_grids(step.network), key)
      data_validation.validate_tags(augmentation, step.parts, key)
      _validate_training_of(step, step.parts, augmentation)
    except ValueError as error:
      raise ValueError(f"In the step '{step.name}': {error}") from error
  _validate_references(experiment, experiment.data.parts, names)
  for i, source in enumerate(experiment.data.sources):
    for name in source.derived:
      one_of(f"data.sources.{i}.derived", name, names)


def _validate_references(step, parts, before):
  """Checks that a step names steps before it only; what sources carry grows step by step."""
  for name in getattr(step, "reads", ()):
    one_of("reads", name, before)
  for key, network in (("network", step.network), *step.networks.items()):
    if network.continues:
      one_of(f"{key}.continues", network.continues.split("/")[0], before)
  for i, part in enumerate(parts):
    if part.ids.startswith(data_validation.OF_STEP):
      one_of(f"parts.{i}.ids", part.ids[len(data_validation.OF_STEP):], before)


def _validate_method(method, method_class, parts):
  options, key = method.get(), f"method.{method.type}"
  base.check(options, key)
  _validate_depth(key, options)
  needed = (fields.Supervision.NONE if method_class.unlabelled else
            method_class.needed(method.options()))
  for i, part in enumerate(parts):
    flags = fields.granted(fields.parse_supervision(part.supervision))
    if needed and not flags & needed:
      raise errors.value_error(
          f"The method '{method.type}' cannot learn from 'data.parts.{i}'.",
          expected=f"supervision that grants {needed.name.lower()}", received=part.supervision,
          fix=f"Remove the part, or choose a method that learns from '{part.supervision}'.")


def _validate_depth(key, options):
  """Checks what options of methods of depth have to do with each other."""
  near, far = getattr(options, "min_depth", 0.1), getattr(options, "max_depth", 100.0)
  require(near < far, f"{key}.max_depth", expected=f"more than min_depth, {near:g}", received=far)
  require(getattr(options, "video", True) or getattr(options, "stereo", False), f"{key}.video",
          expected="True, or `stereo=True`", received=False)


def _validate_training(training):
  for name in ("steps", "accumulation", "log_every", "keep"):
    value = getattr(training, name)
    require(value >= 1, f"training.{name}", expected="1 or more", received=value)
  for name in ("checkpoint_every", "validate_every", "picture_samples", "statistics_batches"):
    value = getattr(training, name)
    require(value >= 0, f"training.{name}", expected="0 or more", received=value)
  require(0 <= training.averaging < 1, "training.averaging", expected="a share, 0 <= share < 1",
          received=training.averaging)
  _validate_updates(training, "training")


def _validate_updates(updates, at):
  """Checks how the variables of an optimizer are updated."""
  require(updates.optimization.ema is None, f"{at}.optimization.ema",
          expected="none: nobody would evaluate those averages", received="a moving average",
          fix="Leave it out and set training.averaging, such as 0.99.")
  for name in ("weight_decay", "clip_norm"):
    value = getattr(updates, name)
    require(value >= 0, f"{at}.{name}", expected="0 or more", received=value)
  for i, multiplier in enumerate(updates.multipliers):
    key = f"{at}.multipliers.{i}"
    require(multiplier.learning_rate >= 0, f"{key}.learning_rate", expected="0 (frozen) or more",
            received=multiplier.learning_rate)
    require(multiplier.weight_decay >= 0, f"{key}.weight_decay", expected="0 or more",
            received=multiplier.weight_decay)
    try:
      re.compile(multiplier.pattern)
    except re.error as error:
      raise errors.value_error(
          f"'{key}.pattern' is not a regular expression.",
          expected="`head`, `fc8.*bias` or the like",
          received=f"{multiplier.pattern!r}: {error}", fix="Escape special characters by `\\`."
      ) from error


def _validate_schedule(rate, key="training.optimization.learning_rate"):
  """Checks the learning rate; a schedule of Model Garden that we do not know passes."""
  require(rate.type is not None, f"{key}.type", expected="one of " + ", ".join(choices(rate)),
          received=None)
  chosen, at = rate.get(), f"{key}.{rate.type}"
  for name in ("learning_rate", "initial_learning_rate"):
    value = getattr(chosen, name, 1.0)
    require(value is not None and value > 0 and math.isfinite(value), f"{at}.{name}",
            expected="a rate above 0", received=value)
  steps = getattr(chosen, "decay_steps", 1)
  require(steps is not None and steps >= 1, f"{at}.decay_steps", expected="1 or more",
          received=steps)
  if rate.type == "stepwise":
    boundaries, values = chosen.boundaries or [], chosen.values or []
    require(boundaries and boundaries == sorted(set(boundaries)), f"{at}.boundaries",
            expected="one or more steps in rising order", received=boundaries,
            fix=f"Set it, or `{key}.type=constant` for a single rate.")
    require(len(values) == len(boundaries) + 1, f"{at}.values",
            expected=f"{len(boundaries) + 1} rates, one more than boundaries", received=values)
    require(all(value >= 0 for value in values), f"{at}.values", expected="rates of 0 or more",
            received=values)


def _validate_evaluation(evaluation, training):
  one_of("evaluation.checkpoint", evaluation.checkpoint, CHECKPOINTS)
  if evaluation.checkpoint == "best" and not (
      evaluation.validation_split and training.validate_every):
    raise errors.value_error(
        "There is no best checkpoint without validation.",
        expected="evaluation.validation_split and training.validate_every > 0",
        received=f"{evaluation.validation_split!r} and {training.validate_every}",
        fix="Set both, or take `evaluation.checkpoint=last`.")


def _validate_protocol(protocol, network):
  key = "evaluation.protocol"
  duals = network_validation.DUAL
  require(protocol.inference_steps >= 0, f"{key}.inference_steps", expected="0 or more",
          received=protocol.inference_steps)
  require(not protocol.inference_steps or network.type in duals, f"{key}.inference_steps",
          expected=f"0 with '{network.type}'", received=protocol.inference_steps,
          fix=f"Leave it at 0, or set `network.type` to {' or '.join(duals)}.")
  for name in ("size", "window", "window_stride"):
    value = getattr(protocol, name)
    require(len(value) in (0, 2) and all(side > 0 for side in value), f"{key}.{name}",
            expected="[height, width] in pixels, or [] to leave it off", received=list(value))
  require(protocol.scales and all(scale > 0 for scale in protocol.scales), f"{key}.scales",
          expected="one or more scales above 0", received=list(protocol.scales))
  require(protocol.window or not protocol.window_stride, f"{key}.window_stride",
          expected="[] without a window", received=list(protocol.window_stride),
          fix=f"Set `{key}.window` too.")
  require(all(stride <= side for stride, side in zip(protocol.window_stride, protocol.window)),
          f"{key}.window_stride", expected=f"at most the window {list(protocol.window)}",
          received=list(protocol.window_stride))
  if "=" in protocol.crf:
    crf_parameters.CrfParameters.parse(protocol.crf)
  else:
    one_of(f"{key}.crf", protocol.crf, ("", *crf_parameters.NAMED))


def _validate_depth_protocol(protocol):
  key = "evaluation.depth"
  require(len(protocol.size) in (0, 2) and all(side > 0 for side in protocol.size), f"{key}.size",
          expected="[height, width] in pixels, or [] for that of the training",
          received=list(protocol.size))
  one_of(f"{key}.crop", protocol.crop, DEPTH_CROPS)
  require(0 < protocol.min_depth < protocol.max_depth, f"{key}.max_depth",
          expected=f"more than min_depth, {protocol.min_depth:g}, above 0",
          received=protocol.max_depth)
  number = protocol.scale.replace(".", "", 1).isdigit() and float(protocol.scale) > 0
  require(protocol.scale in DEPTH_SCALES or number, f"{key}.scale", received=protocol.scale,
          expected="median, metric, or metres per unit of depth, such as '5.4'")


def _validate_tag_protocol(protocol):
  key = "evaluation.tags"
  size, scales = list(protocol.size), list(protocol.scales)
  require(not size or len(size) == 2 and min(size) > 0, f"{key}.size", received=size,
          expected="[height, width], or [] for the size of the training")
  require(scales and min(scales) > 0, f"{key}.scales", expected="one or more scales above 0",
          received=scales)
  require(0 < protocol.threshold < 1, f"{key}.threshold", received=protocol.threshold,
          expected="a probability, 0 < threshold < 1")
